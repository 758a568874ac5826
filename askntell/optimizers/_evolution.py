"""The distribution that `cmaes` searches with: what it learns from a generation, and how points are drawn from it."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, NamedTuple, Self, final

import numpy as np
from numpy.typing import NDArray

from askntell._rng import stream
from askntell.space import Scalar, SearchSpace
from askntell.space.columns import Array

__all__ = ["FAILED", "Axes", "Point", "Search"]

FAILED = (math.inf, math.inf)  #: the rank of a failed trial

_MOST_CELLS = 256  #: an integer with more levels than this is as good as continuous
_LARGEST_POPULATION = 2048
_SLACK = 2.0  #: the limit of 2 n / (n + 2), the room above sqrt(n) that Hansen 2011, table 1, gives injected points
_FLAT = 1e-12  #: relative range of a stretch of generations' best losses that counts as standing still


class Point(NamedTuple):
    """A closed trial: its unit point (d,), NaN where inactive, and its `Goals.rank` or `FAILED`."""

    row: Array
    rank: tuple[float, float]


@final
@dataclass(frozen=True, kw_only=True)
class Axes:
    """How the columns of the unit cube are searched. Columns with one level are in none of the lists.

    Attributes:
        reals: Columns searched as continuous ones.
        cells: Columns searched with margin.
        cell_points: The unit points that stand for their cells, each (levels,).
        choices: Columns with a probability for each level.
        choice_points: The unit points that stand for their levels, each (levels,).
    """

    reals: NDArray[np.intp]
    cells: NDArray[np.intp]
    cell_points: tuple[Array, ...]
    choices: NDArray[np.intp]
    choice_points: tuple[Array, ...]

    @classmethod
    def of(cls, space: SearchSpace) -> Self:
        """The axes of a space."""
        reals, cells, choices = [], [], []
        for index, column in enumerate(space.unit.columns):
            levels = column.levels
            if levels is None or (levels > _MOST_CELLS and column.kind != "categorical"):
                reals.append(index)
            elif levels == 2 or (column.kind == "categorical" and levels > 1):
                choices.append(index)
            elif levels > 2:
                cells.append(index)
        return cls(
            reals=np.array(reals, dtype=np.intp),
            cells=np.array(cells, dtype=np.intp),
            cell_points=tuple(_points(space, index) for index in cells),
            choices=np.array(choices, dtype=np.intp),
            choice_points=tuple(_points(space, index) for index in choices),
        )

    @cached_property
    def numbers(self) -> NDArray[np.intp]:
        """Columns of the normal distribution, shape (n,), the continuous ones first."""
        return np.concatenate([self.reals, self.cells])

    @cached_property
    def borders(self) -> tuple[Array, ...]:
        """The borders between neighbouring cells, each (levels - 1,)."""
        return tuple((points[1:] + points[:-1]) / 2 for points in self.cell_points)

    @cached_property
    def edges(self) -> tuple[Array, ...]:
        """The borders of the cells with infinite ones around, each (levels + 1,)."""
        return tuple(np.concatenate([[-np.inf], borders, [np.inf]]) for borders in self.borders)

    @cached_property
    def level_borders(self) -> tuple[Array, ...]:
        """The borders between the levels of each choice, (levels - 1,)."""
        return tuple((points[1:] + points[:-1]) / 2 for points in self.choice_points)

    @property
    def d(self) -> int:
        """Number of columns that vary."""
        return len(self.numbers) + len(self.choices)

    @property
    def population(self) -> int:
        """The usual population, 4 + floor(3 ln d) [Hansen 2016, eq. 48]."""
        return 4 + math.floor(3 * math.log(self.d))


def _points(space: SearchSpace, index: int) -> Array:
    """The unit points (levels,) that stand for the cells of one column."""
    column = space.unit.columns[index]
    parameter = space.parameters[column.name]
    return np.array([parameter.position(parameter.pick(cell)) for cell in range(column.levels or 0)])


@cache
def _distribution() -> Any:
    """`cmaes.CatCMAwM`, which finds the cells of a point in one step instead of parameter by parameter."""
    from cmaes import CatCMAwM  # imports scipy.stats: half a second that only this algorithm needs

    class Distribution(CatCMAwM):  # type: ignore[misc]  # untyped: its class counts as Any
        def _discretization(self, v_discrete: Array) -> Array:
            cells = np.count_nonzero(self._z_lim < v_discrete[:, None], axis=1)
            points: Array = self._z_space[np.arange(len(cells)), cells]
            return points

    return Distribution


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """A distribution over the unit cube and what decides when it starts again. `told` gives another one.

    Attributes:
        axes: How columns are searched.
        key: What the random numbers of the fold belong to: the segment.
        optimizer: A `cmaes.CatCMAwM`, used as a record of its parameters and for their update.
        population: Points of a generation.
        step: Standard deviation at a start.
        tolerance: Standard deviation at which the search has converged.
        restart: How often it was started again.
        generation: Generations in all.
        bests: Best of the latest generations of this start: the loss, the violation where no point was feasible,
            infinite where all points failed.
    """

    axes: Axes
    key: str
    optimizer: Any
    population: int
    step: float
    tolerance: float
    restart: int = 0
    generation: int = 0
    bests: tuple[float, ...] = ()

    @classmethod
    def started(cls, axes: Axes, row: Array, **settings: Any) -> Self:
        """The distribution around a unit point (d,); where that is NaN, around 0.5.

        Args:
            axes: At least one column varies.
            row: The point.
            settings: Fields of the class.
        """
        n = len(axes.numbers)
        optimizer = _distribution()(
            x_space=[[0.0, 1.0]] * len(axes.reals) or None,
            z_space=[points.tolist() for points in axes.cell_points] or None,
            c_space=[len(points) for points in axes.choice_points] or None,
            population_size=settings["population"],
            mean=np.nan_to_num(row[axes.numbers], nan=0.5) if n else None,
            sigma=settings["step"] if n else None,
            cov=np.eye(n) if n else None,
            seed=0,
        )
        return cls(axes=axes, optimizer=optimizer, **settings)

    # ---- the distribution -------------------------------------------------------------------------------------------

    @cached_property
    def normal(self) -> tuple[Array, Array, Array]:
        """Mean (n,), and a matrix (n, n) that makes deviations of standard normal numbers, and its inverse."""
        if not len(self.axes.numbers):
            return np.empty(0), np.empty((0, 0)), np.empty((0, 0))
        own = self.optimizer
        mean, C, scale = own._mean, own._C, own._A * own._sigma  # noqa: SLF001 -- the package has no public reader
        squares, B = np.linalg.eigh((C + C.T) / 2)
        D = np.sqrt(np.maximum(squares, 1e-30))
        return mean.copy(), scale[:, None] * B * D, (B / D).T / scale

    @cached_property
    def deviations(self) -> Array:
        """Standard deviations (n,) of the numbers."""
        made: Array = np.sqrt((self.normal[1] ** 2).sum(axis=1))
        return made

    @cached_property
    def cumulated(self) -> tuple[Array, ...]:
        """For each choice the cumulated probabilities of its levels, (levels,)."""
        if not len(self.axes.choices):
            return ()
        q = self.optimizer._q  # noqa: SLF001 -- the package has no public reader
        return tuple(np.cumsum(q[i, : len(points)]) for i, points in enumerate(self.axes.choice_points))

    @property
    def facts(self) -> dict[str, Scalar]:
        """What a proposal notes of its origin."""
        facts: dict[str, Scalar] = {"model": "cmaes", "generation": self.generation, "population": self.population}
        if self.restart:
            facts["restart"] = self.restart
        if len(self.deviations):
            facts["deviation"] = float(self.deviations.max())
        return facts

    def drawn(self, rng: np.random.Generator, count: int, d: int) -> tuple[Array, NDArray[np.bool_]]:
        """Rows (count, d), mirrored into the unit cube, and which of them fell into it."""
        axes, (mean, transform, _) = self.axes, self.normal
        rows = np.full((count, d), 0.5)
        V = mean + rng.standard_normal((count, len(mean))) @ transform.T
        real = V[:, : len(axes.reals)]
        inside = np.all((real >= 0.0) & (real <= 1.0), axis=1)
        rows[:, axes.reals] = 1.0 - np.abs(1.0 - np.mod(real, 2.0))
        for index, (column, borders, points) in enumerate(zip(axes.cells, axes.borders, axes.cell_points, strict=True)):
            rows[:, column] = points[np.searchsorted(borders, V[:, len(axes.reals) + index])]
        for column, cumulated, points in zip(axes.choices, self.cumulated, axes.choice_points, strict=True):
            rows[:, column] = points[np.searchsorted(cumulated[:-1], rng.random(count), side="right")]
        return rows, inside

    # ---- the update -------------------------------------------------------------------------------------------------

    def copied(self) -> Search:
        """The same search with an optimizer of its own, so that `told` may use it up."""
        return replace(self, optimizer=copy.deepcopy(self.optimizer))

    def told(self, block: Sequence[Point]) -> Search:
        """The search after a generation of `population` closed trials. This one MUST NOT be used any more."""
        rows = np.array([point.row for point in block])
        violation, loss = min(point.rank for point in block)
        if len({point.rank for point in block}) > 1:  # a generation of equals teaches nothing
            self._update(rows, np.array([point.rank for point in block]))
        after = replace(
            self,
            generation=self.generation + 1,
            bests=(*self.bests[1 - self._patience :], violation or loss),
        )
        return after.started_again(rows.shape[1]) if after.done else after

    def _update(self, rows: Array, ranks: Array) -> None:
        """Tell the package the places of the points in their order: nothing else counts, and all places are finite."""
        optimizer = self.optimizer
        V, C = self._completed(rows)
        places = np.argsort(np.lexsort((ranks[:, 1], ranks[:, 0])))
        solutions = [
            (optimizer.Solution(c=C[i] if C.size else None, _v_raw=V[i] if V.size else None), float(place))
            for i, place in enumerate(places)
        ]
        with np.errstate(all="ignore"):  # numbers out of range end in a restart
            try:
                optimizer.tell(solutions)
            except (AssertionError, np.linalg.LinAlgError):
                optimizer._sigma = np.nan  # noqa: SLF001 -- marks it as used up

    def _completed(self, rows: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Points of the normal distribution (m, n) and levels (m, q, most levels) that the rows may have come from.

        Which point of its cell an integer came from is not known, and neither is the value of an inactive parameter:
        both are drawn from the distribution.
        """
        axes, (mean, _, inverse) = self.axes, self.normal
        rng = stream(0, "cmaes", self.key, self.generation)
        V = rows[:, axes.numbers]
        first = len(axes.reals)
        deviation = self.deviations
        blank = mean + rng.standard_normal(V.shape) * deviation
        share = rng.random(V.shape)
        for index, edges in enumerate(axes.edges):
            at = first + index
            V[:, at] = _within(V[:, at], share[:, at], edges, axes.cell_points[index], mean[at], deviation[at])
        blank[:, :first] = np.clip(blank[:, :first], 0.0, 1.0)
        V = np.where(np.isnan(V), blank, V)
        length = np.sqrt((((V - mean) @ inverse.T) ** 2).sum(axis=1))
        reach = math.sqrt(len(mean)) + _SLACK
        with np.errstate(divide="ignore"):
            V = mean + (V - mean) * np.minimum(1.0, reach / length)[:, None]
        most = max(map(len, axes.choice_points), default=0)
        C = np.zeros((len(rows), len(axes.choices), most), dtype=np.bool_)
        for index, column in enumerate(axes.choices):
            level = axes.level_borders[index].searchsorted(rows[:, column])
            other = self.cumulated[index][:-1].searchsorted(rng.random(len(rows)), side="right")
            C[np.arange(len(rows)), index, np.where(np.isnan(rows[:, column]), other, level)] = True
        return V, C

    # ---- starting again ---------------------------------------------------------------------------------------------

    @property
    def _patience(self) -> int:
        """Generations that may pass without a change of the best loss [Hansen 2016, B.3]."""
        return 10 + math.ceil(30 * self.axes.d / self.population)

    @property
    def done(self) -> bool:
        """Whether the search has converged, stands still or is out of range."""
        own, axes = self.optimizer, self.axes
        if len(axes.numbers):
            parts = (own._mean, own._C, own._A, own._sigma)  # noqa: SLF001 -- the package has no public reader
            if not all(np.isfinite(part).all() for part in parts):
                return True
            if len(axes.reals) and self.deviations[: len(axes.reals)].max() < self.tolerance:
                return True
            with np.errstate(all="ignore"):
                if own.should_stop():
                    return True
        if self.cumulated and not all(np.isfinite(c).all() for c in self.cumulated):
            return True
        if len(self.bests) < self._patience:
            return False
        low, high = min(self.bests), max(self.bests)
        return not high - low > _FLAT * max(abs(low), abs(high))

    def started_again(self, d: int) -> Search:
        """A random start with twice the population; the history so far decides where."""
        rng = stream(0, "cmaes-restart", self.key, self.restart, repr(self.bests[-1]))
        return Search.started(
            self.axes,
            rng.random(d),
            key=self.key,
            population=min(2 * self.population, max(self.population, _LARGEST_POPULATION)),
            step=self.step,
            tolerance=self.tolerance,
            restart=self.restart + 1,
            generation=self.generation,
        )


def _within(u: Array, share: Array, edges: Array, points: Array, mean: float, deviation: float) -> Array:
    """Draws (m,) of a normal distribution within the cells of the unit points (m,); NaN stays.

    Args:
        u: Unit points of the parameter.
        share: Uniform random numbers, shape (m,).
        edges: Borders between cells, with infinite ones around, (levels + 1,).
        points: Unit points of the cells, (levels,).
        mean: Mean of the distribution.
        deviation: Its standard deviation.
    """
    from scipy.special import ndtr, ndtri

    cell = np.minimum(edges[1:-1].searchsorted(u), len(points) - 1)  # NaN is sorted to the end
    left, right = edges[cell], edges[cell + 1]
    low, high = ndtr((left - mean) / deviation), ndtr((right - mean) / deviation)
    made = mean + deviation * ndtri(low + share * (high - low))
    made = np.where(np.isfinite(made), np.minimum(np.maximum(made, left), right), points[cell])
    result: Array = np.where(np.isnan(u), np.nan, made)
    return result
