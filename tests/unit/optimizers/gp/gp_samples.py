"""Spaces and losses that several tests of the Gaussian process share."""

import math

from askntell import Categorical, Constant, Float, Int, Ordinal, SearchSpace, Trial
from askntell.goals import Goals
from askntell.optimizers import Request
from askntell.optimizers.gp import GP
from askntell.trial import Outcome, Problem

SQUARE = SearchSpace({"x": Float(0, 1), "y": Float(-5, 5)})
MIXED = SearchSpace(
    {
        "lr": Float(1e-5, 1e-1, log=True),
        "layers": Int(1, 6),
        "width": Int(8, 512, log=True),
        "drop": Float(0, 0.5, step=0.05),
        "batch": Ordinal([32, 64, 128]),
        "solver": Categorical(["adam", "sgd", "lion"]),
        "momentum": Float(0, 0.99, when={"solver": "sgd"}),
        "epochs": Constant(5),
    },
    constraints=["width >= 8 * layers"],
    forbidden=[{"solver": "lion", "batch": 128}],
)


def bowl(params):
    return (params["x"] - 0.3) ** 2 + 0.1 * (params["y"] - 1) ** 2


def mixed_loss(params):
    value = (math.log10(params["lr"]) + 3) ** 2 + 0.1 * params["layers"] + abs(params["drop"] - 0.2)
    value += {"adam": 0.5, "sgd": 0.0, "lion": 1.0}[params["solver"]] + 0.01 * abs(params["width"] - 100)
    return value + (params.get("momentum", 0.9) - 0.9) ** 2


def told(space, function, count, *, seed=0):
    """Closed trials at random points."""
    points = space.sample(count, seed=seed)
    return [
        Trial(number=k, params=p, by="told").told(Outcome(values={"value": function(p)})) for k, p in enumerate(points)
    ]


def propose(space, trials, *, number=None, seed=0, algorithm=None, goals=None, pending=(), fixed=None):
    """One proposal through start, learn and propose alone."""
    algorithm = GP() if algorithm is None else algorithm
    problem = Problem(space=space, goals=Goals() if goals is None else goals)
    state = algorithm.learn(algorithm.start(problem), trials)
    taken = {space.key(t.params) for t in [*trials, *pending]}
    number = len(trials) + len(pending) if number is None else number
    request = Request(number=number, seed=seed, segment="all", pending=pending, taken=taken, fixed=fixed or {})
    return algorithm.propose(state, request)
