"""The loop for those who want no loop: ask, call, tell, in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from askntell.errors import SpaceExhausted
from askntell.optimizers.algorithm import Algorithm
from askntell.optimizers.optimizer import Optimizer
from askntell.space import Params, SearchSpace
from askntell.trial import Trial

__all__ = ["maximize", "minimize"]


def minimize(
    function: Callable[[Params], float],
    space: SearchSpace,
    *,
    trials: int = 50,
    algorithm: str | Algorithm[Any] = "auto",
    seed: int = 0,
    catch: tuple[type[Exception], ...] = (),
) -> Trial | None:
    """Call `function` with `trials` different params and return the trial with the smallest value.

    Args:
        function: Takes params (a dict), returns a number; NaN and infinite count as failed.
        space: What may be tried.
        trials: How many calls, >= 1; fewer if a finite space is exhausted.
        algorithm: See `Optimizer`.
        seed: See `Optimizer`.
        catch: Exceptions that mean "this trial failed"; all others end the loop.

    Returns:
        The best trial, or None if every call failed.
    """
    return _loop(function, space, trials, algorithm, seed, catch, "minimize")


def maximize(
    function: Callable[[Params], float],
    space: SearchSpace,
    *,
    trials: int = 50,
    algorithm: str | Algorithm[Any] = "auto",
    seed: int = 0,
    catch: tuple[type[Exception], ...] = (),
) -> Trial | None:
    """As `minimize`, for the largest value."""
    return _loop(function, space, trials, algorithm, seed, catch, "maximize")


def _loop(
    function: Callable[[Params], float],
    space: SearchSpace,
    trials: int,
    algorithm: str | Algorithm[Any],
    seed: int,
    catch: tuple[type[Exception], ...],
    direction: str,
) -> Trial | None:
    optimizer = Optimizer(space, algorithm=algorithm, seed=seed, direction=direction, trials=trials)
    while True:
        try:
            trial = optimizer.ask()
        except SpaceExhausted:
            return optimizer.best
        try:
            value = function(dict(trial.params))
        except catch as error:
            optimizer.tell(trial, failed="crash", message=f"{type(error).__name__}: {error}")
        else:
            optimizer.tell(trial, value)
