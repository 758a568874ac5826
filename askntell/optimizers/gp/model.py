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
from scipy.linalg.blas import dsyr, dtrmm

from askntell.optimizers.gp.cholesky import factor, gram, invert
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.descent import Found, descended, sharpened
from askntell.optimizers.gp.kernel import KERNELS, Array, squared_distances
from askntell.optimizers.gp.scratch import scratch

__all__ = [
    "FEW",
    "Hyper",
    "Objective",
    "Optimum",
    "Posterior",
    "Prior",
    "Searched",
    "cold_starts",
    "leave_one_out",
    "minimised",
]

SHAPE, RATE = 2.0, 1.0  #: inverse-gamma prior of the amplitude, in units of the standardised targets
_SINGLE = 16  #: fewer points than this are worth no triangular product
_TOGETHER = 128  #: points predicted at once: more would leave the cache
_SAME = 0.3  #: largest difference of log hyperparameters at which two searches are on the way to the same optimum
_MANY, FEW = 120, 64  #: above so many rows, searches begin with so few of them
_GAIN, _COARSE = 1e-2, 5e-2  #: gains in the logarithm of the probability that are as good as none; with many rows
_LONGEST, _END = 50, 16  #: evaluations of one descent, at most; of one that goes only its end on many rows


@final
@dataclass(frozen=True, kw_only=True)
class Hyper:
    """Hyperparameters: length-scale of each model column, shape (c,), noise ratio v, and the name of the kernel."""

    scale: Array
    noise: float
    kernel: str = "matern"


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
        n = len(data.y)
        self._right = np.stack([np.ones(n), data.y], axis=1)
        self._ones = np.ones(n)

    @property
    def bounds(self) -> Array:
        """Log bounds of theta, shape (g + 1, 2)."""
        made: Array = np.log(np.array([self.prior.scale_bounds] * self._count + [self.prior.noise_bounds]))
        return made

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
        """Standard deviations of the priors of theta, shape (g + 1,)."""
        return self._std

    def hyper(self, theta: Array) -> Hyper:
        """The hyperparameters that theta stands for."""
        return Hyper(scale=np.exp(theta[:-1])[self._groups], noise=math.exp(theta[-1]), kernel=self.prior.kernel)

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """F and dF/dtheta; (1e10, 0) where F cannot be computed."""
        data, n = self.data, len(self.data.y)
        v = math.exp(theta[-1])
        Z = self._X / np.exp(theta[:-1])[self._groups]
        D, C, H, A = scratch("squares", 4, n, n)  # fresh n x n arrays would double the time
        squared_distances(Z, Z, out=D)
        D.reshape(-1)[:: n + 1] = 0.0
        KERNELS[self.prior.kernel].both(D, (C, H))
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
        F = self._power * math.log(rest) + 0.5 * log_det + 0.5 * data.repeats * float(theta[-1]) + 0.5 * float(t @ t)
        if not math.isfinite(F):
            return 1e10, np.zeros_like(theta)
        # the lower triangle of G = C^-1 - w alpha alpha', zero above; its diagonal drops out of the distances below
        G = dsyr(-w, alpha, a=gram(Linv), lower=1, overwrite_a=1)
        noise = 0.5 * v * float(G.diagonal() @ data.share) + 0.5 * (data.repeats - w * within)
        G *= H.T  # symmetric; the transpose has the memory order of G
        column = (self._ones @ G + G @ self._ones) @ (Z * Z) - 2.0 * np.einsum("ij,ij->j", Z, G @ Z)
        if not self._one_each:
            column = np.bincount(self._groups, column, self._count)
        return F, np.append(column, noise) + t / self._std


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


@final
@dataclass(frozen=True, kw_only=True)
class Posterior:
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
        Linv, jitter = _inverse_factor(Z, noise, hyper.kernel)
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

    @property
    def fitted(self) -> Array:
        """Posterior mean at the data points, shape (n,): K alpha + beta = y - noise alpha."""
        return self.y - self.noise * self.alpha

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the noise-free process at model points (m, c); each of shape (m,)."""
        mean, std = np.empty(len(X)), np.empty(len(X))
        for i in range(0, len(X), _TOGETHER):
            part = slice(i, i + _TOGETHER)
            mean[part], std[part] = self._predicted(X[part])
        return mean, std

    def _predicted(self, X: Array) -> tuple[Array, Array]:
        K = scratch("predicted", len(X), len(self.y))
        K = KERNELS[self.hyper.kernel].value(squared_distances((X - self.centre) / self.hyper.scale, self.Z, out=K))
        mean = K @ self.alpha + self.beta
        if len(X) <= _SINGLE:
            return mean, self._std(self._white(K))
        # half of the numbers in Linv are zeros, and many rows are worth a call that knows it; it overwrites K
        return mean, self._std(dtrmm(1.0, self.Linv.T, K.T, trans_a=1, overwrite_b=1).T)

    def _white(self, K: Array) -> Array:
        """K Linv', without most of the zeros, shape (m, n)."""
        n = len(self.y)
        V, half = np.empty(K.shape), n // 2
        np.matmul(K[:, :half], self.Linv[:half, :half].T, out=V[:, :half])
        np.matmul(K, self.Linv[half:].T, out=V[:, half:])
        return V

    def gradients(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Mean, standard deviation, and their derivatives by the model columns: (m,), (m,), (m, c), (m, c)."""
        Q = (X - self.centre) / self.hyper.scale
        K, H = KERNELS[self.hyper.kernel].both(squared_distances(Q, self.Z))
        V = self._white(K)
        std = self._std(V)
        A = H * self.alpha
        slope = A @ self.Z - Q * A.sum(axis=1)[:, None]
        H *= V @ self.Linv
        bend = Q * H.sum(axis=1)[:, None] - H @ self.Z
        bend *= (self.sigma2 / std)[:, None]
        return K @ self.alpha + self.beta, std, slope / self.hyper.scale, bend / self.hyper.scale

    def append(self, x: Array, *, value: float | None = None) -> Posterior:
        """The posterior with one more point, hyperparameters, beta and sigma2 held.

        Args:
            x: Model point, shape (c,).
            value: Its target; None for the posterior mean there, which leaves the mean as it is everywhere.
        """
        z = (x - self.centre) / self.hyper.scale
        k = KERNELS[self.hyper.kernel].value(squared_distances(z[None], self.Z))[0]
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
            Linv, jitter = _inverse_factor(Z, noise, self.hyper.kernel)
            noise = noise + jitter
        target = float(k @ self.alpha) + self.beta if value is None else value
        y = np.append(self.y, target)
        w = Linv @ (y - self.beta)
        return replace(self, Z=Z, y=y, noise=noise, Linv=Linv, w=w, alpha=w @ Linv)

    def _std(self, V: Array) -> Array:
        left = 1.0 - np.einsum("ij,ij->i", V, V)
        found: Array = np.sqrt(self.sigma2 * np.maximum(left, 1e-12))
        return found


def _inverse_factor(Z: Array, noise: Array, kernel: str) -> tuple[Array, float]:
    n = len(Z)
    D, C, H, A = scratch("squares", 4, n, n)
    squared_distances(Z, Z, out=D)
    D.reshape(-1)[:: n + 1] = 0.0
    KERNELS[kernel].both(D, (C, H))
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
