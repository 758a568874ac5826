"""The process given data and hyperparameters [Rasmussen & Williams 2006, chapter 2], and what it says of its data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from askntell.optimizers.gp.cholesky import factor, invert
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.kernel import Array, squared_distances
from askntell.optimizers.gp.model import RATE, SHAPE, Hyper
from askntell.optimizers.gp.predicting import Given, Predicting
from askntell.optimizers.gp.scratch import scratch

__all__ = ["Posterior", "leave_one_out"]


@final
@dataclass(frozen=True, kw_only=True)
class Posterior(Predicting):
    """The process given data and hyperparameters; a value, `append` gives a new one.

    Attributes:
        Z: Centred, scaled data points, shape (n, c).
        y: Targets, shape (n,).
        noise: Noise ratio of each row, shape (n,).
        Linv: Inverse of the lower Cholesky factor of C, shape (n, n).
        w: Linv (y - beta), shape (n,).
        alpha: C^-1 (y - beta), shape (n,).
        beta, sigma2: Mean and amplitude.
    """

    hyper: Hyper
    centre: Array
    Z: Array
    y: Array
    noise: Array
    Linv: Array
    w: Array
    alpha: Array
    beta: float
    sigma2: float

    @classmethod
    def of(cls, data: Data, hyper: Hyper) -> Posterior:
        """Condition on data.

        Raises:
            numpy.linalg.LinAlgError: see `factor`.
        """
        n = len(data.y)
        centre = data.X.mean(axis=0)
        Z = (data.X - centre) / hyper.scale
        noise = hyper.noise * data.share + data.known
        Linv, jitter = _inverse_factor(Z, noise, hyper)
        ones = Linv.sum(axis=1)
        beta = float(ones @ (Linv @ data.y)) / float(ones @ ones)
        w = Linv @ (data.y - beta)
        q = float(w @ w) + data.within / hyper.noise
        return cls(
            hyper=hyper,
            centre=centre,
            Z=Z,
            y=data.y,
            noise=noise + jitter,
            Linv=Linv,
            w=w,
            alpha=w @ Linv,
            beta=beta,
            sigma2=(RATE + 0.5 * q) / (SHAPE + 0.5 * (n + data.repeats)),
        )

    @cached_property
    def look(self) -> float:
        """The noise ratio of one more trial: as learnt, or as told for most of them."""
        return max(self.hyper.noise, float(np.median(self.noise)))

    @property
    def fitted(self) -> Array:
        """Posterior mean at the data points, shape (n,): K alpha + beta = y - noise alpha."""
        return self.y - self.noise * self.alpha

    @cached_property
    def given(self) -> Given:
        """For predictions."""
        return Given(
            hyper=self.hyper,
            centre=self.centre,
            Z=self.Z,
            Linv=self.Linv,
            alpha=self.alpha,
            sigma2=self.sigma2,
            mean=self.beta,
        )

    def covariance(self, row: int) -> Array:
        """Weights a, shape (n,), so that k(x)'a is the posterior covariance of x and a data point i.

        With C = K + N::

            sigma2 (k(x, x_i) - k(x)'C^-1 k_i) = sigma2 k(x)'C^-1 N e_i = k(x)'a

        It vanishes with the noise of that point, whose value is then known.
        """
        weights: Array = self.sigma2 * self.noise[row] * (self.Linv[:, row] @ self.Linv)
        return weights

    def row(self, x: Array) -> int | None:
        """The data point at a model point, shape (c,), or None."""
        found = np.flatnonzero(np.all((x - self.centre) / self.hyper.scale == self.Z, axis=1))
        return int(found[0]) if len(found) else None

    def append(self, x: Array, *, value: float | None = None) -> Posterior:
        """The posterior with one more point, hyperparameters, beta and sigma2 held.

        Args:
            x: Model point, shape (c,).
            value: Its target; None for the posterior mean there, which leaves the mean as it is everywhere.
        """
        z = (x - self.centre) / self.hyper.scale
        k = self.hyper.function.value(squared_distances(z[None], self.Z))[0]
        n = len(k)
        row = self.Linv @ k
        rest = 1.0 + self.hyper.noise - float(row @ row)
        Z, noise = np.vstack([self.Z, z]), np.append(self.noise, self.hyper.noise)
        if rest > 1e-12:
            root = math.sqrt(rest)
            Linv = np.zeros((n + 1, n + 1))
            Linv[:n, :n] = self.Linv
            Linv[n, :n] = (row @ self.Linv) / -root
            Linv[n, n] = 1.0 / root
        else:  # the new point is numerically one of the old ones
            Linv, jitter = _inverse_factor(Z, noise, self.hyper)
            noise = noise + jitter
        target = float(k @ self.alpha) + self.beta if value is None else value
        y = np.append(self.y, target)
        w = Linv @ (y - self.beta)
        return replace(self, Z=Z, y=y, noise=noise, Linv=Linv, w=w, alpha=w @ Linv)


def _inverse_factor(Z: Array, noise: Array, hyper: Hyper) -> tuple[Array, float]:
    n = len(Z)
    D, C, H, A = scratch("squares", 4, n, n)
    squared_distances(Z, Z, out=D)
    D.reshape(-1)[:: n + 1] = 0.0
    hyper.function.both(D, (C, H))
    C.reshape(-1)[:: n + 1] += noise
    L, jitter = factor(C, out=A.T)
    return np.array(invert(L), order="C"), jitter


def leave_one_out(posterior: Posterior) -> Array:
    """Prediction of each target from all others, shape (n,), with beta estimated anew each time.

    With P = C^-1 - C^-1 1 1'C^-1 / 1'C^-1 1 the residual is alpha_i / P_ii [Dubrule 1983]. Hyperparameters are held.
    """
    Linv = posterior.Linv
    ones = Linv.sum(axis=1)
    row = ones @ Linv
    P = np.einsum("ij,ij->j", Linv, Linv) - row * row / float(ones @ ones)
    predicted: Array = posterior.y - posterior.alpha / np.maximum(P, 1e-300)
    return predicted
