"""What one look at a point is expected to gain where looks are noisy.

Without noise a look at x tells f(x), and what it gains is the improvement on the incumbent, whose value is known. With
noise neither holds: the search is told a little about f(x), and as much about all points whose values go with it. What
will be recommended in the end is the trial of smallest posterior mean; so a look gains if it makes another trial than
the incumbent the best one: x itself, or a rival that was tried before. Of f(j) - f(incumbent) the posterior mean moves
by a normal amount with the standard deviation::

    s_j = |cov(x, j) - cov(x, incumbent)| / sqrt(var(x) + noise)

and the gain from j alone is E[max(m_incumbent - m_j + s_j N, 0)]: the knowledge gradient [Frazier et al. 2009, eq. 13
to 15] of two points. Their sum over x and the rivals bounds that of all together from above, is smooth, and its
logarithm stays of use where all of them are tiny. As the noise vanishes it turns into expected improvement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.acquisition import Acquisition, log_ei
from askntell.optimizers.gp.kernel import Array, squared_distances
from askntell.optimizers.gp.posterior import Posterior

__all__ = ["QUIET", "Looks", "gain_below", "leading", "leading_at"]

QUIET = 1e-2  #: noise of a smaller ratio to the amplitude is not worth a thought
_RIVALS = 10  #: so many trials besides the incumbent may turn out to be the best
_TINY = 1e-6  #: the least that a look teaches, as a ratio of variances
_TOGETHER = 256  #: points looked at together: more would leave the cache


def leading(posterior: Posterior, rows: Sequence[int]) -> tuple[int, ...]:
    """The incumbent and its rivals among rows of the posterior, by their means; none where there is no noise."""
    if posterior.look < QUIET or not len(rows):
        return ()
    order = np.argsort(posterior.fitted[np.asarray(rows)], kind="stable")
    return tuple(int(rows[k]) for k in order[: _RIVALS + 1])


def leading_at(posterior: Posterior, X: Array) -> tuple[int, ...]:
    """The same among the data points at model points X, shape (m, c)."""
    if posterior.look < QUIET:
        return ()
    rows = dict.fromkeys(posterior.row(x) for x in X)
    return leading(posterior, [row for row in rows if row is not None])


def gain_below(posterior: Posterior, best: float, rows: tuple[int, ...] = ()) -> Acquisition[Posterior] | Looks:
    """What a point may gain below `best`; `leading` rows of the posterior are those of which one will be the best."""
    if rows:
        return Looks(posterior=posterior, best=best, rows=rows)
    return Acquisition(posterior=posterior, best=best)


@final
@dataclass(frozen=True, kw_only=True)
class Looks:
    """The logarithm of the gain of one look, larger is better.

    Attributes:
        posterior: Of the targets.
        best: The posterior mean at the incumbent.
        rows: The incumbent and its rivals, as rows of the posterior; at least one.
    """

    posterior: Posterior
    best: float
    rows: tuple[int, ...]

    def value(self, X: Array) -> Array:
        """The logarithm of the gain at model points (m, c), shape (m,)."""
        if len(X) > _TOGETHER:
            return np.concatenate([self.value(X[i : i + _TOGETHER]) for i in range(0, len(X), _TOGETHER)])
        post = self.posterior
        K = post.hyper.function.value(squared_distances((X - post.centre) / post.hyper.scale, post.Z))
        gap, _, size, total = self._parts(K, post.std(post.white(K)))
        s = size / total
        found: Array = _log_sum(np.log(s) + log_ei(gap / s)[0])
        return found

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """The logarithm of the gain, shape (m,), and its derivative by the model columns, shape (m, c)."""
        post = self.posterior
        Q = (X - post.centre) / post.hyper.scale
        K, H = post.hyper.function.both(squared_distances(Q, post.Z))
        V = post.white(K)
        gap, apart, size, total = self._parts(K, post.std(V))
        s = size / total
        log_gain, below, density = log_ei(gap / s)
        log_gain += np.log(s)
        value = _log_sum(log_gain)
        part = np.exp(log_gain - value[:, None])  # of each alternative in the sum
        density *= part
        by = np.empty((len(X), len(self.rows) + 1))  # by the mean of x, then by the covariances
        by[:, 0] = part[:, 0] * below[:, 0] / -s[:, 0]
        by[:, 1:] = density * apart / (size * size)
        by_var = by[:, 1] - 0.5 * density.sum(axis=1) / (total[:, 0] * total[:, 0])
        by[:, 1] *= -1.0  # it is var - cov
        # all of them are sums over the kernel's row: d(k'a) = sum_i H_i a_i (z_i - q) / l, d var = -2 sigma2 k'C^-1 dk
        V *= (-2.0 * post.sigma2 * by_var)[:, None]
        sums = V @ post.Linv
        sums += by @ self._basis.T
        sums *= H
        return value, (sums @ post.Z - Q * sums.sum(axis=1)[:, None]) / post.hyper.scale

    def believing(self, X: Array, counts: NDArray[np.bool_]) -> Acquisition[Posterior] | Looks:
        """The gain once the points X, shape (m, c), have their posterior means; only some count as achieved."""
        posterior = self.posterior
        for x in X:
            posterior = posterior.append(x)
        first = len(posterior.y) - len(X)
        added = (first + np.flatnonzero(counts)).tolist()
        best = min(self.best, float(np.min(posterior.y[added], initial=np.inf)))
        return gain_below(posterior, best, leading(posterior, [*self.rows, *added]))

    @cached_property
    def _basis(self) -> Array:
        """Columns alpha, `Posterior.covariance` of the incumbent, and those of the rivals minus that; (n, 2 + r)."""
        first, *rivals = (self.posterior.covariance(row) for row in self.rows)
        return np.stack([self.posterior.alpha, first, *(rival - first for rival in rivals)], axis=1)

    @cached_property
    def _gaps(self) -> Array:
        """The incumbent's mean minus that of x, where K alpha is yet to be taken off, and of each rival; (1 + r,)."""
        found: Array = self.best - self.posterior.fitted[list(self.rows)]
        found[0] = self.best - self.posterior.beta
        return found

    def _parts(self, K: Array, std: Array) -> tuple[Array, Array, Array, Array]:
        """For x and each rival, shape (m, 1 + r), how far below the incumbent it is expected, and the numerator of s.

        With its sign, then without it and without the kink at 0. The last array is the denominator, shape (m, 1).
        """
        apart = K @ self._basis
        gap = np.repeat(self._gaps[None], len(K), axis=0)
        gap[:, 0] -= apart[:, 0]
        apart = apart[:, 1:]
        var = std * std
        np.subtract(var, apart[:, 0], out=apart[:, 0])
        sigma2 = self.posterior.sigma2
        size = np.sqrt(apart * apart + (_TINY * sigma2) ** 2)
        return gap, apart, size, np.sqrt(var + sigma2 * self.posterior.look)[:, None]


def _log_sum(terms: Array) -> Array:
    """The logarithm of the sum of the exponentials of each row, shape (m,)."""
    largest = terms.max(axis=1)
    found: Array = largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1))
    return found
