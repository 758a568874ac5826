"""`Study`: the public face of a folder. Books, optimizer and runner behind one object."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final, overload

from askntell._files import DISK, Disk
from askntell.books import Books
from askntell.errors import JournalDamage, ParamsError, SettingsError, SpaceExhausted
from askntell.header import compare
from askntell.optimizers.algorithm import Algorithm
from askntell.optimizers.proposer import ask_many, checked_deadline
from askntell.roster import Roster
from askntell.runner import RunReport
from askntell.space import Scalar, SearchSpace
from askntell.stopping import Rules
from askntell.study.listener import Listener, listener_for
from askntell.study.opening import Given, open_header
from askntell.study.reading import Reading
from askntell.study.running import runner_of
from askntell.trial import Noise, Outcome, Segment, Trial

if TYPE_CHECKING:
    from askntell.backends.backend import Backend

__all__ = ["Study"]


@final
class Study(Reading):
    """A campaign on disk: one or many segments, told from any process that sees the folder.

    With `space` the study is created, or reopened if it exists (then the settings given must be its own). Without,
    it is reopened and never created.

    Args:
        path: Its folder.
        space: What may be tried.
        objectives: ``{name: "minimize" or "maximize"}``, one to four.
        constraints: ``{name: "<= 4096"}``: limits of values that are told with the objectives.
        direction: Instead of `objectives`, for a value without a name.
        algorithm: See `askntell.Optimizer`.
        seed: Integer >= 0; default 0.
        segments: `Segment` objects, or the path of a segments file (phpo's format); default one segment named "all".
        trials: Planned trials per segment; None: as many as are asked.
        share: "auto" (default): segments learn from each other, where the algorithm can; "none": each is tuned alone.

    Raises:
        StudyFileError: the folder holds no study, or cannot be read or written.
        StudyFormatError: it was written by an incompatible version, or is damaged.
        StudyMismatch: it exists with other settings. SettingsError: a setting is wrong.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        space: SearchSpace | None = None,
        *,
        objectives: Mapping[str, str] | None = None,
        constraints: Mapping[str, str] | None = None,
        direction: str | None = None,
        algorithm: str | Algorithm[Any] | None = None,
        seed: int | None = None,
        segments: Sequence[Segment] | str | os.PathLike[str] | None = None,
        trials: int | None = None,
        share: str | None = None,
        disk: Disk = DISK,
    ) -> None:
        self.path = Path(path).absolute()
        given = Given.of(
            space, objectives, constraints, direction, segments, algorithm, seed=seed, trials=trials, share=share
        )
        header = open_header(self.path, given, disk)
        self._books = Books(self.path, header, disk=disk)
        self._roster = Roster(self._books)
        self._shown = self._roster  # with the rules of the last run of this process
        compare(header, dict(given.settings), self._books.segments[len(header.segments) :], self.path)
        self._warned = 0
        self._warn()

    # ---- books ---------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what other processes have written; every method that shows trials does so itself."""
        self._books.refresh()
        self._warn()

    def _warn(self) -> None:
        damage = self._books.damage
        if len(damage) > self._warned:
            import warnings

            new = damage[self._warned :]
            self._warned = len(damage)
            warnings.warn(
                f"{self.path}: {len(new)} record(s) skipped or in conflict, everything else was kept: {'; '.join(new)}",
                JournalDamage,
                stacklevel=3,
            )

    def add_segment(self, segment: Segment) -> None:
        """Add a segment, durably. SettingsError if its name is taken."""
        self._books.add_segment(segment)

    # ---- ask and tell --------------------------------------------------------------------------------------------

    @overload
    def ask(
        self,
        segment: str | None = None,
        *,
        count: None = None,
        worker: str | None = None,
        fixed: Mapping[str, Scalar] | None = None,
        deadline: float | None = None,
    ) -> Trial: ...
    @overload
    def ask(
        self,
        segment: str | None = None,
        *,
        count: int,
        worker: str | None = None,
        fixed: Mapping[str, Scalar] | None = None,
        deadline: float | None = None,
    ) -> list[Trial]: ...

    def ask(
        self,
        segment: str | None = None,
        *,
        count: int | None = None,
        worker: str | None = None,
        fixed: Mapping[str, Scalar] | None = None,
        deadline: float | None = None,
    ) -> Trial | list[Trial]:
        """The next trial, or a list of `count`; durable when it returns.

        Args:
            segment: Its name; None: the one whose next trial is worth most, of those that are not stopped, complete or
                waiting for inputs: see `askntell.allocation`.
            count: How many, >= 1; a list of fewer if fewer are left.
            worker: Who asks. The same worker asking again gets its own unfinished trial back (not with `count`).
            fixed: Parameters held at a value.
            deadline: Seconds that the proposal may take, beside the disk: see `askntell.Optimizer.ask`.

        Raises:
            SpaceExhausted: the planned trials are spent, every point was tried, or the segment was stopped; without a
                segment, this is so for all of them, or those left wait for inputs.
            UnknownTrial, ParamsError, SettingsError, StudyFileError.
        """
        options = {"worker": worker, "fixed": fixed, "deadline": checked_deadline(deadline)}
        if count is None:
            return self._ask_one(segment, resume=True, **options)
        return ask_many(lambda: self._ask_one(segment, resume=False, **options), count)

    def _ask_one(self, segment: str | None, *, worker: Any, resume: bool, **options: Any) -> Trial:
        if worker is not None and (not isinstance(worker, str) or not worker or len(worker) > 200):
            raise SettingsError(f"ask: worker={worker!r}; allowed: a text of 1 to 200 characters")
        if segment is not None:
            return self._books.ask(segment, worker=worker, resume=resume, **options)
        self._books.refresh()
        if worker is not None and resume:  # an unfinished trial of this worker comes first, wherever it is
            every = (trial for name in self._names(None) for trial in self._books.history(name).pending)
            mine = next((trial for trial in every if trial.worker == worker), None)
            if mine is not None:
                return mine
        self._roster.look()
        if options["fixed"]:
            self.space.check_fixed(options["fixed"])
        skip: set[str] = set()
        unfit: ParamsError | None = None  # of the first segment that may not try what is held
        while (name := self._roster.next(skip)) is not None:
            try:
                return self._books.ask(name, worker=worker, resume=resume, **options)
            except SpaceExhausted:
                skip.add(name)
            except ParamsError as error:
                skip.add(name)
                unfit = unfit or ParamsError(f"segment {name!r}: {error.message}", hint=error.hint, path=error.path)
        names = self._names(None)
        if len(names) == 1 and names[0] not in self._roster.waiting:
            return self._books.ask(names[0], worker=worker, resume=resume, **options)  # it says best why it cannot
        if unfit is not None:
            raise SpaceExhausted(f"no segment that can be asked may try this; {unfit}")
        raise self._roster.refusal()

    def tell(
        self,
        trial: Trial | int | Mapping[str, Scalar],
        value: object = None,
        *,
        segment: str | None = None,
        failed: str | None = None,
        message: str = "",
        std: Noise = None,
    ) -> Trial:
        """Record an outcome; durable when it returns, and telling the same again changes nothing.

        Args:
            trial: A trial, its number, or params that were measured elsewhere.
            value: See `askntell.Optimizer.tell`, as for `failed`, `message` and `std`.
            segment: Where; needed with a number or params if the study has several segments.
            failed: Kind of failure instead of a value.
            message: Kept with the trial.
            std: Known standard deviation of the noise: see `askntell.Optimizer.tell`.

        Returns:
            The closed trial.

        Raises:
            TellError, TellConflict, UnknownTrial, ParamsError, StudyFileError.
        """
        outcome = Outcome.of(self.goals, value, failed=failed, message=message, std=std)
        if isinstance(trial, Trial):
            if segment not in (None, trial.segment):
                raise SettingsError(f"tell: trial {trial.number} is of segment {trial.segment!r}, given {segment!r}")
            return self._books.tell(trial.segment, trial, outcome)
        name = self._only_segment(segment)
        if isinstance(trial, Mapping):
            return self._books.tell_params(name, trial, outcome)
        return self._books.tell(name, trial, outcome)

    def stop(self, segment: str, *, why: str = "by hand") -> None:
        """Ask no more trials of a segment, durably and in every process, until `resume`; open trials may be told.

        Args:
            segment: Its name.
            why: Kept with it, and shown wherever the segment is listed.

        Raises:
            UnknownTrial: no such segment. SettingsError: `why` is no text of 1 to 500 characters.
        """
        if not isinstance(why, str) or not 1 <= len(why) <= 500:
            raise SettingsError(f"stop: why={why!r}; allowed: a text of 1 to 500 characters")
        self._books.stop(segment, why)

    def resume(self, segment: str) -> None:
        """Go on with a segment that was stopped by hand, durably; for one that was not, this changes nothing."""
        self.refresh()
        if self._books.stopped(segment) is not None:
            self._books.stop(segment, None)

    def enqueue(self, params: Mapping[str, Scalar], *, segment: str | None = None) -> None:
        """Make these params the next trial of a segment, durably, whatever the algorithm would propose."""
        self._books.enqueue(self._only_segment(segment), params)

    # ---- run -----------------------------------------------------------------------------------------------------

    def run(
        self,
        payload: Callable[..., object] | str | Sequence[str],
        *,
        backend: Backend | None = None,
        trials: int | None = None,
        total: int | None = None,
        target: float | Mapping[str, float] | None = None,
        patience: int | None = None,
        parallel: int | None = None,
        segments: Sequence[str] | None = None,
        files: Mapping[str, str | os.PathLike[str]] | None = None,
        value: str | None = None,
        timeout_s: float | None = None,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        progress: bool | Listener = True,
        poll_s: float = 0.05,
        wait_s: float = 0.0,
    ) -> RunReport:
        """Run a payload until every segment has its trials. Interrupted and started again, it carries on.

        A segment whose inputs are not there yet is left out until they are; so is one that was stopped.

        Args:
            payload: A callable that takes params, or a command with ``{name}`` placeholders (a string, or a list).
            backend: Where jobs run; default `askntell.Local`.
            trials: Trials per segment in the end, those before included; default the study's planned number.
            total: Trials of all segments together in the end, those before included, spent where the next one is worth
                most (see `askntell.allocation`); `trials` then only limits each segment. Several runs at once on one
                study may go over it by their number of jobs.
            target: Value at which a segment is stopped in this run, or ``{objective: value}`` to reach in one trial.
            patience: Number of closed trials without an improvement after which a segment is stopped in this run.
            parallel: Jobs at once; default the number of usable cores.
            segments: Only these.
            files: Target name in the job's folder to template file, filled with the same placeholders.
            value: Regular expression with one group that finds the value in the program's output, or with a group
                ``(?P<name>...)`` for each of several values.
            timeout_s: Seconds after which a job is ended and its trial fails as "timeout".
            cwd: Working folder of all jobs; default each its own folder.
            env: Variables added to the jobs' environment.
            progress: True shows progress on the terminal, False nothing; or a `Listener`.
            poll_s: Seconds between two looks at the backend.
            wait_s: Seconds to wait for inputs when only segments are left that wait for them; default not at all.

        Raises:
            PayloadError: the payload cannot be run, or the first 20 trials failed and none ever gave a value.
            SettingsError: no number of trials, or another option is wrong.
            KeyboardInterrupt: on Ctrl-C, after the running jobs were ended.
        """
        self.refresh()
        listener = listener_for(progress)
        runner = runner_of(
            self._books,
            payload,
            backend=backend,
            trials=trials,
            total=total,
            target=target,
            patience=patience,
            parallel=parallel,
            segments=segments,
            wait_s=wait_s,
            poll_s=poll_s,
            listener=listener,
            files=files,
            value=value,
            timeout_s=timeout_s,
            cwd=cwd,
            env=env,
        )
        self._shown = Roster(self._books, rules=Rules.of(self.goals, target, patience))
        listener.on_start(self, runner.plan())
        try:
            return runner.run()
        finally:
            listener.on_end(runner.report)

    def close(self) -> None:
        """Close the journal file; the study stays as it is on disk, and a later tell opens a new file."""
        self._books.close()

    def __enter__(self) -> Study:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Study {str(self.path)!r}: {len(self._books.segments)} segment(s)>"
