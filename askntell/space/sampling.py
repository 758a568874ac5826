"""Feasible points found: random ones, and the one nearest to where a search should start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from askntell._rng import stream
from askntell.errors import SpaceError

if TYPE_CHECKING:
    from askntell.space.columns import Array
    from askntell.space.space import SearchSpace
    from askntell.space.values import Params, Scalar

__all__ = ["nearest", "sample"]

SMALL = 1 << 16
"""Number of points up to which a space is searched as a whole when drawing at random finds too little."""

NEIGHBOURS = 4096


def sample(space: SearchSpace, count: int, seed: int) -> list[Params]:
    """Random feasible params; see `SearchSpace.sample`."""
    rows = _found(space, stream(seed, "sample"), count)
    if len(rows) < count:
        raise SpaceError(
            f"only {len(rows)} of {count} points found that keep the constraints",
            hint="loosen the constraints, or narrow the bounds to where they hold",
        )
    return [space.unit.decode(row) for row in rows]


def nearest(space: SearchSpace, params: Mapping[str, Scalar]) -> Params:
    """The feasible point of a seeded sample that is nearest in the unit cube to params that are not feasible.

    Two categories are at distance 1; what is inactive in one of the two points does not count.

    Raises:
        SpaceError: no feasible point was found.
    """
    rows = _found(space, stream(0, "nearest"), NEIGHBOURS)
    if not len(rows):
        raise SpaceError("no point found that keeps the constraints", hint="loosen them or widen the bounds")
    gap = np.abs(rows - space.unit.encode(params))
    for index, column in enumerate(space.unit.columns):
        if column.kind == "categorical":
            gap[:, index] = np.where(gap[:, index] > 0.0, 1.0, gap[:, index])
    gap[np.isnan(gap)] = 0.0
    return space.unit.decode(rows[int(np.argmin(np.sum(gap * gap, axis=1)))])


def _found(space: SearchSpace, rng: np.random.Generator, count: int) -> Array:
    """Up to `count` feasible rows; of a small space that rejection cannot sample, uniform among its points."""
    rows = space.unit.draw(rng, count)
    size = space.size
    if len(rows) < count and size is not None and size <= SMALL:
        every = space.unit.encode_many(list(space.points()))
        if len(every):
            return every[rng.integers(len(every), size=count)]
    return rows
