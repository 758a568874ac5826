"""The joint process given trials of many segments, as seen from one of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.cholesky import factor, invert
from askntell.optimizers.gp.joint.objective import JointHyper, Rows
from askntell.optimizers.gp.joint.tasks import Tasks
from askntell.optimizers.gp.kernel import KERNELS, Array, squared_distances
from askntell.optimizers.gp.model import RATE, SHAPE, Hyper
from askntell.optimizers.gp.predicting import Given, Predicting
from askntell.optimizers.gp.scratch import scratch

__all__ = ["Joined", "View"]


@final
@dataclass(frozen=True, kw_only=True)
class Joined:
    """The joint process, conditioned on rows of several segments and on points whose value is believed.

    Attributes:
        hyper: Hyperparameters.
        tasks: Features of all segments.
        rows: What was told.
        centre: Of the model points, shape (c,).
        Z: Centred, scaled points, those that are believed last, shape (n + m, c).
        segment: Segment of each, shape (n + m,).
        Linv: Inverse of the lower Cholesky factor of C, shape (n + m, n + m).
        noise: Noise ratio of the told rows, shape (n,).
    """

    hyper: JointHyper
    tasks: Tasks
    rows: Rows
    centre: Array
    Z: Array
    segment: NDArray[np.intp]
    Linv: Array
    noise: Array

    @classmethod
    def of(cls, rows: Rows, hyper: JointHyper, tasks: Tasks, X: Array, segment: NDArray[np.intp]) -> Joined:
        """Condition on rows, and on points X, shape (m, c), of segments, shape (m,), at their posterior means.

        A point at its posterior mean leaves the mean as it is everywhere and lowers the variance [Ginsbourger et al.
        2010, the kriging believer], so its value need not be known.

        Raises:
            numpy.linalg.LinAlgError: see `factor`.
        """
        centre = rows.X.mean(axis=0)
        Z = (np.vstack([rows.X, X]) - centre) / hyper.point.scale
        places = np.append(rows.segment, segment)
        size = len(Z)
        C, A = scratch("joined", 2, size, size)
        squared_distances(Z, Z, out=C)
        C.reshape(-1)[:: size + 1] = 0.0
        KERNELS[hyper.point.kernel].value(C)  # in its place
        unique, place = np.unique(places, return_inverse=True)
        T, level = hyper.between(tasks, unique, unique)
        C *= T[place[:, None], place]
        C += level[place[:, None], place]
        noise = np.where(np.isnan(rows.known), hyper.point.noise, rows.known)
        C.reshape(-1)[:: size + 1] += np.append(noise, np.full(len(X), hyper.point.noise))
        L, jitter = factor(C, out=A.T)
        return cls(
            hyper=hyper,
            tasks=tasks,
            rows=rows,
            centre=centre,
            Z=Z,
            segment=places,
            Linv=np.array(invert(L), order="C"),
            noise=noise + jitter,
        )

    @property
    def inner(self) -> Array:
        """The rows and columns of Linv that belong to what was told, shape (n, n)."""
        n = len(self.rows.y)
        return self.Linv[:n, :n]

    def amplitude(self, y: Array) -> float:
        """sigma2 for these targets of the rows, shape (n,)."""
        w = self.inner @ y
        return (RATE + 0.5 * float(w @ w)) / (SHAPE + 0.5 * len(y))

    def seen_from(self, segment: int, y: Array) -> View:
        """The process of one segment.

        Args:
            segment: Its index.
            y: Targets of the rows, shape (n,).
        """
        n = len(y)
        w = self.inner @ y
        alpha = np.zeros(len(self.Z))
        alpha[:n] = w @ self.inner
        unique, place = np.unique(self.segment, return_inverse=True)
        T, level = self.hyper.between(self.tasks, np.array([segment]), unique)
        return View(
            joined=self,
            segment=segment,
            weight=T[0][place],
            shift=level[0][place],
            alpha=alpha,
            y=y,
            sigma2=(RATE + 0.5 * float(w @ w)) / (SHAPE + 0.5 * n),
        )


@final
@dataclass(frozen=True, kw_only=True)
class View(Predicting):
    """The posterior of one segment's function.

    Attributes:
        joined: The process.
        segment: Index of the segment.
        weight, shift: The covariance of this segment at x with row i is weight_i k(x, x_i) + shift_i; shape (n + m,).
        alpha: C^-1 y, and 0 for the believed points, shape (n + m,).
        y: Targets, shape (n,).
        sigma2: Amplitude.
    """

    joined: Joined
    segment: int
    weight: Array
    shift: Array
    alpha: Array
    y: Array
    sigma2: float

    @property
    def hyper(self) -> Hyper:
        """Hyperparameters of the kernel of points."""
        return self.joined.hyper.point

    @cached_property
    def given(self) -> Given:
        """For predictions."""
        joined = self.joined
        return Given(
            hyper=self.hyper,
            centre=joined.centre,
            Z=joined.Z,
            Linv=joined.Linv,
            alpha=self.alpha,
            sigma2=self.sigma2,
            prior=joined.hyper.variance,
            weight=self.weight,
            shift=self.shift,
        )

    def append(self, x: Array) -> View:
        """The posterior once the model point x, shape (c,), of this segment has its posterior mean."""
        joined = self.joined
        n = len(self.y)
        told = Rows(
            X=np.vstack([joined.rows.X, x]),
            segment=np.append(joined.rows.segment, self.segment),
            y=np.append(joined.rows.y, 0.0),
            known=np.append(joined.rows.known, np.nan),
        )
        X = joined.Z[n:] * self.hyper.scale + joined.centre
        again = Joined.of(told, joined.hyper, joined.tasks, X, joined.segment[n:])
        return again.seen_from(self.segment, np.append(self.y, self.predict(x[None])[0]))
