"""Optuna, define-by-run: TPE as it comes, TPE multivariate and grouped, and the Gaussian process."""

from __future__ import annotations

import warnings
from typing import Any

import optuna
from _speak import Contestant, Skip, Variable, serve, variables

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


class Optuna(Contestant):
    def __init__(self, space: dict[str, Any], settings: dict[str, Any]) -> None:
        self._variables = variables(space)
        self._objectives = settings["objectives"]
        name, seed = settings["name"], settings["seed"]
        # `constant_liar` is what the documentation advises for parallel asks
        liar = {"constant_liar": True} if settings["batch"] > 1 else {}
        if name == "optuna-tpe":
            sampler = optuna.samplers.TPESampler(seed=seed, **liar)
        elif name == "optuna-tpe-group":
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, **liar)
        elif name == "optuna-gp":
            import scipy.optimize
            import scipy.stats  # noqa: F401 -- the same
            import torch

            torch.set_num_threads(1)
            sampler = optuna.samplers.GPSampler(seed=seed)
        else:
            raise Skip(f"no sampler {name}")
        directions = ["minimize"] * len(self._objectives or [0])
        self._study = optuna.create_study(sampler=sampler, directions=directions)

    def ask(self, count: int) -> list[tuple[Any, dict[str, Any]]]:
        made = []
        for _ in range(count):
            trial = self._study.ask()
            params: dict[str, Any] = {}
            for variable in self._variables:
                if all(parent in params and params[parent] in allowed for parent, allowed in variable.when.items()):
                    params[variable.name] = self._suggest(trial, variable)
            made.append((trial.number, params))
        return made

    @staticmethod
    def _suggest(trial: Any, variable: Variable) -> Any:
        if variable.categorical:
            return trial.suggest_categorical(variable.name, variable.levels)
        if variable.levels is not None and variable.kind != "ordinal":
            step = variable.levels[1] - variable.levels[0]
            if variable.kind == "int":
                return trial.suggest_int(variable.name, variable.low, variable.high, step=step)
            step = round(step, 10)
            return round(trial.suggest_float(variable.name, variable.low, variable.high, step=step), 10)
        if variable.levels is not None:
            return variable.levels[trial.suggest_int(variable.name, 0, len(variable.levels) - 1)]
        suggest = trial.suggest_float if variable.kind == "float" else trial.suggest_int
        return suggest(variable.name, variable.low, variable.high, log=variable.log)

    def tell(self, trials: list[tuple[Any, Any]]) -> None:
        for number, value in trials:
            self._study.tell(number, [value[name] for name in self._objectives] if self._objectives else value)


if __name__ == "__main__":
    serve(Optuna, "optuna", "numpy", "scipy", "torch")
