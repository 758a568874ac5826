"""From a history to the next proposal, with a memo of what was learnt that may be dropped at any moment."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, final

from askntell._rng import checked_seed
from askntell.errors import SettingsError, SpaceExhausted
from askntell.history import History
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.space import Scalar
from askntell.trial import Problem, Proposal, Trial

__all__ = ["Proposer", "ask_many"]


def ask_many(ask_one: Callable[[], Trial], count: int) -> list[Trial]:
    """A batch, asked one by one with the earlier ones pending; fewer than `count` if fewer are left.

    Raises:
        SettingsError: count is no integer >= 1. SpaceExhausted: not even one is left.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise SettingsError(f"ask: count={count!r}; allowed: an integer >= 1")
    batch = [ask_one()]
    with contextlib.suppress(SpaceExhausted):
        while len(batch) < count:
            batch.append(ask_one())
    return batch


@final
class Proposer:
    """Asks one algorithm about one segment.

    The learnt state is kept as long as the history only grew at its end; a late result with a lower number drops it
    and everything is folded again, so that a live process and a rebuilt one propose the same.
    """

    def __init__(self, problem: Problem, algorithm: Algorithm[Any], seed: int) -> None:
        self._problem = problem
        self._algorithm = algorithm
        self._seed = checked_seed(seed)
        self._state: Any = None
        self._folded = 0
        self._epoch = -1

    def propose(self, history: History, number: int, fixed: Mapping[str, Scalar]) -> Proposal | None:
        """The proposal for trial `number`, or None if every point is taken."""
        if self._epoch != history.epoch:
            self._state = self._algorithm.start(self._problem)
            self._folded, self._epoch = 0, history.epoch
        if self._folded < len(history.closed):
            self._state = self._algorithm.learn(self._state, history.closed[self._folded :])
            self._folded = len(history.closed)
        request = Request(
            number=number,
            seed=self._seed,
            segment=self._problem.segment.name,
            pending=history.pending,
            taken=history.taken,
            fixed=fixed,
        )
        return self._algorithm.propose(self._state, request)
