"""A part of a search space seen in the unit cube of the whole: what a model of several parts needs.

A model that learns from segments with different overrides works in the unit cube of the study's whole space. What one
segment may try is a box there: every column is cut down for itself. Constraints and forbidden combinations are those of
the whole space, see `Unit.feasible`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, final

import numpy as np

from askntell.errors import ParamsError, SpaceError
from askntell.space.columns import log_cells, log_centres
from askntell.space.enumerated import Categorical, Constant, Ordinal
from askntell.space.grid import TOLERANCE
from askntell.space.parameters import Float, Int
from askntell.space.values import child

if TYPE_CHECKING:
    from askntell.space.columns import Array, Cells, Mask
    from askntell.space.parameter import Parameter
    from askntell.space.unit import Unit
    from askntell.space.values import Params, Scalar

__all__ = ["Box"]

ROUNDING = 1e-12
"""A fixed real number is recognised within this distance in the unit interval."""


@final
@dataclass(frozen=True, slots=True)
class _Reals:
    """A continuous column: the values from low to high, which are the same where it is fixed."""

    column: int
    name: str
    low: float
    high: float
    slack: float  # of the unit interval, at both ends


@final
@dataclass(frozen=True, slots=True)
class _Pieces:
    """A column with cells: those numbered ``first + k * stride`` for k = 0 ... count - 1, or those in a table."""

    column: int
    wide: Parameter
    own: Parameter
    count: int
    first: int
    stride: int
    table: Cells | None

    def cells(self, numbers: Cells) -> Cells:
        """The cells of the whole that the part numbers from 0."""
        return self.first + numbers * self.stride if self.table is None else self.table[numbers]

    def drawn(self, u: Array) -> Cells:
        """The numbers in the part at points (n,) of [0, 1], each cell with the share that the part gives it."""
        if isinstance(self.own, Int) and self.own.log:
            return log_cells(self.own, u)
        return np.minimum(u * self.count, self.count - 1.0).astype(np.int64)

    def nearest(self, cells: Cells) -> Cells:
        """The numbers in the part that are nearest to cells (n,) of the whole, the lower of two."""
        if self.table is None:
            return np.clip((cells - self.first + (self.stride - 1) // 2) // self.stride, 0, self.count - 1)
        above = np.minimum(np.searchsorted(self.table, cells), self.count - 1)
        below = np.maximum(above - 1, 0)
        return np.where(np.abs(self.table[below] - cells) <= np.abs(self.table[above] - cells), below, above)

    def centres(self, cells: Cells) -> Array:
        """The points that stand for cells (n,) of the whole, to the last bit those of `Unit.snap`."""
        if isinstance(self.wide, Int) and self.wide.log:
            return log_centres(self.wide, cells)
        return (cells.astype(np.float64) + 0.5) / float(self.wide.levels or 1)


@final
class Box:
    """A part of a space, as `SearchSpace.narrowed` gives it, in the unit cube of the whole.

    Made by `Unit.box`; immutable. A parameter that cannot be active in the part is not restricted.

    Attributes:
        lower: (d,) the points that stand for the smallest allowed values; 0 for categories and where nothing changed.
        upper: (d,) the same for the largest values, else 1. The two are equal where a number is fixed.
        allowed: For each column with fewer categories or ordinal values than in the whole, which cells are allowed
            (levels,); None for the others.
    """

    __slots__ = ("_middle", "_own", "_pieces", "_reals", "_unit", "allowed", "lower", "upper")

    def __init__(self, unit: Unit, whole: Mapping[str, Parameter], part: Mapping[str, Parameter]) -> None:
        for name, own in part.items():
            if name not in whole:
                raise SpaceError(f"no parameter {name!r} in the whole space", hint="use SearchSpace.narrowed", path="$")
            if name not in unit.names and (own.kind != "constant" or own.start() != whole[name].start()):
                raise _foreign(name, own)
        self._unit = unit
        self._own = np.array(
            [unit.names.index(name) for name, own in part.items() if not isinstance(own, Constant)], dtype=np.intp
        )
        self.lower, self.upper = np.zeros(unit.d), np.ones(unit.d)
        allowed: list[Mask | None] = [None] * unit.d
        reals: list[_Reals] = []
        pieces: list[_Pieces] = []
        for column, name in enumerate(unit.names):
            wide, own = whole[name], part.get(name, whole[name])
            if own == wide:
                continue
            if isinstance(wide, Float) and wide.levels is None:
                reals.append(_real(column, name, wide, own))
                ends: tuple[Scalar, Scalar] = reals[-1].low, reals[-1].high
            else:
                pieces.append(_piece(column, name, wide, own))
                cells = pieces[-1].cells(np.array([0, pieces[-1].count - 1]))
                ends = wide.pick(int(cells[0])), wide.pick(int(cells[1]))
                if pieces[-1].table is not None and pieces[-1].count < (wide.levels or 0):
                    allowed[column] = np.isin(np.arange(wide.levels or 0), pieces[-1].table)
            if not isinstance(wide, Categorical):
                self.lower[column], self.upper[column] = unit.encode_many([{name: end} for end in ends])[:, column]
        self.allowed = tuple(allowed)
        self._reals, self._pieces = tuple(reals), tuple(pieces)
        self._middle = self.into(np.full((1, unit.d), 0.5))[0]

    def contains(self, U: Array) -> Mask:
        """Which of the snapped rows (n, d) of the whole are in the box: (n,). NaN, what is inactive, fits."""
        good = np.ones(len(U), dtype=np.bool_)
        for real in self._reals:
            u, j = U[:, real.column], real.column
            good &= np.isnan(u) | ((u >= self.lower[j] - real.slack) & (u <= self.upper[j] + real.slack))
        if self._pieces:
            every = self._unit.cells(np.where(np.isnan(U), 0.5, U))
            for piece in self._pieces:
                cells = every[:, piece.column]
                good &= np.isnan(U[:, piece.column]) | (piece.cells(piece.nearest(cells)) == cells)
        return good

    def into(self, U: Array) -> Array:
        """Points (n, d) of [0, 1]^d spread over the box, as a draw in the part's own unit cube would be.

        Numbers go into the range linearly, cells are numbered anew among the allowed ones. What was uniform in the
        unit cube of the whole is uniform in the box. NOT all rows are snapped, and NaN is taken as 0.5: call
        `Unit.snap` then.
        """
        table = np.clip(np.where(np.isnan(U), 0.5, U), 0.0, 1.0)
        for real in self._reals:
            low, high = self.lower[real.column], self.upper[real.column]
            table[:, real.column] = np.minimum(low + table[:, real.column] * (high - low), high)
        for piece in self._pieces:
            table[:, piece.column] = piece.centres(piece.cells(piece.drawn(table[:, piece.column])))
        return table

    def embed(self, V: Array) -> Array:
        """Rows (n, k) of the part's own unit cube as snapped rows (n, d) of the whole.

        Exact for cells and for what is inactive, and to within rounding for real numbers.
        """
        table = np.full((len(V), self._unit.d), 0.5)
        table[:, self._own] = V
        return self._unit.snap(self.into(table))

    def clip(self, U: Array) -> Array:
        """Points (n, d) moved to the nearest ones of the box, column by column; NaN becomes the middle of the range.

        A category that is not allowed is replaced as `into` does it. NOT all rows are snapped: call `Unit.snap` then.
        """
        table = np.where(np.isnan(U), self._middle, np.clip(U, 0.0, 1.0))
        every = self._unit.cells(table)
        for real in self._reals:
            table[:, real.column] = np.clip(table[:, real.column], self.lower[real.column], self.upper[real.column])
        for piece in self._pieces:
            cells = every[:, piece.column]
            moved = piece.cells(piece.nearest(cells))
            if isinstance(piece.wide, Categorical):
                moved = np.where(moved == cells, cells, piece.cells(piece.drawn(table[:, piece.column])))
            table[:, piece.column] = piece.centres(moved)
        return table

    def decode(self, row: Array, fixed: Mapping[str, Scalar] | None = None) -> Params:
        """The params of a row (d,), as `Unit.decode`; of a row in the box, a point of the part to the last bit.

        A real number whose image is off by rounding would else miss the end of its range, or the value at which the
        segment fixes it.
        """
        made = self._unit.decode(row, fixed)
        for real in self._reals:
            u, j = row[real.column], real.column
            if real.name in made and self.lower[j] - real.slack <= u <= self.upper[j] + real.slack:
                made[real.name] = min(max(cast("float", made[real.name]), real.low), real.high)
        return made


def _real(column: int, name: str, wide: Float, own: Parameter) -> _Reals:
    if isinstance(own, Constant):
        value = cast("float", _inside(wide, own.value, name))
        return _Reals(column, name, value, value, ROUNDING)
    if not isinstance(own, Float) or own.levels is not None or own.log != wide.log:
        raise _foreign(name, own)
    low, high = (cast("float", _inside(wide, end, name)) for end in own.bounds)
    # as far as `Float.snap` of the part reaches beyond its ends
    slack = TOLERANCE / math.log(10.0) if wide.log else TOLERANCE * own.width
    return _Reals(column, name, low, high, max(slack / wide.width, ROUNDING))


def _piece(column: int, name: str, wide: Parameter, own: Parameter) -> _Pieces:
    count = own.levels or 0
    if isinstance(wide, (Categorical, Ordinal)):
        if not isinstance(own, (Constant, type(wide))):
            raise _foreign(name, own)
        members = [wide.cell(_inside(wide, own.pick(number), name)) for number in range(count)]
        if members != sorted(members):
            raise _foreign(name, own)
        return _Pieces(column, wide, own, count, 0, 1, np.array(members, dtype=np.int64))
    if not isinstance(own, (Constant, type(wide))) or not count:
        raise _foreign(name, own)
    first, second, last = (wide.cell(_inside(wide, own.pick(n), name)) for n in (0, min(1, count - 1), count - 1))
    stride = max(second - first, 1)
    if last != first + stride * (count - 1) or (isinstance(own, Int) and isinstance(wide, Int) and own.log != wide.log):
        raise _foreign(name, own)
    return _Pieces(column, wide, own, count, first, stride, None)


def _inside(wide: Parameter, value: Scalar, name: str) -> Scalar:
    try:
        return wide.snap(value)
    except ParamsError as error:
        raise SpaceError(error.message, hint="use SearchSpace.narrowed", path=child("$", name)) from None


def _foreign(name: str, own: Parameter) -> SpaceError:
    return SpaceError(
        f"{own!r} is no part of this parameter of the whole space",
        hint="use SearchSpace.narrowed",
        path=child("$", name),
    )
