"""Random search: independent uniform points of the unit cube [Bergstra & Bengio 2012], without repetition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.design import BLOCK, fresh
from askntell.trial import Problem, Proposal, Trial

__all__ = ["RandomSearch"]


@final
class _Uniform:
    """The problem, and the block of rows that was drawn last: a memo, derived from (seed, segment, block) alone."""

    def __init__(self, problem: Problem) -> None:
        self.space = problem.space
        self._drawn: tuple[object, NDArray[np.float64]] = (None, np.empty((0, 0)))

    def rows(self, request: Request, block: int) -> NDArray[np.float64]:
        """Feasible rows of one block, shape (m, d), m <= BLOCK."""
        key = (request.seed, request.segment, block)
        if self._drawn[0] != key:
            rng = np.random.default_rng([*request.block_seed("random"), block])
            self._drawn = key, self.space.unit.draw(rng, BLOCK)
        return self._drawn[1]


@final
@dataclass(frozen=True, kw_only=True)
class RandomSearch(Algorithm[_Uniform]):
    """Uniform in the unit cube: log-uniform for log parameters, equal weight for every level.

    Point number k is row k mod 64 of a block keyed by (seed, segment, k div 64), so an ask costs microseconds and
    depends on nothing else. Points that are taken, and asks with fixed parameters, draw from the ask's own stream.
    """

    name: ClassVar[str] = "random"

    def start(self, problem: Problem) -> _Uniform:
        """Nothing is learnt, so the state is the problem."""
        return _Uniform(problem)

    def learn(self, state: _Uniform, closed: Sequence[Trial]) -> _Uniform:  # noqa: ARG002 -- random search forgets
        """The state as it was."""
        return state

    def propose(self, state: _Uniform, request: Request) -> Proposal | None:
        """The row of this number if it is free, else a fresh draw."""
        block, index = divmod(request.number, BLOCK)
        if not request.fixed:
            rows = state.rows(request, block)
            if index < len(rows):
                params = state.space.unit.decode(rows[index])
                if state.space.key(params) not in request.taken:
                    return Proposal(params=params, by=self.name)
        return fresh(state.space, request, self.name)
