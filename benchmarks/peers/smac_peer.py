"""SMAC3 as its documentation advises: the black-box facade (Gaussian process) where all parameters are numbers, the
hyperparameter-optimization facade (random forest) elsewhere, ParEGO for several objectives.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from _speak import Contestant, Variable, serve, variables
from ConfigSpace import AndConjunction, ConfigurationSpace, EqualsCondition, InCondition
from ConfigSpace.hyperparameters import (
    CategoricalHyperparameter,
    Constant,
    OrdinalHyperparameter,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)
from smac import BlackBoxFacade, HyperparameterOptimizationFacade, Scenario
from smac.multi_objective.parego import ParEGO
from smac.runhistory.dataclasses import TrialInfo, TrialValue

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


class Smac(Contestant):
    def __init__(self, space: dict[str, Any], settings: dict[str, Any]) -> None:
        self._variables = {variable.name: variable for variable in variables(space)}
        self._objectives = settings["objectives"]
        self._folder = tempfile.TemporaryDirectory()
        found = self._space(settings["seed"])
        scenario = Scenario(
            found,
            deterministic=not settings["noisy"],
            n_trials=settings["budget"],
            seed=settings["seed"],
            output_directory=Path(self._folder.name),
            objectives=self._objectives or "cost",
        )
        numeric = all(v.levels is None and not v.when for v in self._variables.values())
        facade = BlackBoxFacade if numeric and not self._objectives else HyperparameterOptimizationFacade
        more = {"multi_objective_algorithm": ParEGO(scenario)} if self._objectives else {}

        def never(config: Any, seed: int = 0) -> float:  # noqa: ARG001 -- SMAC looks at the names
            raise AssertionError("asked and told, never called")

        self._smac = facade(scenario, never, overwrite=True, logging_level=False, **more)
        self._asked: dict[int, TrialInfo] = {}
        self._count = 0

    def _space(self, seed: int) -> ConfigurationSpace:
        found = ConfigurationSpace(seed=seed)
        made = {name: self._of(variable) for name, variable in self._variables.items()}
        found.add(list(made.values()))
        for name, variable in self._variables.items():
            conditions = []
            for parent, allowed in variable.when.items():
                if len(allowed) == 1:
                    conditions.append(EqualsCondition(made[name], made[parent], allowed[0]))
                else:
                    conditions.append(InCondition(made[name], made[parent], allowed))
            if len(conditions) == 1:
                found.add(conditions[0])
            elif conditions:
                found.add(AndConjunction(*conditions))
        return found

    @staticmethod
    def _of(variable: Variable) -> Any:
        name = variable.name
        if variable.kind == "constant":
            return Constant(name, variable.levels[0])
        if variable.kind == "categorical":
            return CategoricalHyperparameter(name, variable.levels)
        if variable.kind == "ordinal":
            return OrdinalHyperparameter(name, variable.levels)
        if variable.levels is not None:  # stepped: the index, an integer
            return UniformIntegerHyperparameter(name, 0, len(variable.levels) - 1)
        kind = UniformFloatHyperparameter if variable.kind == "float" else UniformIntegerHyperparameter
        return kind(name, variable.low, variable.high, log=variable.log)

    def _params(self, config: Any) -> dict[str, Any]:
        params: dict[str, Any] = {}
        for name, value in dict(config).items():
            variable = self._variables[name]
            stepped = variable.levels is not None and variable.kind in ("float", "int")
            found = variable.levels[int(value)] if stepped else value
            params[name] = found.item() if isinstance(found, np.generic) else found
        return params

    def ask(self, count: int) -> list[tuple[Any, dict[str, Any]]]:
        made = []
        for _ in range(count):
            self._count += 1
            self._asked[self._count] = info = self._smac.ask()
            made.append((self._count, self._params(info.config)))
        return made

    def tell(self, trials: list[tuple[Any, Any]]) -> None:
        for number, value in trials:
            cost = [value[name] for name in self._objectives] if self._objectives else value
            self._smac.tell(self._asked.pop(number), TrialValue(cost=cost, time=0.1), save=False)

    def recommend(self) -> dict[str, Any] | None:
        found = self._smac.intensifier.get_incumbents()
        return self._params(found[0]) if found else None


if __name__ == "__main__":
    serve(Smac, "smac", "ConfigSpace", "numpy", "scipy", "scikit-learn")
