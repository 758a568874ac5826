"""The conditional suite: trees of choices, each with parameters of its own."""

from __future__ import annotations

import math

from askntell import Categorical, Float, Int, Ordinal, SearchSpace
from askntell.space import Params
from problems.hpo import CONDITIONAL
from problems.problem import BenchmarkProblem, number
from problems.tables import made, table_problem

__all__ = ["conditional"]


def conditional() -> list[BenchmarkProblem]:
    """Three problems in each half: one level, two levels, and the choice of a real classifier."""
    real = [
        table_problem(name, "conditional", half, space, source, root="model")
        for name, (half, source, space) in CONDITIONAL.items()
        if made(name)
    ]
    return [_training(), _pipeline(), *[p for p in real if p.half == "tune"], _solvers(), _detector()] + [
        p for p in real if p.half == "report"
    ]


_ACTIVATION = {"relu": 0.3, "gelu": 0.0, "tanh": 0.9, "sigmoid": 1.6}
_SOLVER = {"adam": (0.25, -3.0), "sgd": (0.0, -1.7), "rmsprop": (0.4, -3.4)}  # best value, best log10 rate


def _training() -> BenchmarkProblem:
    """The shape of a validation loss; only the best solver has a momentum."""
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

    def true(params: Params) -> float:
        best, where = _SOLVER[str(params["solver"])]
        doublings = math.log2(number(params, "batch") / 64)
        rate = math.log10(number(params, "lr")) - where - 0.3 * doublings
        value = best + _ACTIVATION[str(params["activation"])] + 0.8 * rate**2 + 0.05 * doublings**2
        value += 0.1 * math.log2(number(params, "width") / 200) ** 2
        value += 0.08 * (number(params, "layers") - 5) ** 2 + 4 * (number(params, "dropout") - 0.15) ** 2
        if "momentum" in params:
            value += 2 * (number(params, "momentum") - 0.9) ** 2
        return value

    return _problem("training-8", "tune", space, true, {
        "lr": 10**-1.7, "width": 200, "layers": 5, "dropout": 0.15, "batch": 64, "activation": "gelu", "solver": "sgd",
        "momentum": 0.9,
    })  # fmt: skip


def _pipeline() -> BenchmarkProblem:
    """A model with its preprocessing: two roots, and a second level under one branch of each."""
    space = SearchSpace(
        {
            "model": Categorical(["linear", "trees", "network"]),
            "penalty": Float(1e-6, 1e2, log=True, when={"model": "linear"}),
            "count": Int(10, 1000, log=True, when={"model": "trees"}),
            "depth": Int(1, 20, when={"model": "trees"}),
            "rate": Float(1e-5, 1e-1, log=True, when={"model": "network"}),
            "schedule": Categorical(["constant", "cosine", "step"], when={"model": "network"}),
            "warmup": Float(0.0, 0.3, when={"model": "network", "schedule": "cosine"}),
            "gamma": Float(0.1, 0.99, when={"model": "network", "schedule": "step"}),
            "scaler": Categorical(["none", "standard", "quantile"]),
            "quantiles": Int(10, 1000, log=True, when={"scaler": "quantile"}),
        }
    )

    def true(params: Params) -> float:
        value = {"none": 0.4, "standard": 0.1, "quantile": 0.0}[str(params["scaler"])]
        if "quantiles" in params:
            value += 0.3 * math.log10(number(params, "quantiles") / 120) ** 2
        if params["model"] == "linear":
            return value + 0.55 + 0.05 * math.log10(number(params, "penalty") / 0.03) ** 2
        if params["model"] == "trees":
            depth, count = number(params, "depth"), number(params, "count")
            return value * 0.3 + 0.25 + 0.006 * (depth - 7) ** 2 + 0.25 * math.log10(count / 700) ** 2
        rate = math.log10(number(params, "rate"))
        if params["schedule"] == "cosine":
            return value + 0.5 * (rate + 2.2) ** 2 + 8 * (number(params, "warmup") - 0.11) ** 2
        if params["schedule"] == "step":
            return value + 0.15 + 0.5 * (rate + 2.8) ** 2 + 1.5 * (number(params, "gamma") - 0.7) ** 2
        return value + 0.3 + 0.7 * (rate + 3.3) ** 2

    return _problem("pipeline-10", "tune", space, true, {
        "model": "network", "rate": 10**-2.2, "schedule": "cosine", "warmup": 0.11, "scaler": "quantile",
        "quantiles": 120,
    })  # fmt: skip


def _solvers() -> BenchmarkProblem:
    """Six solvers that share a tolerance; four have parameters of their own."""
    space = SearchSpace(
        {
            "solver": Categorical(["direct", "jacobi", "gmres", "multigrid", "conjugate", "chebyshev"]),
            "tolerance": Float(1e-10, 1e-1, log=True),
            "omega": Float(0.05, 1.0, when={"solver": "jacobi"}),
            "restart": Int(2, 200, log=True, when={"solver": "gmres"}),
            "fill": Int(0, 10, when={"solver": ["gmres", "conjugate"]}),
            "levels": Int(1, 9, when={"solver": "multigrid"}),
            "smoothings": Int(1, 12, when={"solver": "multigrid"}),
            "damping": Float(0.1, 1.9, when={"solver": "multigrid"}),
            "order": Int(1, 40, log=True, when={"solver": "chebyshev"}),
        }
    )

    def true(params: Params) -> float:
        tolerance = math.log10(number(params, "tolerance"))
        value = 0.03 * (tolerance + 5.5) ** 2
        solver = params["solver"]
        if solver == "direct":
            return value + 1.2
        if solver == "jacobi":
            return value + 2.0 + 3 * (number(params, "omega") - 0.66) ** 2 - 0.05 * tolerance
        if solver == "gmres":
            fill, restart = number(params, "fill"), math.log10(number(params, "restart"))
            return value + 0.45 + 0.03 * (fill - 4) ** 2 + 0.8 * (restart - 1.6 + 0.05 * fill) ** 2
        if solver == "conjugate":
            return value + 0.6 + 0.02 * (number(params, "fill") - 6) ** 2
        if solver == "chebyshev":
            return value + 0.5 + 0.9 * math.log10(number(params, "order") / 9) ** 2
        levels, smoothings = number(params, "levels"), number(params, "smoothings")
        value += 0.09 * (levels - 6) ** 2 + 0.05 * (smoothings - 3) ** 2
        return value + 1.6 * (number(params, "damping") - 1.17 - 0.02 * (smoothings - 3)) ** 2

    return _problem("solvers-9", "report", space, true, {
        "solver": "multigrid", "tolerance": 10**-5.5, "levels": 6, "smoothings": 3, "damping": 1.17,
    })  # fmt: skip


def _detector() -> BenchmarkProblem:
    """Reconstruction of a shower: a method, under it a profile, under that its numbers."""
    space = SearchSpace(
        {
            "method": Categorical(["cluster", "fit", "network"]),
            "threshold": Float(0.01, 10.0, log=True, when={"method": "cluster"}),
            "neighbours": Int(1, 26, when={"method": "cluster"}),
            "profile": Categorical(["gamma", "gauss", "spline"], when={"method": "fit"}),
            "shape": Float(0.5, 8.0, when={"method": "fit", "profile": "gamma"}),
            "scale": Float(0.1, 5.0, log=True, when={"method": "fit", "profile": "gamma"}),
            "width": Float(0.1, 5.0, log=True, when={"method": "fit", "profile": "gauss"}),
            "knots": Int(3, 30, when={"method": "fit", "profile": "spline"}),
            "channels": Int(4, 256, log=True, when={"method": "network"}),
            "rate": Float(1e-5, 1e-1, log=True, when={"method": "network"}),
            "calibration": Ordinal([1, 2, 5, 10, 20, 50]),
            "pedestal": Float(-1.0, 1.0),
        }
    )

    def true(params: Params) -> float:
        calibration = math.log10(number(params, "calibration"))
        value = 0.2 * (calibration - 1) ** 2 + 0.5 * (number(params, "pedestal") - 0.23) ** 2
        if params["method"] == "cluster":
            threshold = math.log10(number(params, "threshold"))
            return value + 0.4 + 0.3 * (threshold + 0.4) ** 2 + 0.002 * (number(params, "neighbours") - 9) ** 2
        if params["method"] == "network":
            channels, rate = math.log10(number(params, "channels")), math.log10(number(params, "rate"))
            return value + 0.1 + 0.5 * (channels - 1.9) ** 2 + 0.6 * (rate + 3.1 - 0.4 * (1.9 - channels)) ** 2
        if params["profile"] == "gauss":
            return value + 0.8 + 0.7 * math.log10(number(params, "width") / 1.3) ** 2
        if params["profile"] == "spline":
            return value + 0.5 + 0.004 * (number(params, "knots") - 12) ** 2
        shape, scale = number(params, "shape"), math.log10(number(params, "scale"))
        return value + 0.05 * (shape - 3.4) ** 2 + 1.4 * (scale - 0.1 + 0.12 * (shape - 3.4)) ** 2

    return _problem("detector-12", "report", space, true, {
        "method": "fit", "profile": "gamma", "shape": 3.4, "scale": 10**0.1, "calibration": 10, "pedestal": 0.23,
    })  # fmt: skip


def _problem(name: str, half: str, space: SearchSpace, true: object, optimum: Params) -> BenchmarkProblem:
    return BenchmarkProblem(
        name=name,
        suite="conditional",
        half=half,
        space=space,
        true=true,  # type: ignore[arg-type] -- the functions above
        minimum=0.0,
        optimum=optimum,
        source="Ours: the shape of a known kind of tuning problem",
    )
