"""Expected improvement under several models at once, each weighed by how probable the data make it.

The Gaussian kernel is a product over parameters and carries what one level of a category taught over to the others;
Matern-5/2 forgives kinks and cliffs. Choosing one by its evidence would jump between them; the expectation over both is
the plain rule of probability.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.acquisition import Acquisition, Process
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.model import Posterior

__all__ = ["Ensemble"]


@final
@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """The logarithm of the weighted mean of expected improvements.

    Attributes:
        members: The improvement under each model; the first is the most probable.
        weights: Their probabilities, summing to 1.
    """

    members: tuple[Acquisition, ...]
    weights: tuple[float, ...] = (1.0,)

    @classmethod
    def of(cls, posteriors: tuple[Posterior, ...], weights: tuple[float, ...], bests: tuple[float, ...]) -> Ensemble:
        """Improvement on `bests`, in the units of each posterior's targets."""
        members = tuple(Acquisition(posterior=p, best=b) for p, b in zip(posteriors, bests, strict=True))
        return cls(members=members, weights=weights)

    @property
    def posterior(self) -> Process:
        """Of the most probable model."""
        return self.members[0].posterior

    def mean(self, X: Array) -> Array:
        """The expected target at model points (m, c), shape (m,)."""
        found = np.zeros(len(X))
        for member, weight in zip(self.members, self.weights, strict=True):
            found += weight * member.posterior.predict(X)[0]
        return found

    def value(self, X: Array) -> Array:
        """The logarithm at model points (m, c), shape (m,); larger is better."""
        if len(self.members) == 1:
            return self.members[0].value(X)
        found: Array = np.logaddexp.reduce(self._logs([member.value(X) for member in self.members]))
        return found

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """The logarithm, shape (m,), and its derivative by the model columns, shape (m, c)."""
        if len(self.members) == 1:
            return self.members[0].gradients(X)
        pairs = [member.gradients(X) for member in self.members]
        logs = self._logs([value for value, _ in pairs])
        total = np.logaddexp.reduce(logs)
        gradient = np.zeros(X.shape)
        for share, (_, part) in zip(np.exp(logs - total), pairs, strict=True):
            gradient += share[:, None] * part
        return total, gradient

    def believing(self, X: Array, counts: NDArray[np.bool_]) -> Ensemble:
        """The ensemble once the points X, shape (m, c), have their posterior means; only some count as achieved."""
        return replace(self, members=tuple(member.believing(X, counts) for member in self.members))

    def beyond(self, X: Array) -> Ensemble:
        """Improvement on the best posterior mean at the model points X instead, shape (m, c), m >= 1."""
        bests = [float(np.min(member.posterior.predict(X)[0])) for member in self.members]
        made = [
            Acquisition(posterior=member.posterior, best=best) for member, best in zip(self.members, bests, strict=True)
        ]
        return replace(self, members=tuple(made))

    def _logs(self, values: list[Array]) -> Array:
        return np.array(values) + np.log(self.weights)[:, None]
