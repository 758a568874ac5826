"""Hyperparameters of the joint model: the covariance between segments and the posterior that is maximised.

With C the covariance of rows (x, s) in units of the amplitude sigma2::

    C = T o K + w_b S + noise            T = w0 + w1 D + S
    D = exp(-lambda P - E / (2 l_e^2))   S = 1 where two rows are of one segment, else 0

K is the kernel of the points, P counts the categorical features in which two segments differ, and E is their squared
distance in the numeric ones: a linear model of coregionalisation [Goovaerts 1997, section 4.2.3; Bonilla et al. 2008
for tasks] whose matrix between segments has but four numbers. Segments that have nothing in common drive w0 and w1 down
and leave independent processes with length-scales in common; w_b lets the levels of segments differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyr

from askntell.optimizers.gp.cholesky import factor, gram, invert
from askntell.optimizers.gp.joint.tasks import Tasks
from askntell.optimizers.gp.kernel import KERNELS, Array, squared_distances
from askntell.optimizers.gp.model import RATE, SHAPE, Hyper, Prior

__all__ = ["JointHyper", "JointObjective", "Rows"]

_NAMES = ("common", "alike", "level", "rate", "reach")
_MEAN = {"common": 0.0, "alike": 0.0, "level": 0.0, "rate": 0.0, "reach": math.log(0.5)}
_STD = {"common": 2.0, "alike": 2.0, "level": 2.0, "rate": 1.0, "reach": 0.7}
_LOWEST, _HIGHEST = math.log(1e-4), math.log(1e3)


@final
@dataclass(frozen=True, kw_only=True)
class Rows:
    """Trials of several segments.

    Attributes:
        X: Model points, shape (n, c).
        segment: Index of the segment of each row, shape (n,).
        y: Targets, shape (n,).
        known: Variance of a row's noise in the targets' units where it was told, else NaN; shape (n,).
    """

    X: Array
    segment: NDArray[np.intp]
    y: Array
    known: Array

    @classmethod
    def of(cls, parts: Sequence[Rows]) -> Rows:
        """These rows one after the other."""
        return cls(
            X=np.vstack([part.X for part in parts]),
            segment=np.concatenate([part.segment for part in parts]),
            y=np.concatenate([part.y for part in parts]),
            known=np.concatenate([part.known for part in parts]),
        )

    def where(self, index: NDArray[np.intp]) -> Rows:
        """Some of these rows."""
        return Rows(X=self.X[index], segment=self.segment[index], y=self.y[index], known=self.known[index])


@final
@dataclass(frozen=True, kw_only=True)
class JointHyper:
    """Hyperparameters of the joint model.

    Attributes:
        point: Of the kernel of points, and the noise ratio.
        common: w0, what all segments have in common.
        alike: w1, what segments of like features have in common; 0 without features.
        level: w_b, variance of the segments' levels.
        rate: lambda, by which each differing categorical feature parts two segments.
        reach: l_e, length-scale of the numeric features.
    """

    point: Hyper
    common: float
    alike: float
    level: float
    rate: float
    reach: float

    def between(self, tasks: Tasks, a: NDArray[np.intp], b: NDArray[np.intp]) -> tuple[Array, Array]:
        """T and w_b S of the segments a and b, each of shape (len(a), len(b))."""
        same = (a[:, None] == b).astype(np.float64)
        T = self.common + same
        if self.alike:
            T += self.alike * np.exp(
                -self.rate * tasks.differing(a, b) - tasks.squared(a, b) / (2.0 * self.reach * self.reach)
            )
        return T, self.level * same

    @property
    def variance(self) -> float:
        """Prior variance of a segment's function, in units of the amplitude."""
        return self.common + self.alike + 1.0 + self.level


@final
class JointObjective:
    """Negative log posterior of theta = (log l_1 .. log l_g, log v, log w0, ...), up to a constant, with its gradient.

    With alpha = C^-1 y and q = y'alpha, F = (a + n/2) log(b + q/2) + 1/2 log|C| + priors, and for every theta_k
    dF/dtheta_k = 1/2 sum(G o dC/dtheta_k) + prior with G = C^-1 - (a + n/2) / (b + q/2) alpha alpha'
    [Rasmussen & Williams 2006, eq. 5.9]. The mean is zero: the levels of the segments do its work.
    """

    def __init__(self, rows: Rows, groups: NDArray[np.intp], prior: Prior, tasks: Tasks) -> None:
        self.data = rows
        self._groups = groups
        self._prior = prior
        self._tasks = tasks
        self._lengths = int(groups.max()) + 1
        self._X = rows.X - rows.X.mean(axis=0)
        n = len(rows.y)
        self._power = SHAPE + 0.5 * n
        unique, place = np.unique(rows.segment, return_inverse=True)
        pairs = place[:, None] * len(unique) + place
        self._same = (place[:, None] == place).astype(np.float64)
        self._differing = tasks.differing(unique, unique).reshape(-1)[pairs]
        self._squared = tasks.squared(unique, unique).reshape(-1)[pairs]
        self.names = [
            "common",
            *(["alike"] if self._differing.any() or self._squared.any() else []),
            "level",
            *(["rate"] if self._differing.any() else []),
            *(["reach"] if self._squared.any() else []),
        ]
        g = self._lengths
        self._mean = np.array([prior.scale_mean] * g + [prior.noise_mean] + [_MEAN[name] for name in self.names])
        self._unit = np.array([prior.scale_std] * g + [prior.noise_std] + [_STD[name] for name in self.names])

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.data.y)

    @property
    def bounds(self) -> Array:
        """Log bounds of theta."""
        prior = self._prior
        made: Array = np.vstack(
            [
                np.log(np.array([prior.scale_bounds] * self._lengths + [prior.noise_bounds])),
                np.tile([_LOWEST, _HIGHEST], (len(self.names), 1)),
            ]
        )
        return made

    @property
    def unit(self) -> Array:
        """Standard deviations of the priors of theta."""
        return self._unit

    @property
    def start(self) -> Array:
        """Where the search begins: length-scales 0.41 sqrt(d), noise ratio 1e-4, the priors' modes."""
        theta = self._mean.copy()
        theta[self._lengths] = math.log(1e-4)
        return theta

    @property
    def many(self) -> bool:
        """No: there is one start only, and rows of few segments would not tell what they have in common."""
        return False

    def few(self) -> JointObjective:
        """The objective itself: see `many`."""
        return self

    def hyper(self, theta: Array) -> JointHyper:
        """The hyperparameters that theta stands for."""
        g = self._lengths
        named = dict(zip(self.names, np.exp(theta[g + 1 :]).tolist(), strict=True))
        return JointHyper(
            point=Hyper(scale=np.exp(theta[:g])[self._groups], noise=math.exp(theta[g]), kernel=self._prior.kernel),
            common=named["common"],
            alike=named.get("alike", 0.0),
            level=named["level"],
            rate=named.get("rate", 1.0),
            reach=named.get("reach", 0.5),
        )

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """F and dF/dtheta; (1e10, 0) where F cannot be computed."""
        n, hyper = len(self.data.y), self.hyper(theta)
        Z = self._X / hyper.point.scale
        D = squared_distances(Z, Z)
        D.reshape(-1)[:: n + 1] = 0.0
        K, H = KERNELS[self._prior.kernel].both(D)
        near = np.exp(-hyper.rate * self._differing - self._squared / (2.0 * hyper.reach * hyper.reach))
        T = hyper.common + hyper.alike * near + self._same
        C = T * K
        C += hyper.level * self._same
        unknown = np.isnan(self.data.known)
        C.reshape(-1)[:: n + 1] += np.where(unknown, hyper.point.noise, self.data.known)
        try:
            L, _ = factor(C)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        log_det = 2.0 * float(np.log(L.diagonal()).sum())
        Linv = invert(L)
        e = Linv @ self.data.y
        alpha = e @ Linv
        rest = RATE + 0.5 * float(e @ e)
        w = self._power / rest
        t = (theta - self._mean) / self._unit
        F = self._power * math.log(rest) + 0.5 * log_det + 0.5 * float(t @ t)
        if not math.isfinite(F):
            return 1e10, np.zeros_like(theta)
        G = dsyr(-w, alpha, a=gram(Linv), lower=1, overwrite_a=1)
        diagonal = G.diagonal().copy()
        G = G + G.T  # symmetric: the lower triangle was all of it
        G.reshape(-1)[:: n + 1] = diagonal
        gradient = np.empty_like(theta)
        g = self._lengths
        M = G * T
        M *= H
        sums = M.sum(axis=1)
        column = sums @ (Z * Z) - np.einsum("ij,ij->j", Z, M @ Z)
        gradient[:g] = np.bincount(self._groups, column, g)
        gradient[g] = 0.5 * hyper.point.noise * float(diagonal @ unknown)
        K *= G
        shared = hyper.alike * K
        shared *= near
        slope = {
            "common": lambda: hyper.common * float(K.sum()),
            "alike": lambda: float(shared.sum()),
            "level": lambda: hyper.level * float(np.vdot(G, self._same)),
            "rate": lambda: -hyper.rate * float(np.vdot(shared, self._differing)),
            "reach": lambda: float(np.vdot(shared, self._squared)) / (hyper.reach * hyper.reach),
        }
        gradient[g + 1 :] = [0.5 * slope[name]() for name in self.names]
        return F, gradient + t / self._unit
