"""Ax through its `Client`, with the generation strategy that it chooses itself; conditions as dependent parameters."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import torch
from _speak import Contestant, Variable, active, serve, variables
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
torch.set_num_threads(1)

ROOT = "ax_root"  # a conditional space of Ax has one root


class Ax(Contestant):
    def __init__(self, space: dict[str, Any], settings: dict[str, Any]) -> None:
        self._variables = variables(space)
        self._objectives = settings["objectives"]
        self._client = Client(random_seed=settings["seed"])
        self._client.configure_experiment(parameters=self._parameters())
        # a minus sign means: smaller is better
        self._client.configure_optimization(objective=", ".join(f"-{n}" for n in self._objectives or ["loss"]))

    def _parameters(self) -> list[Any]:
        conditional = any(v.when for v in self._variables)
        made = [self._of(v, name) for v in self._variables for name in self._names(v)]
        if conditional:
            top = [v.name for v in self._variables if not v.when]
            made.append(
                ChoiceParameterConfig(
                    name=ROOT, values=["all"], parameter_type="str", is_ordered=False, dependent_parameters={"all": top}
                )
            )
        return made

    @staticmethod
    def _names(variable: Variable) -> list[str]:
        """Its name; a copy for each value of the parent if there are several, because conditions of Ax are a tree."""
        if not variable.when:
            return [variable.name]
        values = list(variable.when.values())[-1]
        return [variable.name] if len(values) == 1 else [f"{variable.name}_{value}" for value in values]

    def _of(self, variable: Variable, name: str) -> Any:
        if variable.levels is not None:
            numeric = all(isinstance(value, (int, float)) for value in variable.levels)
            kind = "str" if not numeric else "int" if all(isinstance(x, int) for x in variable.levels) else "float"
            return ChoiceParameterConfig(
                name=name,
                values=variable.levels,
                parameter_type=kind,
                is_ordered=variable.ordered,
                dependent_parameters=self._dependents(variable),
            )
        return RangeParameterConfig(
            name=name,
            bounds=(variable.low, variable.high),
            parameter_type=variable.kind,
            scaling="log" if variable.log else "linear",
        )

    def _dependents(self, parent: Variable) -> dict[Any, list[str]] | None:
        """Children by value; of several conditions the last one stated is the nearest parent."""
        found: dict[Any, list[str]] = {}
        for variable in self._variables:
            if variable.when and list(variable.when)[-1] == parent.name:
                for value, name in zip(variable.when[parent.name], self._names(variable), strict=True):
                    found.setdefault(value, []).append(name)
        return found or None

    def _params(self, found: dict[str, Any]) -> dict[str, Any]:
        plain = {}
        for variable in self._variables:
            for name in self._names(variable):
                if name in found:
                    plain[variable.name] = found[name]
        return active(self._variables, plain)

    def ask(self, count: int) -> list[tuple[Any, dict[str, Any]]]:
        made: dict[int, Any] = {}
        while len(made) < count:
            made.update(self._client.get_next_trials(max_trials=count - len(made)))
        return [(index, self._params(params)) for index, params in made.items()]

    def tell(self, trials: list[tuple[Any, Any]]) -> None:
        for index, value in trials:
            self._client.complete_trial(index, raw_data=dict(value) if self._objectives else {"loss": value})

    def recommend(self) -> dict[str, Any] | None:
        return self._params(self._client.get_best_parameterization()[0])


if __name__ == "__main__":
    serve(Ax, "ax-platform", "botorch", "gpytorch", "torch", "numpy", "scipy")
