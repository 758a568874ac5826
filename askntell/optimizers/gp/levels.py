"""Second looks at the levels of categories that the search has given up too early.

A process that shares its length-scales over all levels of a category extrapolates what it learnt at one level to the
others: a solver whose best learning rate lies elsewhere looks bad wherever the present favourite is good, and its true
optimum is never asked for. So, once asks no longer improve, every second one holds the level that was tried least and
looks for improvement on what that level itself has reached. Each level then gets a search of its own for a share of
the asks, as the arms of a bandit do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.kernel import Array
from askntell.space import Scalar, SearchSpace

__all__ = ["Level", "least_tried", "stagnation"]

PATIENCE = 6  #: asks without progress before levels get a second look
PROGRESS = 0.01  #: an improvement of at least this share of the distance from the median to the best loss counts


@final
@dataclass(frozen=True, kw_only=True)
class Level:
    """One level of a category.

    Attributes:
        held: The level, and those of the parents that make it active, by name.
        own: Which trials have it, shape (n,).
    """

    held: Mapping[str, Scalar]
    own: NDArray[np.bool_]


def stagnation(loss: Array) -> int:
    """How many of the last losses, shape (n,), brought no progress; 0 without any."""
    if not len(loss):
        return 0
    best = np.minimum.accumulate(loss)
    half = 0.5 * best[-1] + PROGRESS * (0.5 * np.median(loss) - 0.5 * best[-1])  # halves cannot overflow
    return len(loss) - 1 - int(np.argmax(0.5 * best <= half))


def least_tried(space: SearchSpace, U: Array, loss: Array, fixed: Mapping[str, Scalar]) -> Level | None:
    """The level with the fewest trials for its share, or None: without categories, or while there are more levels.

    Args:
        space: The search space.
        U: Unit points of the trials, shape (n, d).
        loss: Their losses, NaN where unknown, shape (n,).
        fixed: Parameters held anyway.
    """
    found: tuple[float, int, int] | None = None
    categories = [
        (j, column)
        for j, column in enumerate(space.unit.columns)
        if column.kind == "categorical" and (column.levels or 0) > 1 and column.name not in fixed
    ]
    if sum(column.levels or 0 for _, column in categories) > len(U):
        return None
    for j, column in categories:
        levels, u = column.levels or 0, U[:, j]
        counts = np.bincount((u[~np.isnan(u)] * levels).astype(np.intp), minlength=levels)
        level = int(np.argmin(counts))
        if counts.any():  # else the category was never active: the levels of its parents come first
            share = float(counts[level]) * levels / float(counts.sum())
            found = min(found or (np.inf, 0, 0), (share, j, level))
    if found is None:
        return None
    _, j, level = found
    return _held(space, U, loss, fixed, j, level)


def _held(space: SearchSpace, U: Array, loss: Array, fixed: Mapping[str, Scalar], j: int, level: int) -> Level | None:
    """The level with its parents as in the best trial that has the category active; None if `fixed` forbids it."""
    column = space.unit.columns[j]
    active = np.flatnonzero(~np.isnan(U[:, j]))
    example = U[active[int(np.argmin(np.nan_to_num(loss[active], nan=np.inf)))]].copy()
    example[j] = (level + 0.5) / (column.levels or 1)
    params = space.unit.decode(example)
    held: dict[str, Scalar] = {}
    wanted = [column.name]
    while wanted:
        name = wanted.pop()
        if name in fixed and params.get(name) != fixed[name]:
            return None
        if name in space.unit.names:  # not a constant
            held[name] = params[name]
        wanted += space.parameters[name].when or {}
    own = np.all(U[:, [j]] == example[j], axis=1)
    return Level(held={**fixed, **held}, own=own)
