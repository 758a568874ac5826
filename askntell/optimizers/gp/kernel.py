"""Stationary kernels with one length-scale per column [Rasmussen & Williams 2006, section 4.2.1], and derivatives.

With D the squared distance of two scaled points, r = sqrt(D) and h = -2 dk/dD::

    matern:  k = (1 + sqrt5 r + 5/3 D) exp(-sqrt5 r)     h = 5/3 (1 + sqrt5 r) exp(-sqrt5 r)     (nu = 5/2, eq. 4.17)
    gauss:   k = exp(-D / 2)                             h = k                                   (eq. 4.9)
    dk/d log l_c = h (z_c - z'_c)^2                      dk/dx_c = -h (z_c - z'_c) / l_c          z = x / l

All derivatives use h alone, which is finite at r = 0, so coinciding points need no special case.

Losses with many local minima have two scales: a broad bowl, and ripples in it. One length-scale per column cannot tell
both, and takes the ripples for noise. The kernel `TWO_SCALES` is their sum [Rasmussen & Williams 2006, section 5.4.3],
a smooth part and a rough one that is s times finer and has t times its variance::

    k(D) = (gauss(D) + t matern(s^2 D)) / (1 + t)         h(D) = (h_gauss(D) + t s^2 h_matern(s^2 D)) / (1 + t)
    dk/d log t = t / (1 + t)^2 (matern(s^2 D) - gauss(D))      dk/d log s = -t / (1 + t) s^2 D h_matern(s^2 D)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

import numpy as np
from numpy.typing import NDArray

__all__ = ["KERNELS", "TWO_SCALES", "Array", "Kernel", "squared_distances", "two_scales", "two_scales_slopes"]

TWO_SCALES = "two-scale"  #: the name of `two_scales`, which has parameters of its own

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


def two_scales(rough: float, finer: float) -> Kernel:
    """A smooth and a rough kernel added up.

    Args:
        rough: Variance of the rough part, as a ratio t to that of the smooth one, > 0.
        finer: How many times shorter its length-scales are, s >= 1.
    """
    square, total = finer * finer, 1.0 + rough

    def both(D: Array, out: tuple[Array, Array] | None = None) -> tuple[Array, Array]:
        fine, slope = _matern(D * square)
        k, h = _gauss(D, out)
        fine *= rough
        k += fine
        k /= total
        slope *= rough * square
        h += slope
        h /= total
        return k, h

    def value(D: Array) -> Array:
        fine = _matern_value(D * square)
        fine *= rough
        k = _gauss_value(D)
        k += fine
        k /= total
        return k

    return Kernel(both, value)


def two_scales_slopes(
    D: Array, rough: float, finer: float, out: tuple[Array, Array]
) -> tuple[Array, Array, Array, Array]:
    """The values k and h of `two_scales`, written to `out`, and dk/d log t and dk/d log s, all of D's shape."""
    square, total = finer * finer, 1.0 + rough
    fine, slope = _matern(D * square)
    k, h = _gauss(D, out)
    by_rough = fine - k
    by_rough *= rough / (total * total)
    slope *= rough * square / total
    by_finer = slope * D
    np.negative(by_finer, out=by_finer)
    fine *= rough
    k += fine
    k /= total
    h /= total
    h += slope
    return k, h, by_rough, by_finer
