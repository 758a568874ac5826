"""Regret guards: far above what is usual, so that only a real loss of quality fails. Medians of three seeds."""

import math

import numpy as np
import pytest

from askntell import Categorical, Float, Int, Optimizer, SearchSpace

pytestmark = pytest.mark.slow


def smallest(space, function, trials):
    """Median over three seeds of the best value."""
    found = []
    for seed in range(3):
        optimizer = Optimizer(space, algorithm="gp", seed=seed)
        for _ in range(trials):
            trial = optimizer.ask()
            optimizer.tell(trial, function(trial.params))
        found.append(optimizer.best.value)
    return float(np.median(found))


def test_branin():
    def branin(p):
        x, y = p["x"], p["y"]
        bowl = (y - 5.1 * x**2 / (4 * math.pi**2) + 5 * x / math.pi - 6) ** 2
        return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10

    space = SearchSpace({"x": Float(-5, 10), "y": Float(0, 15)})
    assert smallest(space, branin, 40) - 0.397887 < 1e-2


def test_hartmann_6():
    A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    P = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ]

    def hartmann(p):
        x = np.array([p[f"x{k}"] for k in range(6)])
        return -float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(np.array(A) * (x - np.array(P)) ** 2).sum(axis=1)))

    space = SearchSpace({f"x{k}": Float(0, 1) for k in range(6)})
    assert smallest(space, hartmann, 60) + 3.322368 < 5e-2


def test_shifted_sphere():
    shift = [1.9, -1.6, -2.0, 1.0, -2.3]
    space = SearchSpace({f"x{k}": Float(-5, 5) for k in range(5)})
    assert smallest(space, lambda p: sum((p[f"x{k}"] - s) ** 2 for k, s in enumerate(shift)), 40) < 1e-3


def test_a_mixed_problem_reaches_the_best_levels():
    space = SearchSpace(
        {
            "lr": Float(1e-5, 1e-1, log=True),
            "layers": Int(1, 8),
            "act": Categorical(["relu", "gelu", "tanh", "elu"]),
            "solver": Categorical(["adam", "sgd", "lion"]),
            "x": Float(-1, 1),
        }
    )

    def loss(p):
        level = {"relu": 0.2, "gelu": 0.0, "tanh": 0.5, "elu": 0.3}[p["act"]]
        level += {"adam": 0.0, "sgd": 0.4, "lion": 0.25}[p["solver"]]
        return level + 0.1 * abs(p["layers"] - 5) + (math.log10(p["lr"]) + 2.7) ** 2 + (p["x"] - 0.4) ** 2

    # every other level costs at least 0.1
    assert smallest(space, loss, 50) < 0.05


def test_eight_at_a_time():
    space = SearchSpace({f"x{k}": Float(-5, 5) for k in range(4)})
    found = []
    for seed in range(3):
        optimizer = Optimizer(space, algorithm="gp", seed=seed)
        for _ in range(7):
            for trial in optimizer.ask(8):
                optimizer.tell(trial, sum((v - 1.3) ** 2 for v in trial.params.values()))
        found.append(optimizer.best.value)
    assert np.median(found) < 0.05
