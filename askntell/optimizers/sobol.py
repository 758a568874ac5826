"""Scrambled Sobol sequence [Sobol' 1967, Owen 1998], drawn by index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.design import fresh, proposal_from_row, sobol_row
from askntell.trial import Problem, Proposal, Trial

__all__ = ["Sobol"]


@final
@dataclass(frozen=True, kw_only=True)
class Sobol(Algorithm[Problem]):
    """Trial number k gets point k of one sequence, scrambled by (seed, segment).

    A point that the constraints forbid or that is taken (on a coarse grid many points fall into one cell) is replaced
    by a uniform draw from the ask's own stream.
    """

    name: ClassVar[str] = "sobol"

    def start(self, problem: Problem) -> Problem:
        """Nothing is learnt, so the state is the problem."""
        return problem

    def learn(self, state: Problem, closed: Sequence[Trial]) -> Problem:  # noqa: ARG002 -- a fixed sequence
        """The state as it was."""
        return state

    def propose(self, state: Problem, request: Request) -> Proposal | None:
        """The Sobol point of this number, or a fresh one."""
        proposal = proposal_from_row(state.space, sobol_row(state, request), request, self.name)
        return proposal if proposal is not None else fresh(state.space, request, self.name)
