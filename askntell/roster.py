"""Which segments can be asked now, and which of them next; those that are complete, stopped or waiting cannot."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from typing import final

from askntell.allocation import Allocation
from askntell.books import Books
from askntell.errors import SpaceExhausted
from askntell.history import History
from askntell.stopping import Rules
from askntell.trial import Segment

__all__ = ["Roster"]

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # read by the job itself, such as root://host//file


@final
class Roster:
    """The segments of a study, or some of them, as they stand.

    Args:
        books: The books of the study; whoever asks refreshes them.
        segments: Only these; None: all, also those that join later.
        cap: Number of trials of a segment at which it is complete, beside the study's; None: none.
        total: Number of trials of all the segments together at which they are complete; None: no limit.
        rules: When a segment is stopped that nobody stopped by hand.
    """

    def __init__(
        self,
        books: Books,
        *,
        segments: Sequence[Segment] | None = None,
        cap: int | None = None,
        total: int | None = None,
        rules: Rules | None = None,
    ) -> None:
        self._books = books
        self._segments = segments
        self._caps = [count for count in (cap, books.header.trials) if count is not None]
        self._total = total
        self._rules = Rules() if rules is None else rules
        self._allocation = Allocation()
        self._judged: dict[str, tuple[tuple[int, int], str | None]] = {}
        self._here: set[str] = set()  # inputs that were seen; they are taken to stay
        self._ready: set[str] = set()  # segments all of whose inputs were seen
        self.waiting: dict[str, tuple[str, ...]] = {}

    @property
    def segments(self) -> Sequence[Segment]:
        """The segments that are served."""
        return self._books.segments if self._segments is None else self._segments

    # ---- what keeps a segment from being asked ---------------------------------------------------------------------

    def look(self) -> None:
        """Look for the inputs that were not seen yet, into `waiting`: segment to the names that are not there.

        An address, such as ``root://host/file``, counts as there: the job itself reads it.
        """
        found = ((s.name, self._missing(s)) for s in self.segments if s.inputs and s.name not in self._ready)
        self.waiting = {name: missing for name, missing in found if missing}

    def _missing(self, segment: Segment) -> tuple[str, ...]:
        missing = []
        for name, path in zip(segment.inputs, self._books.header.input_paths(self._books.folder, segment), strict=True):
            if path in self._here:
                continue
            if _ADDRESS.match(name) or os.path.exists(path):  # noqa: PTH110 -- raises nothing where entry is forbidden
                self._here.add(path)
            else:
                missing.append(name)
        if not missing:
            self._ready.add(segment.name)
        return tuple(missing)

    def stopped(self, segment: str) -> str | None:
        """Why a segment is stopped, by hand or by the rules; None if it is not."""
        by_hand = self._books.stopped(segment)
        return self._judgement(segment, self._books.history(segment)) if by_hand is None else by_hand

    def _judgement(self, segment: str, history: History) -> str | None:
        state = (len(history.closed), history.epoch)
        known = self._judged.get(segment)
        if known is None or known[0] != state:
            known = self._judged[segment] = state, self._rules.reason(history)
        return known[1]

    # ---- the next one ----------------------------------------------------------------------------------------------

    def open(self, skip: Collection[str] = ()) -> dict[str, History]:
        """The histories of the segments that can be asked and are not in `skip`, in the study's order."""
        return {name: history for name, history in self._unfinished(skip).items() if name not in self.waiting}

    def held(self, skip: Collection[str] = ()) -> bool:
        """Whether there is a segment that could be asked if its inputs were there."""
        return bool(self.waiting) and any(name in self.waiting for name in self._unfinished(skip))

    def _unfinished(self, skip: Collection[str]) -> dict[str, History]:
        histories = {segment.name: self._books.history(segment.name) for segment in self.segments}
        if self._total is not None and sum(map(len, histories.values())) >= self._total:
            return {}
        cap = min(self._caps, default=None)
        return {
            name: history
            for name, history in histories.items()
            if (cap is None or len(history) < cap) and name not in skip and self._goes_on(name)
        }

    def _goes_on(self, segment: str) -> bool:
        return self.stopped(segment) is None and not self._books.exhausted(segment)

    def next(self, skip: Collection[str] = ()) -> str | None:
        """The segment whose next trial is worth most, or None: see `askntell.allocation`."""
        histories = self.open(skip)
        return self._allocation.next(histories, {name: self._books.waited(name) for name in histories})

    def fewest(self, skip: Collection[str] = ()) -> str | None:
        """The segment with the fewest trials, or None."""
        histories = self.open(skip)
        return min(histories, key=lambda name: len(histories[name]), default=None)

    def refusal(self) -> SpaceExhausted:
        """The error that says why there is no next segment."""
        names = [segment.name for segment in self.segments]
        stopped = [name for name in names if self.stopped(name) is not None]
        waiting = [name for name in names if name in self.waiting and name not in stopped]
        done = len(names) - len(stopped) - len(waiting)
        said = [f"{done} complete"] if done else []
        said += [f"{len(stopped)} stopped, such as {stopped[0]!r}: {self.stopped(stopped[0])}"] if stopped else []
        if waiting:
            first = waiting[0]
            said.append(f"{len(waiting)} waiting for inputs, such as {first!r} for {self.waiting[first][0]!r}")
        hint = "name a segment to ask for it although its inputs are not here" if waiting else ""
        return SpaceExhausted(f"no segment can be asked: of {len(names)}, {'; '.join(said)}", hint=hint)
