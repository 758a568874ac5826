"""askntell: every segment alone, all together, one search for all, and a portfolio of what others ended with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, final

import numpy as np
from families.instance import Array

import askntell
from askntell.goals import Goals
from askntell.history import History
from askntell.optimizers.algorithm import Algorithm
from askntell.optimizers.proposer import Proposer
from askntell.optimizers.registry import algorithm_from
from askntell.space import Params
from askntell.trial import Outcome, Problem, Trial
from sharing.tuning import Absent, Game, Tuning

__all__ = ["Alone", "Joint", "Pooled", "Portfolio", "portfolio", "problem_of"]


def problem_of(game: Game) -> Problem:
    """The game as one problem with all its segments."""
    return Problem(
        space=game.instance.space, goals=Goals.of(None, None, None), trials=None, segments=game.instance.segments
    )


def _algorithm(game: Game) -> Algorithm[Any]:
    if not game.settings:
        return algorithm_from("auto")
    from askntell.optimizers.gp import GP

    return GP(**game.settings)


class _Asking(Protocol):
    def propose(self, history: History, number: int, fixed: Mapping[str, Any]) -> Any: ...


class Alone(Tuning):
    """`auto` in each segment, as in a study with ``share="none"``."""

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        problem, algorithm = problem_of(game), _algorithm(game)
        self._goals = problem.goals
        self._histories: Mapping[str, History]
        self._histories = {name: History(problem.space, problem.goals, name) for name in game.names}
        self._proposers: dict[str, _Asking] = {
            segment.name: Proposer(replace(problem, segment=segment), algorithm, game.seed)
            for segment in problem.segments
        }

    def ask(self, segment: str) -> tuple[int, Params]:
        number = self._histories[segment].next_number
        params, by, why = self._proposed(segment, number)
        self._add(Trial(number=number, params=params, by=by, why=why, segment=segment))
        return number, params

    def _proposed(self, segment: str, number: int) -> tuple[Params, str, Mapping[str, Any]]:
        proposal = self._proposers[segment].propose(self._histories[segment], number, {})
        if proposal is None:
            raise Absent("the space is exhausted")
        return dict(proposal.params), proposal.by, proposal.why

    def _add(self, trial: Trial) -> None:
        self._histories[trial.segment].add(trial)

    def tell(self, segment: str, token: int, loss: float) -> None:
        self._histories[segment].close(token, Outcome.of(self._goals, loss))

    def take(self, segment: str, params: Params, loss: float) -> None:
        """Tell a trial that was not asked for."""
        number = self._histories[segment].next_number
        self._add(Trial(number=number, params=params, by="told", segment=segment))
        self.tell(segment, number, loss)


@final
class Joint(Alone):
    """`auto` in a campaign with ``share="auto"``: what is learnt in one segment helps the others."""

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        try:
            from askntell.history import Ledger
            from askntell.optimizers.campaign import Campaign
        except ImportError:
            raise Absent("this version has no campaigns") from None
        problem, algorithm = problem_of(game), _algorithm(game)
        if algorithm.sharing(problem) is None:
            raise Absent("this version's algorithm does not share")
        self._ledger = Ledger(problem)
        self._histories = self._ledger
        self._campaign = Campaign(problem, algorithm, game.seed, share="auto")

    def _proposed(self, segment: str, number: int) -> tuple[Params, str, Mapping[str, Any]]:
        proposal = self._campaign.propose(self._ledger, segment, number, {})
        if proposal is None:
            raise Absent("the space is exhausted")
        return dict(proposal.params), proposal.by, proposal.why

    def _add(self, trial: Trial) -> None:
        self._ledger.add(trial)

    def tell(self, segment: str, token: int, loss: float) -> None:
        self._ledger.close(segment, token, Outcome.of(self._goals, loss))


@final
class Pooled(Tuning):
    """One search for all: each of its points is tried in every segment, and its loss is the mean standardised one.

    The k-th trial of every segment is the k-th point. A point counts as measured once every segment has told.
    """

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        self._points: list[Params] = []
        self._asked = dict.fromkeys(game.names, 0)
        self._losses: dict[str, dict[int, float]] = {name: {} for name in game.names}

    def ask(self, segment: str) -> tuple[int, Params]:
        k = self._asked[segment]
        if k == len(self._points):
            self._points.append(self._next())
        self._asked[segment] = k + 1
        return k, self._points[k]

    def tell(self, segment: str, token: int, loss: float) -> None:
        self._losses[segment][token] = loss

    def _next(self) -> Params:
        whole = [k for k in range(len(self._points)) if all(k in told for told in self._losses.values())]
        table = np.array([[told[k] for k in whole] for told in self._losses.values()])
        means = dict(zip(whole, _standardised(table).mean(axis=0).tolist(), strict=True)) if whole else {}
        goals = Goals.of(None, None, None)
        trials = [Trial(number=k, params=params) for k, params in enumerate(self._points)]
        trials = [t.told(Outcome.of(goals, means[t.number])) if t.number in means else t for t in trials]
        optimizer = askntell.Optimizer.from_history(self.game.instance.space, trials, seed=self.game.seed)
        return dict(optimizer.ask().params)


def _standardised(table: Array) -> Array:
    """Rows (one for each segment) with mean 0 and deviation 1."""
    spread = table.std(axis=1, keepdims=True)
    return (table - table.mean(axis=1, keepdims=True)) / np.where(spread > 0.0, spread, 1.0)


@final
class Portfolio(Alone):
    """First the points that, taken one after the other, help the *other* segments most; then `auto`.

    The points are what finished independent searches of other segments ended with, chosen greedily by their true
    losses there. Neither those searches nor these losses are counted: it is what a segment that is added to a finished
    campaign could be given, so an upper bound for starting from nothing.
    """

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        if set(game.found) != set(game.names):
            raise Absent("needs a finished run of 'alone' with the same seed")
        self._first = portfolio(game)

    def _proposed(self, segment: str, number: int) -> tuple[Params, str, Mapping[str, Any]]:
        first = self._first[segment]
        if number < len(first):
            return first[number], "portfolio", {}
        return super()._proposed(segment, number)


LENGTH = 6  #: points of a portfolio
_MOST = 30  #: so many points at most, and so many segments at most that judge them


def portfolio(game: Game) -> dict[str, list[Params]]:
    """For each segment the points chosen by what they do for the others."""
    instance, names = game.instance, game.names
    some = np.random.default_rng([game.seed, 5]).permutation(len(names))[:_MOST]
    table = np.array(
        [[instance.evaluate(int(judge), dict(game.found[names[point]])) for judge in some] for point in some]
    )
    regrets = (table - table.min(axis=0)) / np.maximum(np.median(table, axis=0) - table.min(axis=0), 1e-12)
    made: dict[str, list[Params]] = {}
    for k, name in enumerate(names):
        other = some != k
        chosen = greedy(np.minimum(regrets, 2.0)[np.ix_(other, other)], LENGTH)
        made[name] = [dict(game.found[names[int(point)]]) for point in some[other][chosen]]
    return made


def greedy(regrets: Array, count: int) -> list[int]:
    """Rows, each of which lowers the mean over columns of the smallest regret most; the first among equals."""
    chosen: list[int] = []
    best = np.full(regrets.shape[1], np.inf)
    for _ in range(min(count, len(regrets))):
        means = np.minimum(regrets, best).mean(axis=1)
        means[chosen] = np.inf
        chosen.append(int(np.argmin(means)))
        best = np.minimum(best, regrets[chosen[-1]])
    return chosen
