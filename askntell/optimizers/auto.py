"""The default: the algorithm that suits the problem, chosen from the space and the planned trials alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from askntell.optimizers.algorithm import Algorithm, Request, Sharing
from askntell.optimizers.gridsearch import LARGEST, GridSearch
from askntell.trial import Problem, Proposal, Trial

__all__ = ["Auto"]


@final
@dataclass(frozen=True)
class _Chosen:
    algorithm: Algorithm[Any]
    state: Any


@final
@dataclass(frozen=True, kw_only=True)
class Auto(Algorithm[_Chosen]):
    """A finite space that the planned trials can exhaust is listed in shuffled order; all else goes to the GP.

    The choice reads the space and `Problem.trials`, never the installed extras, so a proposal does not depend on the
    machine.
    """

    name: ClassVar[str] = "auto"

    def start(self, problem: Problem) -> _Chosen:
        """Choose once for the whole search."""
        algorithm = _chosen(problem)
        return _Chosen(algorithm, algorithm.start(problem))

    def sharing(self, problem: Problem) -> Sharing[Any, Any] | None:
        """As the chosen algorithm does; a space that each segment can exhaust is listed in each."""
        return _chosen(problem).sharing(problem)

    def learn(self, state: _Chosen, closed: Sequence[Trial]) -> _Chosen:
        """What the chosen algorithm learns."""
        return _Chosen(state.algorithm, state.algorithm.learn(state.state, closed))

    def propose(self, state: _Chosen, request: Request) -> Proposal | None:
        """What the chosen algorithm proposes."""
        return state.algorithm.propose(state.state, request)

    def recommend(self, state: _Chosen) -> int | None:
        """What the chosen algorithm believes to be best."""
        return state.algorithm.recommend(state.state)


def _chosen(problem: Problem) -> Algorithm[Any]:
    from askntell.optimizers.gp import GP  # scipy costs half a second, and only an ask needs it

    size, trials = problem.space.size, problem.trials
    listed = size is not None and trials is not None and size <= min(trials, LARGEST)
    return GridSearch(levels=None, shuffle=True) if listed else GP()
