"""CMA-ES for reals, integers and categories: the algorithm `cmaes`.

The distribution is that of CatCMA with margin [Hamano et al. 2025, arXiv 2504.07884] in the package `cmaes`: a normal
distribution over the numbers, with a margin that keeps integers from freezing in one cell, and a probability for each
level of a category. This module decides what that package is told and draws from what it has learnt; the package's
own random numbers are never used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, final

import numpy as np

from askntell.errors import SettingsError
from askntell.optimizers._evolution import FAILED, Axes, Point, Search
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.design import fresh, initial
from askntell.space.columns import Array
from askntell.trial import Problem, Proposal, Trial, TrialStatus

__all__ = ["CMAES", "CMAESState"]

_DRAWS = 32  #: points drawn at once for one ask
_ROUNDS = 4  #: times that this is tried


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class CMAESState:
    """The fold of the closed trials.

    Attributes:
        problem: The problem.
        axes: Which columns of the unit cube are searched, and how.
        search: The distribution after the last complete generation; None where nothing varies.
        waiting: Closed trials of the generation that is not complete yet.
    """

    problem: Problem
    axes: Axes
    search: Search | None
    waiting: tuple[Point, ...] = ()


@final
@dataclass(frozen=True, kw_only=True)
class CMAES(Algorithm[CMAESState]):
    """Covariance matrix adaptation with categories, a margin for integers and restarts with growing populations.

    A generation is the next ``population`` closed trials in number order, whoever proposed them: asked, enqueued or
    measured elsewhere. Ask number k is drawn from the distribution after the last complete generation with the
    numbers of its own stream, so pending trials, late results and batches change nothing in it. Failed trials are the
    worst of their generation, those that violate a constraint come right before, cancelled ones are left out.

    * Float, Int and Ordinal parameters are coordinates of the normal distribution in the unit cube, those with 3 to
      256 levels with margin; two levels and categories have a probability for each level.
    * A point that leaves the unit cube or breaks a constraint is drawn again; where that does not help, it is
      mirrored at the bounds.
    * What the normal distribution would have been drawn as is not part of a history. Within the cell of an integer
      and for an inactive parameter it is drawn again from the distribution itself, which then learns nothing there.
    * Points far outside of the distribution are moved towards its mean, as injected solutions are [Hansen 2011,
      arXiv 1110.4181].
    * A search that has converged or stands still is started again at a random point with twice the population
      [Auger & Hansen 2005, IPOP].

    Attributes:
        population: Trials of a generation, >= 4; None for 4 + floor(3 ln d) with d parameters.
        step: Initial standard deviation in widths of the unit cube, above 0 and at most 1.
        tolerance: Standard deviation in all continuous coordinates below which the search has converged.
    """

    name: ClassVar[str] = "cmaes"
    several: ClassVar[bool] = False
    population: int | None = None
    step: float = 0.17
    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        size = self.population
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 4):
            raise SettingsError(f"cmaes: population={size!r}; allowed: None or an integer >= 4")
        for label in ("step", "tolerance"):
            given = getattr(self, label)
            if isinstance(given, bool) or not isinstance(given, int | float) or not 0.0 < given <= 1.0:
                raise SettingsError(f"cmaes: {label}={given!r}; allowed: a number above 0 and at most 1")

    def start(self, problem: Problem) -> CMAESState:
        """The distribution around the default point."""
        space = problem.space
        axes = Axes.of(space)
        search = None
        if axes.d:
            search = Search.started(
                axes,
                space.unit.encode(space.default()),
                key=problem.segment.name,
                population=self.population or axes.population,
                step=self.step,
                tolerance=self.tolerance,
            )
        return CMAESState(problem=problem, axes=axes, search=search)

    def learn(self, state: CMAESState, closed: Sequence[Trial]) -> CMAESState:
        """One update for each complete generation."""
        useful = [t for t in closed if t.status in (TrialStatus.FINISHED, TrialStatus.FAILED)]
        search = state.search
        if search is None or not useful:
            return state
        rows = state.problem.space.unit.encode_many([t.params for t in useful])
        ranks = [FAILED if t.value is None else state.problem.rank(t) for t in useful]
        waiting = [*state.waiting, *(Point(row, rank) for row, rank in zip(rows, ranks, strict=True))]
        position = 0
        if len(waiting) >= search.population:
            search = search.copied()
        while len(waiting) - position >= search.population:
            block = waiting[position : position + search.population]
            position += search.population
            search = search.told(block)
        return replace(state, search=search, waiting=tuple(waiting[position:]))

    def propose(self, state: CMAESState, request: Request) -> Proposal | None:
        """The first draw that is in the space and not taken; the default for trial 0."""
        space, search = state.problem.space, state.search
        if search is None or request.number == 0:
            return initial(state.problem, request)
        for row in self._rows(state, search, request):
            params = space.unit.decode(row, request.fixed)
            if space.key(params) not in request.taken:
                return Proposal(params=params, by=self.name, why=search.facts)
        return fresh(space, request, "random")

    def _rows(self, state: CMAESState, search: Search, request: Request) -> Iterator[Array]:
        """Snapped feasible rows (d,), first those that fell into the unit cube."""
        unit, rng = state.problem.space.unit, request.rng("cmaes")
        for _ in range(_ROUNDS):
            drawn, inside = search.drawn(rng, _DRAWS, unit.d)
            rows = unit.snap(drawn[np.argsort(~inside, kind="stable")], request.fixed)
            yield from rows[unit.feasible(rows)]
