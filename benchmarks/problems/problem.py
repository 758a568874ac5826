"""What a benchmark problem is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from askntell import SearchSpace
from askntell.space import Params

__all__ = ["BenchmarkProblem"]


@final
@dataclass(frozen=True, kw_only=True)
class BenchmarkProblem:
    """A function to minimise whose smallest value is known.

    Attributes:
        name: Short name.
        space: What may be tried.
        function: The value of params.
        minimum: Its smallest value over the space.
        optimum: Params that reach it, up to rounding.
        source: Where the function comes from.
    """

    name: str
    space: SearchSpace
    function: Callable[[Params], float]
    minimum: float
    optimum: Params
    source: str
