"""Other optimizers behind one small interface, for comparison only; whatever is not installed is reported absent."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import askntell
from askntell.space import Categorical, Constant, Float, Int, Ordinal, Params, SearchSpace

__all__ = ["Optuna", "Ours", "Peer", "make"]


class Peer:
    """Ask and tell; one object for each run."""

    def ask(self) -> tuple[Any, Params]:
        raise NotImplementedError

    def tell(self, token: Any, value: float) -> None:
        raise NotImplementedError


class Ours(Peer):
    def __init__(self, space: SearchSpace, name: str, seed: int) -> None:
        self._optimizer = askntell.Optimizer(space, algorithm=name, seed=seed)

    def ask(self) -> tuple[Any, Params]:
        trial = self._optimizer.ask()
        return trial, dict(trial.params)

    def tell(self, token: Any, value: float) -> None:
        self._optimizer.tell(token, value)


class Optuna(Peer):
    """Optuna with its defaults; conditional parameters are asked for in the order of the space, as its users do."""

    def __init__(self, space: SearchSpace, name: str, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        samplers = {
            "optuna-tpe": optuna.samplers.TPESampler,
            "optuna-gp": optuna.samplers.GPSampler,
        }
        self._study = optuna.create_study(sampler=samplers[name](seed=seed))
        self._space = space

    def ask(self) -> tuple[Any, Params]:
        trial = self._study.ask()
        params: Params = {}
        for name, parameter in self._space.parameters.items():
            if parameter.when and any(params.get(parent) not in allowed for parent, allowed in parameter.when.items()):
                continue
            params[name] = self._suggest(trial, name, parameter)
        return trial, params

    @staticmethod
    def _suggest(trial: Any, name: str, parameter: Any) -> Any:
        if isinstance(parameter, Constant):
            return parameter.value
        if isinstance(parameter, Float):
            return trial.suggest_float(name, parameter.low, parameter.high, log=parameter.log, step=parameter.step)
        if isinstance(parameter, Int):
            return trial.suggest_int(name, parameter.low, parameter.high, log=parameter.log)
        if isinstance(parameter, Ordinal):
            return parameter.values[trial.suggest_int(name, 0, len(parameter.values) - 1)]
        assert isinstance(parameter, Categorical)
        return trial.suggest_categorical(name, list(parameter.choices))

    def tell(self, token: Any, value: float) -> None:
        self._study.tell(token, value)


def make(name: str, space: SearchSpace, seed: int) -> Peer | None:
    """The optimizer of this name, or None if what it needs is not installed."""
    if name.startswith("optuna"):
        needs = ["optuna", "torch"] if name == "optuna-gp" else ["optuna"]
        if any(importlib.util.find_spec(module) is None for module in needs):
            return None
        return Optuna(space, name, seed)
    return Ours(space, name, seed)
