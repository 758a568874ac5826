"""From a history to the next proposal, with a memo of what was learnt that may be dropped at any moment."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, final

from askntell._rng import checked_seed
from askntell.errors import SettingsError, SpaceExhausted
from askntell.history import History
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.space import Scalar
from askntell.trial import Problem, Proposal, Trial

__all__ = ["Proposer", "ask_many", "best_in", "checked_deadline", "explained", "recommended_in"]


def checked_deadline(deadline: object) -> float | None:
    """The deadline of an ask in seconds, or None.

    Raises:
        SettingsError: it is no finite number above 0.
    """
    if deadline is None:
        return None
    if isinstance(deadline, bool) or not isinstance(deadline, int | float) or not 0.0 < deadline < math.inf:
        raise SettingsError(f"ask: deadline={deadline!r}; allowed: seconds, a number above 0")
    return float(deadline)


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

    Raises:
        SettingsError: the algorithm is not for these goals, or a wrong seed.
    """

    def __init__(self, problem: Problem, algorithm: Algorithm[Any], seed: int) -> None:
        algorithm.check(problem.goals)
        self._problem = problem
        self._algorithm = algorithm
        self._seed = checked_seed(seed)
        self._state: Any = None
        self._folded = 0
        self._epoch = -1

    def propose(
        self, history: History, number: int, fixed: Mapping[str, Scalar], *, deadline: float | None = None
    ) -> Proposal | None:
        """The proposal for trial `number`, or None if every point is taken."""
        return self.answer(history, self.request(history, number, fixed, deadline=deadline))

    def request(
        self,
        history: History,
        number: int,
        fixed: Mapping[str, Scalar],
        *,
        deadline: float | None = None,
        place: int | None = None,
    ) -> Request:
        """The ask for trial `number`."""
        return Request(
            number=number,
            seed=self._seed,
            segment=self._problem.segment.name,
            pending=history.pending,
            taken=history.taken,
            fixed=fixed,
            deadline=deadline,
            place=place,
        )

    def answer(self, history: History, request: Request) -> Proposal | None:
        """The proposal for an ask, or None if every point is taken."""
        proposal = self._algorithm.propose(self.learnt(history), request)
        if proposal is None or request.deadline is None:
            return proposal
        return replace(proposal, why={**proposal.why, "deadline": request.deadline})

    def recommend(self, history: History) -> int | None:
        """The number of the trial that the algorithm's model believes to be best, or None without a model."""
        return self._algorithm.recommend(self.learnt(history))

    def learnt(self, history: History) -> Any:
        """The algorithm's state after the closed trials."""
        if self._epoch != history.epoch:
            self._state = self._algorithm.start(self._problem)
            self._folded, self._epoch = 0, history.epoch
        if self._folded < len(history.closed):
            self._state = self._algorithm.learn(self._state, history.closed[self._folded :])
            self._folded = len(history.closed)
        return self._state


def best_in(history: History) -> Trial | None:
    """The feasible finished trial with the best observed value, or None.

    Raises:
        SettingsError: there are several objectives.
    """
    history.goals.single("the best trial", hint="see pareto_front for the trials that no other one beats")
    return history.incumbent


def recommended_in(history: History, proposer: Proposer) -> Trial | None:
    """The finished trial that is best by the algorithm's model, or the best observed one without a model, or None.

    Without noise the two are the same. With noise the luckiest observation is seldom the best setting; the model
    weighs it against its neighbours.

    Raises:
        SettingsError: there are several objectives.
    """
    best = best_in(history)
    number = proposer.recommend(history)
    return best if number is None else history.get(number)


def explained(trial: Trial) -> dict[str, Scalar]:
    """What proposed a trial and what the algorithm noted about it, as JSON values."""
    return {"by": trial.by, **trial.why}
