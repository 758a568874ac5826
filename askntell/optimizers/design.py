"""Points that need no model: the default, Sobol points by index, and whatever is left when points run out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.algorithm import Request
from askntell.space import Scalar, SearchSpace
from askntell.trial import Problem, Proposal

__all__ = ["BLOCK", "fresh", "initial", "proposal_from_row", "sobol_row"]

BLOCK = 64  #: points drawn at once and kept; a power of two, as Sobol points want
ENUMERABLE = 100_000  #: a finite space up to this size is listed when random draws find nothing new
_DRAWS = 64
_ROUNDS = 4
_SHRINKS = 24

Rows = NDArray[np.float64]


def initial(problem: Problem, request: Request) -> Proposal | None:
    """A point of the initial design: trial 0 is the default, trial k the k-th scrambled Sobol point.

    A point that is infeasible or taken is replaced by `fresh`. Returns None if nothing is left.
    """
    if request.number == 0:
        row = problem.space.unit.encode(problem.space.default())
        proposal = proposal_from_row(problem.space, row, request, "default")
    else:
        row = sobol_row(problem, request)
        proposal = proposal_from_row(problem.space, row, request, "sobol")
    return proposal if proposal is not None else fresh(problem.space, request, "sobol")


def sobol_row(problem: Problem, request: Request) -> Rows:
    """Scrambled Sobol point (scipy.stats.qmc), shape (d,), not yet snapped to the grid.

    Each segment has a sequence of its own, of which trial k is point k. Segments that share what they learn share one
    sequence, of which the k-th ask of the study is point k: no point is measured twice, and one round of all segments
    covers the space.
    """
    if request.place is None:
        block, index = divmod(request.number, BLOCK)
        seed = request.block_seed("sobol")
    else:
        block, index = divmod(request.place, BLOCK)
        seed = [request.seed]
    rows = _sobol_block(problem.space.unit.d, block, *seed)
    row: Rows = rows[index]
    return row


@lru_cache(maxsize=64)
def _sobol_block(d: int, block: int, *seed: int) -> Rows:
    if d == 0:
        return np.empty((BLOCK, 0))
    from scipy.stats import qmc

    sampler = qmc.Sobol(d, scramble=True, seed=np.random.default_rng(list(seed)))
    if block:
        sampler.fast_forward(block * BLOCK)
    rows: Rows = sampler.random(BLOCK)
    rows.setflags(write=False)
    return rows


def proposal_from_row(space: SearchSpace, row: Rows, request: Request, by: str) -> Proposal | None:
    """The unit point `row`, shape (d,), as a proposal; None if infeasible or taken."""
    rows = space.unit.snap(row[None, :], request.fixed)
    if not space.unit.feasible(rows)[0]:
        return None
    params = space.unit.decode(rows[0], request.fixed)
    return None if space.key(params) in request.taken else Proposal(params=params, by=by)


def fresh(space: SearchSpace, request: Request, by: str) -> Proposal | None:
    """A point that nobody has, by random draws, then by listing a small finite space; None if none is left.

    Where constraints leave so little that no draw is feasible, points are drawn nearer and nearer to the default.
    """
    rng = request.rng("fresh")
    for _ in range(_ROUNDS):
        for row in space.unit.draw(rng, _DRAWS, request.fixed):
            params = space.unit.decode(row, request.fixed)
            if space.key(params) not in request.taken:
                return Proposal(params=params, by=by)
    if space.size is None or space.size > ENUMERABLE:
        return _near_default(space, request, by)
    left = [p for p in space.points() if _holds(p, request.fixed) and space.key(p) not in request.taken]
    return Proposal(params=left[rng.integers(len(left))], by=by) if left else None


def _near_default(space: SearchSpace, request: Request, by: str) -> Proposal | None:
    """A point that nobody has in a shrinking box around the default, or None."""
    rng = request.rng("near-default")
    home = space.unit.encode(space.default())
    home = np.where(np.isnan(home), 0.5, home)
    for shrink in range(1, _SHRINKS):
        draws = home + 2.0**-shrink * (rng.random((_DRAWS, space.unit.d)) - home)
        rows = space.unit.snap(draws, request.fixed)
        for row in rows[space.unit.feasible(rows)]:
            params = space.unit.decode(row, request.fixed)
            if space.key(params) not in request.taken:
                return Proposal(params=params, by=by)
    return None


def _holds(params: Mapping[str, Scalar], fixed: Mapping[str, Scalar]) -> bool:
    """Whether params agree with what is held fixed; a fixed parameter that is inactive in params does not count."""
    return all(name not in params or params[name] == value for name, value in fixed.items())
