"""Bayesian optimisation by Ax: the algorithm `ax`. Needs the extra ``ax`` (ax-platform and torch)."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from askntell.errors import MissingExtra, SettingsError
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.design import fresh, initial
from askntell.space import Int, Scalar, SearchSpace
from askntell.space.columns import Array
from askntell.trial import Problem, Proposal, Trial, TrialStatus

__all__ = ["Ax", "AxState"]

_METHODS = ("fast", "quality")
_ATTEMPTS = 3  #: candidates of one ask; more than one where the first is infeasible or taken


@final
@dataclass(frozen=True, eq=False)
class AxState:
    """The closed trials that Ax will be told."""

    problem: Problem
    closed: tuple[Trial, ...] = ()


@final
@dataclass(frozen=True, kw_only=True)
class Ax(Algorithm[AxState]):
    """`ax.api.Client` with its Gaussian process, built anew at every ask from all trials: half a second and more.

    Ax sees the unit cube: reals and logarithms as [0, 1], other integers and ordinals as the number of their cell,
    categories as unordered choices. An inactive parameter has its default there. Constraints and forbidden
    combinations of the space are not told: a candidate that breaks one is drawn again, and after three attempts a
    random point takes its place. Failed trials are marked as failed, pending ones as running; constraints on outcomes
    are Ax's own.

    GUARANTEED: with the same versions of Ax, BoTorch and torch on the same kind of processor the same history gives
    the same proposal: the client is seeded from (seed, segment, number), and torch runs on one thread meanwhile. NOT
    guaranteed: the same proposal with other versions, on a GPU or on another kind of processor.

    Attributes:
        initial: Trials before Ax is asked, from askntell's own design.
        method: "fast" (the default Gaussian process) or "quality" (SAAS priors by sampling: minutes an ask).
    """

    name: ClassVar[str] = "ax"
    several: ClassVar[bool] = False
    initial: int = 5
    method: str = "fast"

    def __post_init__(self) -> None:
        given = self.initial
        if isinstance(given, bool) or not isinstance(given, int) or given < 2:
            raise SettingsError(f"ax: initial={given!r}; allowed: an integer >= 2")
        if self.method not in _METHODS:
            raise SettingsError(f"ax: method={self.method!r}; allowed: {', '.join(_METHODS)}")

    def start(self, problem: Problem) -> AxState:
        """No trials yet.

        Raises:
            MissingExtra: Ax is not installed.
        """
        from importlib.util import find_spec

        if find_spec("ax") is None or find_spec("torch") is None:
            raise MissingExtra(
                "algorithm 'ax' needs the packages ax-platform and torch",
                hint="install them with: pip install 'askntell[ax]'",
            )
        return AxState(problem)

    def learn(self, state: AxState, closed: Sequence[Trial]) -> AxState:
        """The trials with these added. Cancelled ones teach nothing."""
        useful = [t for t in closed if t.status in (TrialStatus.FINISHED, TrialStatus.FAILED)]
        return AxState(state.problem, (*state.closed, *useful)) if useful else state

    def propose(self, state: AxState, request: Request) -> Proposal | None:
        """What Ax generates next; points of the initial design before there are two different values."""
        problem = state.problem
        space = problem.space
        axes = _axes(space)
        losses = {problem.loss(t) for t in state.closed if t.value is not None}
        if not axes or len(state.closed) + len(request.pending) < self.initial or len(losses) < 2:
            return initial(problem, request)
        for row in _generated(self.method, axes, state, request):
            rows = space.unit.snap(row[None, :], request.fixed)
            if space.unit.feasible(rows)[0]:
                params = space.unit.decode(rows[0], request.fixed)
                if space.key(params) not in request.taken:
                    facts: dict[str, Scalar] = {"model": f"ax-{self.method}", "trials": len(state.closed)}
                    return Proposal(params=params, by=self.name, why=facts)
        return fresh(space, request, "random")


@final
@dataclass(frozen=True)
class _Axis:
    """One column as a parameter of Ax."""

    name: str
    index: int
    kind: str  #: real, cells or choice
    levels: int

    def written(self, u: float) -> float | int | str:
        """The value in Ax of a unit coordinate."""
        if self.kind == "real":
            return float(u)
        cell = min(int(u * self.levels), self.levels - 1)
        return cell if self.kind == "cells" else f"level{cell}"

    def read(self, value: Any) -> float:
        """The unit coordinate of a value in Ax."""
        if self.kind == "real":
            return float(value)
        cell = int(value) if self.kind == "cells" else int(str(value).removeprefix("level"))
        return (cell + 0.5) / self.levels

    def config(self) -> Any:
        """What the client is configured with."""
        from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

        if self.kind == "real":
            return RangeParameterConfig(name=self.name, parameter_type="float", bounds=(0.0, 1.0))
        if self.kind == "cells":
            return RangeParameterConfig(name=self.name, parameter_type="int", bounds=(0, self.levels - 1))
        values = [f"level{cell}" for cell in range(self.levels)]
        return ChoiceParameterConfig(name=self.name, parameter_type="str", values=values, is_ordered=False)


def _axes(space: SearchSpace) -> list[_Axis]:
    """The columns that vary. Names are numbered: those of a space may hold what Ax refuses."""
    made = []
    for index, column in enumerate(space.unit.columns):
        parameter = space.parameters[column.name]
        if column.levels is None or (isinstance(parameter, Int) and parameter.log and column.levels > 1):
            kind = "real"
        else:
            kind = "choice" if column.kind == "categorical" else "cells"
        if column.levels != 1:
            made.append(_Axis(f"x{index}", index, kind, column.levels or 0))
    return made


def _generated(method: str, axes: list[_Axis], state: AxState, request: Request) -> Iterator[Array]:
    """Unit rows (d,) that Ax proposes one after another, at most three."""
    space = state.problem.space
    centre = space.unit.encode(space.default())
    centre = np.where(np.isnan(centre), 0.5, centre)
    fixed = space.unit.encode(request.fixed)
    held = {axis.name: axis.written(fixed[axis.index]) for axis in axes if not np.isnan(fixed[axis.index])}
    with _quiet():
        client = _client(method, axes, len(state.problem.goals.constraints), int(request.rng("ax").integers(2**31)))
        _attach(client, axes, centre, state, request)
        for _ in range(_ATTEMPTS):
            params = _next(client, held)
            if params is None:
                return
            row = centre.copy()
            for axis in axes:
                row[axis.index] = axis.read(params[axis.name])
            yield row


def _client(method: str, axes: list[_Axis], num_constraints: int, seed: int) -> Any:
    from ax.api.client import Client

    client = Client(random_seed=seed)
    client.configure_experiment(parameters=[axis.config() for axis in axes])
    limits = [f"excess{index} <= 0.0" for index in range(num_constraints)]
    client.configure_optimization(objective="-loss", outcome_constraints=limits)
    client.configure_generation_strategy(
        method=method, initialization_budget=0, initialize_with_center=False, torch_device="cpu"
    )
    return client


def _attach(client: Any, axes: list[_Axis], centre: Array, state: AxState, request: Request) -> None:
    """Tell Ax all closed and pending trials in number order, with every value scaled to at most 1."""
    problem = state.problem
    trials = sorted([*state.closed, *request.pending], key=lambda t: t.number)
    rows = problem.space.unit.encode_many([t.params for t in trials])
    rows = np.where(np.isnan(rows), centre, rows)
    told = _measured(state)
    for trial, row in zip(trials, rows, strict=True):
        index = client.attach_trial({axis.name: axis.written(row[axis.index]) for axis in axes})
        if trial.number in told:
            client.complete_trial(index, told[trial.number])
        elif trial.status.closed:
            client.mark_trial_failed(index)


def _measured(state: AxState) -> dict[int, dict[str, float | tuple[float, float]]]:
    """By number what Ax is told of each finished trial: the loss, and how far each constraint is exceeded."""
    goals = state.problem.goals
    names = ["loss", *(f"excess{index}" for index in range(len(goals.constraints)))]
    sources = [goals.first.name, *(limit.name for limit in goals.constraints)]
    finished = [trial for trial in state.closed if trial.values is not None]
    table = np.array([[state.problem.loss(t), *goals.excesses(t.values or {})] for t in finished])
    scale = np.max(np.abs(table), axis=0, initial=0.0)
    scale[scale == 0.0] = 1.0
    made: dict[int, dict[str, float | tuple[float, float]]] = {}
    for trial, row in zip(finished, (table / scale).tolist(), strict=True):
        noise = [trial.noise(source) for source in sources]
        made[trial.number] = {
            name: value if std is None else (value, std / unit)
            for name, value, std, unit in zip(names, row, noise, scale.tolist(), strict=True)
        }
    return made


def _next(client: Any, held: Mapping[str, object]) -> Mapping[str, Any] | None:
    """One candidate, or None if Ax finds no new one or its model fails on these values."""
    from ax.exceptions.core import AxError
    from botorch.exceptions.errors import BotorchError
    from linear_operator.utils.errors import NanError, NotPSDError

    try:
        ((_, params),) = client.get_next_trials(max_trials=1, fixed_parameters=dict(held) or None).items()
    except (AxError, BotorchError, NanError, NotPSDError):
        return None
    made: Mapping[str, Any] = params
    return made


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """One thread for torch, as the last bits depend on their number, and no line of log for every trial."""
    import torch

    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ax.api.client  # noqa: F401 -- it makes the handlers that are silenced here

        handlers = [(handler, handler.level) for handler in logging.getLogger("ax").handlers]
        for handler, _ in handlers:
            handler.setLevel(logging.CRITICAL)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            for handler, level in handlers:
                handler.setLevel(level)
