"""askntell's own algorithms, random search and Sobol points among them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # runs from a checkout, installed or not

from _speak import Contestant, Skip, serve

import askntell


class Own(Contestant):
    def __init__(self, space: dict[str, Any], settings: dict[str, Any]) -> None:
        self._noisy = settings["noisy"]
        names = settings["objectives"]
        more = {} if names is None else {"objectives": dict.fromkeys(names, "minimize")}
        try:
            self._warm_up(settings["name"], more)
            self._optimizer = askntell.Optimizer(
                askntell.SearchSpace.from_json(space), algorithm=settings["name"], seed=settings["seed"], **more
            )
        except Exception as why:
            raise Skip(f"{type(why).__name__}: {why}"[:300]) from why

    @staticmethod
    def _warm_up(name: str, goals: dict[str, dict[str, str]]) -> None:
        """Load what the algorithm imports when it first asks, as the other contestants import theirs at the top.

        An algorithm that is not for these goals says so here.
        """
        small = askntell.SearchSpace({"x": askntell.Float(0.0, 1.0), "c": askntell.Categorical(["a", "b"])})
        optimizer = askntell.Optimizer(small, algorithm=name, **goals)
        for _ in range(8):
            trial = optimizer.ask()
            optimizer.tell(trial, dict.fromkeys(optimizer.goals.names, trial.params["x"]))

    def ask(self, count: int) -> list[tuple[Any, dict[str, Any]]]:
        trials = self._optimizer.ask(count) if count > 1 else [self._optimizer.ask()]
        return [(trial.number, dict(trial.params)) for trial in trials]

    def tell(self, trials: list[tuple[Any, Any]]) -> None:
        for number, value in trials:
            self._optimizer.tell(number, value)

    def recommend(self) -> dict[str, Any] | None:
        trial = getattr(self._optimizer, "recommended", None) or self._optimizer.best
        return None if trial is None else dict(trial.params)


if __name__ == "__main__":
    serve(Own, "askntell", "numpy", "scipy", "cmaes")
