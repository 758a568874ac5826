"""Fits of one set of points under several warps and kernels, each of which begins where the first one ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.data import merged
from askntell.optimizers.gp.descent import sharpened
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.model import FEW, Objective, Optimum, Posterior, Prior, minimised

__all__ = ["Regression", "Solved", "noise_ratio"]

_LARGEST_NOISE = 1e6  #: ratio to the amplitude; a trial of larger known noise teaches nothing anyway


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Regression:
    """Targets at model points, and what is believed of the function before.

    Attributes:
        groups: Length-scale of each model column, shape (c,), as an index from 0.
        prior: Of the hyperparameters.
        X: Model points, shape (n, c).
        z: Targets, shape (n,).
        noise: Known standard deviations of the targets, NaN where unknown, shape (n,).
    """

    groups: NDArray[np.intp]
    prior: Prior
    X: Array
    z: Array
    noise: Array

    def solved(self, starts: Sequence[Array]) -> Solved:
        """The fit from these starts."""
        objective = self._objective(1.0)
        return self._again(Solved(objective=objective, optimum=minimised(objective, starts)))

    def near(self, first: Solved, hopeless: float = np.inf) -> Solved | None:
        """The fit that begins at another one of the same points, or None if it would come to nothing.

        With many points it ends on some of them, which is as much as a comparison needs: see `finished`.

        Args:
            first: The other one.
            hopeless: None is the answer where some of the points alone make this fit less probable than the other one
                by more than this, in logarithms.
        """
        objective, few = self._objective(first.posterior.sigma2), first.optimum.few
        if few is None or not objective.many:
            return Solved(objective=objective, optimum=minimised(objective, [first.optimum.theta], near=first.optimum))
        made = minimised(objective.few(), [few.theta], near=few)
        if made.loss > few.loss + hopeless:
            return None
        if self.prior.kernel != first.objective.prior.kernel:
            return Solved(objective=objective, optimum=minimised(objective, [first.optimum.theta], near=first.optimum))
        H = sharpened(made.H, len(objective.data.y) / FEW)
        return Solved(objective=objective, optimum=replace(made, H=H, few=made), ended=False)

    def finished(self, solved: Solved) -> Solved:
        """The fit on all points."""
        if solved.ended and np.isnan(self.noise).all():
            return solved
        before = solved.optimum
        optimum = minimised(solved.objective, [before.theta], near=before)
        return self._again(Solved(objective=solved.objective, optimum=replace(optimum, few=before.few)))

    def _again(self, solved: Solved) -> Solved:
        """With known noise once more, because its ratio to the amplitude needs the amplitude."""
        if np.isnan(self.noise).all():
            return solved
        objective, before = self._objective(solved.posterior.sigma2), solved.optimum
        optimum = minimised(objective, [before.theta], near=before)
        return Solved(objective=objective, optimum=replace(optimum, few=before.few))

    def _objective(self, amplitude: float) -> Objective:
        data, _ = merged(self.X, self.z, noise_ratio(self.noise, amplitude))
        return Objective(data, self.groups, self.prior)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """A fit.

    Attributes:
        objective: What was minimised.
        optimum: Where it is smallest.
        ended: Whether that is known for all points, not only for some.
    """

    objective: Objective
    optimum: Optimum
    ended: bool = True

    @cached_property
    def posterior(self) -> Posterior:
        """Given the points of the fit."""
        return Posterior.of(self.objective.data, self.objective.hyper(self.optimum.theta))


def noise_ratio(noise: Array, amplitude: float) -> Array:
    """Noise ratios of standard deviations in units of the targets; NaN stays."""
    with np.errstate(over="ignore"):
        return np.minimum(noise * noise / amplitude, _LARGEST_NOISE)
