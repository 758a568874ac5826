"""What a point is worth under one model: log expected improvement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, ndtr

from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.model import Hyper

__all__ = ["Acquisition", "Process", "Score", "log_ei", "log_ok"]

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
_SQRT_HALF = math.sqrt(0.5)
_SQRT_HALF_PI = math.sqrt(0.5 * math.pi)
_FAR = 30.0  #: from here on 1 - t M(t) comes from its asymptotic series, whose first omitted term is below 1e-12


def log_ei(z: Array) -> tuple[Array, Array, Array]:
    """The values log(phi(z) + z Phi(z)), Phi / (phi + z Phi) and phi / (phi + z Phi), each of z's shape.

    Ament et al. 2023, section 4.1, in this form: for z > -1 as written; below, with t = -z and the Mills ratio
    M(t) = sqrt(pi/2) erfcx(t / sqrt2), phi + z Phi = phi (1 - t M), where 1 - t M is taken from its asymptotic series
    for t > 30. The two ratios follow without a difference of large logarithms.

    Args:
        z: (best - mean) / std, |z| < 1e100.
    """
    up = np.maximum(z, -1.0)
    phi, Phi = np.exp(-0.5 * up * up - _LOG_SQRT_2PI), ndtr(up)
    height = phi + up * Phi
    if np.all(z > -1.0):
        return np.log(height), Phi / height, phi / height
    t = np.maximum(-z, 1.0)
    M = _SQRT_HALF_PI * erfcx(t * _SQRT_HALF)
    u = 1.0 / (t * t)
    series = u * (1.0 - u * (3.0 - u * (15.0 - u * (105.0 - u * (945.0 - u * 10395.0)))))
    left = np.where(t > _FAR, series, 1.0 - t * M)
    near = z > -1.0
    return (
        np.where(near, np.log(height), np.log(left) - 0.5 * t * t - _LOG_SQRT_2PI),
        np.where(near, Phi / height, M / left),
        np.where(near, phi / height, 1.0 / left),
    )


def log_ok(s: Array) -> tuple[Array, Array]:
    """The logarithm of Phi(s) and its derivative phi(s) / Phi(s), each of s's shape, |s| < 1e100."""
    ratio = np.exp(-0.5 * np.maximum(s, 0.0) ** 2) / (_SQRT_HALF_PI * 2.0 * np.maximum(ndtr(s), 0.5))
    low = 1.0 / (_SQRT_HALF_PI * erfcx(np.maximum(-s, 0.0) * _SQRT_HALF))
    return log_ndtr(s), np.where(s > 0.0, ratio, low)


class Process(Protocol):
    """A Gaussian process given trials."""

    @property
    def hyper(self) -> Hyper:
        """Hyperparameters of the kernel of points."""

    @property
    def y(self) -> Array:
        """Targets, those of appended points last."""

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the noise-free process at model points (m, c); each of shape (m,)."""

    def gradients(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Mean, standard deviation, and their derivatives by the model columns: (m,), (m,), (m, c), (m, c)."""

    def append(self, x: Array) -> Process:
        """The process once the point x, shape (c,), has its posterior mean."""


class Score(Protocol):
    """What the search maximises."""

    @property
    def posterior(self) -> Process:
        """A model whose length-scales are those of the search's steps."""

    def value(self, X: Array) -> Array:
        """The score at model points (m, c), shape (m,); larger is better."""

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """The score, shape (m,), and its derivative by the model columns, shape (m, c)."""


@final
@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """Log expected improvement below `best`, minimising; larger is better.

    Attributes:
        posterior: Of the targets.
        best: The smallest posterior mean at an observed point: the smallest target without noise, and a cautious
            one with noise.
    """

    posterior: Process
    best: float

    def value(self, X: Array) -> Array:
        """The acquisition at model points (m, c), shape (m,)."""
        mean, std = self.posterior.predict(X)
        found: Array = np.log(std) + log_ei((self.best - mean) / std)[0]
        return found

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """The acquisition, shape (m,), and its derivative by the model columns, shape (m, c)."""
        mean, std, slope, bend = self.posterior.gradients(X)
        value, below, density = log_ei((self.best - mean) / std)
        return value + np.log(std), (density / std)[:, None] * bend - (below / std)[:, None] * slope

    def believing(self, X: Array, counts: NDArray[np.bool_]) -> Acquisition:
        """The acquisition once the points X, shape (m, c), have their posterior means; only some count as achieved."""
        posterior = self.posterior
        for x in X:
            posterior = posterior.append(x)
        means = posterior.y[len(posterior.y) - len(X) :][counts]
        return Acquisition(posterior=posterior, best=min(self.best, float(np.min(means, initial=np.inf))))
