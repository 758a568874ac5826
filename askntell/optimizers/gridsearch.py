"""Every combination once: the finite list of a space, or a grid over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from askntell.errors import SettingsError
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.design import proposal_from_row
from askntell.space import SearchSpace
from askntell.space.unit import Column
from askntell.trial import Problem, Proposal, Trial

__all__ = ["GridSearch"]

LARGEST = 100_000  #: points of a grid; a longer list is no search


@final
@dataclass(frozen=True)
class _Grid:
    space: SearchSpace
    rows: NDArray[np.float64]  # (n, d), distinct points


@final
@dataclass(frozen=True, kw_only=True)
class GridSearch(Algorithm[_Grid]):
    """All points of a grid, in lexicographic order or shuffled by (seed, segment).

    Attributes:
        levels: Number of values of every numeric parameter, spread evenly over its range with both ends, >= 1; fewer if
            it has fewer. None: all values, for a space without continuous parameters. Categories and ordinals always
            give all theirs.
        shuffle: Whether the order is random, so that an early end has seen all parts of the space.
    """

    name: ClassVar[str] = "grid"
    levels: int | None = 5
    shuffle: bool = False

    def __post_init__(self) -> None:
        levels = self.levels
        if levels is not None and (isinstance(levels, bool) or not isinstance(levels, int) or levels < 1):
            raise SettingsError(f"grid: levels={levels!r}; allowed: None or an integer >= 1")

    def start(self, problem: Problem) -> _Grid:
        """List the grid.

        Raises:
            SettingsError: it has more than 100,000 points, or `levels` is None and a parameter is continuous.
        """
        space = problem.space
        axes = [self._axis(column) for column in space.unit.columns]
        size = math.prod(map(len, axes))
        if size > LARGEST:
            raise SettingsError(
                f"the grid has {size} points, more than {LARGEST}",
                hint="lower levels=, give parameters a step, or choose another algorithm",
            )
        mesh = np.meshgrid(*axes, indexing="ij")
        rows = np.column_stack([axis.ravel() for axis in mesh]) if axes else np.empty((1, 0))
        rows = space.unit.snap(rows)
        rows = rows[space.unit.feasible(rows)]
        # Inactive parameters make rows equal; each point stays at its first place.
        _, first = np.unique(np.nan_to_num(rows, nan=-1.0), axis=0, return_index=True)
        return _Grid(space, rows[np.sort(first)])

    def _axis(self, column: Column) -> NDArray[np.float64]:
        cells, levels = column.levels, self.levels
        if cells is None:
            if levels is None:
                raise SettingsError(
                    f"parameter {column.name!r} is continuous, so its values cannot be listed",
                    hint="give it a step, or the grid a number of levels=",
                )
            return np.linspace(0.0, 1.0, levels) if levels > 1 else np.array([0.5])
        if levels is None or levels >= cells or column.kind in ("ordinal", "categorical"):
            return (np.arange(cells) + 0.5) / cells
        chosen = np.linspace(0, cells - 1, levels).round() if levels > 1 else np.array([cells // 2])
        return (chosen + 0.5) / cells

    def learn(self, state: _Grid, closed: Sequence[Trial]) -> _Grid:  # noqa: ARG002 -- a fixed list
        """The state as it was."""
        return state

    def propose(self, state: _Grid, request: Request) -> Proposal | None:
        """The first point from position `number` on (round the list) that is not taken; None if all are."""
        count = len(state.rows)
        order = np.arange(count)
        if self.shuffle:
            np.random.default_rng(request.block_seed("grid")).shuffle(order)
        for step in range(count):
            row = state.rows[order[(request.number + step) % count]]
            proposal = proposal_from_row(state.space, row, request, self.name)
            if proposal is not None:
                return proposal
        return None
