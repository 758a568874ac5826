"""From unit points to the columns that the kernel sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.kernel import Array
from askntell.space.unit import Column

__all__ = ["Columns"]

_HOT = np.sqrt(0.5)  #: so that two different levels are at squared distance 1


@final
@dataclass(frozen=True, kw_only=True)
class Columns:
    """How unit points, shape (n, d), become model points, shape (n, c).

    First the numbers, as they are; then each categorical parameter as one-hot / sqrt(2), so that two different levels
    are at squared distance 1; then one 0/1 column for the activity of each parameter that is active in some trials
    only. An inactive number is imputed by 0.5 and an inactive category by the centre of its levels: two trials that
    are both inactive do not differ in it. Parameters with one level have no column.

    The columns of one category share a length-scale: on mixed problems this won over a length-scale for each level
    (docs/explanation/gp.md has the figures), with fewer hyperparameters to fit.

    Attributes:
        d: Number of parameters, the dimension that the priors know.
        numeric: Unit columns of the numbers; they are the first model columns, in this order.
        categorical: (unit column, number of levels) of each category, in order of their model columns.
        activity: Unit columns that have an activity column.
        groups: Length-scale of each model column, shape (c,), as an index from 0.
    """

    d: int
    numeric: NDArray[np.intp]
    categorical: tuple[tuple[int, int], ...]
    activity: NDArray[np.intp]
    groups: NDArray[np.intp]

    @classmethod
    def of(cls, columns: Sequence[Column], rows: Array) -> Columns:
        """The layout for these trials.

        Args:
            columns: Of the space's unit cube.
            rows: Unit points of the observed trials, shape (n, d), NaN where inactive.
        """
        numeric = [j for j, c in enumerate(columns) if c.kind != "categorical" and c.levels != 1]
        categorical = [(j, c.levels or 1) for j, c in enumerate(columns) if c.kind == "categorical" and c.levels != 1]
        active = ~np.isnan(rows)
        differs = active.any(axis=0) & ~active.all(axis=0)
        groups = list(range(len(numeric)))
        for _, levels in categorical:
            groups += [groups[-1] + 1 if groups else 0] * levels
        for _ in range(int(differs.sum())):
            groups.append(groups[-1] + 1 if groups else 0)
        return cls(
            d=len(columns),
            numeric=np.array(numeric, dtype=np.intp),
            categorical=tuple(categorical),
            activity=np.flatnonzero(differs),
            groups=np.array(groups, dtype=np.intp),
        )

    @property
    def count(self) -> int:
        """Number of model columns c."""
        return len(self.groups)

    @cached_property
    def _places(self) -> tuple[NDArray[np.intp], Array, NDArray[np.intp]]:
        """Unit column, number of levels and first model column of each category, (k,) each."""
        columns, levels = np.array(self.categorical, dtype=np.intp).reshape(-1, 2).T
        return columns, levels.astype(np.float64), len(self.numeric) + np.cumsum(levels) - levels

    def transform(self, U: Array) -> Array:
        """Model points of unit points, shape (n, d) -> (n, c)."""
        at = len(self.numeric)
        if at == U.shape[1] == self.count:  # nothing but numbers
            X = U.copy()
        else:
            X = np.zeros((len(U), self.count))
            X[:, :at] = U[:, self.numeric]
        inactive = np.isnan(X[:, :at])
        if inactive.any():
            np.copyto(X[:, :at], 0.5, where=inactive)
        if self.categorical:
            columns, levels, first = self._places
            u = U[:, columns]
            inactive = np.isnan(u)
            some = bool(inactive.any())
            hot = first + (np.where(inactive, 0.0, u) * levels if some else u * levels).astype(np.intp)
            X[np.arange(len(U))[:, None], hot] = _HOT
            if some:
                for k, (_, count) in enumerate(self.categorical):
                    X[inactive[:, k], first[k] : first[k] + count] = 1.0 / count * _HOT
        if len(self.activity):
            X[:, self.count - len(self.activity) :] = ~np.isnan(U[:, self.activity])
        return X
