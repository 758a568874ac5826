"""A problem with real, integer, stepped, ordered, categorical and conditional parameters."""

from __future__ import annotations

import math

from askntell import Categorical, Float, Int, Ordinal, SearchSpace
from askntell.space import Params
from problems.problem import BenchmarkProblem

__all__ = ["training"]

_ACTIVATION = {"relu": 0.3, "gelu": 0.0, "tanh": 0.9, "sigmoid": 1.6}
_SOLVER = {"adam": (0.25, -3.0), "sgd": (0.0, -1.7), "rmsprop": (0.4, -3.4)}  # best value, best log10 lr


def _number(params: Params, name: str) -> float:
    value = params[name]
    assert isinstance(value, (int, float))
    return float(value)


def training() -> BenchmarkProblem:
    """The shape of a validation loss: a valley in the learning rate that moves with the solver and the batch."""
    space = SearchSpace(
        {
            "lr": Float(1e-5, 1.0, log=True),
            "width": Int(16, 1024, log=True),
            "layers": Int(1, 8),
            "dropout": Float(0.0, 0.5, step=0.05),
            "batch": Ordinal([32, 64, 128, 256]),
            "activation": Categorical(list(_ACTIVATION)),
            "solver": Categorical(list(_SOLVER)),
            "momentum": Float(0.0, 0.99, when={"solver": "sgd"}),
        }
    )

    def function(params: Params) -> float:
        best, where = _SOLVER[str(params["solver"])]
        doublings = math.log2(_number(params, "batch") / 64)
        rate = math.log10(_number(params, "lr")) - where - 0.3 * doublings
        value = best + _ACTIVATION[str(params["activation"])] + 0.8 * rate**2 + 0.05 * doublings**2
        value += 0.1 * math.log2(_number(params, "width") / 200) ** 2
        value += 0.08 * (_number(params, "layers") - 5) ** 2 + 4 * (_number(params, "dropout") - 0.15) ** 2
        if "momentum" in params:
            value += 2 * (_number(params, "momentum") - 0.9) ** 2
        return value

    return BenchmarkProblem(
        name="training-8",
        space=space,
        function=function,
        minimum=0.0,
        optimum={
            "lr": 10**-1.7,
            "width": 200,
            "layers": 5,
            "dropout": 0.15,
            "batch": 64,
            "activation": "gelu",
            "solver": "sgd",
            "momentum": 0.9,
        },
        source="made for this benchmark: 8 parameters of a network's training, momentum only with sgd",
    )
