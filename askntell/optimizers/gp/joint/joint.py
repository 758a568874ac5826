"""What is learnt of all segments together: fits of the joint model as memos of pure functions of the closed trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.growing import grown
from askntell.optimizers.gp.joint.frames import Frame
from askntell.optimizers.gp.joint.objective import JointHyper, JointObjective, Rows
from askntell.optimizers.gp.joint.tasks import Tasks
from askntell.optimizers.gp.kernel import Array
from askntell.optimizers.gp.model import Prior, minimised
from askntell.optimizers.gp.outcomes import Outcomes
from askntell.optimizers.gp.state import State
from askntell.optimizers.gp.subset import hashed
from askntell.space.box import Box
from askntell.trial import Problem, Segment

__all__ = ["Joint", "JointFit"]

FIT, FIT_EACH = 120, 30  #: rows that hyperparameters are fitted to, and those of one segment among them
_FIRST, _GROWTH = 8, 1.15
_MANY = 50  #: from so many segments on, two rounds are enough to begin with


@final
@dataclass(frozen=True, kw_only=True)
class JointFit:
    """What stays fixed between two checkpoints, for one of the values of a trial.

    Attributes:
        columns: Model columns.
        frame: Offsets and scales.
        hyper: Hyperparameters.
    """

    columns: Columns
    frame: Frame
    hyper: JointHyper


@final
@dataclass(frozen=True, eq=False)
class Joint:
    """Closed trials of all segments; the cached properties are memos, derived from them alone.

    Attributes:
        problem: What is searched.
        segments: All segments.
        states: Those of the segments that have closed trials, by name.
        told: Their outcomes, with unit points of the whole space.
        closed: (segment index, number) of the trials that gave values, in the order in which they were closed, (N, 2).
    """

    problem: Problem
    segments: tuple[Segment, ...]
    states: Mapping[str, State]
    told: Mapping[str, Outcomes]
    closed: NDArray[np.int64]

    @classmethod
    def empty(cls, problem: Problem, segments: Sequence[Segment]) -> Joint:
        """No trials."""
        return cls(problem, tuple(segments), {}, {}, np.empty((0, 2), dtype=np.int64))

    def learned(self, states: Mapping[str, State], closings: Sequence[tuple[str, int]]) -> Joint:
        """With more closed trials: see `Sharing.learn_among`."""
        rows = []
        for name, number in closings:
            outcomes = states[name].outcomes
            at = int(np.searchsorted(outcomes.numbers, number))
            if at < len(outcomes.numbers) and outcomes.numbers[at] == number and not outcomes.failed[at]:
                rows.append((self.places[name], number))
        closed = grown(self.closed, np.array(rows, dtype=np.int64).reshape(-1, 2))
        told = {name: self._embedded(name, state.outcomes) for name, state in states.items()}
        after = replace(self, states={**self.states, **states}, told={**self.told, **told}, closed=closed)
        memos, kept = vars(self), vars(after)
        for name in ("places", "tasks", "order"):
            if name in memos:
                kept[name] = memos[name]
        if "leaders" in memos:
            kept["leaders"] = {k: rows for k, rows in self.leaders.items() if self.segments[k].name not in states}
        if "fits" in memos and self.checkpoint == after.checkpoint:
            kept["fits"] = memos["fits"]
        return after

    @cached_property
    def places(self) -> dict[str, int]:
        """Index of each segment."""
        return {segment.name: k for k, segment in enumerate(self.segments)}

    def problem_of(self, segment: str) -> Problem:
        """The search of one segment."""
        return self.problem.at(self.segments[self.places[segment]])

    def box(self, segment: str) -> Box | None:
        """What may be tried in one segment; None: the whole space."""
        part = self.problem_of(segment).space
        return None if part is self.problem.whole else self.problem.whole.unit.box(part)

    def _embedded(self, segment: str, outcomes: Outcomes) -> Outcomes:
        box = self.box(segment)
        return outcomes if box is None else replace(outcomes, U=box.embed(outcomes.U))

    @cached_property
    def tasks(self) -> Tasks:
        """Features of the segments."""
        return Tasks.of(self.segments)

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """The segments in an order by hash of their index."""
        return np.argsort(hashed(np.arange(len(self.segments))), kind="stable")

    def outcomes_of(self, segment: int) -> Outcomes:
        """Closed trials of a segment that has some, by its index."""
        return self.told[self.segments[segment].name]

    @cached_property
    def told_places(self) -> list[int]:
        """Indices of the segments that have closed trials."""
        return [self.places[name] for name in self.told]

    @cached_property
    def leaders(self) -> dict[int, NDArray[np.intp]]:
        """What `leading` made."""
        return {}

    def leading(self, segment: int) -> NDArray[np.intp]:
        """Rows of a segment's closed trials: the best one first, the others by hash of their number; shape (n,)."""
        if segment not in self.leaders:
            outcomes = self.outcomes_of(segment)
            order = np.argsort(hashed(outcomes.numbers), kind="stable")
            if not outcomes.failed.all():
                best = int(np.nanargmin(outcomes.standing))
                order = np.append(best, order[order != best])
            self.leaders[segment] = order
        return self.leaders[segment]

    @property
    def checkpoint(self) -> int:
        """How many of the closed trials the fits know: the last of m_k = ceil(1.15 m_(k-1)) that was reached."""
        at, after = 0, _FIRST
        while after <= len(self.closed):
            at, after = after, math.ceil(_GROWTH * after)
        return at

    def ready(self, active: int, pending: int) -> bool:
        """Whether there is enough to begin with: two or three trials of each segment that has any, and two have some.

        Open trials count: where many run at once, points for each segment are on the way when the first results come.

        Args:
            active: Segments with open or closed trials.
            pending: Open trials of all segments.
        """
        rounds = 2 if active >= _MANY else 3
        rows, least = len(self.closed), 2 * self.problem.space.unit.d
        enough = rows >= least and rows + pending >= rounds * active
        return enough and len(self.states) >= 2 and bool(self.fits)

    @cached_property
    def fits(self) -> dict[int, JointFit]:
        """The fit of every value of a trial that varies, by its column; see `Outcomes.values`."""
        first = self.closed[: self.checkpoint]
        U, values, noise = [], [], []
        for k, segment in enumerate(self.segments):
            numbers = np.sort(first[first[:, 0] == k, 1])
            if segment.name in self.told:
                outcomes = self.told[segment.name]
                some = outcomes.where(np.searchsorted(outcomes.numbers, numbers))
                U.append(some.U)
                values.append(some.values)
                noise.append(some.noise)
            else:
                shape = (0, len(self.problem.goals.names))
                U.append(np.empty((0, self.problem.space.unit.d)))
                values.append(np.empty(shape))
                noise.append(np.empty(shape))
        columns = Columns.of(self.problem.space.unit.columns, np.vstack(U))
        made = {}
        for j in range(len(self.problem.goals.names)):
            column = [v[:, j] for v in values]
            if len(first) and any(len(v) > 1 and v.min() < v.max() for v in column):
                made[j] = self._fit(columns, U, column, [v[:, j] for v in noise], limited=j >= self._objectives)
        return made if all(j in made for j in range(self._objectives)) else {}

    @property
    def _objectives(self) -> int:
        return len(self.problem.goals.objectives)

    def _fit(
        self, columns: Columns, U: list[Array], values: list[Array], noise: list[Array], *, limited: bool
    ) -> JointFit:
        frame = Frame.of(values, limited=limited)
        rows, left = [], FIT
        for k in self.order.tolist():
            count = min(len(values[k]), FIT_EACH)
            if count == 0 or count > left:
                continue
            left -= count
            some = np.sort(np.argsort(hashed(np.arange(len(values[k]))), kind="stable")[:count])
            rows.append(
                Rows(
                    X=columns.transform(U[k][some]),
                    segment=np.full(count, k),
                    y=frame.targets(values[k][some], k),
                    known=frame.noise(noise[k][some], values[k][some], k),
                )
            )
        objective = JointObjective(Rows.of(rows), columns.groups, Prior.of(columns.d), self.tasks)
        theta = minimised(objective, [objective.start]).theta
        return JointFit(columns=columns, frame=frame, hyper=objective.hyper(theta))
