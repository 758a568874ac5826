"""The Gaussian process: hyperparameters by maximum a posteriori, and the posterior.

Constant mean by generalised least squares, amplitude sigma2 integrated out under an inverse-gamma prior, a kernel
with one length-scale per group of columns, noise as a ratio v to the amplitude [Rasmussen & Williams 2006, chapters
2 and 5; the integrated amplitude is their Student-t limit, O'Hagan 1978]. Priors are Gaussian in log space, with the
dimension scaling of Hvarfner et al. 2024.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyr

from askntell.optimizers.gp.cholesky import factor, gram, invert
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.descent import Found, descended, sharpened
from askntell.optimizers.gp.kernel import (
    KERNELS,
    TWO_SCALES,
    Array,
    Kernel,
    squared_distances,
    two_scales,
    two_scales_slopes,
)
from askntell.optimizers.gp.scratch import scratch

__all__ = [
    "FEW",
    "Hyper",
    "Objective",
    "Optimum",
    "Prior",
    "Searched",
    "cold_starts",
    "minimised",
]

SHAPE, RATE = 2.0, 1.0  #: inverse-gamma prior of the amplitude, in units of the standardised targets
_SAME = 0.3  #: largest difference of log hyperparameters at which two searches are on the way to the same optimum
_MANY, FEW = 120, 64  #: above so many rows, searches begin with so few of them
_GAIN, _COARSE = 1e-2, 5e-2  #: gains in the logarithm of the probability that are as good as none; with many rows
_LONGEST, _END = 50, 16  #: evaluations of one descent, at most; of one that goes only its end on many rows
ROUGH, FINER = 0.1, 10.0  #: modes of the variance and of the fineness of the rough part of the kernel of two scales
_ROUGH_STD, _FINER_STD = 2.0, 0.8  #: standard deviations of the Gaussian priors of their logarithms
_ROUGH_BOUNDS, _FINER_BOUNDS = (1e-3, 1e2), (2.0, 300.0)


@final
@dataclass(frozen=True, kw_only=True)
class Hyper:
    """Hyperparameters: length-scale of each model column, shape (c,), noise ratio v, and the kernel.

    Attributes:
        rough, finer: Of the kernel of two scales, else without meaning.
    """

    scale: Array
    noise: float
    kernel: str = "matern"
    rough: float = ROUGH
    finer: float = FINER

    @property
    def function(self) -> Kernel:
        """The kernel as a function of scaled distances."""
        return two_scales(self.rough, self.finer) if self.kernel == TWO_SCALES else KERNELS[self.kernel]


@final
@dataclass(frozen=True, kw_only=True)
class Prior:
    """Gaussian priors and bounds of log l and log v.

    The numbers are for log space: their modes are exp(scale_mean) and exp(noise_mean).
    """

    scale_mean: float
    scale_std: float = 0.8
    noise_mean: float = -8.0
    noise_std: float = 3.0
    scale_bounds: tuple[float, float] = (5e-3, 1e3)
    noise_bounds: tuple[float, float] = (1e-6, 1.0)
    kernel: str = "matern"

    @classmethod
    def of(cls, d: int, *, exact: bool = False) -> Prior:
        """The prior for d parameters; `exact` if all values were told with std=0."""
        made = cls(scale_mean=-0.9 + 0.5 * math.log(max(d, 1)))
        return replace(made, noise_mean=-12.0, noise_bounds=(1e-8, 1.0)) if exact else made

    def mode(self, count: int) -> Hyper:
        """The most probable hyperparameters of `count` columns before any data."""
        return Hyper(
            scale=np.full(count, math.exp(self.scale_mean)), noise=math.exp(self.noise_mean), kernel=self.kernel
        )


@final
class Objective:
    """Negative log posterior F of theta = (log l_1 .. log l_g, log v), up to a constant, with its gradient.

    The kernel of two scales has two more hyperparameters, at the end of theta: log t and log s.

    With C = K + noise, N trials in n rows, e = y - beta, alpha = C^-1 e, q = e'alpha + within / v::

        F = (a + N/2) log(b + q/2) + 1/2 log|C| + 1/2 (N - n) log v + priors

    beta is the generalised least-squares mean; it needs no term in the gradient, because F is stationary in it.
    """

    def __init__(self, data: Data, groups: NDArray[np.intp], prior: Prior) -> None:
        self.data = data
        self.prior = prior
        self._groups = groups
        self._count = int(groups.max()) + 1
        self._one_each = self._count == len(groups)
        self._X = data.X - data.X.mean(axis=0)
        self._power = SHAPE + 0.5 * (len(data.y) + data.repeats)
        self._mean = np.append(np.full(self._count, prior.scale_mean), prior.noise_mean)
        self._std = np.append(np.full(self._count, prior.scale_std), prior.noise_std)
        if prior.kernel == TWO_SCALES:
            self._mean = np.append(self._mean, np.log([ROUGH, FINER]))
            self._std = np.append(self._std, [_ROUGH_STD, _FINER_STD])
        n = len(data.y)
        self._right = np.stack([np.ones(n), data.y], axis=1)
        self._ones = np.ones(n)

    @property
    def bounds(self) -> Array:
        """Log bounds of theta, shape (p, 2)."""
        more = [_ROUGH_BOUNDS, _FINER_BOUNDS] if self.prior.kernel == TWO_SCALES else []
        made: Array = np.log(np.array([self.prior.scale_bounds] * self._count + [self.prior.noise_bounds] + more))
        return made

    @property
    def mode(self) -> Array:
        """The most probable theta before any data."""
        return self._mean

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.data.y)

    @property
    def many(self) -> bool:
        """Whether there are so many rows that a search should begin with few."""
        return self.count > _MANY

    def few(self) -> Objective:
        """The objective of `FEW` rows, evenly spread over all; repeated trials count once."""
        rows = np.linspace(0, len(self.data.y) - 1, FEW).astype(np.intp)
        data = self.data
        some = Data(X=data.X[rows], y=data.y[rows], share=data.share[rows], known=data.known[rows])
        return Objective(some, self._groups, self.prior)

    @property
    def unit(self) -> Array:
        """Standard deviations of the priors of theta, shape (p,)."""
        return self._std

    def hyper(self, theta: Array) -> Hyper:
        """The hyperparameters that theta stands for."""
        g = self._count
        made = Hyper(scale=np.exp(theta[:g])[self._groups], noise=math.exp(theta[g]), kernel=self.prior.kernel)
        if self.prior.kernel == TWO_SCALES:
            made = replace(made, rough=math.exp(theta[g + 1]), finer=math.exp(theta[g + 2]))
        return made

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """F and dF/dtheta; (1e10, 0) where F cannot be computed."""
        data, n, g = self.data, len(self.data.y), self._count
        v = math.exp(theta[g])
        Z = self._X / np.exp(theta[:g])[self._groups]
        D, C, H, A = scratch("squares", 4, n, n)  # fresh n x n arrays would double the time
        squared_distances(Z, Z, out=D)
        D.reshape(-1)[:: n + 1] = 0.0
        slopes = self._covariance(D, theta, (C, H))
        C.reshape(-1)[:: n + 1] += v * data.share + data.known
        try:
            L, _ = factor(C, out=A.T)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        log_det = 2.0 * float(np.log(L.diagonal()).sum())
        Linv = invert(L)
        one, target = (Linv @ self._right).T
        e = target - float(one @ target) / float(one @ one) * one
        alpha = e @ Linv
        within = data.within / v
        rest = RATE + 0.5 * (float(e @ e) + within)
        w = self._power / rest
        t = (theta - self._mean) / self._std
        F = self._power * math.log(rest) + 0.5 * log_det + 0.5 * data.repeats * float(theta[g]) + 0.5 * float(t @ t)
        if not math.isfinite(F):
            return 1e10, np.zeros_like(theta)
        # the lower triangle of G = C^-1 - w alpha alpha', zero above; its diagonal drops out of the distances below
        G = dsyr(-w, alpha, a=gram(Linv), lower=1, overwrite_a=1)
        noise = 0.5 * v * float(G.diagonal() @ data.share) + 0.5 * (data.repeats - w * within)
        more = [float(np.einsum("ij,ij->", G, slope.T)) for slope in slopes]  # zero on their diagonals
        G *= H.T  # symmetric; the transpose has the memory order of G
        column = (self._ones @ G + G @ self._ones) @ (Z * Z) - 2.0 * np.einsum("ij,ij->j", Z, G @ Z)
        if not self._one_each:
            column = np.bincount(self._groups, column, self._count)
        return F, np.concatenate([column, [noise], more]) + t / self._std

    def _covariance(self, D: Array, theta: Array, out: tuple[Array, Array]) -> tuple[Array, ...]:
        """K and H of scaled distances D, to `out`, and given back dK by the hyperparameters after v, each (n, n)."""
        if self.prior.kernel == TWO_SCALES:
            return two_scales_slopes(D, math.exp(theta[-2]), math.exp(theta[-1]), out)[2:]
        KERNELS[self.prior.kernel].both(D, out)
        return ()


class Searched(Protocol):
    """What `minimised` minimises."""

    @property
    def bounds(self) -> Array:
        """Of theta, shape (p, 2)."""

    @property
    def unit(self) -> Array:
        """Standard deviations of the priors of theta, shape (p,)."""

    @property
    def count(self) -> int:
        """Number of rows."""

    @property
    def many(self) -> bool:
        """Whether there are so many rows that a search should begin with few."""

    def few(self) -> Searched:
        """The same for `FEW` of the rows."""

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """The function and its gradient."""


@final
@dataclass(frozen=True, kw_only=True)
class Optimum:
    """Where a search for hyperparameters ended.

    Attributes:
        theta: The hyperparameters, shape (g + 1,).
        loss: F there.
        H: Inverse Hessian of F by theta in units of the priors' standard deviations, as far as it was learnt.
        few: The optimum on some of the rows that the search went by, or None.
    """

    theta: Array
    loss: float
    H: Array
    few: Optimum | None = None


def minimised(objective: Searched, starts: Sequence[Array], *, near: Optimum | None = None) -> Optimum:
    """The smallest F that descents from these starts find; a pure function of its arguments.

    The variables are in units of their priors' standard deviations, so that the Hessian of the priors alone is the
    identity. A start that comes near an optimum found before is given up there. With several starts and many rows the
    way is first gone on some of the rows, and only its end on all of them.

    Args:
        objective: What to minimise.
        starts: Thetas.
        near: An optimum of a similar objective of as many rows, whose curvature is used.
    """
    few: Optimum | None = None
    H = None if near is None else near.H
    if len(starts) > 1 and objective.many:
        few = minimised(objective.few(), starts)
        starts, H = [few.theta], sharpened(few.H, objective.count / FEW)
    gain, evaluations = (_GAIN, _LONGEST) if H is None or not objective.many else (_COARSE, _END)
    bounds, unit = objective.bounds, objective.unit
    low, high = bounds.T / unit
    ends: list[Found] = []

    def value(u: Array) -> tuple[float, Array]:
        F, gradient = objective(u * unit)
        return F, gradient * unit

    def known(u: Array) -> bool:
        return any(np.max(np.abs((u - end.x) * unit)) < _SAME for end in ends)

    for start in starts:
        enough = known if ends else None
        ends.append(descended(value, start / unit, low, high, H=H, gain=gain, evaluations=evaluations, enough=enough))
    best = min(ends, key=lambda end: end.value)
    return Optimum(theta=np.clip(best.x * unit, *bounds.T), loss=best.value, H=best.H, few=few)


def cold_starts(d: int, groups: int) -> list[Array]:
    """The two fixed starts: length-scales 0.41 sqrt(d), and 0.3 of that; noise ratio 1e-4."""
    mode = math.log(0.41 * math.sqrt(max(d, 1)))
    return [np.append(np.full(groups, mode + shift), math.log(1e-4)) for shift in (0.0, math.log(0.3))]
