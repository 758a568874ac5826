"""How much work an ask of `gp` does, and that it survives any space and any outcome."""

import math

import pytest
from gp_samples import propose, told
from hypothesis import given, settings
from hypothesis import strategies as st

from askntell import Categorical, Constant, Float, Int, Optimizer, Ordinal, SearchSpace
from askntell.errors import SpaceExhausted
from askntell.optimizers.gp import GP, cholesky
from askntell.optimizers.gp.posterior import Posterior

LEVELS_TOO = {"n": Int(1, 9), "a": Categorical(list("pqrs")), "b": Categorical(list("uvw"))}


@pytest.mark.parametrize(
    ("levels", "count", "most"),
    [
        ({}, 60, {"factor": 42, "gradients": 24, "predict": 8}),
        ({}, 500, {"factor": 84, "gradients": 22, "predict": 4}),
        (LEVELS_TOO, 100, {"factor": 58, "gradients": 30, "predict": 10}),
        (LEVELS_TOO, 500, {"factor": 78, "gradients": 32, "predict": 10}),
    ],
)
def test_work_of_one_ask_is_bounded(monkeypatch, levels, count, most):
    """Counts instead of times: factorisations and evaluations of a posterior in a cold ask with 6 real numbers."""
    space = SearchSpace({f"x{k}": Float(0, 1) for k in range(6)} | levels)

    def function(p):
        level = {"p": 0.1, "u": 0.2}.get(p.get("a"), 0.0) + 0.1 * p.get("n", 0)
        return sum((p[f"x{k}"] - 0.3) ** 2 for k in range(6)) + math.sin(9 * p["x0"]) + level

    trials = told(space, function, count)
    spent = {"factor": 0, "predict": 0, "gradients": 0}
    for name in ("predict", "gradients"):
        original = getattr(Posterior, name)

        def counted(self, X, name=name, original=original):
            spent[name] += 1
            return original(self, X)

        monkeypatch.setattr(Posterior, name, counted)
    dpotrf = cholesky.dpotrf

    def counted_factor(*given, **how):
        spent["factor"] += 1
        return dpotrf(*given, **how)

    monkeypatch.setattr(cholesky, "dpotrf", counted_factor)
    assert propose(space, trials).by == "gp"
    assert all(spent[name] <= most[name] for name in most), spent


SCALARS = st.one_of(
    st.builds(lambda w, log: Float(0.5, 0.5 + w, log=log), st.floats(1e-3, 1e6), st.booleans()),
    st.builds(lambda n, log: Int(1, n, log=log), st.integers(2, 300), st.booleans()),
    st.builds(lambda n: Ordinal(list(range(n))), st.integers(1, 6)),
    st.builds(lambda n: Float(0, n * 0.1, step=0.1), st.integers(1, 30)),
    st.builds(lambda n: Categorical([f"c{k}" for k in range(n)]), st.integers(1, 40)),
    st.just(Constant("k")),
)


@st.composite
def spaces(draw):
    parameters = {"root": draw(SCALARS)}
    if draw(st.booleans()):
        parameters["switch"] = Categorical(["on", "off", 3])
        parameters["child"] = Float(0, 1, when={"switch": ["on", 3]})
        parameters["leaf"] = Int(1, 5, when={"switch": "on"})
    for k, parameter in enumerate(draw(st.lists(SCALARS, max_size=3))):
        parameters[f"p{k}"] = parameter
    return SearchSpace(parameters)


@given(spaces(), st.integers(0, 3), st.data())
@settings(max_examples=25)
def test_any_space_and_any_outcome(space, seed, data):
    optimizer = Optimizer(space, algorithm=GP(initial=3, scattered=40, perturbed=20, evaluations=5), seed=seed)
    value = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 1.0]))
    for _ in range(9):
        try:
            trial = optimizer.ask()
        except SpaceExhausted:
            assert {space.key(p) for p in space.points()} == {space.key(t.params) for t in optimizer.history}
            return
        assert space.contains(trial.params)
        if data.draw(st.booleans()):
            optimizer.tell(trial, data.draw(value))
