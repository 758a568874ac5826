"""Several objectives: which outcomes no other one beats, and how much of the space below a reference they cover.

Everything is exact and minimises. A point *dominates* another if it is nowhere worse and somewhere better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from askntell.errors import SettingsError
from askntell.goals import Goals
from askntell.trial import Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["hypervolume", "hypervolume_of", "non_dominated", "pareto_front"]


def pareto_front(trials: Iterable[Trial], goals: Goals) -> list[Trial]:
    """The feasible finished trials that no other one dominates, in the order given.

    Equal outcomes are all on the front. With one objective these are the best trials.
    """
    able = [trial for trial in trials if trial.values is not None and goals.feasible(trial.values)]
    if not goals.several:  # without an array: a study with many segments asks for it often
        found = [goals.losses(trial.values or {}) for trial in able]
        best = min(found, default=())
        return [trial for trial, loss in zip(able, found, strict=True) if loss == best]
    losses = np.array([goals.losses(trial.values) for trial in able if trial.values is not None], dtype=np.float64)
    keep = non_dominated(losses.reshape(len(able), len(goals.objectives)))
    return [trial for trial, kept in zip(able, keep, strict=True) if kept]


def hypervolume_of(trials: Iterable[Trial], goals: Goals, reference: object) -> float:
    """The hypervolume that the front of these trials dominates, in the product of the objectives' units.

    Args:
        trials: Any; those that are not finished or not feasible do not count.
        goals: Objectives and constraints.
        reference: The point from which it is measured, ``{name: number}`` or a list in the order of the objectives, in
            their own units. Trials that are not better than it in every objective add nothing.

    Raises:
        SettingsError: the reference does not give one finite number for each objective.
    """
    corner = _corner(goals, reference)
    front = pareto_front(trials, goals)
    losses = np.array([goals.losses(trial.values) for trial in front if trial.values is not None], dtype=np.float64)
    return hypervolume(losses.reshape(len(front), len(corner)), corner)


def _corner(goals: Goals, reference: object) -> Array:
    names = [goal.name for goal in goals.objectives]
    given: object = reference
    if isinstance(reference, Mapping):
        given = [reference[name] for name in names] if set(reference) == set(names) else None
    elif isinstance(reference, int | float) and len(names) == 1:
        given = [reference]
    try:
        point = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        point = np.empty(0)
    if point.shape != (len(names),) or not np.isfinite(point).all():
        raise SettingsError(
            f"hypervolume: reference={reference!r}; allowed: a finite number for each of {', '.join(names)}",
            hint="take a point that is worse than everything of interest, in the objectives' own units",
        )
    return np.array([goal.loss(float(value)) for goal, value in zip(goals.objectives, point, strict=True)])


def non_dominated(losses: Array) -> NDArray[np.bool_]:
    """Which rows no other row dominates, shape (n,), for losses of shape (n, k); equal rows are kept together."""
    count, k = losses.shape
    if not count:
        return np.zeros(0, dtype=bool)
    rows, inverse = np.unique(losses, axis=0, return_inverse=True)  # sorted: no row is dominated by a later one
    if k == 2:
        second = rows[:, 1]
        keep = np.append(True, second[1:] < np.minimum.accumulate(second)[:-1])
    else:
        keep = np.zeros(len(rows), dtype=bool)
        front = np.empty((0, k))
        for place, row in enumerate(rows):
            if not np.any(np.all(front <= row, axis=1)):
                keep[place] = True
                front = np.vstack([front, row])
    found: NDArray[np.bool_] = keep[inverse.reshape(-1)]
    return found


def hypervolume(losses: Array, reference: Array | Sequence[float]) -> float:
    """The volume of all points that some row dominates and that dominate the reference.

    In two dimensions one sweep; above, slices by the last objective [While et al. 2006, the idea of HSO], with the
    front of each slice kept from the one before. A front of 100 points takes about 1 ms with three objectives and 0.1 s
    with four.

    Args:
        losses: Shape (n, k), finite.
        reference: Shape (k,), finite.
    """
    corner = np.asarray(reference, dtype=np.float64)
    inside = losses[np.all(losses < corner, axis=1)]
    with np.errstate(over="ignore"):
        return _volume(inside[non_dominated(inside)], corner)


def _volume(front: Array, corner: Array) -> float:
    """The volume below `corner`, shape (k,), of points inside, shape (n, k), that do not dominate each other."""
    if not len(front):
        return 0.0
    if len(corner) == 1:
        return float(corner[0] - front.min())
    if len(corner) == 2:
        order = np.argsort(front[:, 0], kind="stable")
        x, y = front[order, 0], front[order, 1]
        return float(np.sum(np.diff(x, append=corner[0]) * (corner[1] - np.minimum.accumulate(y))))
    front = front[np.argsort(front[:, -1], kind="stable")]
    depths = np.diff(front[:, -1], append=corner[-1])
    total, slice_ = 0.0, np.empty((0, len(corner) - 1))
    for row, depth in zip(front[:, :-1], depths, strict=True):
        if not np.any(np.all(slice_ <= row, axis=1)):
            slice_ = np.vstack([slice_[~np.all(row <= slice_, axis=1)], row])
        if depth > 0.0:
            total += float(depth) * _volume(slice_, corner[:-1])
    return total
