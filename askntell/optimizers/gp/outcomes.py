"""Closed trials with several values as arrays, and what can be said of them without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.growing import grown
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.subset import pool
from askntell.optimizers.gp.surrogate import Trials
from askntell.optimizers.gp.warp import mean_ranks, plain
from askntell.trial import Problem, Trial

__all__ = ["Outcomes", "limit_among"]

_DIRECTIONS = 5  #: mixtures of two objectives by which a trial can be good
_LARGEST = 1e6  #: a limit farther from all values than so many of their spreads is as good as none


@final
@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Finished and failed trials of one segment in number order.

    Attributes:
        numbers: Trial numbers, shape (n,).
        U: Unit points, shape (n, d), NaN where inactive.
        values: Losses of the objectives, then excesses over the limits; NaN for a failed trial; shape (n, k + m).
        noise: Known standard deviations of `values`, NaN where unknown.
        objectives: k, how many of the columns are objectives.
    """

    numbers: NDArray[np.int64]
    U: Array
    values: Array
    noise: Array
    objectives: int

    @classmethod
    def empty(cls, problem: Problem) -> Outcomes:
        """No trials."""
        k, m = len(problem.goals.objectives), len(problem.goals.constraints)
        U, none = np.empty((0, problem.space.unit.d)), np.empty((0, k + m))
        return cls(numbers=np.empty(0, np.int64), U=U, values=none, noise=none, objectives=k)

    def extended(self, problem: Problem, trials: Sequence[Trial]) -> Outcomes:
        """These trials and then those."""
        if not trials:
            return self
        goals = problem.goals
        every = [trial.values for trial in trials]
        told = {name: np.array([np.nan if v is None else v[name] for v in every]) for name in goals.names}
        # the arithmetic of `Goals.losses` and `Goals.excesses`, for all trials at once
        values = np.empty((len(trials), len(goals.objectives) + len(goals.constraints)))
        for place, goal in enumerate(goals.objectives):
            values[:, place] = told[goal.name] if goal.direction == "minimize" else -told[goal.name]
        with np.errstate(over="ignore"):
            for place, limit in enumerate(goals.constraints, start=len(goals.objectives)):
                above = told[limit.name] - limit.limit
                values[:, place] = above if limit.relation == "<=" else -above
        noise = np.full(values.shape, np.nan)
        if [trial.std for trial in trials].count(None) < len(trials):
            names = [*goals.directions, *goals.limits]
            known = [[np.nan if s is None else s for s in map(trial.noise, names)] for trial in trials]
            noise = np.where(np.isnan(values[:, :1]), np.nan, np.array(known, dtype=np.float64))
        values[~np.isfinite(values).all(axis=1)] = np.nan  # an excess may overflow
        return Outcomes(
            numbers=grown(self.numbers, np.array([t.number for t in trials], dtype=np.int64)),
            U=grown(self.U, problem.space.unit.encode_many([t.params for t in trials])),
            values=grown(self.values, values),
            noise=grown(self.noise, noise),
            objectives=self.objectives,
        )

    def where(self, index: NDArray[np.intp]) -> Outcomes:
        """Some of these trials."""
        return Outcomes(
            numbers=self.numbers[index],
            U=self.U[index],
            values=self.values[index],
            noise=self.noise[index],
            objectives=self.objectives,
        )

    def best(self, count: int) -> Outcomes:
        """At most `count` of these trials: half of them good in some respect, a quarter latest, the rest by hash."""
        if len(self.numbers) <= count:
            return self
        return self.where(pool(self.standing, self.numbers, count))

    @property
    def limited(self) -> bool:
        """Whether some of the values have limits."""
        return int(self.values.shape[1]) > self.objectives

    @cached_property
    def failed(self) -> NDArray[np.bool_]:
        """Which trials gave no values, shape (n,)."""
        return np.isnan(self.values[:, 0])

    @cached_property
    def feasible(self) -> NDArray[np.bool_]:
        """Which trials have values that keep all limits, shape (n,)."""
        kept: NDArray[np.bool_] = ~self.failed & np.all(~(self.values[:, self.objectives :] > 0.0), axis=1)
        return kept

    @cached_property
    def standing(self) -> Array:
        """The best rank of each trial in some mixture of the objectives, feasible ones first; NaN for failed, (n,)."""
        found = np.full(len(self.numbers), np.nan)
        valued = ~self.failed
        ranks = np.column_stack([mean_ranks(column) for column in self.values[valued, : self.objectives].T])
        ranks[~self.feasible[valued]] += len(ranks)
        first, others = np.eye(self.objectives)[0], np.eye(self.objectives)[1:]
        shares = np.linspace(0.0, 1.0, _DIRECTIONS)
        weights = [(1.0 - t) * first + t * other for other in others for t in shares] or [first]
        found[valued] = np.min([mean_ranks(ranks @ w) for w in weights], axis=0)
        return found

    def nearly_feasible(self, count: int) -> Array:
        """Unit points of the trials with the smallest sum of violations, each as a share of its largest, (p, d)."""
        valued = ~self.failed
        excess = np.maximum(self.values[valued][:, self.objectives :], 0.0)
        size = excess.max(axis=0, initial=0.0)
        total = np.sum(excess / np.where(size > 0.0, size, 1.0), axis=1)
        return self.U[valued][np.argsort(total, kind="stable")[:count]]

    def column(self, place: int) -> Trials:
        """The trials with one of their values as the loss."""
        return Trials(numbers=self.numbers, U=self.U, loss=self.values[:, place], std=self.noise[:, place])

    def scalar(self, loss: Array) -> Trials:
        """The trials with another loss, shape (n,)."""
        return Trials(numbers=self.numbers, U=self.U, loss=loss, std=np.full(len(loss), np.nan))


def limit_among(excess: Array) -> float:
    """Where the limit 0 lies among the targets that `plain` makes of these values, shape (n,), NaN left out."""
    half = 0.5 * excess[~np.isnan(excess)]
    z = plain(2.0 * half)
    low, high = int(np.argmin(half)), int(np.argmax(half))
    with np.errstate(over="ignore"):
        place = z[low] - half[low] / (half[high] - half[low]) * (z[high] - z[low])
    return float(np.clip(place, -_LARGEST, _LARGEST))
