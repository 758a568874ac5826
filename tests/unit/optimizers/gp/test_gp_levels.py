"""Second looks at levels of categories, and several models at once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from askntell import Categorical, Constant, Float, Optimizer, SearchSpace
from askntell.errors import SettingsError
from askntell.optimizers.gp import GP
from askntell.optimizers.gp.acquisition import Acquisition
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.ensemble import Ensemble
from askntell.optimizers.gp.levels import PATIENCE, least_tried, stagnation
from askntell.optimizers.gp.model import Hyper
from askntell.optimizers.gp.posterior import Posterior

TREE = SearchSpace(
    {
        "x": Float(0, 1),
        "kind": Constant("net"),
        "solver": Categorical(["adam", "sgd"], when={"kind": "net"}),
        "schedule": Categorical(["flat", "step", "cosine"], when={"solver": "sgd"}),
    }
)


def trials(*rows):
    """Unit points and losses of (x, solver, schedule, loss)."""
    params = []
    for x, solver, schedule, _ in rows:
        made = {"x": x, "kind": "net", "solver": solver}
        params.append(made if schedule is None else {**made, "schedule": schedule})
    return TREE.unit.encode_many(params), np.array([row[3] for row in rows], dtype=float)


ROWS = [
    (0.1, "adam", None, 1.0),
    (0.2, "adam", None, 0.5),
    (0.3, "sgd", "flat", 3.0),
    (0.4, "sgd", "step", 2.0),
    (0.5, "adam", None, 0.7),
    (0.6, "sgd", "step", math.nan),
    (0.7, "sgd", "flat", 4.0),
]


def test_stagnation_counts_what_followed_the_last_progress():
    assert stagnation(np.array([])) == 0
    assert stagnation(np.array([5.0])) == 0
    assert stagnation(np.array([5.0, 4.0, 4.5, 4.5])) == 2
    assert stagnation(np.array([5.0, 4.0, 4.5, 1.0])) == 0
    # 3.999 is better than 4, but by far less than 1 % of what the best is below the median
    assert stagnation(np.array([9.0, 9.0, 9.0, 4.0, 9.0, 3.999, 9.0])) == 3
    assert stagnation(np.array([1e308, -1e308, 1e308])) == 1


def test_the_level_with_the_fewest_trials_for_its_share():
    U, loss = trials(*ROWS)
    level = least_tried(TREE, U, loss, {})
    assert level.held == {"schedule": "cosine", "solver": "sgd"}  # with the parent that makes it active
    assert not level.own.any()


def test_a_level_knows_its_own_trials():
    cosines = [(0.8, "sgd", "cosine", 1.0), (0.9, "sgd", "cosine", 1.5), (0.95, "sgd", "cosine", 1.2)]
    adams = [(0.05 * k, "adam", None, 2.0) for k in range(4)]
    U, loss = trials(*ROWS, *cosines, *adams)
    level = least_tried(TREE, U, loss, {})
    assert level.held == {"schedule": "flat", "solver": "sgd"}
    assert np.flatnonzero(level.own).tolist() == [2, 6]


def test_what_is_fixed_stays():
    U, loss = trials(*ROWS)
    assert least_tried(TREE, U, loss, {"solver": "adam"}) is None
    assert least_tried(TREE, U, loss, {"schedule": "flat"}).held == {"schedule": "flat", "solver": "adam"}
    assert least_tried(TREE, U, loss, {"x": 0.25}).held == {"schedule": "cosine", "solver": "sgd", "x": 0.25}


def test_there_is_none_without_categories_or_with_more_levels_than_trials():
    U, loss = trials(*ROWS[:4])
    assert least_tried(TREE, U, loss, {}) is None
    reals = SearchSpace({"x": Float(0, 1)})
    assert least_tried(reals, np.full((9, 1), 0.5), np.zeros(9), {}) is None


def test_a_branch_that_was_never_active_waits_for_its_parent():
    U, loss = trials(*[(0.1 * k, "adam", None, 1.0 + k) for k in range(7)])
    assert least_tried(TREE, U, loss, {}).held == {"solver": "sgd"}


def hidden(params):
    """The second level is better, but only where the first one is bad."""
    x, y = params["x"], params["y"]
    return 0.3 + (x - 0.2) ** 2 + y**2 if params["c"] == "a" else 8 * (x - 0.9) ** 2 + (y - 0.7) ** 2


def test_the_search_comes_back_to_a_level_whose_optimum_lies_elsewhere():
    space = SearchSpace({"x": Float(0, 1), "y": Float(0, 1), "c": Categorical(["a", "b"])})
    for seed in range(3):
        optimizer = Optimizer(space, algorithm="gp", seed=seed)
        optimizer.tell({"x": 0.2, "y": 0.0, "c": "a"}, 0.3)  # the trap
        for _ in range(30):
            trial = optimizer.ask()
            optimizer.tell(trial, hidden(trial.params))
        assert optimizer.best.params["c"] == "b" and optimizer.best.value < 1e-3
    looks = [trial for trial in optimizer.history if trial.why.get("gain") == "second look"]
    assert looks and all(trial.number % 2 and trial.number > PATIENCE for trial in looks)


def posterior(kernel, *, seed=0):
    rng = np.random.default_rng(seed)
    X, y = rng.random((12, 2)), rng.standard_normal(12)
    return Posterior.of(Data.of(X, y), Hyper(scale=np.full(2, 0.4), noise=1e-4, kernel=kernel))


def test_an_ensemble_is_the_mean_of_improvements():
    models = posterior("matern"), posterior("gauss")
    both = Ensemble.of(models, (0.25, 0.75), (-1.0, -1.2))
    X = np.random.default_rng(1).random((6, 2))
    one, other = (Acquisition(posterior=p, best=b).value(X) for p, b in zip(models, (-1.0, -1.2), strict=True))
    np.testing.assert_allclose(np.exp(both.value(X)), 0.25 * np.exp(one) + 0.75 * np.exp(other), rtol=1e-12)
    assert both.posterior is models[0]
    np.testing.assert_allclose(both.mean(X), 0.25 * models[0].predict(X)[0] + 0.75 * models[1].predict(X)[0])
    assert [m.best for m in both.beyond(X).members] == [pytest.approx(p.predict(X)[0].min()) for p in models]


def test_an_ensemble_believes_in_each_of_its_models():
    both = Ensemble.of((posterior("matern"), posterior("gauss")), (0.5, 0.5), (5.0, 5.0))
    X = np.random.default_rng(2).random((3, 2))
    after = both.believing(X, np.array([True, False, True]))
    for before, member in zip(both.members, after.members, strict=True):
        means = before.posterior.predict(X)[0]
        assert member.best == pytest.approx(min(means[0], means[2]))
        np.testing.assert_allclose(member.posterior.predict(X)[0], means, atol=1e-6)
        assert np.all(member.posterior.predict(X)[1] < before.posterior.predict(X)[1])


@pytest.mark.parametrize("kernel", ["matern", "gauss", "two-scale", "auto"])
def test_kernels_by_name(kernel):
    space = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
    optimizer = Optimizer(space, algorithm=GP(kernel=kernel))
    for _ in range(20):
        trial = optimizer.ask()
        optimizer.tell(trial, (trial.params["x"] - 0.3) ** 2 + trial.params["y"])
    assert optimizer.best.value < 1e-3
    if kernel != "auto":
        assert optimizer.explain(19)["kernel"] == kernel
    with pytest.raises(SettingsError, match="kernel='rbf'; allowed: auto, matern, gauss, two-scale"):
        GP(kernel="rbf")


def test_the_data_choose_the_kernel_where_parameters_have_levels():
    """A parabola is smooth, a sum of sharp ridges is not."""

    def chosen(space, function):
        optimizer = Optimizer(space, algorithm="gp")
        for params in space.sample(40, seed=1):
            optimizer.tell(params, function(params["x"], params["y"]))
        return optimizer.explain(optimizer.ask())["kernel"]

    fine = SearchSpace({"x": Float(0, 1), "y": Float(0, 1, step=0.001)})
    assert chosen(fine, lambda x, y: (x - 0.4) ** 2 + 2 * (y - 0.7) ** 2) == "gauss"
    assert chosen(fine, lambda x, y: abs(x - 0.43) + abs(y - 0.61)) == "matern"
    real = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
    assert chosen(real, lambda x, y: (x - 0.4) ** 2 + 2 * (y - 0.7) ** 2) == "matern"
