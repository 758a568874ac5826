"""Problems of the regret benchmark: a search space, a function, its smallest value, and where it comes from."""

from __future__ import annotations

from problems.functions import ackley_5, branin, hartmann_6, levy_10, rosenbrock_8, sphere_5
from problems.mixed import training
from problems.problem import BenchmarkProblem

__all__ = ["PROBLEMS", "BenchmarkProblem"]

PROBLEMS: dict[str, BenchmarkProblem] = {
    problem.name: problem
    for problem in (branin(), hartmann_6(), ackley_5(), levy_10(), rosenbrock_8(), sphere_5(), training())
}
