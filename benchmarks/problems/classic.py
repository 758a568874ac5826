"""Standard continuous test functions, with their optima moved away from the centre and from round numbers.

A method that starts at the centre, or that likes the diagonal, would otherwise be rewarded for it. The shifts are
fixed fractions of the range: the first digits of well-known constants, so that nobody chose them to please a method.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from askntell import Float, SearchSpace
from askntell.space import Params
from problems.problem import BenchmarkProblem, cube, params_of, vector

__all__ = [
    "ackley_values",
    "branin",
    "classic",
    "goldstein_price",
    "griewank_values",
    "hartmann3_values",
    "hartmann6_values",
    "levy_values",
    "powell_values",
    "rastrigin_values",
    "rosenbrock_values",
    "shekel_values",
    "shifted",
    "styblinski_values",
]

Function = Callable[[NDArray[np.float64]], float]

# pi, e, sqrt2, golden ratio, gamma, ln 2, Catalan, Apery, ln 3, sqrt3: two decimals each, as fractions around 0
_SHIFTS = np.array([0.14, -0.28, 0.21, -0.38, 0.08, 0.19, -0.16, -0.20, 0.10, -0.23])


def shifted(d: int, low: float, high: float, turn: int = 0) -> NDArray[np.float64]:
    """A shift for each coordinate, shape (d,), at most 0.38 of the range; `turn` starts elsewhere in the list."""
    return (high - low) * np.roll(_SHIFTS, -turn)[:d]


def classic(
    name: str, half: str, d: int, low: float, high: float, values: Function, *, turn: int, at: float, source: str
) -> BenchmarkProblem:
    """`values` on a box, its optimum (all coordinates `at`, value 0) moved by a shift around the box's centre."""
    move = (low + high) / 2 + shifted(d, low, high, turn) - at
    return BenchmarkProblem(
        name=f"{name}-{d}",
        suite="continuous",
        half=half,
        space=cube(d, low, high),
        true=lambda params: values(vector(params) - move),
        minimum=0.0,
        optimum=params_of(move + at),
        source=f"{source}. Shifted.",
    )


def branin() -> BenchmarkProblem:
    def true(params: Params) -> float:
        x, y = vector(params)
        bowl = (y - 5.1 * x**2 / (4 * np.pi**2) + 5 * x / np.pi - 6) ** 2
        return float(bowl + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)

    return BenchmarkProblem(
        name="branin-2",
        suite="continuous",
        half="tune",
        space=SearchSpace({"x0": Float(-5, 10), "x1": Float(0, 15)}),
        true=true,
        minimum=0.39788735772973816,
        optimum={"x0": float(np.pi), "x1": 2.275},
        source="Branin 1972; Dixon & Szegoe 1978. As published: three optima, none at the centre.",
    )


def goldstein_price() -> BenchmarkProblem:
    def true(params: Params) -> float:
        x, y = vector(params)
        first = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
        second = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
        return float(first * second)

    return BenchmarkProblem(
        name="goldstein-price-2",
        suite="continuous",
        half="report",
        space=SearchSpace({"x0": Float(-2, 2), "x1": Float(-2, 2)}),
        true=true,
        minimum=3.0,
        optimum={"x0": 0.0, "x1": -1.0},
        source="Goldstein & Price 1971. As published: values over five decades, optimum off the centre.",
    )


_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_HARTMANN6_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_HARTMANN6_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_HARTMANN3_A = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
_HARTMANN3_P = 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]])
_SHEKEL_A = np.array(
    [
        [4, 4, 4, 4],
        [1, 1, 1, 1],
        [8, 8, 8, 8],
        [6, 6, 6, 6],
        [3, 7, 3, 7],
        [2, 9, 2, 9],
        [5, 3, 5, 3],
        [8, 1, 8, 1],
        [6, 2, 6, 2],
        [7, 3.6, 7, 3.6],
    ]
)
_SHEKEL_C = np.array([0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5])


def hartmann6_values(x: NDArray[np.float64]) -> float:
    """Minimum -3.322368011415515 on the unit cube; a second basin at -3.20 catches many runs."""
    return -float(_ALPHA @ np.exp(-(_HARTMANN6_A * (x - _HARTMANN6_P) ** 2).sum(axis=1)))


def hartmann3_values(x: NDArray[np.float64]) -> float:
    """Minimum -3.8627797873327696 on the unit cube."""
    return -float(_ALPHA @ np.exp(-(_HARTMANN3_A * (x - _HARTMANN3_P) ** 2).sum(axis=1)))


def shekel_values(x: NDArray[np.float64]) -> float:
    """Ten basins, minimum -10.536443153483527 at (4.0007, 3.9995, 4.0007, 3.9995) on [0, 10]^4."""
    return -float((1 / (((x - _SHEKEL_A) ** 2).sum(axis=1) + _SHEKEL_C)).sum())


def ackley_values(x: NDArray[np.float64]) -> float:
    first = -20 * np.exp(-0.2 * np.sqrt(np.mean(x**2)))
    return float(first - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20 + np.e)


def griewank_values(x: NDArray[np.float64]) -> float:
    return float((x**2).sum() / 4000 - np.prod(np.cos(x / np.sqrt(np.arange(1, len(x) + 1)))) + 1)


def levy_values(x: NDArray[np.float64]) -> float:
    w = 1 + (x - 1) / 4
    middle = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
    last = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    return float(np.sin(np.pi * w[0]) ** 2 + middle + last)


def powell_values(x: NDArray[np.float64]) -> float:
    a, b, c, d = x.reshape(-1, 4).T
    return float(((a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4).sum())


def rastrigin_values(x: NDArray[np.float64]) -> float:
    return float((x**2 - 10 * np.cos(2 * np.pi * x) + 10).sum())


def rosenbrock_values(x: NDArray[np.float64]) -> float:
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def styblinski_values(x: NDArray[np.float64]) -> float:
    """Minimum 0 at -2.903534 in every coordinate; 2^d basins."""
    return float((x**4 - 16 * x**2 + 5 * x).sum() / 2 + 39.16616570377142 * len(x))
