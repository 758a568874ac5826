"""Matern-5/2 kernel with one length-scale per column [Rasmussen & Williams 2006, eq. 4.17], and its derivatives.

With D the squared distance of two scaled points and r = sqrt(D)::

    k = (1 + sqrt5 r + 5/3 D) exp(-sqrt5 r)          h = 5/3 (1 + sqrt5 r) exp(-sqrt5 r)
    dk/d log l_c = h (z_c - z'_c)^2                  dk/dx_c = -h (z_c - z'_c) / l_c          z = x / l

Both derivatives use h alone, which is finite at r = 0, so coinciding points need no special case.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "matern", "matern_value", "squared_distances"]

Array = NDArray[np.float64]

_FIVE_THIRDS = 5.0 / 3.0


def squared_distances(A: Array, B: Array, *, out: Array | None = None) -> Array:
    """Squared Euclidean distances of rows, shape (n, c) x (m, c) -> (n, m), into `out` if given.

    One matrix product; centre the rows first, because the rounding error grows with their squared length.
    """
    D: Array = np.matmul(A, -2.0 * B.T, out=out)
    D += np.einsum("ij,ij->i", A, A)[:, None]
    D += np.einsum("ij,ij->i", B, B)
    return np.maximum(D, 0.0, out=D)


def matern(D: Array, *, out: tuple[Array, Array] | None = None) -> tuple[Array, Array]:
    """Kernel values k and the derivative factor h at squared scaled distances D, both of D's shape.

    Args:
        D: Squared distances, any shape.
        out: Two arrays of that shape to write k and h to.
    """
    e, s = (np.empty_like(D), np.empty_like(D)) if out is None else out
    np.multiply(D, 5.0, out=s)
    np.sqrt(s, out=s)
    np.negative(s, out=e)
    np.exp(e, out=e)
    s += 1.0
    s *= e
    e *= D
    e *= _FIVE_THIRDS
    e += s
    s *= _FIVE_THIRDS
    return e, s


def matern_value(D: Array) -> Array:
    """Kernel values alone, for many candidates; overwrites D."""
    s = np.sqrt(5.0 * D)
    D *= _FIVE_THIRDS
    D += s
    D += 1.0
    np.negative(s, out=s)
    D *= np.exp(s, out=s)
    return D
