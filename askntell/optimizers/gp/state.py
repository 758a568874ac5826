"""Closed trials and the models of them, as memos of pure functions: what every ask of `gp` starts from.

Every value that trials have, objectives and limited outcomes alike, has a process of its own [Gardner et al. 2014]. One
objective gains by expected improvement, two by the expected growth of the area that their front dominates (`areas`),
more by expected improvement of one scalarisation an ask, in a direction that the ask number decides [Zhang & Golovin
2020]. While nothing feasible is known, the probabilities alone count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from askntell.optimizers.algorithm import Request
from askntell.optimizers.gp.areas import Area, corner_of, stairs
from askntell.optimizers.gp.chances import Chance
from askntell.optimizers.gp.effort import FULL, Work
from askntell.optimizers.gp.ensemble import Ensemble
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.looks import leading, leading_at
from askntell.optimizers.gp.model import Hyper
from askntell.optimizers.gp.outcomes import Outcomes, limit_among
from askntell.optimizers.gp.posterior import Posterior
from askntell.optimizers.gp.subset import FIT, checkpoint
from askntell.optimizers.gp.surrogate import Fit, Trials, conditioned, fitted, label_fit, label_posterior
from askntell.optimizers.gp.warp import WARPS
from askntell.optimizers.pareto import non_dominated
from askntell.trial import Problem, Trial, TrialStatus

__all__ = ["State"]

_SMALL = 512  #: a finite space up to this size is scored point by point instead of searched
_MANY_FAILURES = 3  #: so many are needed for a model of failures
_INCUMBENTS = 5  #: points around which the search looks
_ALONG_FRONT = 8  #: the same with two objectives


@final
@dataclass(frozen=True, eq=False)
class State:
    """Closed trials as arrays; the cached properties are memos, derived from them alone.

    Attributes:
        problem: What is searched.
        warp: See `GP`.
        kernel: See `GP`.
        outcomes: The closed trials that teach something, in number order.
        work: How much of them the models use.
    """

    problem: Problem
    warp: str
    kernel: str
    outcomes: Outcomes
    work: Work = FULL

    def learned(self, closed: Sequence[Trial]) -> State:
        """The state with these trials added; memos that still hold are kept. Cancelled trials teach nothing."""
        useful = [t for t in closed if t.status in (TrialStatus.FINISHED, TrialStatus.FAILED)]
        after = State(self.problem, self.warp, self.kernel, self.outcomes.extended(self.problem, useful))
        memos, kept = vars(self), vars(after)
        if "grid" in memos:
            kept["grid"] = memos["grid"]
        if "fits" in memos and self._fit_key() == after._fit_key():
            kept["fits"] = memos["fits"]
            if "label_hyper" in memos and self._label_key() == after._label_key():
                kept["label_hyper"] = memos["label_hyper"]
        return after

    def _fit_key(self) -> tuple[int, tuple[tuple[int, ...], tuple[int, ...]]]:
        return checkpoint(int(np.count_nonzero(~self.outcomes.failed))), self.places

    def _label_key(self) -> int:
        return checkpoint(len(self.outcomes.numbers))

    @cached_property
    def lighter(self) -> dict[Work, State]:
        """What `at` made. Nothing of it outlives the next trial: a light fit is cheap, and its pool changes."""
        return {}

    def at(self, work: Work) -> State:
        """The state that asks at this level of work consult: fewer trials, and memos of its own."""
        if work is FULL:
            return self
        if work not in self.lighter:
            some = self.outcomes if work.pool is None else self.outcomes.best(work.pool)
            made = self.lighter[work] = State(self.problem, self.warp, "matern", some, work)
            vars(made)["places"] = self.places
            if "grid" in vars(self):
                vars(made)["grid"] = self.grid
        return self.lighter[work]

    @cached_property
    def grid(self) -> Array | None:
        """All unit points of a small finite space, shape (size, d), else None."""
        space = self.problem.space
        if space.size is None or space.size > _SMALL:
            return None
        return space.unit.encode_many(list(space.points()))

    # ---- models ----------------------------------------------------------------------------------------------------

    @cached_property
    def places(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Columns of the objectives and of the constraints that vary: the others teach nothing."""
        k = self.outcomes.objectives
        varied = [j for j in range(self.outcomes.values.shape[1]) if self.outcomes.column(j).informative]
        return tuple(j for j in varied if j < k), tuple(j for j in varied if j >= k)

    @property
    def alone(self) -> bool:
        """Whether trials have one value only."""
        return int(self.outcomes.values.shape[1]) == 1

    @cached_property
    def fits(self) -> dict[int, Fit]:
        """The fit of every column that varies; constraints stay linear, so that their limit has its place."""
        objectives, constraints = self.places
        made = {j: self._fitted(self.outcomes.column(j), self.warp) for j in objectives}
        return made | {j: self._fitted(self.outcomes.column(j), "plain") for j in constraints}

    def _fitted(self, trials: Trials, warp: str) -> Fit:
        return fitted(trials, self.problem, warp=warp, kernel=self.kernel, count=self.work.fit)

    @property
    def any_fit(self) -> Fit:
        """A fit: all have the same columns."""
        return next(iter(self.fits.values()))

    @cached_property
    def known(self) -> Outcomes:
        """What the posteriors are conditioned on: the same trials for all values of a trial."""
        return self.outcomes if self.alone else self.outcomes.best(self.work.posterior)

    def _posteriors(self, trials: Trials, fit: Fit) -> tuple[tuple[Posterior, ...], Array]:
        """Given the trials, and their distinct unit points.

        One or two failures say little about where trials fail: such points are believed at their posterior mean, so
        that the search goes on elsewhere. From three on a model of its own says how likely a point gives a value.
        """
        posteriors, U = conditioned(trials, fit, count=self.work.posterior)
        failed = self.outcomes.U[self.outcomes.failed]
        for x in fit.columns.transform(failed) if len(failed) < _MANY_FAILURES else ():
            posteriors = tuple(posterior.append(x) for posterior in posteriors)
        return posteriors, U

    @cached_property
    def label_hyper(self) -> Hyper:
        """Hyperparameters of the model of failures, from the first `checkpoint` trials."""
        return label_fit(self.outcomes.column(0), self.any_fit, count=self.work.fit)

    @cached_property
    def chances(self) -> tuple[Chance, ...]:
        """Of the limits, and of giving values at all once some trials failed."""
        made = []
        for j in self.places[1]:
            posteriors, _ = self._posteriors(self.known.column(j), self.fits[j])
            made.append(Chance(posterior=posteriors[0], limit=limit_among(self.known.values[:, j])))
        if np.count_nonzero(self.outcomes.failed) >= _MANY_FAILURES:
            count = min(FIT, self.work.posterior)
            labels = label_posterior(self.outcomes.column(0), self.any_fit, self.label_hyper, count=count)
            noise = labels.sigma2 * labels.hyper.noise
            made.append(Chance(posterior=labels, limit=0.0, sign=-1.0, noise=noise, fixed=True))
        return tuple(made)

    # ---- gains -----------------------------------------------------------------------------------------------------

    @cached_property
    def improvement(self) -> tuple[Ensemble, Array]:
        """The gain of one objective without pending trials, and the unit points of its smallest posterior means."""
        (place,) = self.places[0]
        return self.improvement_of(self.known.column(place), self.fits[place])

    @cached_property
    def hedged(self) -> tuple[Ensemble, Array]:
        """The same under the model of one scale alone, where that of two scales is the most probable."""
        (place,) = self.places[0]
        fit = self.fits[place]
        if fit.hedge is None:
            return self.improvement
        return self.improvement_of(self.known.column(place), replace(fit, members=(fit.hedge,), hedge=None))

    def improvement_of(self, trials: Trials, fit: Fit) -> tuple[Ensemble, Array]:
        """The same for any loss of the trials."""
        posteriors, U = self._posteriors(trials, fit)
        weights = tuple(member.weight for member in fit.members)
        if self.outcomes.limited:
            U = self.known.U[self.known.feasible]
            X = fit.columns.transform(U)
            means = [posterior.predict(X)[0] for posterior in posteriors]
            rows = tuple(leading_at(posterior, X) for posterior in posteriors)
        else:
            means = [posterior.fitted[: len(U)] for posterior in posteriors]
            rows = tuple(leading(posterior, range(len(U))) for posterior in posteriors)
        bests = tuple(float(mean.min()) for mean in means)
        order = np.argsort(np.average(means, axis=0, weights=weights), kind="stable")
        return Ensemble.of(posteriors, weights, bests, rows), U[order[:_INCUMBENTS]]

    def scalarised(self, request: Request) -> tuple[Ensemble, Array]:
        """The gain along one direction: by how many of its weights the worst objective misses the corner.

        Averaged over all directions, the best of it gives the hypervolume below the corner [Zhang & Golovin 2020].
        """
        valued = ~self.known.failed
        z = np.full((len(valued), len(self.places[0])), np.nan)
        for place, j in enumerate(self.places[0]):
            z[valued, place] = WARPS[self.fits[j].warp](self.known.values[valued, j])
        able = z[self.known.feasible]
        corner = corner_of(able[non_dominated(able)], able)
        weights = np.abs(request.rng("gp-weights").standard_normal(z.shape[1]))
        weights /= np.sqrt(weights @ weights)
        trials = self.known.scalar(np.max((z - corner) / np.maximum(weights, 1e-3), axis=1))
        return self.improvement_of(trials, self._fitted(trials, self.warp))

    @cached_property
    def area(self) -> tuple[Area, Array]:
        """The gain of two objectives without pending trials, and unit points along its front."""
        first, second = (self._posteriors(self.known.column(j), self.fits[j])[0][0] for j in self.places[0])
        U = self.known.U[self.known.feasible]
        X = self.any_fit.columns.transform(U)
        means = np.column_stack([first.predict(X)[0], second.predict(X)[0]])
        best = np.flatnonzero(non_dominated(means))
        best = best[np.argsort(means[best, 0], kind="stable")]
        spread = best[np.linspace(0, len(best) - 1, min(_ALONG_FRONT, len(best))).round().astype(np.intp)]
        front = stairs(means)
        return Area(first=first, second=second, front=front, corner=corner_of(front, means)), U[spread]

    def first_like(self, row: Array) -> int:
        """The number of the first feasible trial at a unit point, shape (d,)."""
        outcomes = self.outcomes
        same = np.all((row == outcomes.U) | (np.isnan(outcomes.U) & np.isnan(row)), axis=1) & outcomes.feasible
        return int(outcomes.numbers[int(np.argmax(same))])
