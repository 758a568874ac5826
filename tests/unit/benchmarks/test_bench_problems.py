"""The problems of the regret benchmark: fixed, fair halves, minima that nothing beats."""

from __future__ import annotations

import importlib.util
import math
from collections import Counter

import bench  # noqa: F401 -- puts the benchmark on the path
import numpy as np
import pytest
from problems import PROBLEMS, SUITES
from problems.hpo import CONDITIONAL, OBJECTIVES, SPACES
from problems.objectives import BEAM_AREA, beam_area
from problems.tables import area, branch_axes, front_of, table

HAVE_IOH = importlib.util.find_spec("ioh") is not None


def evaluable() -> list[str]:
    return [name for name in PROBLEMS if HAVE_IOH or "bbob" not in name]


def test_both_halves_have_the_same_make_up():
    counts = Counter((p.suite, p.half) for p in PROBLEMS.values())
    assert set(counts) == {(suite, half) for suite in SUITES for half in ("tune", "report")}
    wanted = {"continuous": 10, "mixed": 4, "hpo": 4, "conditional": 3, "noisy": 3, "batch": 3, "objectives": 3}
    for suite, least in wanted.items():
        assert counts[suite, "tune"] == counts[suite, "report"] == least


def test_every_table_is_there():
    assert {*SPACES, *CONDITIONAL, *OBJECTIVES} <= set(PROBLEMS)


@pytest.mark.parametrize("name", evaluable())
def test_nothing_beats_the_minimum_and_the_optimum_attains_it(name):
    problem = PROBLEMS[name]
    values = [problem.true(params) for params in problem.space.sample(150, seed=1)]
    if problem.minimum is None:
        corner = np.array(list(problem.reference.values()))
        reached = area(np.array([list(v.values()) for v in values]), corner)
        assert 0 < reached < problem.largest_area
        return
    assert all(math.isfinite(v) for v in values)
    slack = 1e-7 * max(1.0, abs(problem.minimum))
    assert min(values) >= problem.minimum - slack
    if problem.optimum is not None:
        assert problem.true(problem.space.check(problem.optimum)) == pytest.approx(problem.minimum, abs=10 * slack)


@pytest.mark.parametrize("name", [n for n in evaluable() if PROBLEMS[n].minimum is not None])
def test_the_default_point_is_not_the_answer(name):
    problem = PROBLEMS[name]
    values = [problem.true(params) for params in problem.space.sample(150, seed=1)]
    assert problem.true(problem.space.default()) - problem.minimum > 0.05 * (min(values) - problem.minimum)


@pytest.mark.parametrize("name", [n for n, p in PROBLEMS.items() if p.noise])
def test_noise_is_added_only_for_a_generator_and_repeats(name):
    problem = PROBLEMS[name]
    params = problem.space.default()
    assert problem.function(params) == problem.true(params)
    seen = [problem.function(params, np.random.default_rng([3, k])) for k in range(200)]
    assert seen[5] == problem.function(params, np.random.default_rng([3, 5]))
    assert np.std(seen) == pytest.approx(problem.noise, rel=0.2)


@pytest.mark.parametrize("name", SPACES)
def test_a_space_is_exactly_its_table(name):
    space = SPACES[name][2]
    cells = table(name)["all.loss"]
    assert cells.shape == tuple(p.levels for p in space.parameters.values())
    assert 1000 <= cells.size <= 10_000
    assert np.isfinite(cells).all()


def test_the_axes_of_a_branch_are_its_active_parameters():
    axes = branch_axes(CONDITIONAL["classifier-wine"][2], "model")
    assert axes["svc"] == ["log10_C", "kernel", "log10_gamma", "degree"]
    assert axes["neighbours"] == ["k", "weights", "power"]


def test_area_of_a_front():
    values = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [3.0, 3.0], [9.0, 0.0]])
    assert area(values, np.array([4.0, 4.0])) == 3 + 2 + 1
    assert front_of(values).tolist() == [[1, 3], [2, 2], [3, 1], [9, 0]]
    assert area(values, np.array([0.5, 0.5])) == 0


@pytest.mark.slow
def test_the_area_of_the_beam():
    assert beam_area() == pytest.approx(BEAM_AREA, rel=1e-9)
