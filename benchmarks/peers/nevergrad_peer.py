"""Nevergrad's NGOpt, which chooses an algorithm by dimension, kinds of parameters, budget and workers."""

from __future__ import annotations

import warnings
from typing import Any

import nevergrad as ng
from _speak import Contestant, Variable, active, serve, variables

warnings.simplefilter("ignore")


class Nevergrad(Contestant):
    def __init__(self, space: dict[str, Any], settings: dict[str, Any]) -> None:
        self._variables = variables(space)
        self._objectives = settings["objectives"]
        parametrization = ng.p.Dict(**{variable.name: self._of(variable) for variable in self._variables})
        parametrization.random_state.seed(settings["seed"])
        parametrization.function.deterministic = not settings["noisy"]
        self._optimizer = ng.optimizers.NGOpt(
            parametrization=parametrization, budget=settings["budget"], num_workers=settings["batch"]
        )
        if self._objectives:
            self._optimizer.num_objectives = len(self._objectives)
        self._asked: dict[int, Any] = {}
        self._count = 0

    @staticmethod
    def _of(variable: Variable) -> Any:
        if variable.categorical:
            return ng.p.Choice(variable.levels)
        if variable.levels is not None:
            # the index as a whole number: on the tuning half twice as good as ng.p.TransitionChoice
            return ng.p.Scalar(lower=-0.49, upper=len(variable.levels) - 0.51).set_integer_casting()
        if variable.log:
            made = ng.p.Log(lower=variable.low, upper=variable.high)
        else:
            made = ng.p.Scalar(lower=variable.low, upper=variable.high)
        return made.set_integer_casting() if variable.kind == "int" else made

    def ask(self, count: int) -> list[tuple[Any, dict[str, Any]]]:
        made = []
        for _ in range(count):
            candidate = self._optimizer.ask()
            self._count += 1
            self._asked[self._count] = candidate
            made.append((self._count, self._params(candidate.value)))
        return made

    def _params(self, value: dict[str, Any]) -> dict[str, Any]:
        plain = {}
        for variable in self._variables:
            found = value[variable.name]
            if variable.ordered:
                found = variable.levels[min(max(int(found), 0), len(variable.levels) - 1)]
            elif variable.levels is None:
                found = int(found) if variable.kind == "int" else float(found)
            plain[variable.name] = found
        return active(self._variables, plain)

    def tell(self, trials: list[tuple[Any, Any]]) -> None:
        for number, value in trials:
            loss = [value[name] for name in self._objectives] if self._objectives else value
            self._optimizer.tell(self._asked.pop(number), loss)

    def recommend(self) -> dict[str, Any] | None:
        return self._params(self._optimizer.provide_recommendation().value)


if __name__ == "__main__":
    serve(Nevergrad, "nevergrad", "numpy", "scipy", "cma", "scikit-learn")
