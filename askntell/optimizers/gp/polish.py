"""Local maximisation of many rows at once: projected BFGS in a box, every evaluation shared by all rows.

Each row keeps its own dense inverse Hessian [Nocedal & Wright 2006, eq. 6.17] and its own step. A row whose step fails
the Armijo test shortens it and tries again at the next evaluation, while the others go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.kernel import Array

__all__ = ["maximise"]

_ARMIJO = 1e-4
_SHORTER = 0.3
_FIRST, _LATER = 0.1, 1.0  #: longest first and later steps, in scaled units
_GAIN = 1e-6  #: a row that gains less stops
_SHORTEST = 1e-8


def maximise(
    function: Callable[[Array], tuple[Array, Array]],
    start: Array,
    *,
    free: NDArray[np.bool_],
    scale: Array,
    evaluations: int,
    lower: Array | float = 0.0,
    upper: Array | float = 1.0,
) -> tuple[Array, Array]:
    """Local maxima of a function in the unit cube, or a box in it, never worse than the starts.

    Args:
        function: Values (m,) and gradients (m, p) of m points (m, p); a value of -inf refuses a point.
        start: Starting points in the box, shape (m, p).
        free: Which coordinates of which row may move, shape (m, p).
        scale: Unit of length of each coordinate, shape (p,).
        evaluations: At most so many calls, >= 1.
        lower: Lower bound of each coordinate, shape (p,).
        upper: Upper bound of each coordinate, shape (p,).

    Returns:
        Points (m, p) and their values (m,).
    """
    rows = _Rows(function, start, free, scale, (lower, upper))
    for _ in range(evaluations - 1):
        if not rows.step():
            break
    return rows.points(), -rows.f


@final
class _Rows:
    """The rows in scaled coordinates x / scale, minimising f = -function."""

    def __init__(
        self,
        function: Callable[[Array], tuple[Array, Array]],
        start: Array,
        free: NDArray[np.bool_],
        scale: Array,
        bounds: tuple[Array | float, Array | float],
    ) -> None:
        self._function = function
        self._free = free
        self._scale = scale
        self._bounds = bounds
        self._lower, self._upper = bounds[0] / scale, bounds[1] / scale
        self._x = start / scale
        m, p = start.shape
        self.f, self._g = self._evaluate(self._x)
        self._H = np.tile(np.eye(p), (m, 1, 1))
        self._fresh = np.ones(m, dtype=bool)  # rows whose inverse Hessian has learnt nothing yet
        self._running = free.any(axis=1) & np.isfinite(self.f)
        self._t = np.ones(m)
        self._direction = self._directions()

    def points(self) -> Array:
        """Unit coordinates, shape (m, p)."""
        return np.clip(self._x * self._scale, *self._bounds)

    def step(self) -> bool:
        """One evaluation; False when every row has stopped."""
        if not self._running.any():
            return False
        move = np.where(self._running[:, None], self._t[:, None] * self._direction, 0.0)
        x = np.clip(self._x + move, self._lower, self._upper)
        f, g = self._evaluate(x)
        s = x - self._x
        promised = _ARMIJO * np.minimum(_dot(self._g, s), 0.0)
        won = self._running & (f <= self.f + promised) & np.any(s != 0.0, axis=1)
        self._learn(won, s, g - self._g)
        gain = np.where(won, self.f, 0.0) - np.where(won, f, 0.0)  # a refused point has f = inf
        self._running &= np.where(won, gain >= _GAIN, self._t > _SHORTEST)
        self._t = np.where(won, 1.0, self._t * _SHORTER)
        self._x = np.where(won[:, None], x, self._x)
        self._g = np.where(won[:, None], g, self._g)
        self.f = np.where(won, f, self.f)
        self._direction = np.where(won[:, None], self._directions(), self._direction)
        return True

    def _evaluate(self, x: Array) -> tuple[Array, Array]:
        value, gradient = self._function(np.clip(x * self._scale, *self._bounds))
        f = np.where(np.isnan(value), np.inf, -value)
        return f, np.where(np.isfinite(f)[:, None], -gradient * self._scale, 0.0)

    def _directions(self) -> Array:
        """Quasi-Newton directions of bounded length, coordinates that press against their bound left out."""
        x, g = self._x, self._g
        can = self._free & ~((x <= self._lower) & (g > 0.0)) & ~((x >= self._upper) & (g < 0.0))
        g = np.where(can, g, 0.0)
        d = np.where(can, -np.einsum("mij,mj->mi", self._H, g), 0.0)
        uphill = _dot(d, g) >= 0.0
        if uphill.any():
            d = np.where(uphill[:, None], -g, d)
        length = np.sqrt(_dot(d, d))
        longest = np.where(self._fresh, _FIRST, _LATER)
        d *= (longest / np.maximum(length, longest))[:, None]
        return d

    def _learn(self, won: NDArray[np.bool_], s: Array, y: Array) -> None:
        """BFGS update of the rows that moved along a direction of positive curvature."""
        sy, yy = _dot(s, y), _dot(y, y)
        some = won & (sy > 1e-10 * np.sqrt(_dot(s, s) * yy)) & (yy > 0.0)
        if not some.any():
            return
        s, y, sy, yy = s[some], y[some], sy[some], yy[some]
        H = self._H[some]
        fresh = self._fresh[some]
        H[fresh] *= (sy[fresh] / yy[fresh])[:, None, None]  # Nocedal & Wright eq. 6.20
        Hy = np.einsum("mij,mj->mi", H, y)
        u = s / sy[:, None]
        cross = u[:, :, None] * Hy[:, None, :]
        H += ((sy + _dot(y, Hy))[:, None, None]) * (u[:, :, None] * u[:, None, :])
        H -= cross + cross.transpose(0, 2, 1)
        self._H[some] = H
        self._fresh[some] = False


def _dot(a: Array, b: Array) -> Array:
    found: Array = np.einsum("mi,mi->m", a, b)
    return found
