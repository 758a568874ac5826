"""Mean and standard deviation of a conditioned process, and their slopes [Rasmussen & Williams 2006, section 2.2]."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.linalg.blas import dtrmm

from askntell.optimizers.gp.kernel import Array, squared_distances
from askntell.optimizers.gp.model import Hyper
from askntell.optimizers.gp.scratch import scratch

__all__ = ["Given", "Predicting"]

_SINGLE = 16  #: fewer points than this are worth no triangular product
_TOGETHER = 128  #: points predicted at once: more would leave the cache


@final
@dataclass(frozen=True, kw_only=True)
class Given:
    """What a process is conditioned on, and what a prediction needs of it.

    Attributes:
        hyper: Hyperparameters of the kernel k of points.
        centre, Z: Data points, centred and scaled, shape (n, c).
        Linv: Inverse of the lower Cholesky factor of C, shape (n, n).
        alpha: C^-1 times what the targets differ from the mean, shape (n,).
        mean: Prior mean.
        prior: Prior variance, as a ratio to sigma2.
        sigma2: Amplitude.
        weight, shift: The covariance of a point and data point i is weight_i k + shift_i; without a weight it is k.
    """

    hyper: Hyper
    centre: Array
    Z: Array
    Linv: Array
    alpha: Array
    sigma2: float
    mean: float = 0.0
    prior: float = 1.0
    weight: Array | None = None
    shift: Array | float = 0.0


class Predicting(ABC):
    """Predictions of a process."""

    @property
    @abstractmethod
    def given(self) -> Given:
        """What it is conditioned on."""

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the noise-free process at model points (m, c); each of shape (m,)."""
        mean, std = np.empty(len(X)), np.empty(len(X))
        for i in range(0, len(X), _TOGETHER):
            part = slice(i, i + _TOGETHER)
            mean[part], std[part] = self._predicted(X[part])
        return mean, std

    def _predicted(self, X: Array) -> tuple[Array, Array]:
        given = self.given
        K = scratch("predicted", len(X), len(given.Z))
        squared_distances((X - given.centre) / given.hyper.scale, given.Z, out=K)
        K = given.hyper.function.value(K)
        if given.weight is not None:
            K *= given.weight
            K += given.shift
        mean = K @ given.alpha + given.mean
        if len(X) <= _SINGLE:
            return mean, self.std(self.white(K))
        # half of the numbers in Linv are zeros, and many rows are worth a call that knows it; it overwrites K
        return mean, self.std(dtrmm(1.0, given.Linv.T, K.T, trans_a=1, overwrite_b=1).T)

    def gradients(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Mean, standard deviation, and their derivatives by the model columns: (m,), (m,), (m, c), (m, c)."""
        given = self.given
        scale = given.hyper.scale
        Q = (X - given.centre) / scale
        K, H = given.hyper.function.both(squared_distances(Q, given.Z))
        if given.weight is not None:
            K *= given.weight
            K += given.shift
            H *= given.weight
        V = self.white(K)
        std = self.std(V)
        A = H * given.alpha
        slope = A @ given.Z - Q * A.sum(axis=1)[:, None]
        H *= V @ given.Linv
        bend = Q * H.sum(axis=1)[:, None] - H @ given.Z
        bend *= (given.sigma2 / std)[:, None]
        return K @ given.alpha + given.mean, std, slope / scale, bend / scale

    def white(self, K: Array) -> Array:
        """K Linv', without most of the zeros, shape (m, n)."""
        Linv = self.given.Linv
        V, half = np.empty(K.shape), len(Linv) // 2
        np.matmul(K[:, :half], Linv[:half, :half].T, out=V[:, :half])
        np.matmul(K, Linv[half:].T, out=V[:, half:])
        return V

    def std(self, V: Array) -> Array:
        """Standard deviation of the process where the covariances times Linv' are the rows of V, (m, n); shape (m,)."""
        given = self.given
        left = given.prior - np.einsum("ij,ij->i", V, V)
        found: Array = np.sqrt(given.sigma2 * np.maximum(left, 1e-12))
        return found
