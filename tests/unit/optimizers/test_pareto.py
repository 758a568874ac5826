"""Fronts and hypervolumes against brute force: every pair of points, and every cell of an integer grid."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import askntell as ant
from askntell.errors import SettingsError
from askntell.goals import Goals
from askntell.optimizers.pareto import hypervolume, non_dominated, pareto_front
from askntell.trial import Outcome, Trial

SPACE = ant.SearchSpace({"x": ant.Float(0, 1)})
SIDE = 5


def points(k, *, most=12):
    row = st.tuples(*[st.integers(0, SIDE) for _ in range(k)])
    return st.lists(row, min_size=0, max_size=most).map(lambda rows: np.array(rows, dtype=float).reshape(-1, k))


every_k = pytest.mark.parametrize("k", [1, 2, 3, 4])


def dominates(a, b):
    return bool(np.all(a <= b) and np.any(a < b))


def cells(rows):
    """Unit cells below (SIDE, ..., SIDE) that some row dominates, counted one by one."""
    k = rows.shape[1]
    return sum(any(np.all(row <= cell) for row in rows) for cell in itertools.product(range(SIDE), repeat=k))


@every_k
def test_the_front_is_what_no_point_dominates(k):
    @given(points(k))
    def check(rows):
        expected = [not any(dominates(other, row) for other in rows) for row in rows]
        assert non_dominated(rows).tolist() == expected

    check()


@every_k
def test_the_hypervolume_is_the_number_of_cells(k):
    @settings(max_examples=60, deadline=None)
    @given(points(k, most=8))
    def check(rows):
        assert hypervolume(rows, [SIDE] * k) == pytest.approx(cells(rows), abs=1e-9)

    check()


@every_k
def test_order_repetition_and_dominated_points_do_not_matter(k):
    @settings(deadline=None)
    @given(points(k), st.randoms(use_true_random=False))
    def check(rows, random):
        before = hypervolume(rows, [SIDE] * k)
        shuffled = [*rows, *rows[:2], *(rows[:1] + 0.5)]
        random.shuffle(shuffled)
        assert hypervolume(np.array(shuffled).reshape(-1, k), [SIDE] * k) == pytest.approx(before, rel=1e-12)

    check()


@every_k
def test_units_scale_the_hypervolume(k):
    @settings(deadline=None)
    @given(points(k), st.lists(st.floats(1e-3, 1e3), min_size=k, max_size=k), st.lists(st.floats(-9, 9), min_size=k))
    def check(rows, scale, shift):
        scale, shift = np.array(scale), np.array(shift[:k])
        moved = hypervolume(rows * scale + shift, np.full(k, SIDE) * scale + shift)
        assert moved == pytest.approx(hypervolume(rows, [SIDE] * k) * scale.prod(), rel=1e-9, abs=1e-9)

    check()


@every_k
def test_another_point_never_shrinks_it(k):
    @settings(deadline=None)
    @given(points(k), st.tuples(*[st.integers(-2, SIDE + 2) for _ in range(k)]))
    def check(rows, row):
        before, after = hypervolume(rows, [SIDE] * k), hypervolume(np.vstack([rows, row]), [SIDE] * k)
        assert after >= before - 1e-12
        if all(x < SIDE for x in row) and not any(np.all(other <= row) for other in rows):
            assert after > before

    check()


def test_known_values():
    assert hypervolume(np.array([[1.0, 2.0], [2.0, 1.0]]), [3.0, 3.0]) == 3.0
    assert hypervolume(np.array([[1.0, 2.0, 3.0]]), [2.0, 4.0, 6.0]) == 6.0
    assert hypervolume(np.empty((0, 3)), [1.0, 1.0, 1.0]) == 0.0
    angle = np.linspace(0, math.pi / 2, 20_001)
    assert hypervolume(np.column_stack([1 - np.cos(angle), 1 - np.sin(angle)]), [1.0, 1.0]) == pytest.approx(
        math.pi / 4, abs=1e-4
    )


@pytest.mark.parametrize("k", [3, 4])
def test_it_agrees_with_a_random_sample(k):
    rng = np.random.default_rng(k)
    rows = np.abs(rng.standard_normal((60, k)))
    rows = 1.0 - rows / np.linalg.norm(rows, axis=1)[:, None]  # a concave front: none is dominated
    assert non_dominated(rows).all()
    cloud = rng.random((40_000, k))
    inside = sum(np.any(np.all(rows[:, None] <= part, axis=2), axis=0).sum() for part in np.split(cloud, 20))
    share = inside / len(cloud)
    assert hypervolume(rows, [1.0] * k) == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / len(cloud)))


def test_huge_values_do_not_warn():
    assert hypervolume(np.array([[-1e300, -1e300]]), [1e300, 1e300]) == math.inf


# ---- of trials -----------------------------------------------------------------------------------------------------


def told(goals, *outcomes):
    return [
        Trial(number=n, params={"x": 0.5}).told(Outcome.of(goals, dict(zip(goals.names, values, strict=True))))
        if values is not None
        else Trial(number=n, params={"x": 0.5})
        for n, values in enumerate(outcomes)
    ]


def numbers(trials):
    return [trial.number for trial in trials]


def test_the_front_of_trials_is_feasible_finished_and_in_order():
    goals = Goals.of({"a": "minimize", "b": "maximize"}, {"c": ">= 1"})
    trials = told(goals, (1, 1, 1), None, (0, 9, 0), (1, 1, 2), (0.5, 0.5, 1), (2, 0.9, 1), (3, 3, 1))
    assert numbers(pareto_front(trials, goals)) == [0, 3, 4, 6]
    assert pareto_front(trials[1:3], goals) == []


def test_with_one_objective_the_front_is_the_best():
    goals = Goals.of(direction="maximize")
    assert numbers(pareto_front(told(goals, (1,), (3,), (2,), (3,)), goals)) == [1, 3]


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), max_size=10))
def test_maximising_is_minimising_the_negative(outcomes):
    down, up = (Goals.of({"a": "minimize", "b": word, "c": "minimize"}) for word in ("minimize", "maximize"))
    front = numbers(pareto_front(told(down, *outcomes), down))
    assert front == numbers(pareto_front(told(up, *((a, -b, c) for a, b, c in outcomes)), up))


def test_the_reference_is_in_the_objectives_units():
    opt = ant.Optimizer(SPACE, algorithm="random", objectives={"a": "minimize", "b": "maximize"})
    opt.tell(opt.ask(), {"a": 1.0, "b": 5.0})
    assert opt.hypervolume({"b": 2.0, "a": 3.0}) == 6.0
    assert opt.hypervolume([3.0, 2.0]) == 6.0
    assert opt.hypervolume([1.0, 2.0]) == 0.0
    one = ant.Optimizer(SPACE, algorithm="random", direction="maximize")
    assert one.hypervolume([0.0]) == 0.0
    one.tell(one.ask(), 5.0)
    assert (one.hypervolume([2.0]), one.hypervolume({"value": 2.0})) == (3.0, 3.0)


@pytest.mark.parametrize("reference", [None, 1.0, [1.0], [1, 2, 3], {"a": 1.0}, {"a": 1, "b": math.nan}, ["x", "y"]])
def test_a_wrong_reference_names_the_objectives(reference):
    opt = ant.Optimizer(SPACE, algorithm="random", objectives={"a": "minimize", "b": "maximize"})
    with pytest.raises(SettingsError, match="allowed: a finite number for each of a, b"):
        opt.hypervolume(reference)


def test_the_optimizer_has_a_front_and_no_best():
    opt = ant.Optimizer(
        SPACE, algorithm="random", objectives={"chi2": "minimize", "latency_ms": "minimize"}, constraints={"m": "<= 4"}
    )
    assert opt.pareto_front == []
    opt.tell(opt.ask(), {"chi2": 1.2, "latency_ms": 8.0, "m": 3})
    opt.tell(opt.ask(), {"chi2": 1.0, "latency_ms": 7.0, "m": 5})
    opt.tell(opt.ask(), {"chi2": 2.0, "latency_ms": 6.0, "m": 4})
    assert numbers(opt.pareto_front) == [0, 2]
    for name in ("best", "recommended"):
        with pytest.raises(SettingsError, match="there are 2: chi2, latency_ms; see pareto_front"):
            getattr(opt, name)
    assert repr(opt) == "<Optimizer: 3 trials, 2 on the front>"
