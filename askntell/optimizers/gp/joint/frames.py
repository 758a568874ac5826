"""Offset and scale of each segment: from values to targets that segments have in common, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.kernel import Array

__all__ = ["Frame", "rescaled"]

_APART = 25.0  #: levels this much farther apart than values within a segment are taken out segment by segment
_DECADE = 10.0  #: positive values that span more than this are compared by their logarithms
_FEW = 3  #: segments with fewer values take the scale of the others
_NARROWEST = 0.3  #: smallest spread of log scales that is believed before the data
_STEPS, _LONGEST = 12, 0.5  #: of Newton's method for a log scale
_FARTHEST = 20.0  #: values above the median by so many times the distance of the best below it have diverged
_HIGH = 4.0  #: targets so far above the segment's median count by their logarithm
_LARGEST = 1e100  #: the squares of larger values might overflow
_TINY = 1e-12


@final
@dataclass(frozen=True, kw_only=True)
class Frame:
    """How values become targets: (f(value) - level_s) / scale_s, with f the logarithm or nothing.

    Attributes:
        logarithmic: Whether f is the logarithm.
        unit: Values are multiplied by this power of two first, so that no square overflows; mostly 1.
        level: Reference of each segment, shape (S,).
        middle: Median of each segment, shape (S,).
        scale: Scale of each segment, > 0, shape (S,).
        spread: Standard deviation of the log scales.
    """

    logarithmic: bool
    unit: float
    level: Array
    middle: Array
    scale: Array
    spread: float

    @classmethod
    def of(cls, values: Sequence[Array], *, limited: bool = False) -> Frame:
        """The frame of these segments' values, each of shape (n_s,), n_s >= 0, at least one of them with two.

        Args:
            values: Finite values of each segment.
            limited: Whether the sign of the values means something: then there is no logarithm.
        """
        some = np.concatenate(list(values))
        positive = bool(some.min() > 0.0) and bool(some.max() > _DECADE * some.min())
        logarithmic = positive and not limited
        unit = _unit(some)
        told = np.array([len(v) for v in values])
        segment = np.repeat(np.arange(len(told)), told)
        y = np.log(some) if logarithmic else some * unit
        y = y[np.lexsort((y, segment))]
        middle = _medians(y, told)
        inner = _variances(y, segment, told, middle)
        pooled = float(np.nanmedian(middle))
        width = 1.4826 * float(np.nanmedian(np.abs(middle - pooled)))
        apart = width * width > _APART * float(np.nanmedian(inner))
        level = np.where(np.isnan(middle), pooled, middle) if apart else np.full(len(told), pooled)
        scale, spread = _scales(inner, told)
        middle = np.where(np.isnan(middle), pooled, middle)
        return cls(logarithmic=logarithmic, unit=unit, level=level, middle=middle, scale=scale, spread=spread)

    def targets(self, values: Array, segment: int | NDArray[np.intp]) -> Array:
        """Targets of values, shape (n,), of one segment, in the order of the values, or each of its own, shape (n,).

        What lies far above all that is of interest, as a diverged training does, counts by its logarithm.
        """
        y = np.log(np.maximum(values, _TINY)) if self.logarithmic else values * self.unit
        above = (y - self.middle[segment]) / self.scale[segment]
        above = np.where(above > _HIGH, _HIGH + np.log1p(np.maximum(above - _HIGH, 0.0)), above)
        found: Array = above + (self.middle[segment] - self.level[segment]) / self.scale[segment]
        return found

    def noise(self, std: Array, values: Array, segment: int | NDArray[np.intp]) -> Array:
        """Variances of the targets by the known standard deviations of the values, NaN where unknown; shape (n,)."""
        with np.errstate(over="ignore", divide="ignore"):
            slope = 1.0 / np.maximum(np.abs(values), _TINY) if self.logarithmic else self.unit
            found: Array = np.minimum((std * slope / self.scale[segment]) ** 2, 1e6)
        return found


def _unit(values: Array) -> float:
    largest = float(np.max(np.abs(values)))
    return 1.0 if largest < _LARGEST else 2.0 ** -math.frexp(largest)[1]


def _medians(y: Array, told: NDArray[np.int64]) -> Array:
    """Median of each segment, NaN where there is no value, shape (S,).

    Args:
        y: Values segment by segment, ascending in each, shape (n,).
        told: How many each segment has, shape (S,).
    """
    some = told > 0
    first = (np.cumsum(told) - told)[some]
    found = np.full(len(told), np.nan)
    found[some] = 0.5 * y[first + (told[some] - 1) // 2] + 0.5 * y[first + told[some] // 2]
    return found


def _variances(y: Array, segment: NDArray[np.intp], told: NDArray[np.int64], middle: Array) -> Array:
    """Variance of each segment without what diverged: far above the median, seen from the best value; shape (S,).

    NaN where fewer than two values are left.

    Args:
        y: Values segment by segment, ascending in each, shape (n,).
        segment: Of each, shape (n,).
        told: How many each segment has, shape (S,).
        middle: Their medians, shape (S,).
    """
    lowest = np.full(len(told), np.nan)
    lowest[told > 0] = y[(np.cumsum(told) - told)[told > 0]]
    tame = y <= (middle + _FARTHEST * (middle - lowest))[segment]
    y, segment = y[tame], segment[tame]
    left = np.bincount(segment, minlength=len(told))
    apart = y - middle[segment]
    shift = np.bincount(segment, apart, len(told)) / np.maximum(left, 1)
    apart -= shift[segment]
    squares = np.bincount(segment, apart * apart, len(told))
    return np.where(left > 1, squares / np.maximum(left - 1, 1), np.nan)


def _scales(variances: Array, told: NDArray[np.int64]) -> tuple[Array, float]:
    """Shrunken standard deviations, and the spread of their logarithms.

    The logarithm of a standard deviation of n values has itself a variance of about 1 / (2 (n - 1)); each is drawn to
    the median of all by as much as that outweighs their true spread.
    """
    enough = (told >= _FEW) & (variances > _TINY**2)
    if not enough.any():
        usual = float(np.nanmedian(np.where(variances > 0.0, variances, np.nan))) if np.any(variances > 0.0) else 1.0
        return np.full(len(told), math.sqrt(usual)), _NARROWEST
    logs = 0.5 * np.log(variances[enough])
    doubt = 0.5 / (told[enough] - 1.0)
    centre = float(np.median(logs))
    width = 1.4826 * float(np.median(np.abs(logs - centre)))  # one segment in other units changes no other's scale
    true = max(width * width - float(np.mean(doubt)), 0.01)
    scale = np.full(len(told), centre)
    scale[enough] = centre + true / (true + doubt) * (logs - centre)
    return np.exp(scale), max(math.sqrt(true), _NARROWEST)


def rescaled(z: Array, segment: NDArray[np.intp], Linv: Array, sigma2: float, frame: Frame) -> Array:
    """The factor by which the targets of each row's segment should be multiplied, shape (n,).

    A segment that was started near its optimum has seen good points only, and their spread says little of its scale;
    what the other segments predict for these very points does. Given the others the n targets z of a segment have the
    density N(m, V) [from C^-1]; with e^u z in place of z the negative logarithm of it is

        -n u + A e^(2u) / 2 - B e^u + (u - u0)^2 / (2 tau^2),    A = z' V^-1 z,  B = z' V^-1 m,

    with a prior from the spread of the log scales, minimised by Newton's method.

    Args:
        z: Targets, shape (n,).
        segment: Index of the segment of each row, shape (n,).
        Linv: Inverse of the lower Cholesky factor of the rows' covariance C, shape (n, n).
        sigma2: Amplitude.
        frame: Of these targets.
    """
    unique, place, count = np.unique(segment, return_inverse=True, return_counts=True)
    apart = np.zeros((len(z), len(unique)))
    apart[np.arange(len(z)), place] = z
    white = Linv @ apart  # its columns add up to Linv z
    inner = np.einsum("ij,ij->j", white, white) / sigma2
    cross = inner - white.sum(axis=1) @ white / sigma2
    ahead = np.log(frame.scale[unique]) - float(np.median(np.log(frame.scale)))
    factor = np.exp(_newton(count, inner, cross, ahead, frame.spread))
    found: Array = np.where(count < 2, 1.0, factor)[place]
    return found


def _newton(n: NDArray[np.intp], A: Array, B: Array, ahead: Array, tau: float) -> Array:
    """The u that minimise the functions of `rescaled`; u0 = ahead: a scale above the others' is likely too large."""
    u = np.zeros(len(n))
    for _ in range(_STEPS):
        e = np.exp(u)
        slope = -n + A * e * e - B * e + (u - ahead) / (tau * tau)
        bend = 2.0 * A * e * e - B * e + 1.0 / (tau * tau)
        step = np.where(bend > 0.0, -slope / np.where(bend > 0.0, bend, 1.0), -np.copysign(_LONGEST, slope))
        step = np.clip(step, -_LONGEST, _LONGEST)
        u += step
        if np.all(np.abs(step) < 1e-6):
            break
    return u
