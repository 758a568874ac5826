"""Parzen estimators over the unit cube: one product kernel for each trial, and a uniform one as prior.

A kernel covers the parameters that are active in its trial. In all others it is uniform, so densities of points with
different active parameters compare: the kernel of a trial speaks of the branches that it took, and of no other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from askntell.space.columns import Array
from askntell.space.unit import Column

__all__ = ["Layout", "Mixture", "widths"]

_LOG_ROOT_TAU = 0.5 * math.log(2.0 * math.pi)
_NARROWEST = 0.01  #: least width of a kernel
_SPREAD = 4.0  #: a category's kernel gives 4 / (n + 5) of its mass to all levels alike


@final
@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which columns are numbers and which are categories.

    Attributes:
        numbers: Columns of Float, Int and Ordinal parameters, shape (p,).
        cells: Length of their cells in the unit interval, 0 where continuous, shape (p,).
        categories: Columns of Categorical parameters, shape (q,).
        levels: Their numbers of levels, shape (q,).
    """

    numbers: NDArray[np.intp]
    cells: Array
    categories: NDArray[np.intp]
    levels: Array

    @classmethod
    def of(cls, columns: Sequence[Column], chosen: Sequence[int]) -> Self:
        """The layout of some of a space's columns."""
        numbers = [i for i in chosen if columns[i].kind != "categorical"]
        categories = [i for i in chosen if columns[i].kind == "categorical"]
        return cls(
            numbers=np.array(numbers, dtype=np.intp),
            cells=np.array([1.0 / n if (n := columns[i].levels) else 0.0 for i in numbers]),
            categories=np.array(categories, dtype=np.intp),
            levels=np.array([columns[i].levels for i in categories], dtype=np.float64),
        )

    def cell(self, U: Array) -> Array:
        """The levels (n, q) of the categories of rows (n, d); NaN where inactive."""
        made: Array = np.floor(U[:, self.categories] * self.levels)
        return made


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class Mixture:
    """A weighted sum of product kernels; the last one is the uniform prior.

    Attributes:
        layout: The columns.
        mean: Centres of the truncated normal kernels, 0.5 where the parameter is inactive in the trial, shape (K, p).
        sigma: Their widths, infinite where inactive, shape (K, p).
        cell: Levels of the categorical kernels, NaN where inactive, shape (K, q).
        log_weight: Logarithms of weights that sum to 1, shape (K,).
        keep: Probability of the kernel's own level is ``keep + (1 - keep) / levels``.
    """

    layout: Layout
    mean: Array
    sigma: Array
    cell: Array
    log_weight: Array
    keep: float

    @classmethod
    def of(cls, layout: Layout, U: Array, weight: Array) -> Self:
        """The estimator of rows (n, d) with weights (n,) of mean 1; the prior has weight 1."""
        n = len(U)
        total = np.append(weight, 1.0)
        M = U[:, layout.numbers]
        absent = np.isnan(M)
        sigma = np.where(absent, np.inf, widths(M, layout.cells))
        p, q = len(layout.numbers), len(layout.categories)
        cell = layout.cell(U)
        return cls(
            layout=layout,
            mean=np.vstack([np.where(absent, 0.5, M), np.full((1, p), 0.5)]),
            sigma=np.vstack([sigma, np.full((1, p), np.inf)]),
            cell=np.vstack([cell, np.full((1, q), np.nan)]),
            log_weight=np.log(total / total.sum()),
            keep=(n + 1.0) / (n + 1.0 + _SPREAD),
        )

    @cached_property
    def _edges(self) -> tuple[Array, Array]:
        """Normal distribution function at both ends of the unit interval, each (K, p)."""
        return ndtr(-self.mean / self.sigma), ndtr((1.0 - self.mean) / self.sigma)

    @cached_property
    def _quadratic(self) -> Array:
        """Coefficients (3 p, K) of squares, values and activities of the numbers in the kernels' log densities."""
        low, high = self._edges
        normal = np.isfinite(self.sigma)
        inverse = 1.0 / self.sigma
        with np.errstate(divide="ignore", invalid="ignore"):
            constant = np.where(normal, np.log(inverse / (high - low)) - _LOG_ROOT_TAU, 0.0)
        scaled = self.mean * inverse
        return np.hstack([-0.5 * inverse**2, scaled * inverse, constant - 0.5 * scaled**2]).T

    def kernels(self, U: Array) -> Array:
        """Log densities (m, K) of every kernel at rows (m, d), over the parameters that are active in the row."""
        layout = self.layout
        X = U[:, layout.numbers]
        active = ~np.isnan(X)
        X = np.where(active, X, 0.0)
        logs: Array = np.hstack([X * X, X, active]) @ self._quadratic
        cells = layout.cell(U)
        for column, levels in enumerate(layout.levels):
            at, own = cells[:, column], self.cell[:, column]
            other = (1.0 - self.keep) / levels
            informed = np.where(np.isnan(own), math.log(1.0 / levels), math.log(other))
            part = np.where(at[:, None] == own, math.log(self.keep + other), informed)
            logs += np.where(np.isnan(at)[:, None], 0.0, part)
        return logs

    def log_density(self, U: Array) -> Array:
        """Log density (m,) at rows (m, d)."""
        logs = self.kernels(U) + self.log_weight
        top = logs.max(axis=1)
        made: Array = np.log(np.exp(logs - top[:, None]).sum(axis=1)) + top
        return made

    def draw(self, rng: np.random.Generator, count: int, d: int, held: Array | None) -> Array:
        """Rows (count, d), not yet snapped; every column is drawn, whether it will be active or not.

        Args:
            rng: Source of the random numbers.
            count: Number of rows.
            d: Number of columns.
            held: A row (d,) of held parameters, NaN elsewhere, or None: kernels count by their density there.
        """
        layout = self.layout
        logs = self.log_weight if held is None else self.log_weight + self.kernels(held[None, :])[0]
        weight = np.exp(logs - logs.max())
        chosen = np.searchsorted(np.cumsum(weight / weight.sum())[:-1], rng.random(count), side="right")
        rows = rng.random((count, d))
        low, high = (edge[chosen] for edge in self._edges)
        sigma = self.sigma[chosen]
        normal = np.isfinite(sigma)
        share = rows[:, layout.numbers]
        with np.errstate(invalid="ignore"):
            made = self.mean[chosen] + sigma * ndtri(low + share * (high - low))
        rows[:, layout.numbers] = np.clip(np.where(normal, made, share), 0.0, 1.0)
        own = (self.cell[chosen] + 0.5) / layout.levels
        stays = (rng.random(own.shape) < self.keep) & ~np.isnan(own)
        rows[:, layout.categories] = np.where(stays, own, rows[:, layout.categories])
        return rows


def widths(M: Array, cells: Array) -> Array:
    """Widths (n, p) of the kernels at centres (n, p), column by column: the larger gap to the two neighbours.

    The outermost centres have only their inner gap, as in Bergstra et al. 2011, for the ends of the interval are no
    observations. The least width is (count + 2)^-2, at least 0.01 and half a cell: it falls with the number of trials
    that have the parameter ("magic clipping" with exponent 2 in Watanabe 2023, section 3.3.3).

    Args:
        M: Centres, NaN where inactive.
        cells: Lengths of the cells, shape (p,).
    """
    n, p = M.shape
    count = np.count_nonzero(~np.isnan(M), axis=0)
    order = np.argsort(M, axis=0, kind="stable")  # NaN comes last
    centres = np.nan_to_num(np.take_along_axis(M, order, axis=0), nan=1.0)
    gaps = np.diff(np.vstack([np.zeros((1, p)), centres, np.ones((1, p))]), axis=0)
    larger = np.maximum(gaps[:-1], gaps[1:])
    several = np.flatnonzero(count >= 2)
    if len(several):
        last = count[several] - 1
        larger[0, several] = gaps[1, several]
        larger[last, several] = gaps[last, several]
    made = np.empty((n, p))
    np.put_along_axis(made, order, larger, axis=0)
    least = np.maximum(np.maximum(_NARROWEST, (count + 2.0) ** -2), 0.5 * cells)
    clipped: Array = np.minimum(np.maximum(made, least), 1.0)
    return clipped
