"""Which closed trials of which segments the joint model is conditioned on, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.joint.joint import Joint
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.subset import hashed

__all__ = ["Chosen"]

ROWS, ROWS_FIRST = 160, 320  #: rows that the process is conditioned on, unless the segment itself has more
FIRST = 10  #: a segment with fewer trials of its own than this lives on those of others, and has no dear model yet

_Part = tuple[int, NDArray[np.intp] | None]  # a segment, and which of its trials; None: all of them


@final
@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Closed trials of several segments, those of one segment side by side.

    Attributes:
        segment: Index of the segment of each, shape (n,).
        U: Unit points of the whole space, shape (n, d).
        values, noise: As in `Outcomes`, shape (n, k + m).
        failed, feasible: As in `Outcomes`, shape (n,).
    """

    segment: NDArray[np.intp]
    U: Array
    values: Array
    noise: Array
    failed: NDArray[np.bool_]
    feasible: NDArray[np.bool_]

    @classmethod
    def of(cls, joint: Joint, segment: int) -> Chosen:
        """About `ROWS` closed trials, all of the segment's own among them; twice as many as long as these are few.

        Whole segments, in the order of what they have in common with this one, fill half of it; then the best trial of
        each of the others, and then others of theirs by hash, for as long as there is room.
        """
        sizes = {k: len(joint.outcomes_of(k).numbers) for k in joint.told_places}
        parts: list[_Part] = []
        used = sizes.pop(segment, 0)
        room = ROWS_FIRST if used < FIRST else ROWS
        if used:
            parts.append((segment, None))
        others = np.array(sorted(sizes), dtype=np.intp)
        if len(others):
            near = joint.fits[0].hyper.between(joint.tasks, np.array([segment]), others)[0][0]
            others = others[np.lexsort((hashed(others), -np.round(near, 9)))]
        partly: list[int] = others.tolist()
        whole = 0
        while whole < len(partly) and used + sizes[partly[whole]] <= room // 2:
            used += sizes[partly[whole]]
            whole += 1
        parts += [(k, None) for k in partly[:whole]]
        partly = partly[whole:]
        counts = dict.fromkeys(partly, 0)
        while partly and used < room:
            for k in partly[: room - used]:
                counts[k] += 1
                used += 1
            partly = [k for k in partly if counts[k] < sizes[k]]
        parts += [(k, np.sort(joint.leading(k)[:count])) for k, count in counts.items() if count]
        return cls._gathered(joint, parts)

    @classmethod
    def _gathered(cls, joint: Joint, parts: Sequence[_Part]) -> Chosen:
        some = [(joint.outcomes_of(k), rows) for k, rows in parts]
        segment = np.repeat(
            np.array([k for k, _ in parts], dtype=np.intp),
            [len(outcomes.numbers) if rows is None else len(rows) for outcomes, rows in some],
        )

        def stacked(name: str) -> Array:
            arrays = [(getattr(outcomes, name), rows) for outcomes, rows in some]
            return np.concatenate([array if rows is None else array[rows] for array, rows in arrays])

        values = stacked("values")
        k = some[0][0].objectives
        failed = np.isnan(values[:, 0])
        return cls(
            segment=segment,
            U=stacked("U"),
            values=values,
            noise=stacked("noise"),
            failed=failed,
            feasible=~failed & np.all(~(values[:, k:] > 0.0), axis=1),
        )

    @cached_property
    def points(self) -> Array:
        """Unit points of the trials that gave values, shape (m, d)."""
        found: Array = self.U[~self.failed]
        return found
