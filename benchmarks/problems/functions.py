"""Standard continuous test functions, with their optima moved away from the centre and from round numbers.

A method that starts at the centre, or that likes the diagonal, would otherwise be rewarded for it. The shifts are
fixed fractions of the range: the first digits of well-known constants, so that nobody chose them to please a method.
"""

from __future__ import annotations

import numpy as np

from askntell import Float, SearchSpace
from askntell.space import Params
from problems.problem import BenchmarkProblem

__all__ = ["ackley_5", "branin", "hartmann_6", "levy_10", "rosenbrock_8", "sphere_5"]

# pi, e, sqrt2, golden ratio, gamma, ln 2, Catalan, Apery, ln 3, sqrt3: two decimals each, as fractions around 0
_SHIFTS = np.array([0.14, -0.28, 0.21, -0.38, 0.08, 0.19, -0.16, -0.20, 0.10, -0.23])


def _cube(d: int, low: float, high: float) -> SearchSpace:
    return SearchSpace({f"x{k}": Float(low, high) for k in range(d)})


def _vector(params: Params) -> np.ndarray:
    return np.array([params[f"x{k}"] for k in range(len(params))], dtype=float)


def _params(x: np.ndarray) -> Params:
    return {f"x{k}": float(v) for k, v in enumerate(x)}


def branin() -> BenchmarkProblem:
    def function(params: Params) -> float:
        x, y = _vector(params)
        bowl = (y - 5.1 * x**2 / (4 * np.pi**2) + 5 * x / np.pi - 6) ** 2
        return float(bowl + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)

    return BenchmarkProblem(
        name="branin-2",
        space=SearchSpace({"x0": Float(-5, 10), "x1": Float(0, 15)}),
        function=function,
        minimum=0.39788735772973816,
        optimum={"x0": float(np.pi), "x1": 2.275},
        source="Branin 1972; Dixon & Szegoe 1978. As published: three optima, none at the centre.",
    )


_HARTMANN_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann_6() -> BenchmarkProblem:
    def function(params: Params) -> float:
        x = _vector(params)
        return -float(np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-(_HARTMANN_A * (x - _HARTMANN_P) ** 2).sum(axis=1)))

    return BenchmarkProblem(
        name="hartmann-6",
        space=_cube(6, 0, 1),
        function=function,
        minimum=-3.322368011415515,
        optimum=_params(np.array([0.20168951, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730053])),
        source="Hartman 1973; Dixon & Szegoe 1978. As published; a second basin at -3.20 catches many runs.",
    )


def ackley_5() -> BenchmarkProblem:
    shift = 65.536 * _SHIFTS[:5]

    def function(params: Params) -> float:
        x = _vector(params) - shift
        first = -20 * np.exp(-0.2 * np.sqrt(np.mean(x**2)))
        return float(first - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20 + np.e)

    return BenchmarkProblem(
        name="ackley-5",
        space=_cube(5, -32.768, 32.768),
        function=function,
        minimum=0.0,
        optimum=_params(shift),
        source="Ackley 1987; Baeck 1996 for d dimensions. Shifted.",
    )


def levy_10() -> BenchmarkProblem:
    shift = 20 * _SHIFTS

    def function(params: Params) -> float:
        w = 1 + (_vector(params) - shift - 1) / 4
        middle = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
        last = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
        return float(np.sin(np.pi * w[0]) ** 2 + middle + last)

    return BenchmarkProblem(
        name="levy-10",
        space=_cube(10, -10, 10),
        function=function,
        minimum=0.0,
        optimum=_params(shift + 1),
        source="Levy & Montalvo 1985; Laguna & Marti 2005, no. 13. Shifted.",
    )


def rosenbrock_8() -> BenchmarkProblem:
    shift = 15 * _SHIFTS[:8] + 1.5  # the centre of the box is at 2.5, the unshifted optimum at 1

    def function(params: Params) -> float:
        x = _vector(params) - shift
        return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())

    return BenchmarkProblem(
        name="rosenbrock-8",
        space=_cube(8, -5, 10),
        function=function,
        minimum=0.0,
        optimum=_params(shift + 1),
        source="Rosenbrock 1960; De Jong 1975 for d dimensions. Shifted.",
    )


def sphere_5() -> BenchmarkProblem:
    shift = 10 * _SHIFTS[5:]

    def function(params: Params) -> float:
        return float(((_vector(params) - shift) ** 2).sum())

    return BenchmarkProblem(
        name="sphere-5",
        space=_cube(5, -5, 5),
        function=function,
        minimum=0.0,
        optimum=_params(shift),
        source="De Jong 1975. Shifted.",
    )
