"""Expected hypervolume improvement of two objectives, in closed form and in logarithms.

Below a staircase of non-dominated points the plane falls into vertical strips. In strip i, between the first
objectives e_(i-1) and e_i (the last one ends at the corner) and below the height h_i, a new point (a, b) adds

    max(h_i - b, 0) * (max(e_i - a, 0) - max(e_(i-1) - a, 0)),

so with independent a and b the expectation is a sum of products of two expected improvements [Emmerich et al. 2011;
Yang et al. 2019 count strips in the same way]. Every term is positive and is added up from its logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.acquisition import Process, log_ei
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.pareto import non_dominated

__all__ = ["Area", "corner_of", "stairs"]

_MOST = 64  #: points of a front that are kept; more make neighbouring strips thinner than the model's doubt
_BEYOND = 0.1  #: the corner lies so far behind the front's worst values, as a share of the front's extent
_LARGEST_SHARE = 1.0 - 1e-12  #: of the strip before in a strip: a thinner difference is rounding


def corner_of(front: Array, points: Array) -> Array:
    """The point from which areas are measured, shape (k,): behind the worst of the front, in each objective.

    Args:
        front: Non-dominated points, shape (m, k), m >= 1.
        points: All points, shape (n, k): they give the extent where the front has none.
    """
    worst = front.max(axis=0)
    extent = worst - front.min(axis=0)
    behind = points.max(axis=0)
    wide = extent > 1e-6 * (behind - points.min(axis=0))
    worst = np.where(wide, worst, behind)
    extent = np.where(wide, extent, behind - front.min(axis=0))
    corner: Array = worst + _BEYOND * np.maximum(extent, 1e-6)
    return corner


def stairs(points: Array) -> Array:
    """The non-dominated rows of `points`, shape (n, 2), ascending in the first objective; at most 64 of them."""
    front = np.unique(points[non_dominated(points)], axis=0)
    if len(front) > _MOST:
        front = front[np.linspace(0, len(front) - 1, _MOST).round().astype(np.intp)]
    return front


@final
@dataclass(frozen=True, kw_only=True)
class Area:
    """Log expected hypervolume improvement of two independent processes.

    Attributes:
        first, second: Posteriors of the targets of the objectives.
        front: `stairs` of the posterior means at the feasible observed points, shape (m, 2).
        corner: Where areas end, shape (2,).
    """

    first: Process
    second: Process
    front: Array
    corner: Array

    @property
    def posterior(self) -> Process:
        """Of the first objective."""
        return self.first

    def value(self, X: Array) -> Array:
        """The logarithm of the expected improvement at model points (m, c), shape (m,)."""
        edges, heights = self._strips()
        wide, _, _ = _improvements(*self.first.predict(X), edges)
        high, _, _ = _improvements(*self.second.predict(X), heights)
        found: Array = np.logaddexp.reduce(_widths(wide)[0] + high, axis=1)
        return found

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """The logarithm, shape (m,), and its derivative by the model columns, shape (m, c)."""
        edges, heights = self._strips()
        mean, std, slope, bend = self.first.gradients(X)
        other_mean, other_std, other_slope, other_bend = self.second.gradients(X)
        wide, by_mean, by_std = _improvements(mean, std, edges)
        high, by_other_mean, by_other_std = _improvements(other_mean, other_std, heights)
        width, share = _widths(wide)
        terms = width + high
        value = np.logaddexp.reduce(terms, axis=1)
        part = np.exp(terms - value[:, None])  # of each strip in the sum
        # d log(E_i - E_(i-1)) = (d log E_i - s d log E_(i-1)) / (1 - s) with s = E_(i-1) / E_i
        own = part / (1.0 - share)
        weight = own.copy()
        weight[:, :-1] -= (own * share)[:, 1:]
        return value, (
            np.sum(weight * by_mean, axis=1)[:, None] * slope
            + np.sum(weight * by_std, axis=1)[:, None] * bend
            + np.sum(part * by_other_mean, axis=1)[:, None] * other_slope
            + np.sum(part * by_other_std, axis=1)[:, None] * other_bend
        )

    def believing(self, X: Array, counts: NDArray[np.bool_]) -> Area:
        """The area once the points X, shape (m, c), have their posterior means; only some count as achieved."""
        first, second = self.first, self.second
        for x in X:
            first, second = first.append(x), second.append(x)
        means = np.column_stack([model.y[len(model.y) - len(X) :] for model in (first, second)])[counts]
        inside = means[np.all(means < self.corner, axis=1)]
        return replace(self, first=first, second=second, front=stairs(np.vstack([self.front, inside])))

    def _strips(self) -> tuple[Array, Array]:
        """Right edges and heights of the strips from left to right, each of shape (m + 1,)."""
        return np.append(self.front[:, 0], self.corner[0]), np.append(self.corner[1], self.front[:, 1])


def _improvements(mean: Array, std: Array, limits: Array) -> tuple[Array, Array, Array]:
    """Log expected improvement below each limit and its derivatives by mean and std, each of shape (m, strips)."""
    value, below, density = log_ei((limits - mean[:, None]) / std[:, None])
    return value + np.log(std)[:, None], -below / std[:, None], density / std[:, None]


def _widths(wide: Array) -> tuple[Array, Array]:
    """Logarithms of the differences of neighbouring columns, and the share of the left in the right one."""
    share = np.zeros_like(wide)
    share[:, 1:] = np.minimum(np.exp(np.minimum(wide[:, :-1] - wide[:, 1:], 0.0)), _LARGEST_SHARE)
    return wide + np.log1p(-share), share
