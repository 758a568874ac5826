"""CMA-ES: generations as a fold of the closed trials, every kind of parameter, restarts, and what it gains."""

from __future__ import annotations

import numpy as np
import pytest

from askntell import Categorical, Float, Int, Optimizer, Ordinal, SearchSpace
from askntell.errors import SettingsError
from askntell.optimizers._evolution import Axes
from askntell.optimizers.algorithm import Request
from askntell.optimizers.cmaes import CMAES
from askntell.optimizers.registry import algorithm_from, settings_of
from askntell.trial import Outcome, Problem, Trial

MIXED = SearchSpace(
    {
        "x": Float(-1, 1),
        "y": Float(1e-3, 1e3, log=True),
        "n": Int(1, 12),
        "wide": Int(0, 10**9),
        "two": Int(0, 1),
        "o": Ordinal([1, 2, 5]),
        "c": Categorical(["a", "b", "c"]),
        "one": Categorical(["only"]),
    }
)


def cube(d):
    return SearchSpace({f"x{i}": Float(-1, 1) for i in range(d)})


def sphere(params):
    return sum((value - 0.3) ** 2 for value in params.values())


def run(space, function, algorithm, trials, seed=0):
    optimizer = Optimizer(space, algorithm=algorithm, seed=seed)
    for _ in range(trials):
        trial = optimizer.ask()
        optimizer.tell(trial, function(trial.params))
    return optimizer


def test_every_kind_of_parameter_has_its_axis():
    axes = Axes.of(MIXED)
    names = np.array(MIXED.unit.names)
    assert names[axes.reals].tolist() == ["x", "y", "wide"]
    assert names[axes.cells].tolist() == ["n", "o"]
    assert names[axes.choices].tolist() == ["two", "c"]
    assert axes.d == 7
    assert axes.population == 4 + 5  # 3 ln 7 = 5.8


def test_the_points_of_cells_are_those_of_the_space():
    space = SearchSpace({"n": Int(1, 40, log=True), "s": Float(0, 1, step=0.1), "c": Categorical(["a", "b"])})
    axes = Axes.of(space)
    for column, points in zip([*axes.cells, *axes.choices], [*axes.cell_points, *axes.choice_points], strict=True):
        rows = np.full((len(points), space.unit.d), 0.5)
        rows[:, column] = points
        np.testing.assert_allclose(space.unit.snap(rows)[:, column], points, rtol=1e-14)


def test_what_is_read_of_the_package_is_there():
    """The package has no public reader of its distribution; a version that names it otherwise must fail here."""
    search = CMAES().start(Problem(space=MIXED)).search
    mean, transform, inverse = search.normal
    np.testing.assert_allclose(mean, MIXED.unit.encode(MIXED.default())[search.axes.numbers])
    np.testing.assert_allclose(transform @ inverse, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(search.deviations, CMAES().step)
    assert [len(part) for part in search.cumulated] == [2, 3]
    np.testing.assert_allclose([part[-1] for part in search.cumulated], 1.0)


def test_it_finds_the_minimum_of_a_smooth_function():
    optimizer = run(cube(4), sphere, "cmaes", 500)
    assert optimizer.best.value < 1e-6


def test_it_finds_integers_and_categories():
    space = SearchSpace({"x": Float(0, 1), "n": Int(1, 30), "c": Categorical(["a", "b", "c", "d"])})

    def function(params):
        return (params["x"] - 0.2) ** 2 + ((params["n"] - 23) / 10) ** 2 + 0.3 * "cadb".index(params["c"])

    best = [run(space, function, "cmaes", 250, seed).best for seed in range(3)]
    assert sum(trial.params["n"] == 23 and trial.params["c"] == "c" for trial in best) >= 2


def test_a_correlated_valley_needs_the_covariance():
    def function(params):
        x, y = params["x0"], params["x1"]
        return (x + y - 0.5) ** 2 * 1e4 + (x - y) ** 2

    assert run(cube(2), function, "cmaes", 400).best.value < 1e-4


def test_asks_within_a_generation_do_not_depend_on_what_was_told_in_it():
    def asked(losses):
        optimizer = Optimizer(cube(3), algorithm=CMAES(population=8), seed=1)
        for value in losses:
            optimizer.tell(optimizer.ask(), value)
        return optimizer.ask().params

    assert asked([1, 2, 3, 4, 5]) == asked([5, 4, 3, 2, 1])
    assert asked([1, 2, 3, 4, 5, 6, 7, 8]) != asked([8, 7, 6, 5, 4, 3, 2, 1])


def test_only_the_order_of_losses_counts():
    def params(transform):
        optimizer = run(cube(3), lambda p: transform(sphere(p)), CMAES(population=6), 40)
        return [trial.params for trial in optimizer.history]

    assert params(lambda v: v) == params(lambda v: np.exp(3 * v) * 1e6)


def test_points_measured_elsewhere_and_enqueued_ones_move_it():
    optimizer = Optimizer(cube(3), algorithm=CMAES(population=8), seed=0)
    for params in cube(3).sample(200, seed=1):
        if all(value > 0.4 for value in params.values()):
            optimizer.tell(params, sphere(params))
    for _ in range(16):
        optimizer.enqueue({"x0": 0.9, "x1": 0.9, "x2": 0.8 + optimizer.history[-1].number / 1e3})
        trial = optimizer.ask()
        optimizer.tell(trial, 0.0)
    drawn = [optimizer.ask().params for _ in range(8)]
    assert np.mean([list(params.values()) for params in drawn]) > 0.25


def test_failed_trials_are_the_worst():
    space = cube(2)
    optimizer = Optimizer(space, algorithm=CMAES(population=6), seed=0)
    for _ in range(120):
        trial = optimizer.ask()
        if trial.params["x0"] > 0.0:
            optimizer.tell(trial, failed="crash")
        else:
            optimizer.tell(trial, -trial.params["x0"] + trial.params["x1"] ** 2)
    assert np.mean([trial.params["x0"] > 0.0 for trial in optimizer.history[60:]]) < 0.6
    assert optimizer.best.value < 0.05


def test_cancelled_trials_are_left_out():
    algorithm = CMAES(population=4)
    problem = Problem(space=cube(2))
    trials = [Trial(number=i, params=p) for i, p in enumerate(cube(2).sample(6, seed=0))]
    closed = [t.told(Outcome(values={"value": 1.0 * t.number})) for t in trials]
    with_gaps = algorithm.learn(algorithm.start(problem), closed[:3])
    assert len(with_gaps.waiting) == 3
    assert with_gaps.search.generation == 0
    assert algorithm.learn(with_gaps, closed[3:]).search.generation == 1


def test_a_search_that_stands_still_starts_again_with_twice_the_population():
    optimizer = run(cube(2), lambda _: 1.0, CMAES(population=4), 4 * (10 + 15) + 1)
    why = optimizer.ask().why
    assert why["restart"] == 1
    assert why["population"] == 8


def test_a_converged_search_starts_again():
    optimizer = run(cube(2), sphere, CMAES(population=6, tolerance=1e-3), 300)
    assert optimizer.history[-1].why["restart"] >= 1
    restarted = [trial.params["x0"] for trial in optimizer.history if trial.why.get("restart") == 1]
    assert np.std(restarted) > 0.05


def test_an_inactive_parameter_teaches_nothing():
    space = SearchSpace(
        {"k": Categorical(["a", "b"]), "u": Float(0, 1, when={"k": "a"}), "n": Int(1, 9, when={"k": "a"})}
    )
    algorithm = CMAES(population=4)
    state = algorithm.start(Problem(space=space))
    closed = [Trial(number=i, params={"k": "b"}).told(Outcome(values={"value": float(i)})) for i in range(40)]
    state = algorithm.learn(state, closed)
    assert np.all(state.search.deviations > 0.02)
    assert np.all((state.search.normal[0] > -0.5) & (state.search.normal[0] < 1.5))


def test_the_memo_of_the_fold_may_be_dropped():
    space = SearchSpace({"x": Float(0, 1), "n": Int(1, 9), "c": Categorical(["a", "b", "c"])})
    algorithm = CMAES(population=5)
    optimizer = run(space, lambda p: p["x"] + p["n"] / 9, algorithm, 63)
    again = algorithm.learn(algorithm.start(Problem(space=space)), optimizer.history)
    request = Request(number=63, seed=0, segment="all", taken=set())
    assert algorithm.propose(again, request) == algorithm.propose(again, request)
    assert algorithm.propose(again, request).params == optimizer.ask().params


@pytest.mark.parametrize(
    "wrong", [{"population": 3}, {"population": True}, {"step": 0}, {"step": 1.1}, {"tolerance": -1.0}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(SettingsError, match=f"cmaes: {next(iter(wrong))}="):
        CMAES(**wrong)


def test_the_name_leads_to_the_class():
    assert algorithm_from("cmaes", settings_of(CMAES(population=9))) == CMAES(population=9)
