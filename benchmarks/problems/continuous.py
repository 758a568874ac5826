"""The continuous suite: twelve BBOB functions and eight classic ones, the same make-up in both halves.

The classic functions of the tuning half are those that earlier experiments had already seen.
"""

from __future__ import annotations

import numpy as np

from problems.bbob import bbob
from problems.classic import (
    ackley_values,
    branin,
    classic,
    goldstein_price,
    griewank_values,
    hartmann6_values,
    powell_values,
    rosenbrock_values,
    shekel_values,
)
from problems.problem import BenchmarkProblem, cube, params_of, vector

__all__ = ["continuous"]


def continuous() -> list[BenchmarkProblem]:
    """20 problems: 2, 5, 5, 10, 10 and 20 dimensions of BBOB, and 2 to 8 of the others, in each half."""
    tune = [
        bbob(1, 10, 1, "tune"),
        bbob(7, 5, 1, "tune"),
        bbob(13, 20, 1, "tune"),
        bbob(15, 2, 1, "tune"),
        bbob(17, 10, 1, "tune"),
        bbob(21, 5, 1, "tune"),
        branin(),
        _hartmann6(),
        classic(
            "rosenbrock", "tune", 8, -5, 10, rosenbrock_values, turn=0, at=1, source="Rosenbrock 1960; De Jong 1975"
        ),
        classic("ackley", "tune", 5, -32.768, 32.768, ackley_values, turn=0, at=0, source="Ackley 1987; Baeck 1996"),
    ]
    report = [
        bbob(2, 10, 2, "report"),
        bbob(6, 5, 2, "report"),
        bbob(11, 20, 2, "report"),
        bbob(16, 2, 2, "report"),
        bbob(18, 10, 2, "report"),
        bbob(22, 5, 2, "report"),
        goldstein_price(),
        _shekel(),
        classic("powell", "report", 8, -4, 5, powell_values, turn=3, at=0, source="Powell 1962; More et al. 1981"),
        classic(
            "griewank", "report", 5, -50, 50, griewank_values, turn=4, at=0, source="Griewank 1981, on a smaller box"
        ),
    ]
    return tune + report


def _hartmann6() -> BenchmarkProblem:
    at = np.array([0.20168951, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730053])
    return BenchmarkProblem(
        name="hartmann-6",
        suite="continuous",
        half="tune",
        space=cube(6, 0, 1),
        true=lambda params: hartmann6_values(vector(params)),
        minimum=-3.322368011415515,
        optimum=params_of(at),
        source="Hartman 1973; Dixon & Szegoe 1978. As published.",
    )


def _shekel() -> BenchmarkProblem:
    at = np.array([4.000746866658956, 3.9995094808675886, 4.000746866997999, 3.9995094822423836])
    return BenchmarkProblem(
        name="shekel-4",
        suite="continuous",
        half="report",
        space=cube(4, 0, 10),
        true=lambda params: shekel_values(vector(params)),
        minimum=-10.53644315348353,
        optimum=params_of(at),
        source="Shekel 1971; Dixon & Szegoe 1978, 10 basins. As published.",
    )
