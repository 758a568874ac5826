"""The Gaussian process with several values to a trial: two to four objectives, and limits on outcomes.

Every limited value has a process of its own, whose probability of keeping the limit weighs the gain [Gardner et al.
2014]. One objective gains by expected improvement on the best feasible posterior mean, two by the expected growth of
the area that their front dominates (`areas`), more by expected improvement of one scalarisation an ask, in a direction
that the ask number decides [Zhang & Golovin 2020]. While nothing feasible is known, the probabilities alone count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from askntell.optimizers.algorithm import Request
from askntell.optimizers.design import fresh, initial
from askntell.optimizers.gp.acquisition import Acquisition
from askntell.optimizers.gp.areas import Area, corner_of, stairs
from askntell.optimizers.gp.chances import Chance, Gain, Improvement, Weighed
from askntell.optimizers.gp.effort import FULL, Work
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.model import Posterior
from askntell.optimizers.gp.outcomes import Outcomes, limit_among
from askntell.optimizers.gp.search import Effort, Region, ranked
from askntell.optimizers.gp.subset import FIT, checkpoint
from askntell.optimizers.gp.surrogate import Fit, Trials, conditioned, fitted, label_fit, label_posterior
from askntell.optimizers.gp.warp import WARPS
from askntell.optimizers.pareto import non_dominated
from askntell.space import Scalar
from askntell.trial import Problem, Proposal, Trial, TrialStatus

__all__ = ["Settings", "SeveralState"]

_SMALL = 512  #: a finite space up to this size is scored point by point instead of searched
_DECODED = 1024  #: so many ranked candidates are compared with the taken trials before random draws begin
_MANY_FAILURES = 3  #: so many are needed for a model of failures
_INCUMBENTS = 8  #: points around which the search looks


@final
@dataclass(frozen=True, kw_only=True)
class Settings:
    """What `GP` says: see there.

    Attributes:
        warp: Of the objectives.
        initial: Trials before the first model.
        effort: Of the search.
        columns: Of the model, at most.
    """

    warp: str
    initial: int
    effort: Effort
    columns: int


@final
@dataclass(frozen=True, eq=False)
class SeveralState:
    """Closed trials as arrays; the cached properties are memos, derived from them alone."""

    settings: Settings
    problem: Problem
    outcomes: Outcomes
    work: Work = FULL

    @classmethod
    def empty(cls, problem: Problem, settings: Settings) -> SeveralState:
        """No trials yet."""
        return cls(settings, problem, Outcomes.empty(problem))

    def learned(self, closed: Sequence[Trial]) -> SeveralState:
        """The state with these trials added; memos that still hold are kept. Cancelled trials teach nothing."""
        useful = [t for t in closed if t.status in (TrialStatus.FINISHED, TrialStatus.FAILED)]
        after = SeveralState(self.settings, self.problem, self.outcomes.extended(self.problem, useful))
        memos, kept = vars(self), vars(after)
        if "grid" in memos:
            kept["grid"] = memos["grid"]
        if "fits" in memos and self.places == after.places and self._fit_key() == after._fit_key():
            kept["fits"] = memos["fits"]
        return after

    def _fit_key(self) -> int:
        return checkpoint(int(np.count_nonzero(~self.outcomes.failed)))

    @cached_property
    def lighter(self) -> dict[Work, SeveralState]:
        """What `at` made."""
        return {}

    def at(self, work: Work) -> SeveralState:
        """The state that asks at this level of work consult: fewer trials, and memos of its own."""
        if work is FULL:
            return self
        if work not in self.lighter:
            some = self.outcomes if work.pool is None else self.outcomes.best(work.pool)
            made = self.lighter[work] = SeveralState(self.settings, self.problem, some, work)
            vars(made)["places"] = self.places
            vars(made)["grid"] = self.grid
        return self.lighter[work]

    @cached_property
    def places(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Columns of the objectives and of the constraints that vary: the others teach nothing."""
        k = self.outcomes.objectives
        varied = [j for j in range(self.outcomes.values.shape[1]) if self.outcomes.column(j).informative]
        return tuple(j for j in varied if j < k), tuple(j for j in varied if j >= k)

    @cached_property
    def fits(self) -> dict[int, Fit]:
        """The fit of every column that varies; constraints stay linear, so that their limit has its place."""
        objectives, constraints = self.places
        warps = {**dict.fromkeys(objectives, self.settings.warp), **dict.fromkeys(constraints, "plain")}
        return {j: self._fitted(self.outcomes.column(j), warp) for j, warp in warps.items()}

    def _fitted(self, trials: Trials, warp: str) -> Fit:
        return fitted(trials, self.problem, warp=warp, count=self.work.fit)

    @cached_property
    def known(self) -> Outcomes:
        """What the posteriors are conditioned on: the same trials for all values."""
        return self.outcomes.best(self.work.posterior)

    @cached_property
    def chances(self) -> tuple[Chance, ...]:
        """Of the limits, and of giving values at all once some trials failed."""
        made = []
        for j in self.places[1]:
            posterior = self._posterior(self.known.column(j), self.fits[j])
            made.append(Chance(posterior=posterior, limit=limit_among(self.known.values[:, j])))
        if np.count_nonzero(self.outcomes.failed) >= _MANY_FAILURES:
            trials, fit = self.outcomes.column(0), self._any_fit()
            hyper = label_fit(trials, fit, count=self.work.fit)
            labels = label_posterior(trials, fit, hyper, count=min(FIT, self.work.posterior))
            noise = labels.sigma2 * labels.hyper.noise
            made.append(Chance(posterior=labels, limit=0.0, sign=-1.0, noise=noise, fixed=True))
        return tuple(made)

    @cached_property
    def area(self) -> tuple[Area, Array]:
        """The gain of two objectives without pending trials, and unit points along its front."""
        first, second = (self._posterior(self.known.column(j), self.fits[j]) for j in self.places[0])
        U = self.known.U[self.known.feasible]
        X = self._any_fit().columns.transform(U)
        means = np.column_stack([first.predict(X)[0], second.predict(X)[0]])
        front = stairs(means)
        best = np.flatnonzero(non_dominated(means))
        best = best[np.argsort(means[best, 0], kind="stable")]
        spread = best[np.linspace(0, len(best) - 1, min(_INCUMBENTS, len(best))).round().astype(np.intp)]
        return Area(first=first, second=second, front=front, corner=corner_of(front, means)), U[spread]

    @cached_property
    def grid(self) -> Array | None:
        """All unit points of a small finite space, shape (size, d), else None."""
        space = self.problem.space
        if space.size is None or space.size > _SMALL:
            return None
        return space.unit.encode_many(list(space.points()))

    # ---- proposing -------------------------------------------------------------------------------------------------

    def proposed(self, request: Request, by: str) -> Proposal | None:
        """The point of largest gain that is not taken; points of the initial design before there is a model.

        A deadline is shared by the models of all values.
        """
        if not self._ready(request):
            return initial(self.problem, request)
        if request.deadline is None:
            return self.searched(request, by)
        work = Work.of(
            request.deadline / self.outcomes.values.shape[1],
            trials=len(self.outcomes.numbers),
            pending=len(request.pending),
            columns=self.settings.columns,
        )
        made = self.at(work).searched(request, by)
        return None if made is None else replace(made, why={**made.why, "work": work.name})

    def searched(self, request: Request, by: str) -> Proposal | None:
        """The proposal at this state's level of work, once there are enough trials for a model."""
        space = self.problem.space
        try:
            weighed, incumbents, word = self._weighed(request) if self.work.posterior else (None, np.empty(0), "")
            rows = iter(()) if weighed is None else self._ranked(request, weighed, incumbents)
            for _, row in zip(range(_DECODED), rows, strict=False):
                params = space.unit.decode(row, request.fixed)
                if space.key(params) not in request.taken:
                    return Proposal(params=params, by=by, why=self._why(word))
        except np.linalg.LinAlgError:  # no jitter helped: propose blindly rather than not at all
            pass
        return fresh(space, request, "random")

    def _why(self, word: str) -> dict[str, Scalar]:
        feasible = int(np.count_nonzero(self.outcomes.feasible))
        return {"model": "gp", "gain": word, "trials": len(self.outcomes.numbers), "feasible": feasible}

    def recommended(self) -> int | None:
        """The number of the feasible trial with the smallest posterior mean; None with several objectives."""
        if self.outcomes.objectives > 1 or not self._enough(0) or not self.outcomes.feasible.any():
            return None
        try:
            posterior = self._posterior(self.known.column(0), self.fits[0])
        except np.linalg.LinAlgError:
            return None
        feasible = self.known.feasible
        means = posterior.predict(self._any_fit().columns.transform(self.known.U[feasible]))[0]
        return int(self.known.numbers[feasible][int(np.argmin(means))])

    def _ready(self, request: Request) -> bool:
        """Whether there is anything to model, and enough trials for it."""
        varied = any(column.levels != 1 for column in self.problem.space.unit.columns)
        return varied and self._enough(len(request.pending))

    def _enough(self, pending: int) -> bool:
        """Whether there are enough trials, and values with a spread, for a model."""
        objectives, constraints = self.places
        enough = len(self.outcomes.numbers) + pending >= self.settings.initial
        return enough and bool(objectives if self.outcomes.feasible.any() else constraints)

    def _weighed(self, request: Request) -> tuple[Weighed, Array, str]:
        """What to maximise, unit points to look around, and a word for it."""
        gain: Gain | None = None
        if not self.known.feasible.any():
            word, incumbents = "feasibility", self.known.nearly_feasible(_INCUMBENTS)
        elif len(self.places[0]) == 2:
            word = "hypervolume"
            gain, incumbents = self.area
        else:
            word = "improvement" if len(self.places[0]) == 1 else "scalarised"
            gain, incumbents = self._improvement(request)
        weighed = Weighed(gain=gain, chances=self.chances)
        pending = list(request.pending)
        if self.work.pending is not None:
            pending = pending[-self.work.pending :]
        if pending:
            rows = self.problem.space.unit.encode_many([dict(trial.params) for trial in pending])
            weighed = weighed.believing(self._any_fit().columns.transform(rows))
        return weighed, incumbents, word

    def _improvement(self, request: Request) -> tuple[Improvement, Array]:
        """Of the only objective that varies, or of one scalarisation of them."""
        objectives = self.places[0]
        if len(objectives) == 1:
            trials, fit = self.known.column(objectives[0]), self.fits[objectives[0]]
        else:
            trials = self._scalarised(request)
            fit = self._fitted(trials, self.settings.warp)
        posterior = self._posterior(trials, fit)
        U = self.known.U[self.known.feasible]
        means = posterior.predict(fit.columns.transform(U))[0]
        order = np.argsort(means, kind="stable")
        best = float(means[order[0]])
        return Improvement(acquisition=Acquisition(posterior=posterior, best=best)), U[order[:_INCUMBENTS]]

    def _scalarised(self, request: Request) -> Trials:
        """The trials with the loss of one direction: by how many of its weights the worst objective misses the corner.

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
        return self.known.scalar(np.max((z - corner) / np.maximum(weights, 1e-3), axis=1))

    def _posterior(self, trials: Trials, fit: Fit) -> Posterior:
        """Given the trials; one or two failures are believed at their posterior mean: see `GPState.acquisition`."""
        posterior, _ = conditioned(trials, fit)
        failed = self.outcomes.U[self.outcomes.failed]
        for x in fit.columns.transform(failed) if len(failed) < _MANY_FAILURES else ():
            posterior = posterior.append(x)
        return posterior

    def _any_fit(self) -> Fit:
        """A fit that varies: all have the same columns."""
        return next(iter(self.fits.values()))

    def _ranked(self, request: Request, weighed: Weighed, incumbents: Array) -> Iterator[Array]:
        space, columns = self.problem.space, self._any_fit().columns
        region = Region(space.unit, request.fixed, restricted=bool(space.constraints or space.forbidden))
        if self.grid is not None:
            held = space.unit.snap(self.grid, request.fixed)
            rows = self.grid[np.all((self.grid == held) | (np.isnan(self.grid) & np.isnan(held)), axis=1)]
            if len(rows):
                yield from rows[np.argsort(-weighed.value(columns.transform(rows)), kind="stable")]
            return
        full, part = self.settings.effort, self.work.part
        effort = Effort(
            scattered=part(full.scattered, 32),
            perturbed=part(full.perturbed, 32),
            starts=part(full.starts, 2),
            evaluations=part(full.evaluations, 8),
        )
        yield from ranked(region, columns, weighed, incumbents=incumbents, effort=effort, rng=request.rng("gp-search"))
