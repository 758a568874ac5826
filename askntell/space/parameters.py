"""The two kinds of number: Float and Int."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar, cast, final

from askntell.errors import SpaceError
from askntell.space.grid import MAX_CELLS, TOLERANCE, Grid, decimal_grid
from askntell.space.parameter import Parameter, When
from askntell.space.reading import read_bounds, read_default, read_flag, read_number, read_when, read_whole
from askntell.space.values import Scalar, as_number

__all__ = ["Float", "Int"]

_put = object.__setattr__  # frozen dataclasses normalise their own settings once


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Float(Parameter):
    """A real number between two bounds, both included.

    Attributes:
        low: Smallest value; with `log` greater than 0.
        high: Largest value; with `step` it must be ``low + k * step``.
        log: Whether the logarithm is searched evenly.
        step: Distance of the allowed values, read as the decimal number that is written; None: every value.
        default: The value of `SearchSpace.default`; None: the middle.
        when: Parents and the values with which this parameter is active.

    Raises:
        SpaceError: a setting is wrong; its path names the setting.
    """

    kind: ClassVar[str] = "float"

    low: float
    high: float
    _: KW_ONLY
    log: bool = False
    step: float | None = None
    default: float | None = None
    when: When | None = None
    grid: Grid | None = field(init=False)
    origin: float = field(init=False)
    width: float = field(init=False)

    def __post_init__(self) -> None:
        low, high = (float(read_number(getattr(self, name), name)) for name in ("low", "high"))
        _put(self, "low", low + 0.0)
        _put(self, "high", high + 0.0)
        read_bounds(low, high, log=read_flag(self.log, "log"), step=self.step)
        if not math.isfinite(high - low):
            raise SpaceError(
                f"the range from {low!r} to {high!r} is too large; allowed: a finite difference", path="high"
            )
        _put(self, "origin", math.log10(low) if self.log else low)
        _put(self, "width", math.log10(high) - math.log10(low) if self.log else high - low)
        if self.log and high > 1e308:
            raise SpaceError(f"got {high!r}; allowed with log: at most 1e308", path="high")
        if self.log and self.width < 1e-9:
            raise SpaceError(
                f"the range from {low!r} to {high!r} is too narrow for a logarithm", hint="leave out log", path="log"
            )
        grid = None
        if self.step is not None:
            _put(self, "step", float(read_number(self.step, "step")))
            if self.step <= 0:
                raise SpaceError(f"got {self.step!r}; allowed: a step greater than 0", path="step")
            grid = decimal_grid(low, high, self.step)
        _put(self, "grid", grid)
        _put(self, "when", read_when(self.when))
        if self.default is not None:
            _put(self, "default", read_default(self, self.default))

    @property
    def levels(self) -> int | None:
        return None if self.grid is None else self.grid.levels

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    def allowed(self) -> str:
        step = "" if self.step is None else f" in steps of {self.step!r}"
        return f"a number from {self.low!r} to {self.high!r}{step}"

    def snap(self, value: object) -> float:
        if type(value) is float and self.grid is None and self.low <= value <= self.high:
            return value + 0.0
        number = as_number(value)
        if number is None:
            raise self.refuse(value)
        number = float(number)
        if self.grid is not None:
            cell = self.grid.cell(number)
            if cell is None:
                raise self.refuse(value)
            return self.grid.value(cell)
        # a bound that went through a logarithm or a text comes back off by some last bits
        slack = TOLERANCE * (abs(number) if self.log else self.width)
        if not self.low - slack <= number <= self.high + slack:
            raise self.refuse(value)
        return min(max(number, self.low), self.high) + 0.0

    def cell(self, value: Scalar) -> int:
        return 0 if self.grid is None else self.grid.cell(cast("float", value)) or 0

    def pick(self, cell: int) -> float:
        if self.grid is None:
            raise SpaceError("a continuous parameter has no cells", hint="give it a step")
        return self.grid.value(cell)

    def at(self, u: float) -> float:
        grid = self.grid
        if u != u:
            u = 0.5
        if grid is not None:
            return grid.value(min(max(int(u * grid.levels), 0), grid.levels - 1))
        if u <= 0.0:
            return self.low
        if u >= 1.0:
            return self.high
        value = self.origin + u * self.width
        if self.log:
            value = 10.0**value  # decades come out as they are written: 0.001
        # rounding may carry a point that is all but on a bound over it
        return self.low if value < self.low else self.high if value > self.high else value + 0.0

    def position(self, value: Scalar) -> float:
        if self.grid is not None:
            return (self.cell(value) + 0.5) / self.grid.levels
        number = cast("float", value)
        u = ((math.log10(number) if self.log else number) - self.origin) / self.width
        return min(max(u, 0.0), 1.0)

    def start(self) -> float:
        return self.at(0.5) if self.default is None else self.default

    def to_dict(self) -> dict[str, object]:
        scale: dict[str, object] = {"log": True} if self.log else {} if self.step is None else {"step": self.step}
        return self._dict(... if self.default is None else self.default, low=self.low, high=self.high, **scale)


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Int(Parameter):
    """A whole number between two bounds, both included and within +-2**53.

    Attributes:
        low: Smallest value; with `log` at least 1.
        high: Largest value; with `step` it must be ``low + k * step``.
        log: Whether the logarithm is searched evenly: the cell of j is [j - 0.5, j + 0.5].
        step: Distance of the allowed values, at least 1; None: 1.
        default: The value of `SearchSpace.default`; None: the middle.
        when: Parents and the values with which this parameter is active.

    Raises:
        SpaceError: a setting is wrong; its path names the setting.
    """

    kind: ClassVar[str] = "int"

    low: int
    high: int
    _: KW_ONLY
    log: bool = False
    step: int | None = None
    default: int | None = None
    when: When | None = None
    stride: int = field(init=False)
    count: int = field(init=False)
    anchor: float = field(init=False)
    width: float = field(init=False)

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            _put(self, name, read_whole(getattr(self, name), name))
        read_bounds(self.low, self.high, log=read_flag(self.log, "log"), step=self.step)
        step = 1 if self.step is None else read_whole(self.step, "step")
        if step < 1:
            raise SpaceError(f"got {step!r}; allowed: a step of at least 1", path="step")
        rest = (self.high - self.low) % step
        if rest:
            raise SpaceError(
                f"high {self.high} is not low + k * step = {self.low} + k * {step}; the nearest allowed are "
                f"{self.high - rest} and {self.high - rest + step}",
                hint=f"write high={self.high - rest if self.high - rest > self.low else self.high - rest + step}",
                path="high",
            )
        count = (self.high - self.low) // step + 1
        if count > MAX_CELLS:
            raise SpaceError(
                f"{count} whole numbers from {self.low} to {self.high}; allowed: at most 2**40",
                hint="use a Float, or a step",
                path="high",
            )
        anchor = self.low - 0.5
        _put(self, "step", None if self.step is None else step)
        _put(self, "stride", step)
        _put(self, "count", count)
        _put(self, "anchor", anchor)
        # log1p keeps the cells apart where the bounds are large and near to each other
        _put(self, "width", math.log1p(count / anchor) if self.log else 0.0)
        _put(self, "when", read_when(self.when))
        if self.default is not None:
            _put(self, "default", read_default(self, self.default))

    @property
    def levels(self) -> int:
        return self.count

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    def allowed(self) -> str:
        step = "" if self.stride == 1 else f" in steps of {self.stride}"
        return f"a whole number from {self.low} to {self.high}{step}"

    def snap(self, value: object) -> int:
        if type(value) is int:
            whole = value
        else:
            number = as_number(value)
            if number is None or abs(number) > 2**54:
                raise self.refuse(value)
            whole = round(number)
            if abs(number - whole) > TOLERANCE:
                raise self.refuse(value)
        if not self.low <= whole <= self.high or (self.stride != 1 and (whole - self.low) % self.stride):
            raise self.refuse(value)
        return whole

    def cell(self, value: Scalar) -> int:
        return (cast("int", value) - self.low) // self.stride

    def pick(self, cell: int) -> int:
        return self.low + cell * self.stride

    def at(self, u: float) -> int:
        if u != u:
            u = 0.5
        cell = int(self.anchor * math.expm1(u * self.width) if self.log else u * self.count)
        count = self.count
        return self.low + (0 if cell < 0 else cell if cell < count else count - 1) * self.stride

    def position(self, value: Scalar) -> float:
        cell = self.cell(value) + 0.5
        return math.log1p(cell / self.anchor) / self.width if self.log else cell / self.count

    def start(self) -> int:
        return self.at(0.5) if self.default is None else self.default

    def to_dict(self) -> dict[str, object]:
        scale: dict[str, object] = {"log": True} if self.log else {} if self.step is None else {"step": self.step}
        return self._dict(... if self.default is None else self.default, low=self.low, high=self.high, **scale)
