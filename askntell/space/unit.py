"""The image of a search space in the unit cube [0, 1]^d, in arrays.

``u`` of a `Float` is (x - low) / (high - low), or the same of logarithms. Parameters with cells (Int, Ordinal,
Categorical, Float with a step) have m pieces of equal length, and (j + 0.5) / m stands for cell j; the round trip is
exact. On the log scale of an `Int` the cell of j is the image of [j - 0.5, j + 0.5] in [low - 0.5, high + 0.5], and
the logarithm of j itself stands for it. NaN marks what is inactive.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from askntell.space.columns import log_cells, log_centres
from askntell.space.enumerated import Constant
from askntell.space.masks import Masks
from askntell.space.parameters import Int

if TYPE_CHECKING:
    from askntell.space.box import Box
    from askntell.space.columns import Array, Cells, Mask
    from askntell.space.parameter import Parameter
    from askntell.space.rules import Rules
    from askntell.space.space import SearchSpace
    from askntell.space.values import Params, Scalar

__all__ = ["Column", "Unit"]

ROWS_AT_ONCE = 1 << 14
ROWS_AT_MOST = 1 << 17


@final
@dataclass(frozen=True, slots=True)
class Column:
    """One coordinate of the unit cube.

    Attributes:
        name: The parameter.
        kind: float, int, ordinal or categorical.
        levels: Number of cells; None for a Float without a step.
    """

    name: str
    kind: str
    levels: int | None


@final
class Unit:
    """Params to and from the unit cube. Made by `SearchSpace.unit`; immutable.

    Rows are (d,) and tables (n, d) arrays of float64 with one column for each parameter that is no `Constant`, in the
    order of the parameters.

    Attributes:
        d: Number of columns, 0 for a space of constants.
        names: Their parameters.
        columns: What they are.
    """

    __slots__ = (
        "_column",
        "_even",
        "_levels",
        "_log",
        "_masks",
        "_order",
        "_parameters",
        "_plain",
        "_positions",
        "_steps",
        "columns",
        "d",
        "names",
    )

    def __init__(self, parameters: Mapping[str, Parameter], rules: Rules) -> None:
        free = {name: p for name, p in parameters.items() if not isinstance(p, Constant)}
        self.d = len(free)
        self.names = tuple(free)
        self.columns = tuple(Column(name, p.kind, p.levels) for name, p in free.items())
        self._parameters = parameters
        self._column = {name: index for index, name in enumerate(free)}
        self._log = [(index, p) for index, p in enumerate(free.values()) if isinstance(p, Int) and p.log]
        logs = {index for index, _ in self._log}
        even = [(i, p.levels) for i, p in enumerate(free.values()) if p.levels is not None and i not in logs]
        self._even = np.array([index for index, _ in even], dtype=np.intp)
        self._levels = np.array([levels for _, levels in even], dtype=np.float64)
        self._masks = Masks(parameters, rules, self._column)
        # One row is read in plain Python: numpy would cost more for each scalar than all of this for the row.
        self._positions = [(name, p.position) for name, p in free.items()]
        simple = len(free) == len(parameters) and not rules.conditions
        self._plain = [(name, p.at) for name, p in free.items()] if simple else None
        self._steps = [
            (name, self._column.get(name, self.d), parameters[name].at, rules.conditions.get(name, ()))
            for name in rules.order
        ]
        self._order = None if rules.order == tuple(parameters) else tuple(parameters)

    def encode(self, params: Mapping[str, Scalar]) -> Array:
        """The row (d,) of checked params; NaN where inactive."""
        row: Array = self.encode_many([params])[0]
        return row

    def encode_many(self, many: Sequence[Mapping[str, Scalar]]) -> Array:
        """The rows (n, d) of n checked params; NaN where inactive."""
        absent = math.nan
        positions = self._positions
        rows = [[at(params[name]) if name in params else absent for name, at in positions] for params in many]
        table = np.array(rows, dtype=np.float64).reshape(len(rows), self.d)
        for index, parameter in self._log:
            # by the same function as in snap, so that the bits agree
            name = self.names[index]
            cells = np.array([parameter.cell(params[name]) for params in many if name in params], dtype=np.int64)
            table[~np.isnan(table[:, index]), index] = log_centres(parameter, cells)
        return table

    def decode(self, row: Array, fixed: Mapping[str, Scalar] | None = None) -> Params:
        """The params of a row (d,), constants included.

        Which parameters are active follows from their parents, NOT from where NaN stands; NaN in an active column is
        the middle. Constraints are not looked at: see `feasible`.

        Args:
            row: The row.
            fixed: The checked values that went into `snap` or `draw`: they come back to the last bit, which the image
                of a real number does not promise.
        """
        values = row.tolist()
        if fixed:
            made = self._decoded(values)
            made.update((name, value) for name, value in fixed.items() if name in made)
            return made
        return self._decoded(values)

    def _decoded(self, values: list[float]) -> Params:
        if self._plain is not None:
            return {name: at(u) for (name, at), u in zip(self._plain, values, strict=True)}
        values.append(0.5)  # where constants look
        made: Params = {}
        for name, column, at, clauses in self._steps:
            for clause in clauses:
                if not clause.holds(made):
                    break
            else:
                made[name] = at(values[column])
        return made if self._order is None else {name: made[name] for name in self._order if name in made}

    def snap(self, U: Array, fixed: Mapping[str, Scalar] | None = None) -> Array:
        """The rows (n, d) moved to the points that stand for their cells; NaN where inactive.

        Args:
            U: (n, d); NaN is taken as 0.5, what lies outside as the nearest bound.
            fixed: Checked values of some parameters, put in every row (NaN where such a parameter is inactive).
        """
        table = np.array(U, dtype=np.float64)
        assert table.ndim == 2, f"rows must be (n, {self.d}), got {table.shape}"
        table[np.isnan(table)] = 0.5
        np.minimum(np.maximum(table, 0.0, out=table), 1.0, out=table)
        return self._snapped(table, fixed)[0]

    def feasible(self, U: Array) -> Mask:
        """Which of the snapped rows (n, d) keep the constraints and are not forbidden: (n,)."""
        if not self._masks.bounded:
            return np.ones(len(U), dtype=np.bool_)
        table = np.where(np.isnan(U), 0.5, U)
        cells = self.cells(table)
        return self._masks.feasible(table, cells, self._masks.active(cells))

    def draw(self, rng: np.random.Generator, count: int, fixed: Mapping[str, Scalar] | None = None) -> Array:
        """Up to `count` snapped feasible rows (m, d), uniform in the unit cube, by rejection.

        The work is bounded: where the constraints leave next to nothing, fewer rows come back, even none.

        Args:
            rng: Source of the random numbers.
            count: Number of rows wanted.
            fixed: Checked values of some parameters.
        """
        if not self._masks.bounded:
            return self._snapped(rng.random((count, self.d)), fixed)[0]
        found: list[Array] = []
        missing, tried = count, 0
        while missing > 0 and tried < max(ROWS_AT_MOST, 4 * count):
            # as many as the share accepted so far lets expect, and a few more
            batch = 8 + missing * (tried + 8) * 9 // (8 * (count - missing + 8)) + tried // 4
            batch = min(batch, ROWS_AT_ONCE)
            table, cells, active = self._snapped(rng.random((batch, self.d)), fixed)
            rows = table[self._masks.feasible(table, cells, active)][:missing]
            found.append(rows)
            missing -= len(rows)
            tried += batch
        return np.concatenate(found) if found else np.empty((0, self.d))

    def box(self, part: SearchSpace) -> Box:
        """A part of this space, as `SearchSpace.narrowed` gives it, as a box in this unit cube.

        Raises:
            SpaceError: it is no part of this space.
        """
        from askntell.space.box import Box

        return Box(self, self._parameters, part.parameters)

    def _snapped(self, table: Array, fixed: Mapping[str, Scalar] | None) -> tuple[Array, Cells, Mapping[str, Mask]]:
        """Snap rows without NaN in place; also their cells, and where conditional parameters are active."""
        for name, value in (fixed or {}).items():
            column = self._column.get(name)
            if column is not None:
                table[:, column] = self._parameters[name].position(value)
        cells = self.cells(table)
        if len(self._even):
            table[:, self._even] = (cells[:, self._even] + 0.5) / self._levels
        for index, parameter in self._log:
            table[:, index] = log_centres(parameter, cells[:, index])
        active = self._masks.active(cells)
        for name, mask in active.items():
            if name in self._column:
                table[~mask, self._column[name]] = np.nan
        return table, cells, active

    def cells(self, table: Array) -> Cells:
        """The cells (n, d) of rows without NaN; 0 where continuous."""
        cells = np.zeros(table.shape, dtype=np.int64)
        if len(self._even):
            # truncation is floor here; u = 1 belongs to the last cell
            cells[:, self._even] = np.minimum(table[:, self._even] * self._levels, self._levels - 1.0)
        for index, parameter in self._log:
            cells[:, index] = log_cells(parameter, table[:, index])
        return cells
