"""Gains that count only where a trial is feasible: log gain plus the logarithms of the chances that limits hold.

Gardner et al. 2014 weigh the improvement by the probability of each constraint; in logarithms the product is a sum,
whose gradient stays of use where the probability is tiny.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from askntell.optimizers.gp.acquisition import Process, Score, log_ok
from askntell.optimizers.gp.kernel import Array

__all__ = ["Chance", "Gain", "Weighed"]

_FARTHEST = 1e50  #: standard deviations; log Phi of more is not finite


class Gain(Score, Protocol):
    """What a point is worth where it is feasible."""

    def believing(self, X: Array, counts: NDArray[np.bool_]) -> Gain:
        """The gain once the points X, shape (m, c), have their posterior means; only some count as achieved."""


@final
@dataclass(frozen=True, kw_only=True)
class Chance:
    """The probability that a modelled value is at most a limit.

    Attributes:
        posterior: Of the value.
        limit: In units of the posterior's targets.
        sign: 1.0, or -1.0 for "at least".
        noise: Variance that is added to the posterior's.
        fixed: Whether pending points leave it as it is.
    """

    posterior: Process
    limit: float
    sign: float = 1.0
    noise: float = 0.0
    fixed: bool = False

    def value(self, X: Array) -> Array:
        """The logarithm of the probability at model points (m, c), shape (m,)."""
        mean, std = self.posterior.predict(X)
        return log_ndtr(self._score(mean, np.sqrt(std * std + self.noise)))

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """The logarithm of the probability, shape (m,), and its derivative by the model columns, shape (m, c)."""
        mean, std, slope, bend = self.posterior.gradients(X)
        total = np.sqrt(std * std + self.noise)
        score = self._score(mean, total)
        value, ratio = log_ok(score)
        change = -(self.sign / total)[:, None] * slope - (score * std / (total * total))[:, None] * bend
        return value, ratio[:, None] * change

    def likely(self, X: Array) -> NDArray[np.bool_]:
        """Where the limit holds at the posterior mean, shape (m,)."""
        found: NDArray[np.bool_] = self.sign * (self.limit - self.posterior.predict(X)[0]) >= 0.0
        return found

    def believing(self, X: Array) -> Chance:
        """The probability once the points X, shape (m, c), have their posterior means."""
        if self.fixed:
            return self
        posterior = self.posterior
        for x in X:
            posterior = posterior.append(x)
        return replace(self, posterior=posterior)

    def _score(self, mean: Array, total: Array) -> Array:
        return np.clip(self.sign * (self.limit - mean) / total, -_FARTHEST, _FARTHEST)


@final
@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A gain, weighed by chances; without a gain, while nothing feasible is known, the chances alone.

    Attributes:
        gain: What a feasible point is worth, or None.
        chances: Of the limits; at least one if there is no gain.
    """

    gain: Gain | None
    chances: tuple[Chance, ...] = ()

    @property
    def posterior(self) -> Process:
        """One of the models, whose length-scales scale the search."""
        return self.chances[0].posterior if self.gain is None else self.gain.posterior

    def value(self, X: Array) -> Array:
        """The sum at model points (m, c), shape (m,); larger is better."""
        found = np.zeros(len(X)) if self.gain is None else self.gain.value(X)
        for chance in self.chances:
            found = found + chance.value(X)
        return found

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """The sum, shape (m,), and its derivative by the model columns, shape (m, c)."""
        value, gradient = (np.zeros(len(X)), np.zeros(X.shape)) if self.gain is None else self.gain.gradients(X)
        for chance in self.chances:
            more, change = chance.gradients(X)
            value, gradient = value + more, gradient + change
        return value, gradient

    def believing(self, X: Array) -> Weighed:
        """The sum once the pending points X, shape (m, c), have their posterior means."""
        counts = np.ones(len(X), dtype=bool)
        for chance in self.chances:
            counts &= chance.likely(X)
        gain = None if self.gain is None else self.gain.believing(X, counts)
        return Weighed(gain=gain, chances=tuple(chance.believing(X) for chance in self.chances))
