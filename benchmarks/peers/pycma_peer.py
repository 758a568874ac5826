"""pycma: CMA-ES in the unit cube with its handling of bounds and integers, restarted with larger populations.

Integers and ordered values are integer coordinates; a category is one coordinate for each level, the largest wins.
"""

from __future__ import annotations

import math
import random
import warnings
from typing import Any

import cma
from _speak import Contestant, Skip, Variable, active, serve, variables

warnings.simplefilter("ignore")


def _integer_size(variable: Variable) -> int | None:
    """How many values an evenly spaced coordinate of whole numbers has; None for all others."""
    if variable.levels is not None:
        return None if variable.kind == "categorical" else len(variable.levels)
    return variable.high - variable.low + 1 if variable.kind == "int" and not variable.log else None


class Pycma(Contestant):
    def __init__(self, space: dict[str, Any], settings: dict[str, Any]) -> None:
        if settings["objectives"]:
            raise Skip("one objective only")
        self._variables = variables(space)
        self._noisy = settings["noisy"]
        self._seed = settings["seed"]
        self._random = random.Random(settings["seed"])
        self._lower: list[float] = []
        self._upper: list[float] = []
        self._integers: list[int] = []
        for v in self._variables:
            size = _integer_size(v)
            if size is not None:
                self._integers.append(len(self._lower))
            width = len(v.levels) if v.kind == "categorical" else 1
            self._lower += [0.0 if size is None else -0.499] * width
            self._upper += [1.0 if size is None else size - 0.501] * width
        self._batch = settings["batch"]
        self._waiting: list[Any] = []  # of this generation, not asked yet
        self._points: dict[int, Any] = {}  # asked: coordinates
        self._values: dict[int, float] = {}  # told, of this generation
        self._generation: list[int] = []
        self._count, self._starts, self._popsize = 0, 0, None
        self._start()

    def _start(self) -> None:
        """Start in the middle, restart anywhere with twice the population, as `fmin2(restarts=...)` does."""
        places = [0.5 if not self._starts else self._random.random() for _ in self._lower]
        start = [low + u * (high - low) for u, low, high in zip(places, self._lower, self._upper, strict=True)]
        options: dict[str, Any] = {
            "bounds": [self._lower, self._upper],
            "CMA_stds": [high - low for low, high in zip(self._lower, self._upper, strict=True)],
            "integer_variables": self._integers,
            "seed": 1 + self._seed + 1000 * self._starts,
            "verbose": -9,
        }
        if self._popsize is not None:
            options["popsize"] = 2 * self._popsize
        elif self._batch > 1:  # whole generations fill whole batches
            options["popsize"] = -(-(4 + int(3 * math.log(len(start)))) // self._batch) * self._batch
        self._es = cma.CMAEvolutionStrategy(start, 0.25, options)
        self._popsize, self._starts = self._es.popsize, self._starts + 1

    def _params(self, x: Any) -> dict[str, Any]:
        params, at = {}, 0
        for variable in self._variables:
            if variable.kind == "categorical":
                part = list(x[at : at + len(variable.levels)])
                params[variable.name] = variable.levels[part.index(max(part))]
                at += len(part)
                continue
            size = _integer_size(variable)
            u = float(x[at]) if size is None else (round(float(x[at])) + 0.5) / size
            params[variable.name] = variable.at(u)
            at += 1
        return active(self._variables, params)

    def ask(self, count: int) -> list[tuple[Any, dict[str, Any]]]:
        made = []
        for _ in range(count):
            if not self._waiting:
                self._next_generation()
            self._count += 1
            self._points[self._count] = x = self._waiting.pop(0)
            self._generation.append(self._count)
            made.append((self._count, self._params(x)))
        return made

    def _next_generation(self) -> None:
        if self._es.stop():
            self._start()
            self._generation, self._values = [], {}
        # values of a generation that is not complete are told when it is; a batch may begin the next one before that
        self._waiting = list(self._es.ask())

    def tell(self, trials: list[tuple[Any, Any]]) -> None:
        for number, value in trials:
            self._values[number] = value
        while len(self._generation) >= self._popsize and all(
            n in self._values for n in self._generation[: self._popsize]
        ):
            first, self._generation = self._generation[: self._popsize], self._generation[self._popsize :]
            self._es.tell([self._points.pop(n) for n in first], [self._values.pop(n) for n in first])

    def recommend(self) -> dict[str, Any] | None:
        return self._params(self._es.result.xfavorite)


if __name__ == "__main__":
    serve(Pycma, "cma", "numpy")
