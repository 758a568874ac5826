"""One segment's part of the books."""

from __future__ import annotations

from typing import final

from askntell.history import History
from askntell.journal import Record
from askntell.space import Params
from askntell.trial import Segment

__all__ = ["HEADER", "Order", "Shelf"]

Order = tuple[int, str, int]

HEADER: Order = (-1, "", -1)  #: before every record: the place of the segments of the header


@final
class Shelf:
    """One segment's part of the books."""

    def __init__(self, segment: Segment, history: History) -> None:
        self.segment = segment
        self.history = history
        self.asked: dict[int, Order] = {}
        self.told: dict[int, Order] = {}
        self.early: dict[int, list[Record]] = {}  # facts about trials whose asked record was not seen yet
        self.queue: dict[Order, Params] = {}  # enqueued and not yet asked, in the journals' order
        self.served: set[Order] = set()
        self.last: Order | None = None  # the place of the last asked record
        self.stopped: str | None = None  # why, by the last of the stopped and resumed records
        self.decided: Order | None = None  # the place of that record
        self.added: Order = HEADER  # the place of the record that defines the segment

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left to ask: every point was tried and none is enqueued."""
        return self.history.exhausted and not self.queue

    def fold(self, record: Record) -> None:
        """Take in an enqueued, stopped or resumed record."""
        if record.kind == "enqueued":
            if record.order not in self.served:
                self.queue[record.order] = record.body["params"]
        elif self.decided is None or self.decided < record.order:
            self.decided = record.order
            self.stopped = record.body["why"] if record.kind == "stopped" else None
