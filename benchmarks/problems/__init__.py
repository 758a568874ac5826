"""Problems of the regret benchmark: a search space, a function, its smallest value, and where it comes from.

The set is fixed. Its two halves have the same make-up and share no function: settings may be chosen on the half
"tune", claims are made on the half "report".
"""

from __future__ import annotations

from problems.conditional import conditional
from problems.continuous import continuous
from problems.hpo import hpo
from problems.mixed import mixed
from problems.noisy import batches, noisy
from problems.objectives import objectives
from problems.problem import SUITES, BenchmarkProblem

__all__ = ["PROBLEMS", "SUITES", "BenchmarkProblem"]

PROBLEMS: dict[str, BenchmarkProblem] = {
    problem.name: problem
    for problem in (
        *continuous(),
        *mixed(),
        *hpo(),
        *conditional(),
        *noisy(),
        *batches(),
        *objectives(),
    )
}
