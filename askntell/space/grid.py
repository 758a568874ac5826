"""Exact arithmetic of stepped parameters: 0.15 is the decimal 0.15, never 0.15000000000000002."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import final

from askntell.errors import SpaceError

__all__ = ["MAX_CELLS", "TOLERANCE", "Grid", "decimal_grid"]

MAX_CELLS = 2**40
"""More cells than this cannot be told apart safely in a unit cube of 64-bit floats."""

TOLERANCE = 1e-9
"""Relative tolerance of everything that is compared: grids (in cells), bounds and constraints."""


@final
@dataclass(frozen=True, slots=True)
class Grid:
    """The numbers ``(start + k * stride) / scale`` for k = 0 ... levels - 1, in integers of any size."""

    start: int
    stride: int
    scale: int
    levels: int
    _low: float = field(init=False)
    _step: float = field(init=False)
    _slack: float = field(init=False)

    def __post_init__(self) -> None:
        low, high, step = self.value(0), self.value(self.levels - 1), self.stride / self.scale
        object.__setattr__(self, "_low", low)
        object.__setattr__(self, "_step", step)
        # the value may have been computed as low + k * step in floats: allow their rounding, too
        object.__setattr__(self, "_slack", max(TOLERANCE * step, 4 * math.ulp(max(abs(low), abs(high)))))

    def value(self, cell: int) -> float:
        """The float nearest to the exact number (Python divides integers with correct rounding)."""
        return (self.start + cell * self.stride) / self.scale

    def cell(self, value: float) -> int | None:
        """The cell of a number within the tolerance of the grid, or None."""
        cell = round((value - self._low) / self._step)
        cell = 0 if cell < 0 else min(cell, self.levels - 1)
        return cell if abs(value - self.value(cell)) <= self._slack else None


def decimal_grid(low: float, high: float, step: float) -> Grid:
    """The grid from `low` to `high`, both on it, read as the decimal numbers that were written.

    Raises:
        SpaceError: `high` is not on the grid, or the step is too fine; the path is ``step`` or ``high``.
    """
    first, last, stride = (Fraction(repr(float(number))) for number in (low, high, step))
    cells = (last - first) / stride
    count = round(cells)
    if count >= MAX_CELLS or step < 8 * math.ulp(max(abs(low), abs(high))):
        raise SpaceError(
            f"step {step!r} makes {count + 1} values between {low!r} and {high!r}; allowed: at most 2**40 values, "
            "with a step that floats can resolve",
            hint="take a larger step or leave it out",
            path="step",
        )
    if abs(cells - count) > TOLERANCE or count == 0:
        below, above = (float(first + edge * stride) for edge in (math.floor(cells), math.ceil(cells)))
        raise SpaceError(
            f"high {high!r} is not low + k * step = {low!r} + k * {step!r}; "
            f"the nearest allowed are {below!r} and {above!r}",
            hint=f"write high={below if below > low and cells > count else above!r}",
            path="high",
        )
    stride = (last - first) / count  # a step such as 1/3 is only nearly on the grid
    scale = math.lcm(first.denominator, stride.denominator)
    return Grid(int(first * scale), int(stride * scale), scale, count + 1)
