"""What a benchmark problem is, and the few helpers that all problems share."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell import Float, SearchSpace
from askntell.space import Params

__all__ = ["SUITES", "BenchmarkProblem", "Values", "cube", "fixed_numbers", "number", "params_of", "vector"]

SUITES = ("continuous", "mixed", "hpo", "conditional", "noisy", "batch", "objectives")
Values = dict[str, float]


@final
@dataclass(frozen=True, kw_only=True)
class BenchmarkProblem:
    """A function to minimise whose smallest value is known.

    Attributes:
        name: Short and unique.
        suite: One of `SUITES`.
        half: "tune" (settings may be chosen on it) or "report" (nobody looks at it before the settings are fixed).
        space: What may be tried.
        true: The noise-free value of params: a number, or ``{objective: number}``.
        minimum: Its smallest value over the space; None with two objectives.
        source: Where the function comes from.
        optimum: Params that reach the minimum up to rounding, where they are known.
        batch: How many trials are asked at once.
        noise: Standard deviation of the noise that `function` adds.
        reference: Two objectives: the point from which the dominated area is measured.
        largest_area: Two objectives: the area that the true front dominates.
    """

    name: str
    suite: str
    half: str
    space: SearchSpace
    true: Callable[[Params], float | Values]
    minimum: float | None
    source: str
    optimum: Params | None = None
    batch: int = 1
    noise: float = 0.0
    reference: Mapping[str, float] | None = None
    largest_area: float | None = None

    def function(self, params: Params, rng: np.random.Generator | None = None) -> float | Values:
        """The value of params as a contestant sees it: with noise if the problem has some and `rng` is given."""
        value = self.true(params)
        if self.noise and rng is not None:
            assert isinstance(value, float)
            return value + self.noise * float(rng.standard_normal())
        return value

    @property
    def objectives(self) -> dict[str, str] | None:
        """``{name: "minimize"}`` of several objectives, or None for one value."""
        return None if self.reference is None else dict.fromkeys(self.reference, "minimize")


def cube(d: int, low: float, high: float) -> SearchSpace:
    """A box of `d` reals x0, x1, ..."""
    return SearchSpace({f"x{k}": Float(low, high) for k in range(d)})


def vector(params: Params) -> NDArray[np.float64]:
    """The reals x0, x1, ... in order, shape (d,)."""
    return np.array([params[f"x{k}"] for k in range(len(params))], dtype=float)


def params_of(x: NDArray[np.float64]) -> Params:
    """Params x0, x1, ... of an array, shape (d,)."""
    return {f"x{k}": float(v) for k, v in enumerate(x)}


def number(params: Params, name: str) -> float:
    """A numeric parameter as a float."""
    value = params[name]
    assert isinstance(value, (int, float))
    return float(value)


def fixed_numbers(seed: int, *shape: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1): the same on every machine and with every version of Python and numpy."""
    stream = random.Random(seed)  # the standard library promises this sequence; numpy's generators do not
    return np.array([stream.random() for _ in range(int(np.prod(shape)))]).reshape(shape)
