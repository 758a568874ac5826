"""Stationary kernels with one length-scale per column [Rasmussen & Williams 2006, section 4.2.1], and derivatives.

With D the squared distance of two scaled points, r = sqrt(D) and h = -2 dk/dD::

    matern:  k = (1 + sqrt5 r + 5/3 D) exp(-sqrt5 r)     h = 5/3 (1 + sqrt5 r) exp(-sqrt5 r)     (nu = 5/2, eq. 4.17)
    gauss:   k = exp(-D / 2)                             h = k                                   (eq. 4.9)
    dk/d log l_c = h (z_c - z'_c)^2                      dk/dx_c = -h (z_c - z'_c) / l_c          z = x / l

All derivatives use h alone, which is finite at r = 0, so coinciding points need no special case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

import numpy as np
from numpy.typing import NDArray

__all__ = ["KERNELS", "Array", "Kernel", "squared_distances"]

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


def _matern(D: Array, out: tuple[Array, Array] | None = None) -> tuple[Array, Array]:
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


def _matern_value(D: Array) -> Array:
    s = np.sqrt(5.0 * D)
    D *= _FIVE_THIRDS
    D += s
    D += 1.0
    np.negative(s, out=s)
    D *= np.exp(s, out=s)
    return D


def _gauss(D: Array, out: tuple[Array, Array] | None = None) -> tuple[Array, Array]:
    k, h = (np.empty_like(D), np.empty_like(D)) if out is None else out
    np.multiply(D, -0.5, out=k)
    np.exp(k, out=k)
    np.copyto(h, k)
    return k, h


def _gauss_value(D: Array) -> Array:
    D *= -0.5
    return np.exp(D, out=D)


@final
@dataclass(frozen=True)
class Kernel:
    """A kernel as functions of squared scaled distances D of any shape.

    Attributes:
        both: The values k and the derivative factor h, both of D's shape; its second argument, two arrays of that shape
            to write them to, may be left out.
        value: The values alone, for many candidates; overwrites D.
    """

    both: Callable[..., tuple[Array, Array]]
    value: Callable[[Array], Array]


KERNELS: Mapping[str, Kernel] = MappingProxyType(
    {"matern": Kernel(_matern, _matern_value), "gauss": Kernel(_gauss, _gauss_value)}
)
"""By name: twice differentiable functions, as most losses are, and very smooth ones."""
