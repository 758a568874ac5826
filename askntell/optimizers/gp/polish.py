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
_GAIN = 1e-6  #: a row that gains less, or is promised less, stops


def maximise(
    function: Callable[[Array, NDArray[np.intp]], tuple[Array, Array]],
    start: Array,
    *,
    free: NDArray[np.bool_],
    scale: Array,
    evaluations: int,
    lower: Array | float = 0.0,
    upper: Array | float = 1.0,
) -> tuple[Array, Array]:
    """Local maxima of a function in the unit cube, or a box in it, never worse than the starts.

    Only the best of them matters: a row stops that could not overtake the best one at its present pace.

    Args:
        function: Values (k,) and gradients (k, p) of k points (k, p), given with the rows that they belong to, (k,);
            a value of -inf refuses a point.
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
    for left in range(evaluations - 1, 0, -1):
        if not rows.step(left):
            break
    return rows.ended()


@final
class _Rows:
    """The running rows in scaled coordinates x / scale, minimising f = -function; what has stopped is put aside."""

    def __init__(
        self,
        function: Callable[[Array, NDArray[np.intp]], tuple[Array, Array]],
        start: Array,
        free: NDArray[np.bool_],
        scale: Array,
        bounds: tuple[Array | float, Array | float],
    ) -> None:
        self._function = function
        self._scale, self._bounds = scale, bounds
        self._lower, self._upper = bounds[0] / scale, bounds[1] / scale
        m, p = start.shape
        self._row = np.arange(m)
        self._free = free
        self._x = start / scale
        self._f, self._g = self._evaluate(self._x)
        self._H = np.tile(np.eye(p), (m, 1, 1))
        self._fresh = np.ones(m, dtype=bool)  # rows whose inverse Hessian has learnt nothing yet
        self._t = np.ones(m)
        self._direction, self._promise = self._directions()
        self._points, self._values = self._x.copy(), self._f.copy()
        self._best = float(np.min(self._f, initial=np.inf))
        self._go_on(np.isfinite(self._f) & (self._promise >= _GAIN))

    def ended(self) -> tuple[Array, Array]:
        """Unit coordinates of all rows, shape (m, p), and the function there, shape (m,)."""
        self._points[self._row], self._values[self._row] = self._x, self._f
        return np.clip(self._points * self._scale, *self._bounds), -self._values

    def step(self, left: int) -> bool:
        """One of `left` evaluations; False when every row has stopped."""
        if not len(self._row):
            return False
        x = np.minimum(np.maximum(self._x + self._t[:, None] * self._direction, self._lower), self._upper)
        f, g = self._evaluate(x)
        s = x - self._x
        won = f <= self._f + _ARMIJO * np.minimum(_dot(self._g, s), 0.0)
        self._learn(won, s, g - self._g)
        gain = np.where(won, self._f - f, 0.0)
        self._x = np.where(won[:, None], x, self._x)
        self._g = np.where(won[:, None], g, self._g)
        self._f = np.where(won, f, self._f)
        self._t = np.where(won, 1.0, self._t * _SHORTER)
        self._direction, self._promise = self._directions()  # a row that lost has learnt nothing: its own once more
        self._best = min(self._best, float(self._f.min()))
        going = np.where(won, gain, self._t * self._promise) >= _GAIN
        going &= self._promise >= _GAIN
        going &= self._f - self._best <= np.maximum(gain, self._t * self._promise) * left
        self._go_on(going)
        return True

    def _go_on(self, going: NDArray[np.bool_]) -> None:
        """Put the other rows aside."""
        if going.all():
            return
        self._points[self._row], self._values[self._row] = self._x, self._f
        for name in ("_row", "_free", "_x", "_f", "_g", "_H", "_fresh", "_t", "_direction", "_promise"):
            setattr(self, name, getattr(self, name)[going])

    def _evaluate(self, x: Array) -> tuple[Array, Array]:
        value, gradient = self._function(np.clip(x * self._scale, *self._bounds), self._row)
        g = gradient * -self._scale
        if np.isfinite(value).all():
            return -value, g
        f = np.where(np.isnan(value), np.inf, -value)
        return f, np.where(np.isfinite(f)[:, None], g, 0.0)

    def _directions(self) -> tuple[Array, Array]:
        """Quasi-Newton directions of bounded length and what their slope promises.

        Coordinates that press against their bound are left out.
        """
        x, g = self._x, self._g
        g = np.where(self._free & ((x > self._lower) | (g < 0.0)) & ((x < self._upper) | (g > 0.0)), g, 0.0)
        d = np.where(g == 0.0, 0.0, -(self._H @ g[:, :, None])[:, :, 0])
        slope = _dot(d, g)
        if (slope > 0.0).any():
            d = np.where((slope > 0.0)[:, None], -g, d)
            slope = _dot(d, g)
        length = np.sqrt(_dot(d, d))
        longest = np.where(self._fresh, _FIRST, _LATER)
        part = longest / np.maximum(length, longest)
        d *= part[:, None]
        return d, -slope * part

    def _learn(self, won: NDArray[np.bool_], s: Array, y: Array) -> None:
        """BFGS update of the rows that moved along a direction of positive curvature."""
        sy, yy = _dot(s, y), _dot(y, y)
        some = won & (sy > 1e-10 * np.sqrt(_dot(s, s) * yy)) & (yy > 0.0)
        share = np.where(some, sy, np.inf)
        if self._fresh.any():
            first = self._fresh & some
            self._H *= np.where(first, sy / np.where(first, yy, 1.0), 1.0)[:, None, None]  # Nocedal & Wright eq. 6.20
            self._fresh &= ~some
        Hy = (self._H @ y[:, :, None])[:, :, 0]
        u = s / share[:, None]  # nothing where nothing was learnt
        cross = u[:, :, None] * Hy[:, None, :]
        self._H -= cross
        self._H -= cross.transpose(0, 2, 1)
        self._H += (((sy + _dot(y, Hy))[:, None] * u)[:, :, None]) * u[:, None, :]


def _dot(a: Array, b: Array) -> Array:
    found: Array = np.einsum("mi,mi->m", a, b)
    return found
