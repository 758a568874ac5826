"""How far segments are apart by their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.kernel import Array
from askntell.trial import Segment

__all__ = ["Tasks"]


@final
@dataclass(frozen=True, kw_only=True)
class Tasks:
    """The features of S segments as arrays.

    A feature that is a number in every segment that has it is numeric, scaled to [0, 1] over them; any other is
    categorical. Two segments that both lack a feature agree in it; if one has it and the other does not, they are as
    far apart as can be. A feature that is the same everywhere tells nothing and is left out.

    Attributes:
        codes: Categorical features, shape (S, p); equal codes for equal values.
        numbers: Numeric features, shape (S, q), NaN where absent.
    """

    codes: NDArray[np.int64]
    numbers: Array

    @classmethod
    def of(cls, segments: Sequence[Segment]) -> Tasks:
        """The features of these segments, in this order."""
        names = sorted({name for segment in segments for name in segment.features})
        codes, numbers = [], []
        for name in names:
            values = [segment.features.get(name) for segment in segments]
            told = [value for value in values if value is not None]
            if len(set(values)) < 2:
                continue
            if all(not isinstance(value, str) for value in told):
                column = np.array([np.nan if value is None else float(value) for value in values])
                low, high = np.nanmin(column), np.nanmax(column)
                numbers.append((column - low) / (high - low) if high > low else np.where(np.isnan(column), np.nan, 0.0))
            else:
                places: dict[object, int] = {}
                codes.append([places.setdefault(value, len(places)) for value in values])
        return cls(
            codes=np.array(codes, dtype=np.int64).reshape(len(codes), len(segments)).T,
            numbers=np.array(numbers).reshape(len(numbers), len(segments)).T,
        )

    def differing(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> Array:
        """In how many categorical features segments a and b differ, shape (len(a), len(b))."""
        found: Array = np.sum(self.codes[a][:, None, :] != self.codes[b], axis=2, dtype=np.float64)
        return found

    def squared(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> Array:
        """Squared distances of segments a and b in the numeric features, shape (len(a), len(b))."""
        apart = self.numbers[a][:, None, :] - self.numbers[b]
        lacking = np.isnan(self.numbers[a])[:, None, :] != np.isnan(self.numbers[b])
        found: Array = np.sum(np.where(lacking, 1.0, np.nan_to_num(apart) ** 2), axis=2)
        return found
