"""The noisy suite and the suite of batches: functions of the other suites with other dimensions and shifts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from problems.bbob import bbob
from problems.classic import (
    classic,
    hartmann3_values,
    hartmann6_values,
    levy_values,
    rastrigin_values,
    rosenbrock_values,
    styblinski_values,
)
from problems.mixed import rotated_mixed, valley
from problems.problem import BenchmarkProblem, cube, fixed_numbers, vector

__all__ = ["batches", "noisy", "spread"]


def spread(problem: BenchmarkProblem, count: int = 400) -> float:
    """Standard deviation of a problem's values over random points, without the largest tenth."""
    parameters = problem.space.parameters
    points = fixed_numbers(99, count, len(parameters))
    values = []
    for row in points:
        params = {name: p.at(float(u)) for u, (name, p) in zip(row, parameters.items(), strict=True)}
        values.append(problem.true(params))
    return float(f"{np.std(np.sort(values)[: int(0.9 * count)]):.3g}")


def _with_noise(problem: BenchmarkProblem, share: float) -> BenchmarkProblem:
    return replace(problem, suite="noisy", name=f"noisy-{problem.name}", noise=share * spread(problem))


def noisy() -> list[BenchmarkProblem]:
    """Noise of 5, 15 and 30 % of the spread in each half: two continuous functions and a mixed one."""
    sphere = classic(
        "ellipsoid", "report", 6, -5, 5, _ellipsoid_values, turn=5, at=0, source="De Jong 1975, scaled axes"
    )
    return [
        _with_noise(
            classic("levy", "tune", 10, -10, 10, levy_values, turn=0, at=1, source="Levy & Montalvo 1985"), 0.05
        ),
        _with_noise(_hartmann("hartmann", 6, "tune"), 0.3),
        _with_noise(valley("valley-7", "tune"), 0.15),
        _with_noise(sphere, 0.3),
        _with_noise(_hartmann("hartmann", 3, "report"), 0.15),
        _with_noise(
            rotated_mixed("rastrigin-mixed-7", "report", _soft_rastrigin, seed=31, integers=2, source="Rastrigin 1974"),
            0.05,
        ),
    ]


def _ellipsoid_values(x: np.ndarray) -> float:
    return float((10 ** (2 * np.arange(len(x)) / (len(x) - 1)) * x**2).sum())


def _soft_rastrigin(x: np.ndarray) -> float:
    return rastrigin_values(x / 4)


def _hartmann(name: str, d: int, half: str) -> BenchmarkProblem:
    values, minimum = (hartmann6_values, -3.322368011415515) if d == 6 else (hartmann3_values, -3.8627797873327696)
    return BenchmarkProblem(
        name=f"{name}-{d}",
        suite="noisy",
        half=half,
        space=cube(d, 0, 1),
        true=lambda params: values(vector(params)),
        minimum=minimum,
        source="Hartman 1973; Dixon & Szegoe 1978. As published.",
    )


def _batch(problem: BenchmarkProblem) -> BenchmarkProblem:
    return replace(problem, suite="batch", name=f"batch-{problem.name}", batch=8)


def batches() -> list[BenchmarkProblem]:
    """Eight trials at once: two continuous functions and a mixed one in each half."""
    return [
        _batch(
            classic(
                "styblinski", "tune", 5, -5, 5, styblinski_values, turn=2, at=-2.903534, source="Styblinski & Tang 1990"
            )
        ),
        replace(bbob(8, 5, 1, "tune", suite="batch", batch=8), name="batch-bbob-f8-5"),
        _batch(
            rotated_mixed(
                "levy-mixed-7", "tune", levy_values, seed=41, integers=2, source="Levy & Montalvo 1985", at=1.0
            )
        ),
        _batch(_rosenbrock_4()),
        replace(bbob(20, 10, 2, "report", suite="batch", batch=8), name="batch-bbob-f20-10"),
        _batch(rotated_mixed("sphere-mixed-9", "report", _root, seed=51, integers=4, source="De Jong 1975, its root")),
    ]


def _rosenbrock_4() -> BenchmarkProblem:
    return classic(
        "rosenbrock", "report", 4, -5, 10, rosenbrock_values, turn=6, at=1, source="Rosenbrock 1960; De Jong 1975"
    )


def _root(x: np.ndarray) -> float:
    return float(np.sqrt((x**2).sum()))
