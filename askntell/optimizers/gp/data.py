"""What a process is conditioned on: distinct points, repeated trials merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.kernel import Array

__all__ = ["Data", "merged"]

KNOWN_FLOOR = 1e-8  #: smallest noise ratio of a trial whose noise is known


@final
@dataclass(frozen=True, kw_only=True)
class Data:
    """Distinct model points with their (mean) targets.

    Attributes:
        X: Model points, shape (n, c); no two rows with unknown noise are equal.
        y: Targets, shape (n,).
        share: Noise of a row in units of v: 1/count for a mean of count trials, 0 where the noise is known; (n,).
        known: Noise ratio of the rows whose noise was told, else 0; shape (n,).
        repeats: Trials minus rows, among those of unknown noise.
        within: Sum of squares of those trials around their row's mean.
    """

    X: Array
    y: Array
    share: Array
    known: Array
    repeats: int = 0
    within: float = 0.0

    @classmethod
    def of(cls, X: Array, y: Array) -> Data:
        """Data of distinct points without known noise."""
        return cls(X=X, y=y, share=np.ones(len(y)), known=np.zeros(len(y)))


def merged(X: Array, y: Array, known: Array) -> tuple[Data, NDArray[np.intp]]:
    """Data with exact duplicates merged, so that C stays well conditioned, and the trial that each row came from.

    For unknown noise nothing is lost: the likelihood of repeated trials is that of their mean with noise v / count,
    times a factor of v and their spread, which the objective keeps. Trials of known noise are averaged by precision.

    Args:
        X: Model points, shape (n, c).
        y: Targets, shape (n,).
        known: Noise ratio of each trial, NaN where it is unknown; shape (n,).
    """
    told = ~np.isnan(known)
    places: dict[tuple[bytes, bool], int] = {}
    place = np.array([places.setdefault((x.tobytes(), bool(k)), len(places)) for x, k in zip(X, told, strict=True)])
    if len(places) == len(y):
        known = np.where(told, np.fmax(known, KNOWN_FLOOR), 0.0)
        return Data(X=X, y=y, share=np.where(told, 0.0, 1.0), known=known), np.arange(len(y))
    first = np.array([int(np.flatnonzero(place == k)[0]) for k in range(len(places))])
    weight = np.where(told, 1.0 / np.fmax(known, KNOWN_FLOOR), 1.0)
    total = np.bincount(place, weight)
    mean = np.bincount(place, weight * y) / total
    apart = np.where(told, 0.0, y - mean[place])
    data = Data(
        X=X[first],
        y=mean,
        share=np.where(told[first], 0.0, 1.0 / total),
        known=np.where(told[first], 1.0 / total, 0.0),
        repeats=int(np.count_nonzero(~told) - np.count_nonzero(~told[first])),
        within=float(apart @ apart),
    )
    return data, first
