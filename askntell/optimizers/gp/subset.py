"""Which trials the model uses once there are many; every choice is a function of the trials alone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.kernel import Array, squared_distances

__all__ = ["EXACT", "checkpoint", "fit_set", "label_set", "posterior_set"]

EXACT = 150  #: up to so many values, hyperparameters are fitted at every ask
FIT, FIT_BEST, FIT_LATEST = 200, 50, 25
POSTERIOR, POSTERIOR_BEST, POSTERIOR_LATEST, POSTERIOR_NEAR = 400, 100, 50, 300


def checkpoint(n: int) -> int:
    """How many of the first n values the hyperparameters are fitted to: n, or the last of n_j = ceil(1.05 n_{j-1})."""
    if n <= EXACT:
        return n
    at = EXACT
    while (after := math.ceil(1.05 * at)) <= n:
        at = after
    return at


def fit_set(y: Array, numbers: NDArray[np.int64]) -> NDArray[np.intp]:
    """Indices of the at most 200 values to fit to: the best, the latest, the rest by a hash of the trial's number."""
    n = len(y)
    if n <= FIT:
        return np.arange(n)
    return _chosen(n, FIT, [_best(y, FIT_BEST), np.arange(n - FIT_LATEST, n)], _shuffled(numbers))


def posterior_set(y: Array, numbers: NDArray[np.int64], X: Array, scale: Array) -> NDArray[np.intp]:
    """Indices of the at most 400 values to condition on: best, latest, nearest to the best, and the rest by hash.

    Args:
        y: Losses or targets, shape (n,).
        numbers: Trial numbers, shape (n,).
        X: Model points, shape (n, c).
        scale: Length-scale of each column, shape (c,).
    """
    n = len(y)
    if n <= POSTERIOR:
        return np.arange(n)
    best = _best(y, POSTERIOR_BEST)
    Z = (X - X[best[0]]) / scale
    near = np.argsort(squared_distances(Z, np.zeros((1, Z.shape[1])))[:, 0], kind="stable")
    sure = [best, np.arange(n - POSTERIOR_LATEST, n)]
    some = _chosen(n, POSTERIOR_NEAR, sure, near)
    return _chosen(n, POSTERIOR, [some], _shuffled(numbers))


def label_set(failed: NDArray[np.bool_], numbers: NDArray[np.int64]) -> NDArray[np.intp]:
    """Indices of the at most 200 trials for the labels: the latest 100 failures, the rest by hash."""
    n = len(failed)
    if n <= FIT:
        return np.arange(n)
    return _chosen(n, FIT, [np.flatnonzero(failed)[-FIT // 2 :]], _shuffled(numbers))


def _chosen(n: int, count: int, sure: list[NDArray[np.intp]], others: NDArray[np.intp]) -> NDArray[np.intp]:
    """`sure`, filled up to `count` in the order of `others`; sorted."""
    taken = np.zeros(n, dtype=bool)
    for part in sure:
        taken[part] = True
    taken[others[~taken[others]][: count - int(taken.sum())]] = True
    return np.flatnonzero(taken)


def _best(y: Array, count: int) -> NDArray[np.intp]:
    return np.argsort(y, kind="stable")[:count]


def _shuffled(numbers: NDArray[np.int64]) -> NDArray[np.intp]:
    """Indices in the order of a hash of the trial numbers (the finaliser of splitmix64 [Steele et al. 2014])."""
    h = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(h ^ (h >> np.uint64(31)), kind="stable")
