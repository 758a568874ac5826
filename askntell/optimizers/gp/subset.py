"""Which trials the model uses once there are many; every choice is a function of the trials alone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.kernel import Array

__all__ = ["EXACT", "FIT", "POSTERIOR", "checkpoint", "fit_set", "hashed", "label_set", "pool", "posterior_set"]

EXACT = 150  #: up to so many values, hyperparameters are fitted at every ask
FIT, FIT_BEST, FIT_LATEST = 200, 50, 25
POSTERIOR, POSTERIOR_BEST, POSTERIOR_LATEST, POSTERIOR_NEAR = 400, 100, 50, 300
_PART = 1024  #: points whose distances are taken at once


def checkpoint(n: int) -> int:
    """How many of the first n values the hyperparameters are fitted to: n, or the last of n_j = ceil(1.05 n_{j-1})."""
    if n <= EXACT:
        return n
    at = EXACT
    while (after := math.ceil(1.05 * at)) <= n:
        at = after
    return at


def fit_set(y: Array, numbers: NDArray[np.int64], *, count: int = FIT) -> NDArray[np.intp]:
    """Indices of the at most `count` values to fit to: the best, the latest, the rest by a hash of the number.

    Args:
        y: Losses, shape (n,).
        numbers: Trial numbers, shape (n,).
        count: 200, or fewer for a lighter set of the same composition.
    """
    n = len(y)
    if n <= count:
        return np.arange(n)
    taken = np.zeros(n, dtype=bool)
    taken[_best(y, count * FIT_BEST // FIT)] = True
    taken[n - count * FIT_LATEST // FIT :] = True
    return _filled(taken, hashed(numbers), count)


def pool(loss: Array, numbers: NDArray[np.int64], count: int) -> NDArray[np.intp]:
    """Indices of at most `count` trials from which a light model chooses: half of them best, a quarter latest.

    Args:
        loss: Losses, NaN for failed trials, shape (n,).
        numbers: Trial numbers, shape (n,).
        count: How many.
    """
    n = len(loss)
    if n <= count:
        return np.arange(n)
    taken = np.zeros(n, dtype=bool)
    taken[_smallest(np.where(np.isnan(loss), np.inf, loss), count // 2)] = True
    taken[n - count // 4 :] = True
    return _filled(taken, hashed(numbers), count)


def posterior_set(
    y: Array, numbers: NDArray[np.int64], U: Array, columns: Columns, scale: Array, *, count: int = POSTERIOR
) -> NDArray[np.intp]:
    """Indices of the at most `count` values to condition on: best, latest, nearest to the best, and the rest by hash.

    Args:
        y: Losses or targets, shape (n,).
        numbers: Trial numbers, shape (n,).
        U: Unit points, shape (n, d).
        columns: The model's columns.
        scale: Length-scale of each model column, shape (c,).
        count: 400, or fewer for a lighter posterior of the same composition.
    """
    n = len(y)
    if n <= count:
        return np.arange(n)
    taken = np.zeros(n, dtype=bool)
    best = _best(y, count * POSTERIOR_BEST // POSTERIOR)
    taken[best] = True
    taken[n - count * POSTERIOR_LATEST // POSTERIOR :] = True
    _filled(taken, _distances(U, int(best[0]), columns, scale), count * POSTERIOR_NEAR // POSTERIOR)
    return _filled(taken, hashed(numbers), count)


def label_set(failed: NDArray[np.bool_], numbers: NDArray[np.int64], *, count: int = FIT) -> NDArray[np.intp]:
    """Indices of the at most `count` trials for the labels: half of them the latest failures, the rest by hash."""
    n = len(failed)
    if n <= count:
        return np.arange(n)
    taken = np.zeros(n, dtype=bool)
    taken[np.flatnonzero(failed)[-(count // 2) :]] = True
    return _filled(taken, hashed(numbers), count)


def _filled(taken: NDArray[np.bool_], order: Array | NDArray[np.uint64], count: int) -> NDArray[np.intp]:
    """Indices of what is taken, filled up to `count` by the smallest of `order`; `taken` is updated."""
    missing = count - int(np.count_nonzero(taken))
    if missing > 0:
        others = np.flatnonzero(~taken)
        taken[others[_smallest(order[others], missing)]] = True
    return np.flatnonzero(taken)


def _best(y: Array, count: int) -> NDArray[np.intp]:
    """Indices of the `count` smallest values, ascending, ties by index."""
    some = _smallest(y, count)
    return some[np.argsort(y[some], kind="stable")]


def _smallest(values: Array | NDArray[np.uint64], count: int) -> NDArray[np.intp]:
    """Indices of the `count` smallest values in index order, ties by index: a partition instead of a full sort."""
    if count >= len(values):
        return np.arange(len(values))
    last = np.partition(values, count - 1)[count - 1]
    below = np.flatnonzero(values < last)
    return np.sort(np.append(below, np.flatnonzero(values == last)[: count - len(below)]))


def _distances(U: Array, centre: int, columns: Columns, scale: Array) -> Array:
    """Squared scaled distances of all points to one of them, shape (n,); part by part, to stay in the cache."""
    x = columns.transform(U[centre : centre + 1])
    weight = 1.0 / (scale * scale)
    found = np.empty(len(U))
    for i in range(0, len(U), _PART):
        apart = columns.transform(U[i : i + _PART])
        apart -= x
        apart *= apart
        np.matmul(apart, weight, out=found[i : i + _PART])
    return found


def hashed(numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A hash, different for different trial numbers (the finaliser of splitmix64 [Steele et al. 2014]), shape (n,)."""
    h = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = h ^ (h >> np.uint64(31))
    return mixed
