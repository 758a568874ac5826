"""The joint model at one ask: which trials it is conditioned on, and what it says of one segment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.acquisition import Acquisition
from askntell.optimizers.gp.areas import Area, corner_of, stairs
from askntell.optimizers.gp.chances import Chance, Gain, Weighed
from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.joint.frames import rescaled
from askntell.optimizers.gp.joint.joint import Joint, JointFit
from askntell.optimizers.gp.joint.objective import Rows
from askntell.optimizers.gp.joint.process import Joined, View
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.model import Objective, Posterior, Prior, cold_starts, minimised
from askntell.optimizers.gp.outcomes import Outcomes
from askntell.optimizers.gp.subset import hashed
from askntell.space.box import Box
from askntell.trial import Trial

__all__ = ["Scene"]

ROWS = 160  #: rows that the process is conditioned on, unless the segment itself has more
_OWN, _OTHERS = 3, 4  #: points around which the search looks: best ones of the segment, and best predicted ones of all
_MANY_FAILURES = 3  #: so many are needed for a model of failures
_LABEL_NOISE = 0.05  #: of the labels, as a ratio to the amplitude
_DUEL = 4  #: values of the segment's own before the joint model has to prove itself
_MARGIN = 1.0  #: nats


@final
@dataclass(frozen=True, kw_only=True)
class Scene:
    """Rows of many segments, seen from one of them.

    Attributes:
        joint: What is learnt.
        segment: Index of the segment.
        outcomes: The chosen closed trials of each segment, by index; all of the segment's own.
        believed: Unit points whose value is believed, shape (m, d), and the index of the segment of each.
        box: What may be tried in the segment; None: the whole space.
    """

    joint: Joint
    segment: int
    outcomes: Mapping[int, Outcomes]
    believed: tuple[Array, NDArray[np.intp]]
    box: Box | None

    @classmethod
    def of(cls, joint: Joint, segment: int, pending: Mapping[str, Collection[Trial]]) -> Scene:
        """The scene of one ask; open trials of all segments are believed at their posterior means."""
        unit = joint.problem.space.unit
        rows, places = [], []
        for name, trials in pending.items():
            rows += [dict(trial.params) for trial in trials]
            places += [joint.places[name]] * len(trials)
        U = unit.encode_many(rows) if rows else np.empty((0, unit.d))
        return cls(
            joint=joint,
            segment=segment,
            outcomes=_chosen(joint, segment),
            believed=(U, np.array(places, dtype=np.intp)),
            box=joint.box(joint.segments[segment].name),
        )

    @property
    def own(self) -> Outcomes | None:
        """Closed trials of the segment."""
        return self.outcomes.get(self.segment)

    def points(self) -> Array:
        """Unit points of the chosen trials that gave values, shape (n, d)."""
        return np.vstack([some.U[~some.failed] for some in self.outcomes.values()])

    def reachable(self, U: Array) -> Array:
        """Unit points moved to where the segment may try them, shape (n, d)."""
        return U if self.box is None else self.joint.problem.space.unit.snap(self.box.clip(U))

    def view(self, column: int) -> View:
        """The process of one of the values."""
        fit = self.joint.fits[column]
        rows = self._rows(fit, column)
        U, places = self.believed
        joined = Joined.of(rows, fit.hyper, self.joint.tasks, fit.columns.transform(U), places)
        precision = joined.precision()
        y = rows.y
        sigma2 = joined.seen_from(self.segment, y).sigma2
        return joined.seen_from(self.segment, y * rescaled(y, rows.segment, precision, sigma2, fit.frame))

    # ---- what to maximise ------------------------------------------------------------------------------------------

    def score(self) -> Weighed:
        """What a point is worth in this segment."""
        goals = self.joint.problem.goals
        k = len(goals.objectives)
        limits = [j for j in self.joint.fits if j >= k]
        views = {j: self.view(j) for j in limits}
        chances = [
            Chance(posterior=view, limit=float(self.joint.fits[j].frame.targets(np.zeros(1), self.segment)[0]))
            for j, view in views.items()
        ]
        return Weighed(gain=self._gain(k), chances=(*chances, *self._labels()))

    def _gain(self, objectives: int) -> Gain | None:
        own = self.own
        outcomes = [own] if own is not None and own.feasible.any() else list(self.outcomes.values())
        U = self.reachable(np.vstack([some.U[some.feasible] for some in outcomes]))
        if not len(U):
            return None
        views = [self.view(j) for j in range(objectives)]
        mine = self.believed[0][self.believed[1] == self.segment]
        X = self.columns.transform(np.vstack([U, mine]))
        if objectives == 1:
            return Acquisition(posterior=views[0], best=float(views[0].predict(X)[0].min()))
        means = np.column_stack([view.predict(X)[0] for view in views])
        front = stairs(means)
        return Area(first=views[0], second=views[1], front=front, corner=corner_of(front, means))

    def _labels(self) -> list[Chance]:
        """The chance of giving a value, once some trials failed in this segment or in those it learns from."""
        failed = [some.failed for some in self.outcomes.values()]
        if sum(int(f.sum()) for f in failed) < _MANY_FAILURES:
            return []
        columns, hyper = self.columns, self.joint.fits[0].hyper
        y = np.concatenate([np.where(f, -1.0, 1.0) for f in failed])
        mean = float(y.mean())
        rows = Rows(
            X=columns.transform(np.vstack([some.U for some in self.outcomes.values()])),
            segment=np.concatenate([np.full(len(f), k) for k, f in zip(self.outcomes, failed, strict=True)]),
            y=y - mean,
            known=np.full(len(y), _LABEL_NOISE),
        )
        none = np.empty((0, columns.count)), np.empty(0, dtype=np.intp)
        view = Joined.of(rows, hyper, self.joint.tasks, *none).seen_from(self.segment, rows.y)
        return [Chance(posterior=view, limit=-mean, sign=-1.0, noise=view.sigma2 * _LABEL_NOISE, fixed=True)]

    @property
    def columns(self) -> Columns:
        """Model columns: all values have the same."""
        return next(iter(self.joint.fits.values())).columns

    def incumbents(self, score: Weighed) -> Array:
        """Unit points around which to search, best first, shape (k, d)."""
        everywhere = self.reachable(self.points())
        means = score.posterior.predict(self.columns.transform(everywhere))[0]
        best = everywhere[np.argsort(means, kind="stable")[:_OTHERS]]
        own = self.own
        if own is None or own.failed.all():
            return best
        mine = own.U[~own.failed]
        means = score.posterior.predict(self.columns.transform(mine))[0]
        return np.vstack([mine[np.argsort(means, kind="stable")[:_OWN]], best])

    def explains_worse(self) -> bool:
        """Whether the segment's own trials are better predicted from each other alone: the duel.

        Both models predict each own trial from all else they know, and the logarithms of the densities are added up
        [Sundararajan & Keerthi 2001]; hyperparameters are held. The joint model has to give way by more than one nat.
        """
        own = self.own
        if own is None or int(np.count_nonzero(~own.failed)) < _DUEL:
            return False
        fit = self.joint.fits[0]
        view = self.view(0)
        n = len(view.y)
        precision, alpha = view.joined.precision(), view.alpha[:n]
        mine = np.flatnonzero(view.joined.rows.segment == self.segment)
        inverse = precision.diagonal()[mine]
        joint = _log_density(alpha[mine] / inverse, view.sigma2 / inverse)
        data = Data.of(fit.columns.transform(own.U[~own.failed]), view.y[mine])
        objective = Objective(data, fit.columns.groups, Prior.of(fit.columns.d))
        theta, _ = minimised(objective, cold_starts(fit.columns.d, int(fit.columns.groups.max()) + 1)[:1])
        alone = Posterior.of(data, objective.hyper(theta))
        inverse = np.einsum("ij,ij->j", alone.Linv, alone.Linv)
        return _log_density(alone.alpha / inverse, alone.sigma2 / inverse) > joint + _MARGIN

    def _rows(self, fit: JointFit, column: int) -> Rows:
        parts = []
        for k, some in self.outcomes.items():
            valued = ~some.failed
            values = some.values[valued, column]
            parts.append(
                Rows(
                    X=fit.columns.transform(some.U[valued]),
                    segment=np.full(len(values), k),
                    y=fit.frame.targets(values, k),
                    known=fit.frame.noise(some.noise[valued, column], values, k),
                )
            )
        return Rows.of(parts)


def _chosen(joint: Joint, segment: int) -> dict[int, Outcomes]:
    """About `ROWS` closed trials, all of the segment's own among them.

    Whole segments, in the order of what they have in common with this one, fill half of it; then the best trial of each
    of the others, and then others of theirs by hash, for as long as there is room.
    """
    told = {joint.places[name]: outcomes for name, outcomes in joint.told.items()}
    chosen: dict[int, Outcomes] = {}
    if segment in told:
        chosen[segment] = told.pop(segment)
    used = sum(len(some.numbers) for some in chosen.values())
    others = np.array(sorted(told), dtype=np.intp)
    if len(others):
        near = joint.fits[0].hyper.between(joint.tasks, np.array([segment]), others)[0][0]
        others = others[np.lexsort((hashed(others), -np.round(near, 9)))]
    partly = others.tolist()
    while partly and used + len(told[partly[0]].numbers) <= ROWS // 2:
        k = partly.pop(0)
        chosen[k] = told[k]
        used += len(told[k].numbers)
    counts = dict.fromkeys(partly, 0)
    while partly and used < ROWS:
        for k in partly[: ROWS - used]:
            counts[k] += 1
            used += 1
        partly = [k for k in partly if counts[k] < len(told[k].numbers)]
    for k, count in counts.items():
        if count:
            chosen[k] = _leading(told[k], count)
    return chosen


def _leading(outcomes: Outcomes, count: int) -> Outcomes:
    """The best trial, and others by hash of their number: `count` in all, in number order."""
    order = np.argsort(hashed(outcomes.numbers), kind="stable")
    standing = outcomes.standing
    if not np.isnan(standing).all():
        best = int(np.nanargmin(standing))
        order = np.append(best, order[order != best])
    return outcomes.where(np.sort(order[:count]))


def _log_density(residual: Array, variance: Array) -> float:
    return float(np.sum(-0.5 * np.log(2.0 * np.pi * variance) - 0.5 * residual * residual / variance))
