"""The joint model at one ask: which trials it is conditioned on, and what it says of one segment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.acquisition import Acquisition
from askntell.optimizers.gp.areas import Area, corner_of, stairs
from askntell.optimizers.gp.chances import Chance, Gain, Weighed
from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.joint.chosen import Chosen
from askntell.optimizers.gp.joint.frames import rescaled
from askntell.optimizers.gp.joint.joint import Joint
from askntell.optimizers.gp.joint.objective import Rows
from askntell.optimizers.gp.joint.process import Joined, View
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.model import Objective, Prior, cold_starts, minimised
from askntell.optimizers.gp.posterior import Posterior
from askntell.space.box import Box
from askntell.trial import Trial

__all__ = ["Scene"]

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
        chosen: Closed trials of the segments, all of this one's among them.
        believed: Unit points whose value is believed, shape (m, d), and the index of the segment of each.
        box: What may be tried in the segment; None: the whole space.
    """

    joint: Joint
    segment: int
    chosen: Chosen
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
            chosen=Chosen.of(joint, segment),
            believed=(U, np.array(places, dtype=np.intp)),
            box=joint.box(joint.segments[segment].name),
        )

    @cached_property
    def own(self) -> NDArray[np.bool_]:
        """Which of the chosen trials are of the segment, shape (n,)."""
        found: NDArray[np.bool_] = self.chosen.segment == self.segment
        return found

    def reachable(self, U: Array) -> Array:
        """Unit points moved to where the segment may try them, shape (n, d)."""
        return U if self.box is None else self.joint.problem.space.unit.snap(self.box.clip(U))

    @cached_property
    def seen(self) -> dict[int, tuple[View, float]]:
        """What `_seen` made: the duel and the score look at the same process."""
        return {}

    def view(self, column: int) -> View:
        """The process of one of the values."""
        return self._seen(column)[0]

    def limit(self, column: int) -> float:
        """Where the value 0 lies among the segment's targets in `view`."""
        target = self.joint.fits[column].frame.targets(np.zeros(1), self.segment)[0]
        return float(target) * self._seen(column)[1]

    def _seen(self, column: int) -> tuple[View, float]:
        """The process of one of the values, and by what the segment's own targets were multiplied."""
        if column not in self.seen:
            fit, rows = self.joint.fits[column], self._rows(column)
            U, places = self.believed
            joined = Joined.of(rows, fit.hyper, self.joint.tasks, fit.columns.transform(U), places)
            factor = rescaled(rows.y, rows.segment, joined.inner, joined.amplitude(rows.y), fit.frame)
            own = factor[rows.segment == self.segment]
            view = joined.seen_from(self.segment, rows.y * factor)
            self.seen[column] = view, float(own[0]) if len(own) else 1.0
        return self.seen[column]

    # ---- what to maximise ------------------------------------------------------------------------------------------

    def score(self) -> Weighed:
        """What a point is worth in this segment."""
        goals = self.joint.problem.goals
        k = len(goals.objectives)
        limits = [j for j in self.joint.fits if j >= k]
        chances = [Chance(posterior=self.view(j), limit=self.limit(j)) for j in limits]
        return Weighed(gain=self._gain(k), chances=(*chances, *self._labels()))

    def _gain(self, objectives: int) -> Gain | None:
        feasible = self.chosen.feasible
        mine = feasible & self.own
        U = self.reachable(self.chosen.U[mine if mine.any() else feasible])
        if not len(U):
            return None
        views = [self.view(j) for j in range(objectives)]
        X = self.columns.transform(np.vstack([U, self.believed[0][self.believed[1] == self.segment]]))
        if objectives == 1:
            return Acquisition(posterior=views[0], best=float(views[0].predict(X)[0].min()))
        means = np.column_stack([view.predict(X)[0] for view in views])
        front = stairs(means)
        return Area(first=views[0], second=views[1], front=front, corner=corner_of(front, means))

    def _labels(self) -> list[Chance]:
        """The chance of giving a value, once some trials failed in this segment or in those it learns from."""
        failed = self.chosen.failed
        if np.count_nonzero(failed) < _MANY_FAILURES:
            return []
        columns, hyper = self.columns, self.joint.fits[0].hyper
        y = np.where(failed, -1.0, 1.0)
        mean = float(y.mean())
        rows = Rows(
            X=columns.transform(self.chosen.U),
            segment=self.chosen.segment,
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
        U, mine = self.reachable(self.chosen.points), self.own[~self.chosen.failed]
        means = score.posterior.predict(self.columns.transform(U))[0]
        order = np.argsort(means, kind="stable")
        found: Array = U[np.concatenate([order[mine[order]][:_OWN], order[:_OTHERS]])]
        return found

    def explains_worse(self) -> bool:
        """Whether the segment's own trials are better predicted from each other alone: the duel.

        Both models predict each own trial from all else they know, and the logarithms of the densities are added up
        [Sundararajan & Keerthi 2001]; hyperparameters are held. The joint model has to give way by more than one nat.
        """
        mine = self.own[~self.chosen.failed]
        if np.count_nonzero(mine) < _DUEL:
            return False
        fit, view = self.joint.fits[0], self.view(0)
        L = view.joined.inner[:, mine]
        inverse = np.einsum("ij,ij->j", L, L)  # the diagonal of C^-1
        joint = _log_density(view.alpha[: len(mine)][mine] / inverse, view.sigma2 / inverse)
        data = Data.of(view.joined.rows.X[mine], view.y[mine])
        objective = Objective(data, fit.columns.groups, Prior.of(fit.columns.d))
        theta = minimised(objective, cold_starts(fit.columns.d, int(fit.columns.groups.max()) + 1)[:1]).theta
        alone = Posterior.of(data, objective.hyper(theta))
        inverse = np.einsum("ij,ij->j", alone.Linv, alone.Linv)
        return _log_density(alone.alpha / inverse, alone.sigma2 / inverse) > joint + _MARGIN

    def _rows(self, column: int) -> Rows:
        fit, chosen = self.joint.fits[column], self.chosen
        valued = ~chosen.failed
        values, segment = chosen.values[valued, column], chosen.segment[valued]
        return Rows(
            X=fit.columns.transform(chosen.points),
            segment=segment,
            y=fit.frame.targets(values, segment),
            known=fit.frame.noise(chosen.noise[valued, column], values, segment),
        )


def _log_density(residual: Array, variance: Array) -> float:
    return float(np.sum(-0.5 * np.log(2.0 * np.pi * variance) - 0.5 * residual * residual / variance))
