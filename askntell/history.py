"""Trials in memory, by segment and number: the state from which every proposal derives.

A history is a fold of *asked* and *told* facts. The fold is commutative in what matters: whatever the order of
arrival, the same facts give the same trials, the same closed list (by number) and the same incumbent.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, final

from askntell.errors import TellConflict, TellError, UnknownTrial
from askntell.goals import Goals
from askntell.space import SearchSpace
from askntell.trial import Outcome, Problem, Segment, Trial

__all__ = ["History", "Ledger"]


@final
class History:
    """The trials of one segment.

    Args:
        space: What may be tried; gives the canonical key by which duplicates are known.
        goals: Say what is better and what is feasible.
        segment: Name for messages.
    """

    def __init__(self, space: SearchSpace, goals: Goals, segment: str) -> None:
        self.space = space
        self.goals = goals
        self._segment = segment
        self._trials: dict[int, Trial] = {}
        self._pending: dict[int, Trial] = {}
        self._closed: list[Trial] = []
        self._taken: set[Hashable] = set()
        self._incumbent: Trial | None = None
        self._next = 0
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._trials)

    def __iter__(self) -> Iterator[Trial]:
        """All trials in number order."""
        return iter([self._trials[number] for number in sorted(self._trials)])

    def __contains__(self, number: object) -> bool:
        return number in self._trials

    @property
    def next_number(self) -> int:
        """One more than the largest number seen, 0 at the start."""
        return self._next

    @property
    def epoch(self) -> int:
        """Changes whenever the closed list changed otherwise than by growing at its end."""
        return self._epoch

    @property
    def pending(self) -> Collection[Trial]:
        """Open trials in number order; a live view."""
        return self._pending.values()

    @property
    def closed(self) -> Sequence[Trial]:
        """Finished, failed and cancelled trials in number order; a live view."""
        return self._closed

    @property
    def taken(self) -> AbstractSet[Hashable]:
        """`SearchSpace.key` of every params asked so far; a live view."""
        return self._taken

    @property
    def exhausted(self) -> bool:
        """Whether every point was tried, as far as counting tells: rules may leave fewer points than `space.size`."""
        size = self.space.size
        return size is not None and len(self._taken) >= size

    @property
    def incumbent(self) -> Trial | None:
        """The feasible finished trial with the smallest loss, the lowest number among equals.

        None while there is none, and always with several objectives: those have a front (`askntell.optimizers.pareto`).
        """
        return self._incumbent

    def get(self, number: int) -> Trial:
        """The trial with this number.

        Raises:
            UnknownTrial: nobody asked for it.
        """
        try:
            return self._trials[number]
        except (KeyError, TypeError):
            known = f"0 to {self._next - 1}" if self._next else "none yet"
            raise UnknownTrial(
                f"segment {self._segment!r} has no trial {number!r}; known numbers: {known}",
                hint="tell the params instead of a number to add a point measured elsewhere",
            ) from None

    def checked(self, trial: Trial | int, outcome: Outcome) -> Trial:
        """The trial as it stands, after checking that `outcome` may be told about it.

        If the trial is closed already, it has this very outcome: telling it again changes nothing.

        Raises:
            TellError: `trial` is no number, or a trial with other params than the one of its number here.
            UnknownTrial: nobody asked for this number.
            TellConflict: the trial was closed with another outcome.
        """
        number = trial.number if isinstance(trial, Trial) else trial
        if isinstance(number, bool) or not isinstance(number, int):
            raise TellError(f"tell: {trial!r} is neither a trial, nor a number, nor params")
        before = self.get(number)
        if isinstance(trial, Trial) and trial.params != before.params:
            raise TellError(
                f"trial {number} was asked with {before.params!r}, told with {trial.params!r}",
                hint="the trial belongs to another optimizer or study; tell its params to add it here",
            )
        if before.status.closed and before.outcome != outcome:
            raise TellConflict(
                f"trial {number} is {before.status} with {before.outcome}; now told {outcome}",
                hint="the first result stays",
            )
        return before

    def add(self, trial: Trial) -> None:
        """Take in a pending trial whose number is new."""
        number = trial.number
        late = number < self._next
        self._trials[number] = self._pending[number] = trial
        self._taken.add(self.space.key(trial.params))
        if late:
            self._pending = dict(sorted(self._pending.items()))
        else:
            self._next = number + 1

    def replace(self, trial: Trial) -> None:
        """Put a changed pending trial (another attempt) in place of the one with its number."""
        self._trials[trial.number] = self._pending[trial.number] = trial

    def close(self, number: int, outcome: Outcome) -> Trial:
        """Record an outcome; a closed trial is overwritten only by the fold of a journal (see `askntell.books`)."""
        before = self._trials[number]
        trial = before.told(outcome)
        self._trials[number] = trial
        if before.status.closed:
            self._closed[self._closed.index(before)] = trial
            self._epoch += 1
            self._incumbent = None
            for other in self._closed:
                self._consider(other)
        else:
            del self._pending[number]
            if self._closed and self._closed[-1].number > number:
                insort(self._closed, trial, key=lambda t: t.number)
                self._epoch += 1
            else:
                self._closed.append(trial)
            self._consider(trial)
        return trial

    def _consider(self, trial: Trial) -> None:
        if trial.values is None or self.goals.several or not self.goals.feasible(trial.values):
            return
        best = self._incumbent
        if best is None or best.values is None or self._rank(trial.values, trial) < self._rank(best.values, best):
            self._incumbent = trial

    def _rank(self, values: Mapping[str, float], trial: Trial) -> tuple[tuple[float, ...], int]:
        return self.goals.losses(values), trial.number


@final
class Ledger(Mapping[str, History]):
    """The histories of all segments of a study by name, and the order in which their trials were closed.

    Args:
        problem: What is searched, with all its segments.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._histories: dict[str, History] = {}
        self._orders: list[tuple[Any, ...]] = []
        self._closings: list[tuple[str, int]] = []
        self._asked = 0
        self._changes: list[int] = []  # the first place that was touched, for each change within the closings
        for segment in problem.segments:
            self.add_segment(segment)

    def __getitem__(self, segment: str) -> History:
        return self._histories[segment]

    def __iter__(self) -> Iterator[str]:
        return iter(self._histories)

    def __len__(self) -> int:
        return len(self._histories)

    @property
    def asked(self) -> int:
        """Trials of all segments, open and closed."""
        return self._asked

    @property
    def closings(self) -> Sequence[tuple[str, int]]:
        """(segment, number) of all closed trials in the order in which they were closed; a live view."""
        return self._closings

    @property
    def epoch(self) -> int:
        """Counts the changes of `closings`, or of an outcome in it, other than growing at the end."""
        return len(self._changes)

    def untouched(self, epoch: int) -> int:
        """How many of the first closings are what they were at that epoch."""
        return min(self._changes[epoch:], default=len(self._closings))

    def add_segment(self, segment: Segment) -> None:
        """Open the history of one more segment."""
        space = self._problem.at(segment).space
        self._histories[segment.name] = History(space, self._problem.goals, segment.name)

    def redefine(self, segment: Segment) -> None:
        """Put another definition in the place of the segment of this name; its trials stay."""
        before = self._histories[segment.name]
        self.add_segment(segment)
        for trial in before:
            self._histories[segment.name].add(trial.reopened())
            if trial.outcome is not None:
                self._histories[segment.name].close(trial.number, trial.outcome)
        self._changes.append(0)

    def add(self, trial: Trial) -> None:
        """Take in a pending trial of one of the segments, whose number is new."""
        self._histories[trial.segment].add(trial)
        self._asked += 1

    def close(self, segment: str, number: int, outcome: Outcome, order: tuple[Any, ...] | None = None) -> Trial:
        """Record an outcome.

        Args:
            segment: Of the trial.
            number: Of the trial.
            outcome: Its outcome; a closed trial gets another one only by the fold of a journal.
            order: Its place among the closings, comparable with those given before; None: after all of them.
        """
        history = self._histories[segment]
        if history.get(number).status.closed:
            place = self._closings.index((segment, number))
            del self._closings[place], self._orders[place]
            self._changes.append(place)
        trial = history.close(number, outcome)
        if order is None:
            order = (self._orders[-1][0] + 1,) if self._orders else (0,)
        place = bisect_right(self._orders, order)
        if place < len(self._orders):
            self._changes.append(place)
        self._orders.insert(place, order)
        self._closings.insert(place, (segment, number))
        return trial
