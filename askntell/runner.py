"""The driver's loop: reconcile, tell, ask, submit. The only room that knows both the books and a backend.

The order of one round trip is written down here and nowhere else: the *asked* record is durable before the job's
folder exists, the job's outcome is in its folder before it is told, and *told* is durable before the slot is free.
So a driver may die at any point: what it leaves is found again by `Runner.reconcile`.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from askntell._process import start_token
from askntell.backends.backend import Backend
from askntell.books import Books
from askntell.errors import PayloadError, SpaceExhausted, StudyFileError
from askntell.job import JobSpec, JobStatus
from askntell.payload import Interrupted, Payload, read_outcome
from askntell.roster import Roster
from askntell.segments import folder_name
from askntell.trial import Outcome, Segment, Trial, TrialStatus

__all__ = ["Plan", "RunReport", "Runner"]

MOST_ATTEMPTS = 3  #: number of the attempt that, ending without a trace, makes the trial count as crashed
LOOK_S = 1.0  #: seconds between two looks for missing inputs
HOPELESS = 20  #: crashes in a run without one success, after which the payload itself must be wrong


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is going to do.

    Attributes:
        total: Trials planned over all its segments.
        done_before: How many of them are closed already.
        segments: Names of its segments.
    """

    total: int
    done_before: int
    segments: tuple[str, ...]


@final
@dataclass(kw_only=True)
class RunReport:
    """What a run has done.

    Attributes:
        finished: Trials that got a value in this run.
        failed: Trials that failed in this run.
        elsewhere: Pending trials that belong to other askers; this run left them alone.
        seconds: Wall time.
        interrupted: Whether it was stopped before its plan was done.
        stopped: Segment to why it was stopped: by hand, at its target, or for want of improvement.
        waiting: Segment to the inputs that were still missing at the end, of those that had trials left.
    """

    finished: int = 0
    failed: int = 0
    elsewhere: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    stopped: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)


@final
@dataclass(kw_only=True)
class Runner:
    """One run of a payload over segments of a study.

    Attributes:
        books: Where trials are asked and told.
        payload: What a trial runs.
        backend: Where it runs.
        segments: Which segments, in order of preference.
        trials: How many trials each segment shall have in the end, those before this run included; None: no limit.
        total: How many all of them shall have together, spent where the next one is worth most; None: no limit.
        parallel: How many jobs at once.
        roster: The segments as they stand, with both limits.
        poll_s: Seconds between two looks at the backend.
        wait_s: Seconds to wait for inputs where only segments are left that wait for them.
        on_ask, on_tell: Called with the trial after each step; `on_ask` also for those taken over from an earlier run.
    """

    books: Books
    payload: Payload
    backend: Backend
    segments: Sequence[Segment]
    trials: int | None
    total: int | None
    parallel: int
    roster: Roster
    poll_s: float
    wait_s: float
    on_ask: Callable[[Trial], None]
    on_tell: Callable[[Trial], None]
    report: RunReport = field(default_factory=RunReport)
    _running: dict[str, Trial] = field(default_factory=dict)
    _spent: set[str] = field(default_factory=set)  # segments without a point left to try
    _looked: float = 0.0  # when inputs were last looked for
    _barren: bool = False  # whether nothing could be asked, and nothing has happened since

    def plan(self) -> Plan:
        """What `run` would do now."""
        histories = [self.books.history(segment.name) for segment in self.segments]
        return Plan(
            total=self._planned([len(history) for history in histories]),
            done_before=sum(len(history.closed) for history in histories),
            segments=tuple(segment.name for segment in self.segments),
        )

    def _planned(self, counts: Sequence[int]) -> int:
        every = sum(counts) if self.trials is None else sum(max(self.trials, count) for count in counts)
        if self.total is None:
            return every
        wanted = max(self.total, sum(counts))
        return wanted if self.trials is None else min(wanted, every)

    def run(self) -> RunReport:
        """Work until every segment has its trials, is stopped, or waits for inputs that do not come.

        Raises:
            PayloadError: the first 20 trials crashed and none ever gave a value.
            KeyboardInterrupt: after the running jobs were ended; their trials go on in the next run.
        """
        began = time.monotonic()
        self.backend.open(self.parallel)
        try:
            self.roster.look()
            self._reconcile()
            busy = time.monotonic()
            while True:
                if self._fill():
                    busy = time.monotonic()
                elif time.monotonic() - busy >= self.wait_s or not self.roster.held(self._spent):
                    break
                time.sleep(self.poll_s)
                self._collect()
        except BaseException:
            self.report.interrupted = True
            self.backend.cancel(list(self._running))
            raise
        finally:
            self.backend.close()
            self.report.seconds = time.monotonic() - began
            self._conclude()
        return self.report

    def _reconcile(self) -> None:
        """Take over what an earlier run of this machine left: told outcomes, running jobs, lost attempts."""
        left = [trial for segment in self.segments for trial in self.books.history(segment.name).pending]
        for trial in left:
            if not _is_orphan(trial.worker):
                self.report.elsewhere += 1
                continue
            self.on_ask(trial)
            name = self._name(trial)
            found = self.backend.find([name]).get(name)
            if found is not None:
                self._running[found] = trial
            else:
                self._settle(trial)

    def _fill(self) -> bool:
        """Ask and submit until all slots are busy; False when nothing runs and nothing can be asked."""
        if self.roster.waiting and time.monotonic() - self._looked >= LOOK_S:
            self.books.refresh()
            self.roster.look()
            self._looked = time.monotonic()
            self._barren = False
        while not self._barren and len(self._running) < self.parallel:
            segment = self.roster.fewest(self._spent) if self.total is None else self.roster.next(self._spent)
            if segment is None:
                self._barren = True
                break
            try:
                trial = self.books.ask(segment, worker=_OWNER, resume=False, limit=self.trials)
            except SpaceExhausted:
                if self.books.stopped(segment) is None:
                    self._spent.add(segment)
                continue
            self.on_ask(trial)
            self._submit(trial)
        return bool(self._running)

    def _conclude(self) -> None:
        """Say what was not done: segments that were stopped, and those that wait."""
        stopped = {segment.name: self.roster.stopped(segment.name) for segment in self.segments}
        self.report.stopped = {name: why for name, why in stopped.items() if why is not None}
        left = {name: missing for name, missing in self.roster.waiting.items() if name not in self.report.stopped}
        self.report.waiting = {
            name: list(missing)
            for name, missing in left.items()
            if self.trials is None or len(self.books.history(name)) < self.trials
        }

    def _submit(self, trial: Trial) -> None:
        try:
            spec = self._spec(trial)
        except PayloadError as error:  # these params cannot be handed to the program; others can
            self._tell(trial, Outcome(failure="infeasible", message=str(error)))
            return
        try:
            self.payload.prepare(spec)
        except OSError as error:
            raise StudyFileError(
                f"the folder of a trial cannot be written: {error.strerror or error}",
                hint="nothing is lost: free space or restore access, then run again",
                path=str(spec.folder),
            ) from error
        self._running[self.backend.submit(spec)] = trial

    def _collect(self) -> None:
        """Tell what has ended since the last look."""
        for job, status in self.backend.poll(list(self._running)).items():
            if status in (JobStatus.ENDED, JobStatus.UNKNOWN):
                self._settle(self._running.pop(job))

    def _settle(self, trial: Trial) -> None:
        """Tell the outcome of an ended attempt, or start the next attempt if it left none."""
        outcome = read_outcome(attempt_folder(self.books.folder, trial), self.books.header.goals, self.payload.value)
        if isinstance(outcome, Outcome):
            self._tell(trial, outcome)
            return
        interrupted = isinstance(outcome, Interrupted)  # says nothing about the trial, however often it happens
        reason = "was interrupted" if interrupted else "ended without a trace"
        if trial.attempt >= MOST_ATTEMPTS and not interrupted:
            self._tell(trial, Outcome(failure="crash", message=f"attempt {trial.attempt} {reason}"))
            return
        self._submit(self.books.requeue(trial.segment, trial.number, reason=reason))

    def _tell(self, trial: Trial, outcome: Outcome) -> None:
        closed = self.books.tell(trial.segment, trial.number, outcome)
        self._barren = False
        if closed.status is TrialStatus.FINISHED:
            self.report.finished += 1
        else:
            self.report.failed += 1
        self.on_tell(closed)
        if self.report.failed >= HOPELESS and self.report.finished == 0 and not self._any_success():
            raise PayloadError(
                f"the first {self.report.failed} trials failed and none gave a value; the last: {closed.message}",
                hint=f"look into {attempt_folder(self.books.folder, closed)}; all is recorded, run again when it works",
            )

    def _any_success(self) -> bool:
        histories = (self.books.history(segment.name) for segment in self.segments)
        return any(trial.status is TrialStatus.FINISHED for history in histories for trial in history.closed)

    def _spec(self, trial: Trial) -> JobSpec:
        segment = next(segment for segment in self.segments if segment.name == trial.segment)
        inputs = self.books.header.input_paths(self.books.folder, segment)
        folder = attempt_folder(self.books.folder, trial)
        return self.payload.spec(trial, segment, folder=folder, name=self._name(trial), inputs=inputs)

    def _name(self, trial: Trial) -> str:
        """Name of the current attempt's job, unique among all studies: the identity by which engines find it again."""
        study = self.books.header.uuid[:8]
        return f"askntell-{study}-{folder_name(trial.segment)}-{trial.number}-{trial.attempt}"


def attempt_folder(study: Path, trial: Trial) -> Path:
    """Folder of a trial's current attempt."""
    return study / "trials" / folder_name(trial.segment) / str(trial.number) / str(trial.attempt)


_OWNER = f"run {socket.gethostname()} {os.getpid()} {start_token(os.getpid())}"


def _is_orphan(worker: str | None) -> bool:
    """Whether a pending trial belongs to this process, or to a run on this machine that is dead."""
    if worker is None or worker == _OWNER:
        return worker is not None
    words = worker.split(" ")
    if len(words) != 4 or words[0] != "run" or words[1] != socket.gethostname() or not words[2].isdecimal():
        return False
    return start_token(int(words[2])) != words[3]
