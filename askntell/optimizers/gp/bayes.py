"""Bayesian optimisation: the algorithm `gp`.

One ask: warp the losses (`warp`), fit the hyperparameters cold (`model`), condition on the trials (`subset` once there
are many), add failed and pending trials as fantasies, and maximise log expected improvement (`acquisition`,
`search`). Nothing is carried from ask to ask but memos of pure functions of the closed trials.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

import numpy as np

from askntell.errors import SettingsError
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.design import fresh, initial
from askntell.optimizers.gp.acquisition import Acquisition
from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.model import Hyper
from askntell.optimizers.gp.search import Effort, Region, ranked
from askntell.optimizers.gp.subset import checkpoint
from askntell.optimizers.gp.surrogate import Fit, Trials, conditioned, fitted, label_fit, label_posterior
from askntell.optimizers.gp.warp import WARPS
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

    @cached_property
    def fit(self) -> Fit:
        """Columns, warp and hyperparameters, from the first `checkpoint` values."""
        return fitted(self.trials, self.problem, warp=self.algorithm.warp)

    @cached_property
    def label_hyper(self) -> Hyper:
        """Hyperparameters of the model of failures, from the first `checkpoint` trials."""
        return label_fit(self.trials, self.fit)

    @cached_property
    def acquisition(self) -> tuple[Acquisition, Array]:
        """The acquisition without pending trials, and the unit points of the five smallest posterior means.

        One or two failures say little about where trials fail: such points are believed at their posterior mean, so
        that the search goes on elsewhere. From three on a model of its own says how likely a point gives a value.
        """
        trials, fit = self.trials, self.fit
        posterior, U = conditioned(trials, fit)
        means = posterior.fitted
        order = np.argsort(means, kind="stable")
        failed = trials.U[trials.failed]
        ok = None
        if len(failed) >= _MANY_FAILURES:
            ok = label_posterior(trials, fit, self.label_hyper)
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
class GP(Algorithm[GPState]):
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

    def start(self, problem: Problem) -> GPState:
        """No trials yet."""
        return GPState(self, problem, Trials.empty(problem.space.unit.d))

    def learn(self, state: GPState, closed: Sequence[Trial]) -> GPState:
        """The trials with these added. Cancelled ones teach nothing."""
        useful = [t for t in closed if t.status in (TrialStatus.FINISHED, TrialStatus.FAILED)]
        return state.extended(self, state.trials.extended(state.problem, useful))

    def propose(self, state: GPState, request: Request) -> Proposal | None:
        """The point of largest acquisition that is not taken; points of the initial design before there is a model."""
        space = state.problem.space
        if not self._ready(state, request):
            return initial(state.problem, request)
        try:
            rows = self._ranked(state, request)
            for _, row in zip(range(_DECODED), rows, strict=False):
                params = space.unit.decode(row, request.fixed)
                if space.key(params) not in request.taken:
                    return Proposal(params=params, by=self.name)
        except np.linalg.LinAlgError:  # no jitter helped: propose blindly rather than not at all
            pass
        return fresh(space, request, "random")

    def _ready(self, state: GPState, request: Request) -> bool:
        """Whether there are enough trials, and values with a spread, for a model."""
        trials, unit = state.trials, state.problem.space.unit
        needed = min(max(5, unit.d + 1), 10) if self.initial is None else self.initial
        varied = any(column.levels != 1 for column in unit.columns)
        return varied and len(trials.numbers) + len(request.pending) >= needed and trials.informative

    def _ranked(self, state: GPState, request: Request) -> Iterator[Array]:
        acquisition, incumbents = state.acquisition
        space, columns = state.problem.space, state.fit.columns
        posterior = acquisition.posterior
        best = acquisition.best
        if request.pending:
            rows = space.unit.encode_many([dict(trial.params) for trial in request.pending])
            for x in columns.transform(rows):
                posterior = posterior.append(x)
            best = min(best, float(np.min(posterior.y[-len(request.pending) :])))
        acquisition = Acquisition(posterior=posterior, best=best, ok=acquisition.ok)
        region = Region(space.unit, request.fixed, restricted=bool(space.constraints or space.forbidden))
        if state.grid is not None:
            yield from _listed(state.grid, region, columns, acquisition)
            return
        effort = Effort(
            scattered=self.scattered, perturbed=self.perturbed, starts=self.starts, evaluations=self.evaluations
        )
        yield from ranked(
            region, columns, acquisition, incumbents=incumbents, effort=effort, rng=request.rng("gp-search")
        )


def _listed(grid: Array, region: Region, columns: Columns, acquisition: Acquisition) -> Iterator[Array]:
    """The points of a finite space that keep the fixed parameters, from the most to the least worth trying."""
    held = region.unit.snap(grid, region.fixed)
    rows = grid[np.all((grid == held) | (np.isnan(grid) & np.isnan(held)), axis=1)]
    if len(rows):
        yield from rows[np.argsort(-acquisition.value(columns.transform(rows)), kind="stable")]
