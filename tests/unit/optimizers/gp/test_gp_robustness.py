"""What nobody should tell and somebody will: `ask` answers, never with NaN, always inside the space."""

import math

import numpy as np
import pytest
from gp_samples import SQUARE, bowl
from hypothesis import given, settings
from hypothesis import strategies as st

from askntell import Categorical, Float, Int, Optimizer, SearchSpace, Trial
from askntell.errors import SpaceExhausted
from askntell.optimizers.algorithm import Request
from askntell.optimizers.gp import GP
from askntell.optimizers.gp.outcomes import Outcomes
from askntell.optimizers.gp.state import State
from askntell.trial import Outcome, Problem


def total(params):
    return float(sum(v for v in params.values() if not isinstance(v, str)))


def search(space, function, asks, *, algorithm="gp", seed=0):
    optimizer = Optimizer(space, algorithm=algorithm, seed=seed)
    for _ in range(asks):
        trial = optimizer.ask()
        assert space.contains(trial.params)
        assert all(not isinstance(v, float) or math.isfinite(v) for v in trial.params.values())
        optimizer.tell(trial, function(trial.params))
    return optimizer


def test_one_parameter():
    optimizer = search(SearchSpace({"x": Float(0, 1)}), lambda p: (p["x"] - 0.37) ** 2, 18)
    assert optimizer.best.value < 1e-6


@pytest.mark.parametrize("told", [1, 2])
def test_one_or_two_values_are_no_model(told):
    optimizer = Optimizer(SQUARE, algorithm=GP(initial=1), seed=0)
    for params in SQUARE.sample(told, seed=0):
        optimizer.tell(params, bowl(params))
    assert optimizer.ask().by == "sobol"
    assert optimizer.recommended == optimizer.best


def test_parameters_with_one_level():
    space = SearchSpace({"only": Categorical(["this"]), "one": Categorical([3]), "x": Float(0, 1)})
    assert search(space, total, 12).history[-1].by == "gp"


def test_constraints_that_leave_a_corner():
    space = SearchSpace({"a": Float(0, 1), "b": Float(0, 1)}, constraints=["a + b <= 0.02"])
    optimizer = search(space, lambda p: -total(p), 25)
    assert optimizer.best.value < -0.0199


def test_constraints_that_leave_next_to_nothing():
    """Of uniform points one in two million is feasible: points near the default are found all the same."""
    space = SearchSpace({"a": Float(0, 1), "b": Float(0, 1)}, constraints=["a + b <= 0.001"])
    optimizer = search(space, lambda p: -total(p), 14)
    assert len({space.key(t.params) for t in optimizer.history}) == 14


def test_a_forbidden_level_is_never_tried():
    space = SearchSpace({"c": Categorical(["a", "b", "z"]), "x": Float(0, 1)}, forbidden=[{"c": "a"}, {"c": "z"}])
    optimizer = search(space, total, 15)
    assert {t.params["c"] for t in optimizer.history} == {"b"}


def test_every_candidate_is_infeasible_or_taken():
    space = SearchSpace({"a": Int(1, 9), "b": Int(1, 9)}, constraints=["a >= b"])
    optimizer = Optimizer(space, algorithm="gp", seed=0)
    for params in [{"a": 1, "b": 1}, *(p for p in space.sample(12, seed=0) if p["a"] > 1)]:
        optimizer.tell(params, total(params))
    with pytest.raises(SpaceExhausted):
        optimizer.ask(fixed={"a": 1})
    assert space.contains(optimizer.ask().params)


def arrays(space, count, loss):
    U = space.unit.draw(np.random.default_rng(0), count)
    values = loss(U)[:, None]
    return Outcomes(numbers=np.arange(count), U=U, values=values, noise=np.full_like(values, np.nan), objectives=1)


@pytest.mark.parametrize("deadline", [None, 0.05])
def test_a_hundred_thousand_rows(deadline):
    """From arrays: reading so many trials is the shell's work. Failures among them, and many equal values."""
    space = SearchSpace({f"x{k}": Float(0, 1) for k in range(5)})
    rng = np.random.default_rng(1)

    def loss(U):
        value = np.round(((U - 0.6) ** 2).sum(axis=1), 2)
        value[rng.random(len(U)) < 0.3] = np.nan
        return value

    algorithm = GP()
    state = State(Problem(space=space), algorithm.warp, algorithm.kernel, arrays(space, 100_000, loss))
    proposal = algorithm.propose(state, Request(number=100_000, seed=0, segment="all", deadline=deadline))
    assert proposal.by == "gp" and space.contains(proposal.params)
    assert proposal.why["used"] == (400 if deadline is None else proposal.why["used"]) <= 400


def test_fifty_copies_of_every_point():
    trials = []
    for k, params in enumerate(SQUARE.sample(4, seed=0) * 50):
        trials.append(Trial(number=k, params=params).told(Outcome(values={"value": bowl(params) + 0.001 * (k % 7)})))
    optimizer = Optimizer.from_history(SQUARE, trials, algorithm="gp")
    trial = optimizer.ask()
    assert trial.by == "gp" and trial.why["used"] == 4
    assert SQUARE.key(trial.params) not in {SQUARE.key(t.params) for t in trials}
    assert optimizer.recommended.number < 4


VALUES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, 1.0, -1.0, 1e300, -1e300, 1e-300, 1.7e308, 5e-324]),
)
TOLD = st.one_of(
    st.tuples(st.just("value"), VALUES, st.none() | st.floats(0, 1e300)),
    st.tuples(st.just("failed"), st.sampled_from(["crash", "nan", "memory", "timeout"]), st.none()),
    st.just(("pending", None, None)),
)


@given(st.lists(TOLD, min_size=3, max_size=25), st.integers(0, 2), st.sampled_from([None, 0.045, 0.02, 0.001]))
@settings(max_examples=50)
def test_any_history(told, seed, deadline):
    space = SearchSpace(
        {
            "x": Float(0, 1),
            "n": Int(1, 5),
            "c": Categorical(["a", "b", "c"]),
            "child": Float(1, 10, log=True, when={"c": ["a", "b"]}),
        },
        constraints=["x <= 0.2 * n"],
    )
    trials = []
    for number, (params, (kind, what, std)) in enumerate(zip(space.sample(len(told), seed=seed), told, strict=True)):
        trial = Trial(number=number, params=params)
        if kind == "failed" or (kind == "value" and not math.isfinite(what)):
            trial = trial.told(Outcome(failure="crash" if kind == "value" else what))
        elif kind == "value":
            trial = trial.told(Outcome(values={"value": what}, std=std))
        trials.append(trial)
    optimizer = Optimizer.from_history(
        space, trials, algorithm=GP(scattered=60, perturbed=40, evaluations=8), seed=seed
    )
    trial = optimizer.ask(deadline=deadline)
    assert space.contains(trial.params)
    assert all(isinstance(v, str) or math.isfinite(v) for v in trial.why.values())
    finished = [t for t in trials if t.status == "finished"]
    assert (optimizer.recommended is None) == (not finished)
