"""Bayesian optimisation: the algorithm `gp`.

One ask: warp the losses (`warp`), fit the hyperparameters cold (`model`), condition on the trials (`subset` once there
are many), add failed and pending trials as fantasies, and maximise log expected improvement (`acquisition`,
`search`). Nothing is carried from ask to ask but memos of pure functions of the closed trials.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, final

import numpy as np

from askntell.errors import SettingsError
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.design import fresh, initial
from askntell.optimizers.gp.acquisition import Acquisition
from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.effort import FULL, Work
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.model import Hyper
from askntell.optimizers.gp.search import Effort, Region, ranked
from askntell.optimizers.gp.several import Settings, SeveralState
from askntell.optimizers.gp.subset import FIT, checkpoint, pool
from askntell.optimizers.gp.surrogate import Fit, Trials, conditioned, fitted, label_fit, label_posterior
from askntell.optimizers.gp.warp import WARPS
from askntell.space import Scalar, SearchSpace
from askntell.trial import Problem, Proposal, Trial, TrialStatus

__all__ = ["GP", "GPState"]

_SMALL = 512  #: a finite space up to this size is scored point by point instead of searched
_DECODED = 1024  #: so many ranked candidates are compared with the taken trials before random draws begin
_MANY_FAILURES = 3  #: so many are needed for a model of failures


@final
@dataclass(frozen=True, eq=False)
class GPState:
    """Closed trials as arrays; the cached properties are memos, derived from them alone."""

    algorithm: GP
    problem: Problem
    trials: Trials
    work: Work = FULL

    @cached_property
    def lighter(self) -> dict[Work, GPState]:
        """What `at` made. Nothing of it outlives the next trial: a light fit is cheap, and its pool changes."""
        return {}

    def at(self, work: Work) -> GPState:
        """The state that asks at this level of work consult: fewer trials, and memos of its own."""
        if work is FULL:
            return self
        if work not in self.lighter:
            trials = self.trials
            if work.pool is not None:
                trials = trials.where(pool(trials.loss, trials.numbers, work.pool))
            made = self.lighter[work] = GPState(self.algorithm, self.problem, trials, work)
            if "grid" in vars(self):
                vars(made)["grid"] = self.grid
        return self.lighter[work]

    @cached_property
    def fit(self) -> Fit:
        """Columns, warp and hyperparameters, from the first `checkpoint` values."""
        return fitted(self.trials, self.problem, warp=self.algorithm.warp, count=self.work.fit)

    @cached_property
    def label_hyper(self) -> Hyper:
        """Hyperparameters of the model of failures, from the first `checkpoint` trials."""
        return label_fit(self.trials, self.fit, count=self.work.fit)

    @cached_property
    def acquisition(self) -> tuple[Acquisition, Array]:
        """The acquisition without pending trials, and the unit points of the five smallest posterior means.

        One or two failures say little about where trials fail: such points are believed at their posterior mean, so
        that the search goes on elsewhere. From three on a model of its own says how likely a point gives a value.
        """
        trials, fit = self.trials, self.fit
        posterior, U = conditioned(trials, fit, count=self.work.posterior)
        means = posterior.fitted
        order = np.argsort(means, kind="stable")
        failed = trials.U[trials.failed]
        ok = None
        if len(failed) >= _MANY_FAILURES:
            ok = label_posterior(trials, fit, self.label_hyper, count=min(FIT, self.work.posterior))
        else:
            for x in fit.columns.transform(failed):
                posterior = posterior.append(x)
        return Acquisition(posterior=posterior, best=float(means[order[0]]), ok=ok), U[order[:5]]

    @cached_property
    def grid(self) -> Array | None:
        """All unit points of a small finite space, shape (size, d), else None."""
        space = self.problem.space
        if space.size is None or space.size > _SMALL:
            return None
        return space.unit.encode_many(list(space.points()))

    def extended(self, algorithm: GP, trials: Trials) -> GPState:
        """The state with these trials instead, which begin with the present ones; memos that still hold are kept."""
        after = GPState(algorithm, self.problem, trials)
        memos, kept = vars(self), vars(after)
        if "grid" in memos:
            kept["grid"] = memos["grid"]
        if "fit" in memos and self._fit_key() == after._fit_key():
            kept["fit"] = memos["fit"]
            if "label_hyper" in memos and self._label_key() == after._label_key():
                kept["label_hyper"] = memos["label_hyper"]
        return after

    def _fit_key(self) -> int:
        return checkpoint(int(np.count_nonzero(~self.trials.failed)))

    def _label_key(self) -> int:
        return checkpoint(len(self.trials.numbers))


@final
@dataclass(frozen=True, kw_only=True)
class GP(Algorithm[GPState | SeveralState]):
    """One exact Gaussian process over the segment's trials and log expected improvement.

    Rasmussen & Williams 2006 for the model, Hvarfner et al. 2024 for the prior's scaling with the dimension, Song et
    al. 2024 for the half-rank warp, Ament et al. 2023 for the acquisition, Ginsbourger et al. 2010 for pending trials.

    Attributes:
        initial: Trials before the first model; None for min(max(5, d + 1), 10) with d parameters.
        warp: "auto" (half-rank, or plain where that predicts better), "half-rank" or "plain".
        scattered: Candidates spread over the space.
        perturbed: Candidates around the best five trials.
        starts: Candidates that are polished.
        evaluations: Evaluations of the acquisition in one polish.
    """

    name: ClassVar[str] = "gp"
    initial: int | None = None
    warp: str = "auto"
    scattered: int = 512
    perturbed: int = 256
    starts: int = 6
    evaluations: int = 30

    def __post_init__(self) -> None:
        if self.warp not in ("auto", *WARPS):
            raise SettingsError(f"gp: warp={self.warp!r}; allowed: auto, {', '.join(WARPS)}")
        lowest = {"initial": 1, "scattered": 1, "perturbed": 0, "starts": 2, "evaluations": 1}
        for label, low in lowest.items():
            given = getattr(self, label)
            if label == "initial" and given is None:
                continue
            if isinstance(given, bool) or not isinstance(given, int) or given < low:
                raise SettingsError(f"gp: {label}={given!r}; allowed: an integer >= {low}")

    def start(self, problem: Problem) -> GPState | SeveralState:
        """No trials yet. Several objectives and limits on outcomes have a state of their own."""
        if len(problem.goals.names) > 1 or problem.goals.constraints:
            return SeveralState.empty(problem, self._settings(problem))
        return GPState(self, problem, Trials.empty(problem.space.unit.d))

    def learn(self, state: GPState | SeveralState, closed: Sequence[Trial]) -> GPState | SeveralState:
        """The trials with these added. Cancelled ones teach nothing."""
        if isinstance(state, SeveralState):
            return state.learned(closed)
        useful = [t for t in closed if t.status in (TrialStatus.FINISHED, TrialStatus.FAILED)]
        return state.extended(self, state.trials.extended(state.problem, useful))

    def propose(self, state: GPState | SeveralState, request: Request) -> Proposal | None:
        """The point of largest acquisition that is not taken; points of the initial design before there is a model."""
        if isinstance(state, SeveralState):
            return state.proposed(request, self.name)
        if not self._ready(state, request):
            return initial(state.problem, request)
        if request.deadline is None:
            return self.propose_at(state, request, FULL)
        work = Work.of(
            request.deadline,
            trials=len(state.trials.numbers),
            pending=len(request.pending),
            columns=_width(state.problem.space),
        )
        made = self.propose_at(state, request, work)
        return None if made is None else replace(made, why={**made.why, "work": work.name})

    def propose_at(self, state: GPState, request: Request, work: Work) -> Proposal | None:
        """The proposal at a level of work, from a state that has enough trials for a model."""
        space = state.problem.space
        if work.posterior:
            state = state.at(work)
            try:
                acquisition, fantasies = self._with_pending(state, request)
                for _, row in zip(range(_DECODED), self._ranked(state, request, acquisition), strict=False):
                    params = space.unit.decode(row, request.fixed)
                    if space.key(params) not in request.taken:
                        return Proposal(params=params, by=self.name, why=_why(state, acquisition, row, fantasies))
            except np.linalg.LinAlgError:  # no jitter helped: propose blindly rather than not at all
                pass
        return fresh(space, request, "random")

    def recommend(self, state: GPState | SeveralState) -> int | None:
        """The number of the feasible finished trial with the smallest posterior mean; None before there is a model.

        Of several trials of the same params it is the first. With several objectives there is no recommendation.
        """
        if isinstance(state, SeveralState):
            return state.recommended()
        trials = state.trials
        if not self._enough(state, 0):
            return None
        try:
            row = state.acquisition[1][0]
        except np.linalg.LinAlgError:
            return None
        same = np.all((row == trials.U) | (np.isnan(trials.U) & np.isnan(row)), axis=1) & ~trials.failed
        return int(trials.numbers[int(np.argmax(same))])

    def _ready(self, state: GPState, request: Request) -> bool:
        """Whether there is anything to model, and enough trials for it."""
        varied = any(column.levels != 1 for column in state.problem.space.unit.columns)
        return varied and self._enough(state, len(request.pending))

    def _enough(self, state: GPState, pending: int) -> bool:
        """Whether there are enough trials, and values with a spread, for a model."""
        trials = state.trials
        return len(trials.numbers) + pending >= self._needed(state.problem) and trials.informative

    def _needed(self, problem: Problem) -> int:
        return min(max(5, problem.space.unit.d + 1), 10) if self.initial is None else self.initial

    def _settings(self, problem: Problem) -> Settings:
        effort = Effort(
            scattered=self.scattered, perturbed=self.perturbed, starts=self.starts, evaluations=self.evaluations
        )
        return Settings(warp=self.warp, initial=self._needed(problem), effort=effort, columns=_width(problem.space))

    def _with_pending(self, state: GPState, request: Request) -> tuple[Acquisition, int]:
        """The acquisition with pending trials as fantasies, and their number."""
        acquisition, _ = state.acquisition
        posterior, best = acquisition.posterior, acquisition.best
        pending = list(request.pending)
        if state.work.pending is not None:
            pending = pending[-state.work.pending :]
        if pending:
            rows = state.problem.space.unit.encode_many([dict(trial.params) for trial in pending])
            for x in state.fit.columns.transform(rows):
                posterior = posterior.append(x)
            best = min(best, float(np.min(posterior.y[-len(pending) :])))
        return Acquisition(posterior=posterior, best=best, ok=acquisition.ok), len(pending)

    def _ranked(self, state: GPState, request: Request, acquisition: Acquisition) -> Iterator[Array]:
        space, columns = state.problem.space, state.fit.columns
        region = Region(space.unit, request.fixed, restricted=bool(space.constraints or space.forbidden))
        if state.grid is not None:
            yield from _listed(state.grid, region, columns, acquisition)
            return
        part = state.work.part
        effort = Effort(
            scattered=part(self.scattered, 32),
            perturbed=part(self.perturbed, 32),
            starts=part(self.starts, 2),
            evaluations=part(self.evaluations, 8),
        )
        yield from ranked(
            region, columns, acquisition, incumbents=state.acquisition[1], effort=effort, rng=request.rng("gp-search")
        )


def _why(state: GPState, acquisition: Acquisition, row: Array, fantasies: int) -> dict[str, Scalar]:
    """What led to this unit point, in few words and finite numbers of four digits."""
    value = float(acquisition.value(state.fit.columns.transform(row[None]))[0])
    why: dict[str, Scalar] = {
        "model": "gp",
        "warp": state.fit.warp,
        "trials": len(state.trials.numbers),
        "used": len(acquisition.posterior.y) - fantasies,
        "pending": fantasies,
    }
    return why | ({"log_ei": float(f"{value:.4g}")} if np.isfinite(value) else {})


def _width(space: SearchSpace) -> int:
    """The largest number of model columns that the trials of a space may need."""
    levels = sum((column.levels or 1) if column.kind == "categorical" else 1 for column in space.unit.columns)
    return levels + sum(parameter.when is not None for parameter in space.parameters.values())


def _listed(grid: Array, region: Region, columns: Columns, acquisition: Acquisition) -> Iterator[Array]:
    """The points of a finite space that keep the fixed parameters, from the most to the least worth trying."""
    held = region.unit.snap(grid, region.fixed)
    rows = grid[np.all((grid == held) | (np.isnan(grid) & np.isnan(held)), axis=1)]
    if len(rows):
        yield from rows[np.argsort(-acquisition.value(columns.transform(rows)), kind="stable")]
