"""The books of a study: journals and claims folded into one history per segment, and durable ask and tell on them.

Everything here is addressed by (segment, number). The fold does not depend on the order in which files are seen: a
told record that arrives before its asked record waits for it, and of two different outcomes of one trial the one that
is first in the journals' order stays.
"""

from __future__ import annotations

import time
from bisect import bisect_right, insort
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, final

from askntell._files import DISK, Disk
from askntell.claims import Claims
from askntell.errors import SettingsError, SpaceExhausted, StudyFileError, StudyFormatError, UnknownTrial
from askntell.header import Header
from askntell.history import History, Ledger
from askntell.journal import JournalReader, JournalWriter, Record
from askntell.optimizers.campaign import Campaign
from askntell.optimizers.proposer import recommended_in
from askntell.segments import check_segments, segment_from_json, segment_to_json
from askntell.shelf import Order, Shelf
from askntell.space import Params, Scalar
from askntell.trial import Outcome, Segment, Trial, TrialStatus

__all__ = ["Books"]


@final
class Books:
    """Ask and tell on a folder. One object serves one thread; any number of processes share the folder.

    Args:
        folder: The study's folder.
        header: Its header.
        disk: The file system.
    """

    def __init__(self, folder: Path, header: Header, *, disk: Disk = DISK) -> None:
        self.folder = folder
        self.header = header
        self.conflicts: list[str] = []
        self._reader = JournalReader(folder / "journal", header.uuid, disk)
        self._writer = JournalWriter(folder / "journal", study=header.uuid, disk=disk)
        self._clock = 0
        self._ledger = Ledger(header.problem)
        self._campaign = Campaign(header.problem, header.algorithm, header.seed, share=header.share)
        self._shelves = {segment.name: Shelf(segment, self._ledger[segment.name]) for segment in header.segments}
        self._claims = Claims(folder / "claims", disk)
        self._asked: list[Order] = []  # the places of all asked records
        self._frontier: tuple[str, dict[str, int]] = ("", {})  # the last one recorded, and in which file
        self._waiting: list[Record] = []  # records of segments whose own record was not seen yet
        self._fold: dict[str, Callable[[Record], None]] = {
            "asked": self._fold_asked,
            "told": self._fold_fact,
            "requeued": self._fold_fact,
            "enqueued": self._fold_on_shelf,
            "segment": self._fold_segment,
            "stopped": self._fold_on_shelf,
            "resumed": self._fold_on_shelf,
        }
        self.refresh()

    # ---- looking -------------------------------------------------------------------------------------------------

    @property
    def segments(self) -> list[Segment]:
        """All segments, those of the header first."""
        return [shelf.segment for shelf in self._shelves.values()]

    @property
    def damage(self) -> list[str]:
        """Records that fail their checksum, and trials that were told two things; one line each."""
        return [*self._reader.damage, *self.conflicts]

    def history(self, segment: str) -> History:
        """The trials of a segment, as of the last refresh.

        Raises:
            UnknownTrial: no such segment.
        """
        return self._shelf(segment).history

    def stopped(self, segment: str) -> str | None:
        """Why a segment was stopped by hand, or None."""
        return self._shelf(segment).stopped

    def exhausted(self, segment: str) -> bool:
        """Whether nothing is left to ask of a segment: see `Shelf`."""
        return self._shelf(segment).exhausted

    def waited(self, segment: str) -> int:
        """How many trials were asked, of whatever segment, since the last one of this segment; all if there is none."""
        last = self._shelf(segment).last
        return len(self._asked) if last is None else len(self._asked) - bisect_right(self._asked, last)

    def recommended(self, segment: str) -> Trial | None:
        """The trial of a segment that is best by model, as of the last refresh: see `recommended_in`."""
        return recommended_in(self._shelf(segment).history, self._campaign.proposer(segment))

    def refresh(self) -> None:
        """Read what other processes have written since."""
        for record in self._reader.read_new(skip=self._writer.own):
            self._take(record)

    def _shelf(self, segment: str) -> Shelf:
        try:
            return self._shelves[segment]
        except (KeyError, TypeError):
            names = ", ".join(list(self._shelves)[:20]) + (", ..." if len(self._shelves) > 20 else "")
            raise UnknownTrial(f"there is no segment {segment!r}; segments: {names}") from None

    # ---- ask -----------------------------------------------------------------------------------------------------

    def ask(
        self,
        segment: str,
        *,
        fixed: Mapping[str, Scalar] | None = None,
        worker: str | None = None,
        resume: bool = True,
        limit: int | None = None,
        deadline: float | None = None,
    ) -> Trial:
        """The next trial of a segment, recorded durably.

        Args:
            segment: Its name.
            fixed: Parameters held at a value.
            worker: Who asks.
            resume: Whether a worker that has an unfinished trial gets that one back.
            limit: Number of trials of the segment at which to stop, beside the header's.
            deadline: Seconds that the proposal may take.

        Raises:
            SpaceExhausted: the limit is reached, every point was tried, or the segment was stopped.
            UnknownTrial, ParamsError, StudyFileError.
        """
        shelf = self._shelf(segment)
        held = shelf.history.space.check_fixed(fixed) if fixed else {}
        self.refresh()
        if worker is not None and resume:
            mine = [trial for trial in shelf.history.pending if trial.worker == worker]
            if mine:
                return mine[0]
        if shelf.stopped is not None:
            raise SpaceExhausted(f"segment {segment!r} is stopped: {shelf.stopped}", hint="resume it first")
        most = min((n for n in (limit, self.header.trials) if n is not None), default=None)
        number, read, offer = shelf.history.next_number, self._reader.frontier(), None
        if most is None or len(shelf.history) < most:  # worked out before the claim: who dies meanwhile leaves no gap
            offer = self._offer(shelf, number, held, deadline)
        claimed = self._claim(shelf, worker if resume else None, most)
        if offer is None or claimed != number or read != self._reader.frontier():
            try:
                offer = self._offer(shelf, claimed, held, deadline)
            except SpaceExhausted:
                self._claims.release(segment, claimed)
                raise
        asker = {} if worker is None else {"worker": worker}
        self._record("asked", {"trial": [segment, claimed]} | asker | offer | self._news())
        return shelf.history.get(claimed)

    def _offer(self, shelf: Shelf, number: int, held: Params, deadline: float | None) -> dict[str, Any]:
        """What trial `number` of a segment is to be: the fields of its record."""
        segment = shelf.segment.name
        if shelf.queue and not held:
            order, params = min(shelf.queue.items())
            return {"by": "enqueued", "params": params, "queued": list(order)}
        proposal = self._campaign.propose(self._ledger, segment, number, held, deadline=deadline)
        if proposal is None:
            raise SpaceExhausted(f"every point of segment {segment!r} was tried, {len(shelf.history)} in all")
        fixed = {"fixed": held} if held else {}
        why = {"why": dict(proposal.why)} if proposal.why else {}
        return {"by": proposal.by, "params": proposal.params} | fixed | why

    def _news(self) -> dict[str, object]:
        """The frontier's change since this file's last asked record: how far the others were read."""
        frontier = self._reader.frontier() | self._writer.former
        file, before = self._frontier
        known = before if file == self._writer.writer else {}
        self._frontier = self._writer.writer, frontier
        news = {writer: end for writer, end in frontier.items() if known.get(writer) != end}
        return {"frontier": news} if news else {}

    def _claim(self, shelf: Shelf, worker: str | None, limit: int | None) -> int:
        """Claim the next free number of a segment: two processes never get the same one, locks or not."""
        name = shelf.segment.name
        try:
            while True:
                if limit is not None and len(shelf.history) >= limit:
                    raise SpaceExhausted(f"segment {name!r} has its {limit} trials", hint="give a larger trials=")
                number = shelf.history.next_number
                while not self._claims.take(
                    name, number, writer=self._writer.writer, worker=worker, recorded=number in shelf.history
                ):
                    number += 1
                if limit is None or number < limit or not self._overtaken(shelf, number, limit):
                    return number
                self._claims.release(name, number)
        except StudyFileError:
            raise
        except OSError as error:
            message = f"no number can be claimed: {error.strerror or error}"
            raise StudyFileError(message, path=str(self.folder)) from error

    def _overtaken(self, shelf: Shelf, number: int, limit: int) -> bool:
        """Whether other askers, whose numbers were claimed just before, fill the limit without this one."""
        for _ in range(20):
            self.refresh()
            if len(shelf.history) >= limit:
                return True
            if len(shelf.history) >= number:
                return False
            time.sleep(0.05)  # an asker records within milliseconds of its claim; one that died leaves a gap
        return False

    # ---- tell and the other facts --------------------------------------------------------------------------------

    def tell(self, segment: str, trial: Trial | int, outcome: Outcome) -> Trial:
        """Record an outcome durably; when this returns it will never be lost. The same outcome again is a no-op.

        Raises:
            UnknownTrial, TellConflict, TellError, StudyFileError.
        """
        history = self._shelf(segment).history
        number = trial.number if isinstance(trial, Trial) else trial
        self.refresh()
        before = history.checked(trial, outcome)
        if not before.status.closed:
            attempt = {"attempt": before.attempt} if before.attempt > 1 else {}
            self._record("told", {"trial": [segment, number]} | attempt | outcome.to_dict())
        return history.get(number)

    def tell_params(self, segment: str, params: Mapping[str, Scalar], outcome: Outcome) -> Trial:
        """Add a trial that was measured elsewhere."""
        shelf = self._shelf(segment)
        checked = shelf.history.space.check(params)
        self.refresh()
        number = self._claim(shelf, None, None)
        self._record("asked", {"trial": [segment, number], "by": "told", "params": checked} | self._news())
        return self.tell(segment, number, outcome)

    def enqueue(self, segment: str, params: Mapping[str, Scalar]) -> None:
        """Make these params the next trial of a segment, durably."""
        checked = self._shelf(segment).history.space.check(params)
        self._record("enqueued", {"segment": segment, "params": checked})

    def requeue(self, segment: str, number: int, *, reason: str) -> Trial:
        """End the current attempt of a pending trial and start the next; returns the trial with the new attempt."""
        trial = self._shelf(segment).history.get(number)
        self._record("requeued", {"trial": [segment, number], "attempt": trial.attempt + 1, "reason": reason})
        return self._shelf(segment).history.get(number)

    def add_segment(self, segment: Segment) -> None:
        """Add a segment to the study, durably.

        Raises:
            SettingsError: the name is taken, or its overrides are not inside the space.
        """
        self.refresh()
        check_segments([*self.segments, segment])
        self.header.problem.at(segment)
        self._record("segment", {"segment": segment.name, "entry": segment_to_json(segment)})
        self.refresh()
        if self._shelves[segment.name].segment != segment:
            raise SettingsError(
                f"segment {segment.name!r} was added by another process at this moment, with other content"
            )

    def stop(self, segment: str, why: str | None) -> None:
        """Ask no more trials of a segment, durably; with None, go on with it."""
        self._shelf(segment)
        self.refresh()  # so that of two processes the later one decides
        kind, said = ("resumed", {}) if why is None else ("stopped", {"why": why})
        self._record(kind, {"segment": segment} | said)

    def close(self) -> None:
        """Close the journal file and remove this process's claim tokens."""
        self._writer.close()
        self._claims.close()

    # ---- the fold ------------------------------------------------------------------------------------------------

    def _record(self, kind: str, body: dict[str, Any]) -> None:
        try:
            record = self._writer.append(kind, body, clock=self._clock + 1)
        except StudyFileError:
            raise
        except ValueError as error:
            raise SettingsError(f"cannot be recorded: {error}") from error
        self._take(record)

    def _take(self, record: Record) -> None:
        self._clock = max(self._clock, record.clock)
        fold = self._fold.get(record.kind)
        if record.kind == "opened":  # checked by the reader
            return
        if fold is not None:
            try:
                segment = record.body["trial"][0] if "trial" in record.body else record.body["segment"]
                if segment in self._shelves or record.kind == "segment":
                    fold(record)
                else:
                    self._waiting.append(record)
            except (KeyError, TypeError, ValueError) as error:  # whole, but not written by askntell
                where = f"{record.writer}.jnl, record {record.seq}"
                self.conflicts.append(f"{where}: {record.kind!r} cannot be understood: {error!r}")
        elif not record.body.get("may_ignore"):
            raise StudyFormatError(
                f"record of kind {record.kind!r} was written by a newer version",
                hint="update askntell; nothing was changed",
                path=f"{self._reader.folder / record.writer}.jnl",
            )

    def _fold_asked(self, record: Record) -> None:
        body = record.body
        segment, number = body["trial"]
        shelf = self._shelves[segment]
        if number in shelf.asked:  # impossible with claims; a copied claims folder could do it
            self.conflicts.append(f"trial {number} of {segment!r} was asked twice; the first stays")
            return
        shelf.asked[number] = record.order
        shelf.last = record.order if shelf.last is None else max(shelf.last, record.order)
        insort(self._asked, record.order)
        self._ledger.add(
            Trial(
                number=number,
                segment=segment,
                params=body["params"],
                by=body["by"],
                worker=body.get("worker"),
                attempt=body.get("attempt", 1),
                why=body.get("why", {}),
            )
        )
        if "queued" in body:
            clock, writer, seq = body["queued"]
            shelf.served.add((clock, writer, seq))
            shelf.queue.pop((clock, writer, seq), None)
        for early in shelf.early.pop(number, []):
            self._fold_fact(early)

    def _fold_fact(self, record: Record) -> None:
        """Fold a told or requeued record: a fact about one trial."""
        segment, number = record.body["trial"]
        shelf = self._shelves[segment]
        if number not in shelf.history:
            shelf.early.setdefault(number, []).append(record)
            return
        trial = shelf.history.get(number)
        if record.kind == "told":
            self._fold_told(shelf, trial, record)
        elif trial.status is TrialStatus.PENDING and record.body["attempt"] > trial.attempt:
            shelf.history.replace(replace(trial, attempt=record.body["attempt"]))

    def _fold_told(self, shelf: Shelf, trial: Trial, record: Record) -> None:
        outcome = Outcome.from_dict(record.body, self.header.goals)
        if trial.status.closed:
            if trial.outcome != outcome:
                self.conflicts.append(
                    f"trial {trial.number} of {trial.segment!r} was told {trial.outcome} and {outcome}; "
                    "the first in the journals' order stays"
                )
            if record.order >= shelf.told[trial.number]:
                return
        shelf.told[trial.number] = record.order
        self._ledger.close(trial.segment, trial.number, outcome, record.order)

    def _fold_on_shelf(self, record: Record) -> None:
        self._shelves[record.body["segment"]].fold(record)

    def _fold_segment(self, record: Record) -> None:
        """Fold a segment; of two definitions of one name the first in the journals' order stays."""
        segment = segment_from_json(record.body["entry"], "$.entry")
        known, last = self._shelves.get(segment.name), next(reversed(self._shelves.values())).added
        if known is None:
            self._ledger.add_segment(segment)
            known = self._shelves[segment.name] = Shelf(segment, self._ledger[segment.name])
        else:
            if known.segment != segment:
                what = f"segment {segment.name!r} was added twice, as {known.segment} and {segment}"
                self.conflicts.append(f"{what}; the first in the journals' order stays")
            if record.order >= known.added:
                return
            if known.segment != segment:
                self._ledger.redefine(segment)
                known.segment, known.history = segment, self._ledger[segment.name]
        known.added = record.order
        if record.order > last:
            self._campaign.add_segment(segment)
        else:
            self._shelves = dict(sorted(self._shelves.items(), key=lambda item: item[1].added))
            self._campaign.arrange(self.segments)
        waiting, self._waiting = self._waiting, []
        for other in waiting:
            self._take(other)
