"""Maximising the acquisition over a search space: candidates, one batched polish, one-exchange neighbours.

Every row that is evaluated last and returned went through `Unit.snap`, with the fixed parameters, and is feasible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.acquisition import Score
from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.polish import maximise
from askntell.space import Scalar
from askntell.space.box import Box
from askntell.space.unit import Unit

__all__ = ["Effort", "Region", "ranked"]

_FEW, _FINE = 8, 16  #: a grid of more levels steps to near cells only; of still more, it is polished like a real number
_NEIGHBOUR_LEVELS = 32  #: so many other levels of one category are tried, drawn at random if it has more
_SURE_DRAWS = 256
_TURNS, _STEPS = 3, 12  #: turns of gradient steps and exchanges; exchanges where there is nothing but those


@final
@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long to search: see `GP`."""

    scattered: int
    perturbed: int
    starts: int
    evaluations: int


@final
class Region:
    """The feasible unit points of a space with some parameters held fixed.

    Args:
        unit: The unit cube of the space.
        fixed: Parameters held at a value, by name.
        restricted: Whether the space has constraints or forbidden combinations.
        box: The part of the space that may be tried; None: all of it.
    """

    def __init__(self, unit: Unit, fixed: Mapping[str, Scalar], *, restricted: bool, box: Box | None = None) -> None:
        self.unit = unit
        self.fixed = fixed
        self.restricted = restricted
        self.levels = np.array([c.levels or 0 for c in unit.columns], dtype=np.intp)  # 0: a real number
        self.category = np.array([c.kind == "categorical" for c in unit.columns], dtype=bool)
        moves = np.array([name not in fixed for name in unit.names], dtype=bool) & (self.levels != 1)
        self.box = box
        self.lower, self.upper = (np.zeros(unit.d), np.ones(unit.d)) if box is None else (box.lower, box.upper)
        if box is not None:
            moves &= np.array([mask is None or mask.sum() > 1 for mask in box.allowed]) & (self.lower < self.upper)
        self.smooth = moves & ~self.category & ((self.levels == 0) | (self.levels > _FINE))
        self.discrete = np.flatnonzero(moves & (self.levels > 0))

    def snap(self, U: Array) -> Array:
        """U moved to the nearest points that may be tried, whether or not they are feasible."""
        return self.unit.snap(U if self.box is None else self.box.clip(U), self.fixed)

    def rows(self, U: Array) -> Array:
        """The rows of U moved to the grid, the fixed and the feasible; shape (k, d), k <= len(U)."""
        U = self.snap(U)
        return U[self.unit.feasible(U)] if self.restricted else U

    def spread(self, U: Array) -> Array:
        """The rows of U, which are even in the unit cube, spread over what may be tried."""
        return self.rows(U if self.box is None else self.box.into(U))

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """Up to `count` random rows."""
        if self.box is None:
            return self.unit.draw(rng, count, self.fixed)
        return self.spread(rng.random((count, self.unit.d)))

    def feasible(self, U: Array) -> NDArray[np.bool_]:
        """Which rows are feasible once snapped, shape (m,)."""
        if not self.restricted:
            return np.ones(len(U), dtype=bool)
        found: NDArray[np.bool_] = self.unit.feasible(self.snap(U))
        return found


def ranked(
    region: Region,
    columns: Columns,
    acquisition: Score,
    *,
    incumbents: Array,
    effort: Effort,
    rng: np.random.Generator,
    extra: Array | None = None,
) -> Iterator[Array]:
    """Unit points, shape (d,), from the most to the least worth trying: polished ones and candidates.

    Args:
        region: What may be proposed.
        columns: The model's columns.
        acquisition: What to maximise.
        incumbents: Unit points of the trials with the smallest posterior means, best first, shape (k, d).
        effort: Sizes of the search.
        rng: Of this ask.
        extra: More candidates, shape (m, d).
    """
    wide = region.spread(_scattered(region.unit.d, effort.scattered, rng))
    around = [_perturbed(region, incumbents, effort.perturbed, rng), _exchanged(region, incumbents[:4], rng)]
    near = region.rows(np.vstack(around if extra is None else [*around, extra]))
    if len(wide) + len(near) < _SURE_DRAWS:
        wide = np.vstack([wide, region.draw(rng, _SURE_DRAWS)])
    rows = np.vstack([wide, near])
    if not len(rows):
        return
    values = acquisition.value(columns.transform(rows))
    half = effort.starts // 2
    first, second = _top(values[: len(wide)], half), len(wide) + _top(values[len(wide) :], effort.starts - half)
    chosen = np.concatenate([first, second])
    polished, heights = _polished(region, columns, acquisition, rows[chosen], values[chosen], effort, rng)
    rows, values = np.vstack([polished, rows]), np.concatenate([heights, values])
    yield from rows[np.argsort(-values, kind="stable")]


def _top(values: Array, count: int) -> NDArray[np.intp]:
    return np.argsort(-values, kind="stable")[:count]


def _scattered(d: int, count: int, rng: np.random.Generator) -> Array:
    """A Kronecker sequence with a random shift: powers of the inverse root of g^(d+1) = g + 1, shape (count, d)."""
    g = 2.0
    for _ in range(40):  # a contraction: 40 steps reach the last bit
        g = (1.0 + g) ** (1.0 / (d + 1))
    U: Array = (rng.random(d) + np.arange(1, count + 1)[:, None] * g ** -np.arange(1.0, d + 1.0)) % 1.0
    return U


def _perturbed(region: Region, incumbents: Array, count: int, rng: np.random.Generator) -> Array:
    """Incumbents moved by a normal step of random size, half of them in all coordinates, half in a few."""
    d = region.unit.d
    base = incumbents[np.arange(count) % len(incumbents)]
    base = np.where(np.isnan(base), rng.random(base.shape), base)  # a parameter may become active
    size = 10.0 ** rng.uniform(-3.0, -0.3, (count, 1))
    levels = region.levels
    size = np.maximum(size, np.where(levels > 0, 1.0 / np.maximum(levels, 1), 0.0))  # at least about one cell
    moved = rng.random((count, d)) < max(2.0 / d, 0.2)
    moved[np.arange(count), rng.integers(d, size=count)] = True
    moved[: count // 2] = True
    U = np.clip(base + size * rng.standard_normal((count, d)), 0.0, 1.0)
    U = np.where(moved & ~region.category, U, base)
    again = (levels > 0) & (rng.random((count, d)) < 0.2)
    return np.where(again, rng.random((count, d)), U)


def _exchanged(region: Region, rows: Array, rng: np.random.Generator) -> Array:
    """All rows that differ from one of `rows` in one discrete parameter, not yet snapped."""
    made = [np.empty((0, region.unit.d))]
    for j in region.discrete:
        levels = int(region.levels[j])
        if region.category[j] or levels <= _FEW:
            cells = np.arange(levels)
            if levels > _NEIGHBOUR_LEVELS:
                cells = rng.choice(levels, _NEIGHBOUR_LEVELS, replace=False)
            targets = np.broadcast_to((cells + 0.5) / levels, (len(rows), len(cells)))
        else:  # +-1, +-2, +-4 ... cells
            steps = 2 ** np.arange(int(np.log2(levels / 2)) + 1) / levels
            targets = rows[:, j, None] + np.concatenate([-steps, steps])
        a, b = np.nonzero(~np.isnan(rows[:, j, None]) & (targets > 0.0) & (targets < 1.0))
        U = rows[a]
        U[:, j] = targets[a, b]
        made.append(U)
    return np.vstack(made)


def _polished(
    region: Region,
    columns: Columns,
    acquisition: Score,
    rows: Array,
    values: Array,
    effort: Effort,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Rows improved by turns: gradient steps on the numbers, then the best exchange of one discrete parameter."""
    smooth = bool(region.smooth.any())
    for _ in range(_TURNS if smooth else _STEPS):
        if smooth:
            rows, values = _climbed(region, columns, acquisition, rows, values, effort.evaluations)
        if not len(region.discrete):
            break
        rows, values, moved = _stepped(region, columns, acquisition, rows, values, rng)
        if not moved:
            break
    return rows, values


def _climbed(
    region: Region, columns: Columns, acquisition: Score, rows: Array, values: Array, evaluations: int
) -> tuple[Array, Array]:
    """Rows after a batched BFGS on their active smooth coordinates; a row that rounding makes worse stays."""
    smooth = np.flatnonzero(region.smooth)
    places = np.searchsorted(columns.numeric, smooth)  # of these coordinates among the model columns
    X = columns.transform(rows)

    def function(part: Array) -> tuple[Array, Array]:
        X[:, places] = np.where(free, part, X[:, places])
        value, gradient = acquisition.gradients(X)
        if region.restricted:
            U = rows.copy()
            U[:, smooth] = np.where(free, part, U[:, smooth])
            value = np.where(region.feasible(U), value, -np.inf)
        return value, gradient[:, places]

    free = ~np.isnan(rows[:, smooth])
    start = np.where(free, rows[:, smooth], 0.5)
    scale = np.clip(acquisition.posterior.hyper.scale[places], 0.02, 2.0)
    found, _ = maximise(
        function,
        start,
        free=free,
        scale=scale,
        evaluations=evaluations,
        lower=region.lower[smooth],
        upper=region.upper[smooth],
    )
    U = rows.copy()
    U[:, smooth] = np.where(free, found, np.nan)
    U = region.snap(U)
    after = acquisition.value(columns.transform(U))
    better = after > values  # and feasible: the function above refused all other points
    return np.where(better[:, None], U, rows), np.where(better, after, values)


def _stepped(
    region: Region, columns: Columns, acquisition: Score, rows: Array, values: Array, rng: np.random.Generator
) -> tuple[Array, Array, bool]:
    """Each row replaced by its best one-exchange neighbour if that is better; and whether any was."""
    rows, values = rows.copy(), values.copy()
    moved = False
    neighbours = [region.rows(_exchanged(region, rows[i : i + 1], rng)) for i in range(len(rows))]
    counts = [len(part) for part in neighbours]
    if not sum(counts):
        return rows, values, False
    heights = np.split(acquisition.value(columns.transform(np.vstack(neighbours))), np.cumsum(counts)[:-1])
    for i, (part, height) in enumerate(zip(neighbours, heights, strict=True)):
        if len(height) and height.max() > values[i] + 1e-9:
            rows[i], values[i] = part[int(np.argmax(height))], height.max()
            moved = True
    return rows, values, moved
