"""From losses to the targets of the regression.

`half_rank` keeps distances among the better half, where they matter, and replaces the worse half by normal scores of
its ranks, so that a diverged training cannot flatten the rest [the idea is Song et al. 2024, section on output
warping; this variant scales by the root mean square distance from the median]. `plain` only standardises.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from askntell.optimizers.gp.kernel import Array

__all__ = ["WARPS", "half_rank", "mean_ranks", "plain", "slopes"]


def half_rank(y: Array) -> Array:
    """Targets of mean 0 and variance 1, in the order of y.

    Args:
        y: Finite losses, shape (n,).
    """
    half = 0.5 * y  # a difference of two halves cannot overflow
    median = np.median(half)
    good = half <= median
    below = _tamed(half[good] - median)
    spread = math.sqrt(float(np.mean(below * below)))
    z = np.empty(len(y))
    z[~good] = ndtri((mean_ranks(y)[~good] + 0.5) / len(y))
    z[good] = below / (spread if spread > 0.0 else 1.0)
    return _standard(z)


def plain(y: Array) -> Array:
    """Targets of mean 0 and variance 1, linear in y, shape (n,)."""
    return _standard(_tamed(y))


WARPS = {"half-rank": half_rank, "plain": plain}


def mean_ranks(y: Array) -> Array:
    """Ranks from 0, equal values share the mean of theirs; shape (n,)."""
    order = np.argsort(y)
    ascending = y[order]
    edges = np.concatenate([[0], np.flatnonzero(ascending[1:] != ascending[:-1]) + 1, [len(y)]])
    ranks = np.empty(len(y))
    ranks[order] = np.repeat(0.5 * (edges[:-1] + edges[1:] - 1), np.diff(edges))
    return ranks


def slopes(y: Array, z: Array) -> Array:
    """Local slope dz/dy of a warp at each value, shape (n,): central differences over the sorted distinct values."""
    values, first = np.unique(y, return_index=True)
    if len(values) < 2:
        return np.zeros(len(y))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        step = np.gradient(z[first], values)
    step = np.where(np.isfinite(step), np.maximum(step, 0.0), 0.0)
    found: Array = step[np.searchsorted(values, y)]
    return found


def _tamed(y: Array) -> Array:
    """Y times a power of two, so that no square over- or underflows and no bit is lost."""
    largest = float(np.max(np.abs(y), initial=0.0))
    if largest == 0.0:
        return y.astype(np.float64)
    # two steps: the factor itself may exceed the range of a float
    _, exponent = math.frexp(largest)
    half = -(exponent + 2) // 2
    return np.ldexp(np.ldexp(y, half), -(exponent + 2) - half)


def _standard(z: Array) -> Array:
    z = z - z.mean()
    spread = math.sqrt(float(np.mean(z * z)))
    return z / spread if spread > 0.0 else z
