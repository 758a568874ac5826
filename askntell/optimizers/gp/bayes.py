"""Bayesian optimisation: the algorithm `gp`.

One ask: warp the losses (`warp`), fit the hyperparameters cold (`model`), condition on the trials (`subset` once there
are many), add failed and pending trials as fantasies, and maximise what a point is worth (`ensemble`, `areas`,
`chances`) over the space (`search`). Nothing is carried from ask to ask but memos of pure functions of the closed
trials (`state`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, final

import numpy as np

from askntell.errors import SettingsError
from askntell.optimizers.algorithm import Request, Sharing
from askntell.optimizers.design import fresh, initial
from askntell.optimizers.gp.chances import Gain, Weighed
from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.effort import FULL, Work
from askntell.optimizers.gp.ensemble import Ensemble
from askntell.optimizers.gp.joint.asking import proposed
from askntell.optimizers.gp.joint.joint import Joint
from askntell.optimizers.gp.kernel import KERNELS, Array
from askntell.optimizers.gp.levels import PATIENCE, least_tried, stagnation
from askntell.optimizers.gp.outcomes import Outcomes
from askntell.optimizers.gp.search import Effort, Region, ranked
from askntell.optimizers.gp.state import State
from askntell.optimizers.gp.warp import WARPS
from askntell.space import Scalar, SearchSpace
from askntell.trial import Problem, Proposal, Segment, Trial

__all__ = ["GP"]

_DECODED = 1024  #: so many ranked candidates are compared with the taken trials before random draws begin
_NEAR = 8  #: points nearest to feasibility that the search looks around
_LOOKED = 400  #: more trials of a level than this need no second look


@final
@dataclass(frozen=True, kw_only=True)
class _Aim:
    """What one ask maximises.

    Attributes:
        score: What a point is worth.
        incumbents: Unit points to look around, shape (k, d).
        held: Parameters held at a value, by name.
        word: What the score is, for `Proposal.why`.
        fantasies: Pending trials that it believes.
    """

    score: Weighed
    incumbents: Array
    held: Mapping[str, Scalar]
    word: str
    fantasies: int = 0


@final
@dataclass(frozen=True, kw_only=True)
class GP(Sharing[State, Joint]):
    """Exact Gaussian processes over the segment's trials, and log expected improvement.

    Rasmussen & Williams 2006 for the model, Hvarfner et al. 2024 for the prior's scaling with the dimension, Song et
    al. 2024 for the half-rank warp, Ament et al. 2023 for the acquisition, Ginsbourger et al. 2010 for pending trials,
    Gardner et al. 2014 for limits on outcomes, Emmerich et al. 2011 for two objectives, Zhang & Golovin 2020 for more.

    Attributes:
        initial: Trials before the first model; None for min(max(5, d + 1), 10) with d parameters.
        warp: "auto" (half-rank, or plain where that predicts better), "half-rank" or "plain".
        kernel: "matern", "gauss", or "auto": both, each as far as the data make it probable, where some parameter has
            levels, and "matern" where all are real.
        scattered: Candidates spread over the space.
        perturbed: Candidates around the best trials.
        starts: Candidates that are polished.
        evaluations: Evaluations of the acquisition in one polish.
    """

    name: ClassVar[str] = "gp"
    initial: int | None = None
    warp: str = "auto"
    kernel: str = "auto"
    scattered: int = 512
    perturbed: int = 256
    starts: int = 6
    evaluations: int = 30

    def __post_init__(self) -> None:
        if self.warp not in ("auto", *WARPS):
            raise SettingsError(f"gp: warp={self.warp!r}; allowed: auto, {', '.join(WARPS)}")
        if self.kernel not in ("auto", *KERNELS):
            raise SettingsError(f"gp: kernel={self.kernel!r}; allowed: auto, {', '.join(KERNELS)}")
        lowest = {"initial": 1, "scattered": 1, "perturbed": 0, "starts": 2, "evaluations": 1}
        for label, low in lowest.items():
            given = getattr(self, label)
            if label == "initial" and given is None:
                continue
            if isinstance(given, bool) or not isinstance(given, int) or given < low:
                raise SettingsError(f"gp: {label}={given!r}; allowed: an integer >= {low}")

    def start(self, problem: Problem) -> State:
        """No trials yet."""
        return State(problem, self.warp, self.kernel, Outcomes.empty(problem))

    def learn(self, state: State, closed: Sequence[Trial]) -> State:
        """The trials with these added. Cancelled ones teach nothing."""
        return state.learned(closed)

    def propose(self, state: State, request: Request) -> Proposal | None:
        """The point of largest worth that is not taken; points of the initial design before there is a model.

        A deadline is shared by the models of all values of a trial.
        """
        if not self._ready(state, request):
            return initial(state.problem, request)
        if request.deadline is None:
            return self.propose_at(state, request, FULL)
        work = Work.of(
            request.deadline / state.outcomes.values.shape[1],
            trials=len(state.outcomes.numbers),
            pending=len(request.pending),
            columns=_width(state.problem.space),
        )
        made = self.propose_at(state, request, work)
        return None if made is None else replace(made, why={**made.why, "work": work.name})

    def propose_at(self, state: State, request: Request, work: Work) -> Proposal | None:
        """The proposal at a level of work, from a state that has enough trials for a model."""
        space = state.problem.space
        if work.posterior:
            state = state.at(work)
            try:
                for aim in self._aims(state, request):
                    for _, row in zip(range(_DECODED), self._ranked(state, request, aim), strict=False):
                        params = space.unit.decode(row, request.fixed)
                        if space.key(params) not in request.taken:
                            return Proposal(params=params, by=self.name, why=_why(state, aim, row))
            except np.linalg.LinAlgError:  # no jitter helped: propose blindly rather than not at all
                pass
        return fresh(space, request, "random")

    def sharing(self, problem: Problem) -> GP:  # noqa: ARG002 -- whatever is searched
        """Itself: `askntell.optimizers.gp.joint`."""
        return self

    def join(self, problem: Problem, segments: Sequence[Segment]) -> Joint:
        """No trials yet."""
        return Joint.empty(problem, segments)

    def learn_among(self, joint: Joint, states: Mapping[str, State], closings: Sequence[tuple[str, int]]) -> Joint:
        """With more closed trials."""
        return joint.learned(states, closings)

    def propose_among(
        self, joint: Joint, segment: str, request: Request, pending: Mapping[str, Collection[Trial]]
    ) -> Proposal | None:
        """By the joint model where it is of use, else as the segment would be asked alone."""
        made = proposed(joint, segment, request, pending, self._effort(FULL))
        if made is not None:
            return made
        own = joint.segments[joint.places[segment]]
        state = joint.states.get(segment)
        return self.propose(self.start(joint.problem.at(own)) if state is None else state, request)

    def recommend(self, state: State) -> int | None:
        """The number of the feasible finished trial with the smallest posterior mean; None before there is a model.

        Of several trials of the same params it is the first. With several objectives there is no recommendation.
        """
        if state.outcomes.objectives > 1 or not self._enough(state, 0) or not state.known.feasible.any():
            return None
        try:
            return state.first_like(state.improvement[1][0])
        except np.linalg.LinAlgError:
            return None

    def _ready(self, state: State, request: Request) -> bool:
        """Whether there is anything to model, and enough trials for it."""
        varied = any(column.levels != 1 for column in state.problem.space.unit.columns)
        return varied and self._enough(state, len(request.pending))

    def _enough(self, state: State, pending: int) -> bool:
        """Whether there are enough trials, and values with a spread, for a model."""
        objectives, constraints = state.places
        informative = objectives if state.outcomes.feasible.any() else constraints
        return len(state.outcomes.numbers) + pending >= self._designed(state) and bool(informative)

    def _designed(self, state: State) -> int:
        """How many trials the initial design has."""
        return min(max(5, state.problem.space.unit.d + 1), 10) if self.initial is None else self.initial

    # ---- one ask ---------------------------------------------------------------------------------------------------

    def _aims(self, state: State, request: Request) -> Iterator[_Aim]:
        """What to maximise, and what instead if no point of that is left."""
        aim = self._believing(state, request, self._aim(state, request))
        asked = len(state.outcomes.numbers) - self._designed(state)  # by a model, more or less
        if request.number % 2 and asked >= PATIENCE:
            yield from _second_look(state, request, aim)
        yield aim

    @staticmethod
    def _aim(state: State, request: Request) -> _Aim:
        """The aim without pending trials."""
        gain: Gain | None = None
        if not state.known.feasible.any():
            word, incumbents = "feasibility", state.known.nearly_feasible(_NEAR)
        elif len(state.places[0]) == 1:
            word, (gain, incumbents) = "improvement", state.improvement
        elif len(state.places[0]) == 2:
            word, (gain, incumbents) = "hypervolume", state.area
        else:
            word, (gain, incumbents) = "scalarised", state.scalarised(request)
        score = Weighed(gain=gain, chances=state.chances)
        return _Aim(score=score, incumbents=incumbents, held=request.fixed, word=word)

    @staticmethod
    def _believing(state: State, request: Request, aim: _Aim) -> _Aim:
        """The aim with pending trials as fantasies."""
        rows = _pending(state, request)
        if not len(rows):
            return aim
        score = aim.score.believing(state.any_fit.columns.transform(rows))
        return replace(aim, score=score, fantasies=len(rows))

    def _ranked(self, state: State, request: Request, aim: _Aim) -> Iterator[Array]:
        space, columns = state.problem.space, state.any_fit.columns
        region = Region(space.unit, aim.held, restricted=bool(space.constraints or space.forbidden))
        if state.grid is not None:
            yield from _listed(state.grid, region, columns, aim.score)
            return
        rng = request.rng("gp-search")
        effort = self._effort(state.work)
        yield from ranked(region, columns, aim.score, incumbents=aim.incumbents, effort=effort, rng=rng)

    def _effort(self, work: Work) -> Effort:
        return Effort(
            scattered=work.part(self.scattered, 32),
            perturbed=work.part(self.perturbed, 32),
            starts=work.part(self.starts, 2),
            evaluations=work.part(self.evaluations, 8),
        )


def _pending(state: State, request: Request) -> Array:
    """Unit points of the pending trials that the models believe, shape (p, d)."""
    trials = list(request.pending)
    if state.work.pending is not None:
        trials = trials[-state.work.pending :] if state.work.pending else []
    return state.problem.space.unit.encode_many([trial.params for trial in trials])


def _second_look(state: State, request: Request, aim: _Aim) -> Iterator[_Aim]:
    """Once asks no longer improve, every second one aims at a level of a category that was tried little: see `levels`.

    It looks for improvement on what that level has reached, not on the best of all.
    """
    gain = aim.score.gain
    if not isinstance(gain, Ensemble) or len(state.places[0]) > 1:
        return
    outcomes = state.outcomes
    loss = np.where(outcomes.feasible, outcomes.values[:, state.places[0][0]], np.nan)
    if stagnation(loss[outcomes.feasible]) < PATIENCE:
        return
    rows = _pending(state, request)
    U, loss = np.vstack([outcomes.U, rows]), np.append(loss, np.full(len(rows), np.nan))
    level = least_tried(state.problem.space, U, loss, request.fixed)
    if level is None:
        return
    own = U[level.own & ~np.isnan(loss)]
    if not 0 < len(own) <= _LOOKED:
        yield replace(aim, held=level.held)
        return
    X = state.any_fit.columns.transform(own)
    best = own[np.argsort(gain.mean(X), kind="stable")[:3]]
    score = replace(aim.score, gain=gain.beyond(X))
    yield replace(aim, score=score, held=level.held, incumbents=np.vstack([best, aim.incumbents]), word="second look")


def _why(state: State, aim: _Aim, row: Array) -> dict[str, Scalar]:
    """What led to this unit point, in few words and finite numbers of four digits."""
    value = float(aim.score.value(state.any_fit.columns.transform(row[None]))[0])
    outcomes, fit = state.outcomes, state.any_fit
    why: dict[str, Scalar] = {
        "model": "gp",
        "gain": aim.word,
        "kernel": fit.hyper.kernel,
        "warp": fit.warp,
        "trials": len(outcomes.numbers),
        "used": len(aim.score.posterior.y) - aim.fantasies,
        "pending": aim.fantasies,
    }
    if outcomes.limited:
        why["feasible"] = int(np.count_nonzero(outcomes.feasible))
    return why | ({"log_gain": float(f"{value:.4g}")} if np.isfinite(value) else {})


def _width(space: SearchSpace) -> int:
    """The largest number of model columns that the trials of a space may need."""
    levels = sum((column.levels or 1) if column.kind == "categorical" else 1 for column in space.unit.columns)
    return levels + sum(parameter.when is not None for parameter in space.parameters.values())


def _listed(grid: Array, region: Region, columns: Columns, score: Weighed) -> Iterator[Array]:
    """The points of a finite space that keep the fixed parameters, from the most to the least worth trying."""
    held = region.unit.snap(grid, region.fixed)
    rows = grid[np.all((grid == held) | (np.isnan(grid) & np.isnan(held)), axis=1)]
    if len(rows):
        yield from rows[np.argsort(-score.value(columns.transform(rows)), kind="stable")]
