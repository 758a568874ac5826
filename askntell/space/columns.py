"""One column of the unit cube for many rows at once: cells, the points that stand for them, and values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from askntell.space.enumerated import Ordinal, typed
from askntell.space.parameter import Parameter
from askntell.space.parameters import Float, Int

__all__ = [
    "Array",
    "Cells",
    "Mask",
    "column_function",
    "log_cells",
    "log_centres",
    "member_function",
    "number_function",
]

Array: TypeAlias = NDArray[np.float64]
Cells: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

TABLE = 4096
"""Number of cells up to which a table is made instead of a computation."""


def log_cells(parameter: Int, u: Array) -> Cells:
    """The cells (n,) of an Int with a log scale at points (n,) of [0, 1]."""
    cells = (parameter.anchor * np.expm1(u * parameter.width)).astype(np.int64)
    return np.minimum(cells, parameter.count - 1)


def log_centres(parameter: Int, cells: Cells) -> Array:
    """The points (n,) that stand for cells (n,) of an Int with a log scale: the logarithm of the number itself."""
    centres: Array = np.log1p((cells + 0.5) / parameter.anchor) / parameter.width
    return centres


def column_function(parameter: Parameter) -> Callable[[Sequence[Any]], Array]:
    """A function of checked values (n,): the points that `Parameter.position` gives, to the last bit.

    Except for an Int on a log scale, whose points are those of `log_centres`. NaN stays.
    """
    if isinstance(parameter, Float) and parameter.grid is None:
        origin, width, log = parameter.origin, parameter.width, parameter.log

        def reals(values: Sequence[Any]) -> Array:
            # numpy and the C library round logarithms differently
            numbers = map(math.log10, values) if log else values
            x = np.fromiter(numbers, dtype=np.float64, count=len(values))
            return np.minimum(np.maximum((x - origin) / width, 0.0), 1.0)

        return reals
    if isinstance(parameter, Int) and parameter.log:

        def logs(values: Sequence[Any]) -> Array:
            known = [value == value for value in values]
            cells = np.array([parameter.cell(value) for value in values if value == value], dtype=np.int64)
            u = np.full(len(values), math.nan)
            u[known] = log_centres(parameter, cells)
            return u

        return logs
    kinds = typed(parameter)

    def cells(values: Sequence[Any]) -> Array:
        # few values occur often: each is looked up once; no choice is NaN
        keys = list(zip(map(type, values), values, strict=True)) if kinds else values
        of = {
            key: math.nan if value != value else parameter.position(value)
            for key, value in dict(zip(keys, values, strict=True)).items()
        }
        return np.array([of[key] for key in keys], dtype=np.float64)

    return cells


def member_function(parameter: Parameter, members: list[int]) -> Callable[[Cells], Mask]:
    """A function of cells (n,): whether each is one of the members."""
    levels = parameter.levels or 0
    if levels > TABLE:
        wanted = np.array(members, dtype=np.int64)
        return lambda cells: np.isin(cells, wanted)
    table = np.zeros(levels, dtype=np.bool_)
    table[members] = True
    return lambda cells: table[cells]


def number_function(parameter: Parameter) -> Callable[[Array, Cells], Array]:
    """A function of points (n,) and cells (n,): the values, equal to what `Parameter.at` gives.

    Continuous log scales may differ in the last bits: numpy and the C library round powers differently.

    Args:
        parameter: One whose values are numbers, and that is no constant.
    """
    if isinstance(parameter, Float):
        return _stepped(parameter) if parameter.grid is not None else _continuous(parameter)
    if isinstance(parameter, Int):
        low, stride = parameter.low, parameter.stride
        return lambda _, cells: (low + cells * stride).astype(np.float64)
    assert isinstance(parameter, Ordinal)
    table = np.array(parameter.values, dtype=np.float64)
    return lambda _, cells: table[cells]


def _continuous(parameter: Float) -> Callable[[Array, Cells], Array]:
    low, high, origin, width, log = parameter.low, parameter.high, parameter.origin, parameter.width, parameter.log

    def values(u: Array, _: Cells) -> Array:
        made = origin + u * width
        made = np.power(10.0, made) if log else made
        made = np.where(u <= 0.0, low, np.where(u >= 1.0, high, made))
        return np.minimum(np.maximum(made, low), high)

    return values


def _stepped(parameter: Float) -> Callable[[Array, Cells], Array]:
    grid = parameter.grid
    assert grid is not None
    if grid.levels <= TABLE:
        table = np.array([grid.value(cell) for cell in range(grid.levels)], dtype=np.float64)
        return lambda _, cells: table[cells]
    if abs(grid.start) + grid.levels * grid.stride < 2**53 and grid.scale < 2**53:
        # integers below 2**53 are exact, and one division rounds as Python's does
        return lambda _, cells: (grid.start + cells * grid.stride).astype(np.float64) / float(grid.scale)
    return lambda _, cells: np.array([grid.value(cell) for cell in cells.tolist()], dtype=np.float64)
