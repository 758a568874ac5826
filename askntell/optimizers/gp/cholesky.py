"""Cholesky factors and their inverses: the cubic part of an ask, in as few and as fast LAPACK calls as there are.

Inverses are needed, not only solutions: the gradient by the length-scales sums over all elements of C^-1, and with
L^-1 at hand every later variance is a matrix product.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import dtrmm
from scipy.linalg.lapack import dlauum, dpotrf, dtrtri

from askntell.optimizers.gp.kernel import Array

__all__ = ["factor", "gram", "invert"]

_BLOCK = 64  #: up to this size dtrtri is as fast as anything; above, its unblocked part is what costs


def factor(C: Array, *, out: Array | None = None) -> tuple[Array, float]:
    """Lower Cholesky factor of C, shape (n, n), and the jitter that had to be added to its diagonal, mostly 0.

    Args:
        C: Symmetric; not changed.
        out: An array in Fortran order to write the factor to.

    Raises:
        numpy.linalg.LinAlgError: C is not finite, or far from positive definite.
    """
    A = np.empty(C.shape, order="F") if out is None else out
    for jitter in (0.0, *(10.0**k for k in range(-8, -2))):
        np.copyto(A, C.T)
        if jitter:
            A.T.reshape(-1)[:: len(C) + 1] += jitter
        L, info = dpotrf(A, lower=1, clean=1, overwrite_a=1)
        if info == 0 and np.isfinite(L[-1, -1]):
            return L, jitter
    raise np.linalg.LinAlgError(f"{len(C)} x {len(C)} covariance matrix has no Cholesky factor")


def invert(L: Array) -> Array:
    """The inverse of a lower triangular L in Fortran order, zero above the diagonal, written over L.

    By halves: [[A, 0], [B, C]]^-1 = [[A^-1, 0], [-C^-1 B A^-1, C^-1]], so that most of the work is matrix products.
    """
    n = len(L)
    if n <= _BLOCK:
        np.copyto(L, dtrtri(L, lower=1)[0])
        return L
    half = (n // 2 + 7) // 8 * 8
    A, B, C = invert(L[:half, :half]), L[half:, :half], invert(L[half:, half:])
    part = dtrmm(-1.0, A, B, side=1, lower=1)
    np.copyto(B, dtrmm(1.0, C, part, lower=1, overwrite_b=1))
    return L


def gram(Linv: Array) -> Array:
    """The lower triangle of L^-T L^-1 = C^-1, zero above, written over L^-1 in Fortran order."""
    G: Array = dlauum(Linv, lower=1, overwrite_c=1)[0]
    return G
