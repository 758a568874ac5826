"""HEBO with its defaults; its `GeneralBO` for several objectives."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from _speak import Contestant, Variable, active, serve, variables
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.general import GeneralBO
from hebo.optimizers.hebo import HEBO

warnings.simplefilter("ignore")
torch.set_num_threads(1)


class Hebo(Contestant):
    def __init__(self, space: dict[str, Any], settings: dict[str, Any]) -> None:
        self._variables = variables(space)
        self._objectives = settings["objectives"]
        np.random.seed(settings["seed"])  # noqa: NPY002 -- HEBO draws from the global stream
        torch.manual_seed(settings["seed"])
        found = DesignSpace().parse([self._of(variable) for variable in self._variables])
        if self._objectives:
            self._optimizer: Any = GeneralBO(found, num_obj=len(self._objectives))
        else:
            self._optimizer = HEBO(found, scramble_seed=settings["seed"])
        self._asked: dict[int, Any] = {}
        self._count = 0

    @staticmethod
    def _of(variable: Variable) -> dict[str, Any]:
        name = variable.name
        if variable.categorical:
            return {"name": name, "type": "cat", "categories": list(variable.levels)}
        if variable.levels is not None:  # ordered values: the index, an integer
            return {"name": name, "type": "int", "lb": 0, "ub": len(variable.levels) - 1}
        kinds = {("float", False): "num", ("float", True): "pow", ("int", False): "int", ("int", True): "pow_int"}
        entry = {"name": name, "type": kinds[variable.kind, variable.log], "lb": variable.low, "ub": variable.high}
        return {**entry, "base": 10} if variable.log else entry

    def _params(self, row: Any) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for variable in self._variables:
            value = row[variable.name]
            if variable.ordered:
                value = variable.levels[int(value)]
            elif variable.levels is None:
                value = int(value) if variable.kind == "int" else float(value)
                value = min(max(value, variable.low), variable.high)  # powers end beside the bounds by rounding
            plain[variable.name] = value
        return active(self._variables, plain)

    def ask(self, count: int) -> list[tuple[Any, dict[str, Any]]]:
        table = self._optimizer.suggest(n_suggestions=count)
        made = []
        for k in range(count):
            self._count += 1
            self._asked[self._count] = table.iloc[[k]]
            made.append((self._count, self._params(table.iloc[k])))
        return made

    def tell(self, trials: list[tuple[Any, Any]]) -> None:
        for number, value in trials:
            values = [value[name] for name in self._objectives] if self._objectives else [value]
            self._optimizer.observe(self._asked.pop(number), np.array([values], dtype=float))

    def recommend(self) -> dict[str, Any] | None:
        best = self._optimizer.best_x
        return self._params(best.iloc[0])


if __name__ == "__main__":
    serve(Hebo, "HEBO", "numpy", "pandas", "pymoo", "torch", "gpytorch")
