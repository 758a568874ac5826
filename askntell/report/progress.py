"""What a run shows while it works: a live table on a terminal, one line per finished trial anywhere else.

`listener` picks. Both displays write to standard error, so that standard output stays free for what a program reads,
and both draw on one `Tally`, which only counts and never writes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO, final

from askntell.goals import Goals
from askntell.report.text import duration, gain_text, number, plural, printable
from askntell.report.view import gain

if TYPE_CHECKING:
    from askntell.runner import Plan, RunReport
    from askntell.study import Listener, Study
    from askntell.trial import Trial

__all__ = ["PlainProgress", "SegmentTally", "Tally", "is_terminal", "listener"]

NAMED = 20
"""Segments named one by one in the summary and in the live table; beyond, the most recent ones are shown."""


def listener(stream: TextIO | None = None) -> Listener:
    """The display that fits a stream: a live table on a terminal, plain lines without control characters elsewhere.

    Args:
        stream: Where to write; None is standard error.
    """
    target = sys.stderr if stream is None else stream
    if is_terminal(target):
        from askntell.report.live import LiveProgress

        return LiveProgress(target)
    return PlainProgress(target)


def is_terminal(stream: TextIO) -> bool:
    """Whether the stream is a terminal that can move its cursor."""
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # replaced by something smaller, or closed
        return False


@final
@dataclass(kw_only=True)
class SegmentTally:
    """The counts of one segment.

    Attributes:
        name: Its name.
        closed: Closed trials, those of earlier runs included.
        failed: How many of them have no value.
        best: Best feasible value so far, or None; None with several objectives.
        front: Losses of the trials on the front; filled with several objectives.
        latest: What came last in this run: a value, or the kind of failure; "" at first.
        default_value: Value of the default params, or None while unknown.
    """

    name: str
    closed: int = 0
    failed: int = 0
    best: float | None = None
    front: list[tuple[float, ...]] = field(default_factory=list)
    latest: str = ""
    default_value: float | None = None


@final
class Tally:
    """Counts of a run, from its events.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self.goals = Goals()
        self._running: set[tuple[str, int]] = set()
        self.title = ""
        self.total = 0
        self.done_before = 0
        self.done = 0
        self.failed = 0
        self.segments: dict[str, SegmentTally] = {}

    def start(self, study: Study, plan: Plan) -> None:
        """Take over what the study knows before the first ask."""
        self.goals = study.goals
        self._began = self._clock()
        self.title = f"{printable(study.path.name)}: {printable(self.goals)}"
        self.total, self.done_before = plan.total, plan.done_before
        wanted = set(plan.segments)
        for segment in study.segments:
            if segment.name in wanted:
                self.segments[segment.name] = SegmentTally(
                    name=segment.name,
                    closed=segment.finished + segment.failed + segment.cancelled,
                    failed=segment.failed,
                    best=None if segment.best is None else segment.best.value,
                    front=self._front(study, segment.name),
                    default_value=segment.default_value,
                )

    def ask(self, trial: Trial) -> None:
        """A trial was asked."""
        self._running.add((trial.segment, trial.number))

    def tell(self, trial: Trial) -> bool:
        """A trial was closed; returns whether it is the best of its segment so far, or on its front."""
        self._running.discard((trial.segment, trial.number))
        self.done += 1
        segment = self.segments.setdefault(trial.segment, SegmentTally(name=trial.segment))
        segment.closed += 1
        if trial.value is None or trial.values is None:
            self.failed += 1
            segment.failed += 1
            segment.latest = trial.failure or trial.status.value
            return False
        segment.latest = self.shown(trial)
        if not self.goals.feasible(trial.values):
            return False
        losses = self.goals.losses(trial.values)
        if self.goals.several:
            improves = not any(_beats(other, losses) for other in segment.front)
            if improves:
                segment.front = [other for other in segment.front if not _beats(losses, other)] + [losses]
            return improves
        if trial.by == "default":
            segment.default_value = trial.value
        improves = segment.best is None or losses < (self.goals.first.loss(segment.best),)
        if improves:
            segment.best = trial.value
        return improves

    def shown(self, trial: Trial) -> str:
        """The values of a finished trial as text, with a word where they are not feasible."""
        values = trial.values or {}
        if len(self.goals.names) == 1:
            return number(trial.value)
        said = " ".join(f"{printable(name, limit=20)}={number(values[name])}" for name in self.goals.names)
        return said if self.goals.feasible(values) else f"{said} infeasible"

    def standing(self, segment: SegmentTally) -> str:
        """The best value of a segment, or how many trials are on its front, as text."""
        return plural(len(segment.front), "trial") if self.goals.several else number(segment.best)

    def _front(self, study: Study, segment: str) -> list[tuple[float, ...]]:
        if not self.goals.several:
            return []
        return [self.goals.losses(trial.values) for trial in study.pareto_front(segment) if trial.values is not None]

    def gain(self, segment: SegmentTally) -> str:
        """The gain of a segment over its default params, as text."""
        return gain_text(gain(self.goals.first, segment.best, segment.default_value), segment.default_value)

    @property
    def running(self) -> int:
        """Trials asked in this run and not closed yet."""
        return len(self._running)

    @property
    def closed(self) -> int:
        """Closed trials of the plan."""
        return self.done_before + self.done

    def speed(self) -> str:
        """``12.3 trials/min, 4 min 2 s left``, or "" before the first trial."""
        elapsed = self._clock() - self._began
        if self.done == 0 or elapsed <= 0:
            return ""
        left = (self.total - self.closed) * elapsed / self.done
        ahead = f", {duration(left)} left" if self.closed < self.total else ""
        return f"{60 * self.done / elapsed:.3g} trials/min{ahead}"

    def summary(self, report: RunReport) -> str:
        """One line about the whole run."""
        verb = "Interrupted" if report.interrupted else "Done"
        line = (
            f"{verb} after {duration(report.seconds)}: {plural(report.finished, 'trial')} finished, "
            f"{report.failed} failed in this run; {self.closed} of {self.total} closed"
        )
        if report.elsewhere:
            line += f"; {plural(report.elsewhere, 'pending trial')} of other askers left alone"
        if report.stopped:
            name, why = next(iter(report.stopped.items()))
            line += f"; {plural(len(report.stopped), 'segment')} stopped, such as {_of(name)}: {_of(why)}"
        if report.waiting:
            name, missing = next(iter(report.waiting.items()))
            wanted = f"{_of(name)} for {_of(missing[0])}"
            line += f"; {plural(len(report.waiting), 'segment')} waiting for inputs, such as {wanted}"
        return line


def _of(text: str) -> str:
    return printable(text, limit=80)


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether losses dominate others."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


@final
class PlainProgress:
    """One line per closed trial and a summary, for logs and pipes: no control characters, no cursor.

    Args:
        stream: Where to write; None is standard error.
        clock: Monotonic seconds.
    """

    def __init__(self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._tally = Tally(clock)

    def on_start(self, study: Study, plan: Plan) -> None:
        """Say what is going to happen."""
        self._tally.start(study, plan)
        carried = f", {plan.done_before} closed before" if plan.done_before else ""
        self._say(
            f"{self._tally.title}: {plural(plan.total, 'trial')} in {plural(len(plan.segments), 'segment')}{carried}"
        )

    def on_ask(self, trial: Trial) -> None:
        """Count it; asking is no news."""
        self._tally.ask(trial)

    def on_tell(self, trial: Trial) -> None:
        """One line: how far, where, what."""
        improves = self._tally.tell(trial)
        if trial.value is None:
            reason = f": {printable(trial.message, limit=120)}" if trial.message else ""
            outcome = f"failed ({trial.failure or trial.status.value}){reason}"
        else:
            mark = " on the front" if self._tally.goals.several else " best so far"
            outcome = self._tally.shown(trial) + (mark if improves else "")
        width = len(str(self._tally.total))
        name = printable(trial.segment, limit=40)
        self._say(f"[{self._tally.closed:>{width}}/{self._tally.total}] {name} {trial.number}: {outcome}")

    def on_end(self, report: RunReport) -> None:
        """The summary, with the best of each segment as long as they are few."""
        self._say(self._tally.summary(report))
        if len(self._tally.segments) > NAMED:
            return
        for segment in self._tally.segments.values():
            name, standing = printable(segment.name, limit=40), self._tally.standing(segment)
            if self._tally.goals.several:
                self._say(f"  {name}: {standing} on the front")
            else:
                self._say(f"  {name}: best {standing}, gain over default {self._tally.gain(segment)}")

    def _say(self, line: str) -> None:
        # A terminal or log that cannot write a character of a name gets its escape.
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._stream.flush()
