"""Functions of the BBOB suite (Hansen et al. 2009) through the package `ioh`: rotated, shifted, all five groups.

The value is the distance to the function's optimum, so every minimum is 0.
"""

from __future__ import annotations

import functools
from typing import Any

from askntell.space import Params
from problems.problem import BenchmarkProblem, cube, vector

__all__ = ["bbob", "bbob_function"]


@functools.cache
def bbob_function(function: int, d: int, instance: int) -> Any:
    """The function object of `ioh`, made on first use so that the problem set can be listed without the package."""
    import ioh

    return ioh.get_problem(function, instance, d, ioh.ProblemClass.BBOB)


def bbob(
    function: int, d: int, instance: int, half: str, *, suite: str = "continuous", **more: Any
) -> BenchmarkProblem:
    """BBOB function 1 to 24 in `d` dimensions, on [-5, 5]^d."""

    def true(params: Params) -> float:
        made = bbob_function(function, d, instance)
        return max(float(made(vector(params)) - made.optimum.y), 0.0)

    return BenchmarkProblem(
        name=f"bbob-f{function}-{d}" + ("" if suite == "continuous" else f"-{suite}"),
        suite=suite,
        half=half,
        space=cube(d, -5, 5),
        true=true,
        minimum=0.0,
        source=f"Hansen et al. 2009, f{function}, instance {instance}",
        **more,
    )
