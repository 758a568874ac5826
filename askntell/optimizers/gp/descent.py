"""Local minimisation of one smooth function in a box, where an evaluation is dear and the curvature is half known.

Projected BFGS with a dense inverse Hessian [Nocedal & Wright 2006, eq. 6.17]. L-BFGS-B spends as much on its way
through Python as a small Cholesky factorisation takes, and it forgets what it has learnt when the function changes a
little: from some of the trials to all of them, from one warp or kernel to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from askntell.optimizers.gp.kernel import Array

__all__ = ["Found", "descended", "sharpened"]

_ARMIJO = 1e-4
_FIRST, _LATER = 1.0, 3.0  #: longest first and later steps
_WIDER = 1.5  #: after a step that had to be cut, the next one is at most so many times as long
_SHORTEST = 1e-6  #: of a step, as a share of the whole one
_FLATTEST = 0.3  #: least curvature that is believed when it is carried over to more data


@final
@dataclass(frozen=True, kw_only=True)
class Found:
    """Where a descent ended.

    Attributes:
        x: The point, shape (p,).
        value: The function there.
        H: The inverse Hessian as far as it was learnt, shape (p, p).
    """

    x: Array
    value: float
    H: Array


def descended(
    function: Callable[[Array], tuple[float, Array]],
    start: Array,
    low: Array,
    high: Array,
    *,
    H: Array | None = None,
    gain: float,
    evaluations: int,
    enough: Callable[[Array], bool] | None = None,
) -> Found:
    """A local minimum of a function in a box, never worse than the start.

    Args:
        function: Value and gradient (p,) at a point (p,); not finite or 1e10 where there is none.
        start: Shape (p,).
        low: Lower bounds, shape (p,).
        high: Upper bounds, shape (p,).
        H: A first inverse Hessian, shape (p, p); None for the identity.
        gain: Where less than this is to be expected of a step, or came of it, the descent ends.
        evaluations: At most so many.
        enough: Ends the descent at a point, if given.
    """
    x = np.minimum(np.maximum(start, low), high)
    f, g = function(x)
    evaluations -= 1
    fresh, longest = H is None, _FIRST if H is None else _LATER
    H = np.eye(len(x)) if H is None else H.copy()
    while evaluations > 0:
        free = np.where(((x <= low) & (g > 0.0)) | ((x >= high) & (g < 0.0)), 0.0, 1.0)
        steep = free * g
        d = (H @ steep) * -free
        slope = float(d @ steep)
        if slope >= 0.0:
            d, slope = -steep, -float(steep @ steep)
        if slope > -gain:
            break
        t = min(1.0, longest / math.sqrt(float(d @ d)))
        won, whole = False, True
        while evaluations > 0 and t > _SHORTEST:
            after = np.minimum(np.maximum(x + t * d, low), high)
            s = after - x
            value, gradient = function(after)
            evaluations -= 1
            won = value <= f + _ARMIJO * min(float(g @ s), 0.0)
            if won:
                break
            whole = False
            bend = value - f - slope * t  # of the parabola through both values with the slope at x
            t *= min(max(-0.5 * slope * t / bend, 0.1), 0.5) if 0.0 < bend < 1e9 else 0.1
        if not won:
            break
        H, fresh = _learnt(H, s, gradient - g, fresh=fresh), False
        taken = math.sqrt(float(s @ s))  # a box around x in which the model of the function holds
        longest = min(_LATER, max(longest, 2.0 * taken) if whole else _WIDER * taken)
        before, x, f, g = f, after, value, gradient
        if before - f < gain or (enough is not None and enough(x)):
            break
    return Found(x=x, value=f, H=H)


def _learnt(H: Array, s: Array, y: Array, *, fresh: bool) -> Array:
    """The inverse Hessian after a step s over which the gradient changed by y."""
    sy, yy = float(s @ y), float(y @ y)
    if sy <= 1e-10 * math.sqrt(float(s @ s) * yy) or yy == 0.0:
        return H
    if fresh:
        H = H * min(sy / yy, 1.0)  # Nocedal & Wright eq. 6.20
    Hy = H @ y
    u = s / sy
    cross = np.multiply.outer(u, Hy)
    made: Array = H + (sy + float(y @ Hy)) * np.multiply.outer(u, u) - cross - cross.T
    return made


def sharpened(H: Array, times: float) -> Array:
    """The inverse Hessian of 1/2 |x|^2 plus `times` as much of whatever H has beside it, shape (p, p)."""
    inverse, V = np.linalg.eigh(H)
    curvature = 1.0 + times * (1.0 / np.maximum(inverse, 1e-12) - 1.0)
    made: Array = (V / np.maximum(curvature, _FLATTEST)) @ V.T
    return made
