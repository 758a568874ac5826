"""Closed trials as arrays that grow at the end: adding k trials costs O(k), and older states stay as they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from askntell.space.columns import Array
from askntell.trial import Problem, Trial, TrialStatus

__all__ = ["Records"]

_SMALLEST = 32
_FAILED = (np.inf, np.inf)


@final
class _Table:
    """Rows (capacity, 3 + d): number, violation, loss and unit point. The first `used` are written and never change."""

    __slots__ = ("rows", "used")

    def __init__(self, capacity: int, d: int) -> None:
        self.rows = np.empty((capacity, 3 + d))
        self.used = 0


@final
class Records:
    """Finished and failed trials of one segment in number order; cancelled ones teach nothing.

    Records are values: the table behind them is shared with those they were extended from, each sees its own rows.
    """

    __slots__ = ("_count", "_table")

    def __init__(self, table: _Table, count: int) -> None:
        self._table = table
        self._count = count

    @classmethod
    def empty(cls, d: int) -> Self:
        """No trials over d columns."""
        return cls(_Table(_SMALLEST, d), 0)

    def __len__(self) -> int:
        return self._count

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Trial numbers, shape (n,)."""
        return self._table.rows[: self._count, 0].astype(np.int64)

    @property
    def ranks(self) -> Array:
        """`Goals.rank`: total violation of the constraints and loss, shape (n, 2), infinite if failed; a view."""
        return self._table.rows[: self._count, 1:3]

    @property
    def U(self) -> Array:  # noqa: N802 -- the letter of the unit points in all algorithms
        """Unit points, shape (n, d), NaN where inactive; a view."""
        return self._table.rows[: self._count, 3:]

    def extended(self, problem: Problem, closed: Sequence[Trial]) -> Records:
        """These trials and then those."""
        trials = [t for t in closed if t.status in (TrialStatus.FINISHED, TrialStatus.FAILED)]
        if not trials:
            return self
        table, count, total = self._table, self._count, self._count + len(trials)
        if table.used != count or total > len(table.rows):
            # someone else has gone on from here, or the table is full
            larger = _Table(max(2 * total, _SMALLEST), table.rows.shape[1] - 3)
            larger.rows[:count] = table.rows[:count]
            table = larger
        new = table.rows[count:total]
        new[:, 0] = [t.number for t in trials]
        new[:, 1:3] = [_FAILED if t.value is None else problem.rank(t) for t in trials]
        new[:, 3:] = problem.space.unit.encode_many([t.params for t in trials])
        table.used = total
        return Records(table, total)
