"""The laws of an algorithm. `AlgorithmLaws` needs one fixture: the algorithm, with any settings."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from askntell._rng import stream
from askntell.errors import SettingsError, SpaceExhausted
from askntell.goals import Goals
from askntell.history import History
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.optimizer import Optimizer
from askntell.optimizers.registry import settings_of
from askntell.space import Categorical, Constant, Float, Int, Ordinal, Params, SearchSpace
from askntell.trial import Outcome, Problem, Trial

__all__ = ["SPACES", "AlgorithmLaws", "loss"]

SPACES: Mapping[str, SearchSpace] = {
    "numbers": SearchSpace({"x": Float(-2, 3), "y": Float(1e-4, 1e2, log=True), "n": Int(1, 900, log=True)}),
    "mixed": SearchSpace(
        {
            "x": Float(0, 1),
            "s": Float(0, 0.5, step=0.05),
            "o": Ordinal([16, 32, 64, 128]),
            "c": Categorical(["a", "b", True, None]),
            "k": Constant(7),
        }
    ),
    "conditional": SearchSpace(
        {
            "solver": Categorical(["adam", "sgd"]),
            "momentum": Float(0, 0.99, when={"solver": "sgd"}),
            "nesterov": Categorical([True, False], when={"solver": "sgd"}),
            "lr": Float(1e-4, 1, log=True),
        }
    ),
    "constrained": SearchSpace(
        {"width": Int(16, 256), "layers": Int(1, 8), "batch": Ordinal([32, 64, 128])},
        constraints=["width >= 16 * layers"],
        forbidden=[{"batch": 128, "layers": 8}],
    ),
    "one": SearchSpace({"x": Float(0, 1)}),
}
"""Small spaces of every kind, by name."""


def loss(params: Params) -> float:
    """A deterministic value for any params: smooth in the numbers, with a penalty for each level of a category."""
    total = 0.0
    for name, value in sorted(params.items()):
        if isinstance(value, bool) or not isinstance(value, int | float):
            total += 0.1 * len(str(value))
        else:
            total += (math.atan(value) - 0.4) ** 2 + 0.01 * len(name)
    return total


class AlgorithmLaws:
    """Subclass and give a fixture ``algorithm`` that returns an `Algorithm`; every test below is a law.

    Class attributes:
        asks: How many trials the statelessness laws go through; more than the initial design, so that models are seen.
        varies_with_seed: Whether another seed gives other points (a grid in fixed order has none to give).
    """

    asks: ClassVar[int] = 22
    varies_with_seed: ClassVar[bool] = True

    @pytest.fixture
    def algorithm(self) -> Algorithm[Any]:
        """The algorithm under test."""
        raise NotImplementedError("give a fixture `algorithm`")

    @pytest.fixture(params=sorted(SPACES))
    def space(self, request: pytest.FixtureRequest) -> SearchSpace:
        """Each law that takes a space runs on all of them."""
        return SPACES[request.param]

    # ---- proposals -------------------------------------------------------------------------------------------------

    def test_proposals_are_in_the_space_and_distinct(self, algorithm: Algorithm[Any], space: SearchSpace) -> None:
        optimizer = Optimizer(space, algorithm=algorithm)
        seen = set()
        for _ in range(self.asks):
            for trial in optimizer.ask(2):
                assert space.contains(trial.params)
                assert space.check(trial.params) == trial.params, "params are in canonical form"
                assert trial.by
                seen.add(space.key(trial.params))
                optimizer.tell(trial, loss(trial.params))
        assert len(seen) == 2 * self.asks

    def test_params_survive_json(self, algorithm: Algorithm[Any], space: SearchSpace) -> None:
        for trial in Optimizer(space, algorithm=algorithm).ask(5):
            assert json.loads(json.dumps(trial.params)) == trial.params

    def test_fixed_parameters_hold(self, algorithm: Algorithm[Any]) -> None:
        space = SPACES["mixed"]
        optimizer = Optimizer(space, algorithm=algorithm)
        for round_ in range(self.asks):
            trial = optimizer.ask(fixed={"c": "b", "x": 0.25} if round_ % 2 else {"c": None})
            assert trial.params["c"] == ("b" if round_ % 2 else None)
            assert round_ % 2 == 0 or trial.params["x"] == 0.25
            assert space.contains(trial.params)
            optimizer.tell(trial, loss(trial.params))

    def test_a_fixed_number_comes_back_to_the_last_bit(self, algorithm: Algorithm[Any]) -> None:
        space = SearchSpace({"lr": Float(1e-4, 1e-1, log=True), "x": Float(-0.3, 0.7), "c": Categorical(["a", "b"])})
        optimizer = Optimizer(space, algorithm=algorithm)
        for lr in (0.0031, 0.07, 0.0123, 0.00091) * 4:
            trial = optimizer.ask(fixed={"lr": lr})
            assert trial.params["lr"] == lr
            optimizer.tell(trial, loss(trial.params))

    def test_the_seed_decides(self, algorithm: Algorithm[Any]) -> None:
        space = SPACES["numbers"]

        def params(seed: int) -> list[Params]:
            return [trial.params for trial in Optimizer(space, algorithm=algorithm, seed=seed).ask(6)]

        assert params(1) == params(1)
        assert (params(1) != params(2)) is self.varies_with_seed

    # ---- statelessness ---------------------------------------------------------------------------------------------

    def test_rebuilt_at_every_ask_it_proposes_the_same(self, algorithm: Algorithm[Any], space: SearchSpace) -> None:
        """Live against rebuilt, with several pending, late and out-of-order results, failures and foreign points."""
        live = Optimizer(space, algorithm=algorithm, seed=3)
        rng = stream(0, "laws")
        for ask in range(self.asks):
            rebuilt = Optimizer.from_history(space, live.history, algorithm=algorithm, seed=3)
            expected, trial = rebuilt.ask(), live.ask()
            assert trial.params == expected.params, f"at ask {ask}"
            assert trial.by == expected.by
            if ask == 7:
                live.tell(space.sample(1, seed=99)[0], 0.5)
            pending = [t for t in live.history if not t.status.closed]
            while len(pending) > rng.integers(1, 5):
                late = pending.pop(int(rng.integers(len(pending))))
                if late.number % 6 == 5:
                    live.tell(late, failed="crash")
                else:
                    live.tell(late, loss(late.params))

    def test_a_fresh_process_proposes_the_same(self, algorithm: Algorithm[Any]) -> None:
        for name, asks in (("mixed", 0), ("mixed", 7), ("conditional", self.asks)):
            space = SPACES[name]
            live = Optimizer(space, algorithm=algorithm, seed=5)
            for trial in [live.ask() for _ in range(asks)]:
                if trial.number % 4 != 3:
                    live.tell(trial, loss(trial.params))
            mine = [trial.params for trial in live.ask(2)]
            assert _ask_elsewhere(algorithm, space, live.history[:-2], seed=5) == mine

    def test_a_deadline_is_a_part_of_the_request_and_not_a_clock(self, algorithm: Algorithm[Any]) -> None:
        space = SPACES["conditional"]
        live = Optimizer(space, algorithm=algorithm, seed=3)
        for ask in range(self.asks):
            deadline = (None, 10.0, 0.05, 0.02, 1e-6)[ask % 5]
            rebuilt = Optimizer.from_history(space, live.history, algorithm=algorithm, seed=3)
            trial = live.ask(deadline=deadline)
            assert trial.params == rebuilt.ask(deadline=deadline).params, f"at ask {ask}"
            assert trial.why.get("deadline") == deadline
            assert space.contains(trial.params)
            live.tell(trial, loss(trial.params))

    def test_the_order_of_telling_does_not_matter(self, algorithm: Algorithm[Any], space: SearchSpace) -> None:
        def next_params(order: Callable[[list[Trial]], list[Trial]]) -> Params:
            optimizer = Optimizer(space, algorithm=algorithm, seed=2)
            for trial in order(optimizer.ask(14)):
                optimizer.tell(trial, loss(trial.params))
            return optimizer.ask().params

        assert next_params(list) == next_params(lambda trials: trials[::-1])

    def test_learning_in_parts_is_learning_at_once(self, algorithm: Algorithm[Any], space: SearchSpace) -> None:
        problem, closed = _closed(space, 15)
        at_once = algorithm.learn(algorithm.start(problem), closed)
        in_parts = algorithm.start(problem)
        for part in (closed[:1], closed[1:6], [], closed[6:]):
            in_parts = algorithm.learn(in_parts, part)
        request = _request(space, closed)
        assert algorithm.propose(at_once, request) == algorithm.propose(in_parts, request)

    def test_learning_and_proposing_change_no_state(self, algorithm: Algorithm[Any], space: SearchSpace) -> None:
        problem, closed = _closed(space, 15)
        state = algorithm.learn(algorithm.start(problem), closed[:12])
        request = _request(space, closed[:12])
        first = algorithm.propose(state, request)
        algorithm.propose(state, _request(space, closed[:12], number=40))
        algorithm.learn(state, closed[12:])
        assert algorithm.propose(state, request) == first

    def test_an_ask_for_many_is_many_asks(self, algorithm: Algorithm[Any], space: SearchSpace) -> None:
        one, many = (Optimizer(space, algorithm=algorithm, seed=4) for _ in range(2))
        for optimizer in (one, many):
            for trial in optimizer.ask(12):
                optimizer.tell(trial, loss(trial.params))
        assert [one.ask().params for _ in range(3)] == [trial.params for trial in many.ask(3)]

    def test_maximising_is_minimising_the_negative(self, algorithm: Algorithm[Any]) -> None:
        space = SPACES["mixed"]
        down, up = (Optimizer(space, algorithm=algorithm, direction=d) for d in ("minimize", "maximize"))
        for _ in range(self.asks):
            low, high = down.ask(), up.ask()
            assert low.params == high.params
            down.tell(low, loss(low.params))
            up.tell(high, -loss(high.params))

    # ---- several values --------------------------------------------------------------------------------------------

    def test_several_objectives_are_taken_or_refused(self, algorithm: Algorithm[Any]) -> None:
        """As `Algorithm.several` says; those for one objective refuse when the optimizer is made, not at an ask."""
        if not algorithm.several:
            with pytest.raises(SettingsError, match="is for one objective; there are 2: loss, size"):
                Optimizer(SPACES["mixed"], algorithm=algorithm, objectives=_OBJECTIVES)
            return
        optimizer = Optimizer(SPACES["mixed"], algorithm=algorithm, objectives=_OBJECTIVES)
        assert len({SPACES["mixed"].key(trial.params) for trial in optimizer.ask(5)}) == 5

    def test_several_values_rebuilt_at_every_ask(self, algorithm: Algorithm[Any]) -> None:
        """Live against rebuilt, with pending, late and failed trials, and one constraint that some trials violate."""
        space = SPACES["mixed"]
        settings: dict[str, Any] = {"algorithm": algorithm, "seed": 3, "constraints": _CONSTRAINTS}
        settings["objectives"] = _OBJECTIVES if algorithm.several else {"loss": "minimize"}
        live = Optimizer(space, **settings)
        for ask in range(self.asks):
            rebuilt = Optimizer.from_history(space, live.history, **settings)
            assert rebuilt.ask().params == live.ask().params, f"at ask {ask}"
            pending = [trial for trial in live.history if not trial.status.closed]
            while len(pending) > 3:
                late = pending.pop(ask % 4)
                if late.number % 8 == 7:
                    live.tell(late, failed="crash")
                else:
                    live.tell(late, _values(late.params, live.goals))
        front = live.pareto_front
        assert front
        assert all(live.goals.feasible(trial.values or {}) for trial in front)

    def test_several_values_learnt_in_parts(self, algorithm: Algorithm[Any]) -> None:
        space = SPACES["numbers"]
        goals = Goals.of(_OBJECTIVES if algorithm.several else {"loss": "minimize"}, _CONSTRAINTS)
        problem = Problem(space=space, goals=goals)
        closed = [
            Trial(number=number, params=params).told(Outcome.of(goals, _values(params, goals)))
            for number, params in enumerate(space.sample(16, seed=8))
        ]
        at_once, in_parts = algorithm.learn(algorithm.start(problem), closed), algorithm.start(problem)
        for part in (closed[:2], closed[2:9], [], closed[9:]):
            in_parts = algorithm.learn(in_parts, part)
        request = _request(space, closed)
        first = algorithm.propose(at_once, request)
        assert first == algorithm.propose(in_parts, request)
        assert first == algorithm.propose(at_once, request), "proposing changed the state"

    def test_the_direction_of_each_objective_is_a_sign(self, algorithm: Algorithm[Any]) -> None:
        space = SPACES["mixed"]
        names = ("loss", "size") if algorithm.several else ("loss",)
        down, up = (
            Optimizer(space, algorithm=algorithm, objectives=dict.fromkeys(names, word), constraints={"time": bound})
            for word, bound in (("minimize", "<= 0.5"), ("maximize", ">= -0.5"))
        )
        for _ in range(self.asks):
            low, high = down.ask(), up.ask()
            assert low.params == high.params
            values = _values(low.params, down.goals)
            down.tell(low, values)
            up.tell(high, {name: -value for name, value in values.items()})

    # ---- rough weather ---------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "told",
        [
            pytest.param(lambda _: {"failed": "crash"}, id="all-failed"),
            pytest.param(lambda _: {"value": 1.0}, id="constant"),
            pytest.param(lambda n: {"value": math.nan if n % 2 else math.inf}, id="not-finite"),
            pytest.param(lambda n: {"value": (-1) ** n * 1e300}, id="huge"),
            pytest.param(lambda n: {"value": 1e-300 * n}, id="tiny"),
            pytest.param(lambda n: {"value": float(n), "std": 0.1 * (n % 3)}, id="noisy"),
        ],
    )
    def test_strange_results_do_not_stop_it(
        self, algorithm: Algorithm[Any], told: Callable[[int], dict[str, Any]]
    ) -> None:
        space = SPACES["mixed"]
        optimizer = Optimizer(space, algorithm=algorithm)
        for _ in range(self.asks):
            trial = optimizer.ask()
            assert space.contains(trial.params)
            optimizer.tell(trial, **told(trial.number))

    def test_the_same_point_told_often_does_not_stop_it(self, algorithm: Algorithm[Any]) -> None:
        space = SPACES["numbers"]
        optimizer = Optimizer(space, algorithm=algorithm)
        for repeat in range(20):
            optimizer.tell({"x": 0.5, "y": 1.0, "n": 30}, 1.0 + 0.01 * repeat)
        assert space.contains(optimizer.ask().params)

    def test_a_finite_space_is_tried_whole_and_then_exhausted(self, algorithm: Algorithm[Any]) -> None:
        space = SearchSpace(
            {"a": Int(0, 3), "b": Categorical(["x", "y"]), "c": Ordinal([1, 2], when={"b": "y"})},
            forbidden=[{"a": 3, "b": "x"}],
        )
        points = {space.key(params) for params in space.points()}
        assert len(points) == 4 * 3 - 1
        optimizer = Optimizer(space, algorithm=algorithm)
        asked = []
        while optimizer.stop is None:
            asked.append(optimizer.ask())
            optimizer.tell(asked[-1], loss(asked[-1].params))
        assert {space.key(trial.params) for trial in asked} == points
        assert len(asked) == len(points)
        with pytest.raises(SpaceExhausted, match="11 in all"):
            optimizer.ask()

    def test_a_batch_at_the_end_is_cut(self, algorithm: Algorithm[Any]) -> None:
        optimizer = Optimizer(SearchSpace({"a": Int(0, 4)}), algorithm=algorithm)
        assert len(optimizer.ask(3)) == 3
        assert len(optimizer.ask(3)) == 2

    def test_a_space_of_constants_has_one_point(self, algorithm: Algorithm[Any]) -> None:
        optimizer = Optimizer(SearchSpace({"k": Constant(3)}), algorithm=algorithm)
        assert [trial.params for trial in optimizer.ask(5)] == [{"k": 3}]


_OBJECTIVES = {"loss": "minimize", "size": "minimize"}
_CONSTRAINTS = {"time": "<= 0.5"}


def _values(params: Params, goals: Goals) -> dict[str, float]:
    """Deterministic values for any params: `loss`, its rival `size`, and a `time` that is often above its limit."""
    numbers = [float(v) for v in params.values() if isinstance(v, int | float) and not isinstance(v, bool)]
    share = math.atan(abs(numbers[0])) / (0.5 * math.pi)
    every = {"loss": loss(params), "size": 1.0 - share + 0.1 * math.sin(sum(numbers)), "time": share}
    return {name: every[name] for name in goals.names}


def _closed(space: SearchSpace, count: int) -> tuple[Problem, list[Trial]]:
    trials = [
        Trial(number=number, params=params).told(
            Outcome(failure="crash") if number % 7 == 6 else Outcome(values={"value": loss(params)})
        )
        for number, params in enumerate(space.sample(count, seed=8))
    ]
    return Problem(space=space), trials


def _request(space: SearchSpace, closed: list[Trial], *, number: int | None = None) -> Request:
    history = History(space, Goals(), "all")
    for trial in closed:
        history.add(trial)
    return Request(number=len(closed) if number is None else number, seed=6, segment="all", taken=history.taken)


_ELSEWHERE = """
import importlib, json, sys
from askntell.optimizers.optimizer import Optimizer
from askntell.space import SearchSpace
from askntell.trial import Trial, Outcome
told = json.load(sys.stdin)
module, name = told["algorithm"]
algorithm = getattr(importlib.import_module(module), name)(**told["settings"])
history = []
for number, params, values, failure in told["history"]:
    trial = Trial(number=number, params=params)
    closed = values is not None or failure is not None
    history.append(trial.told(Outcome(values=values, failure=failure)) if closed else trial)
space = SearchSpace.from_json(told["space"])
optimizer = Optimizer.from_history(space, history, algorithm=algorithm, seed=told["seed"])
print(json.dumps([trial.params for trial in optimizer.ask(2)]))
"""


def _ask_elsewhere(algorithm: Algorithm[Any], space: SearchSpace, history: list[Trial], *, seed: int) -> object:
    kind = type(algorithm)
    told = {
        "algorithm": [kind.__module__, kind.__qualname__],
        "settings": settings_of(algorithm),
        "space": space.to_dict(),
        "history": [[t.number, t.params, t.values, t.failure] for t in history],
        "seed": seed,
    }
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE], input=json.dumps(told), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)
