"""`Study`: the public face of a folder. Books, optimizer and runner behind one object."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, final, overload

from askntell._files import DISK, Disk
from askntell.books import Books
from askntell.errors import JournalDamage, MissingExtra, SettingsError, SpaceExhausted
from askntell.goals import Goals
from askntell.header import FILE, Header, compare
from askntell.optimizers.algorithm import Algorithm
from askntell.optimizers.pareto import hypervolume_of, pareto_front
from askntell.optimizers.proposer import ask_many, best_in, checked_deadline, explained
from askntell.optimizers.registry import algorithm_from
from askntell.runner import Plan, Runner, RunReport
from askntell.segments import check_segments, load_segments
from askntell.space import Scalar, SearchSpace
from askntell.trial import Noise, Outcome, Problem, Segment, Trial, TrialStatus

if TYPE_CHECKING:
    import pandas as pd

    from askntell.backends.backend import Backend

__all__ = ["Listener", "SegmentSummary", "Study"]


class Listener(Protocol):
    """Told what happens in a run; progress displays and trackers are listeners."""

    def on_start(self, study: Study, plan: Plan) -> None:
        """Before the first ask."""

    def on_ask(self, trial: Trial) -> None:
        """After a trial was asked, or taken over from an earlier run."""

    def on_tell(self, trial: Trial) -> None:
        """After a trial was closed."""

    def on_end(self, report: RunReport) -> None:
        """After the last tell, also when the run was interrupted."""


@final
@dataclass(frozen=True, kw_only=True)
class SegmentSummary:
    """The books of one segment.

    Attributes:
        name, inputs, features: As given; see `Segment`.
        status: "new" (no trials), "running" (some are pending), "done" (has its planned trials) or "idle".
        pending, finished, failed, cancelled: Numbers of trials.
        best: The best feasible finished trial, or None; None with several objectives.
        front: Number of trials on the Pareto front; with one objective, of those that share the best value.
        default_value: Value of the space's default point; None while it was not measured, where it is infeasible, and
            with several objectives.
    """

    name: str
    inputs: tuple[str, ...]
    features: Mapping[str, str | float]
    status: str
    pending: int
    finished: int
    failed: int
    cancelled: int
    best: Trial | None
    front: int
    default_value: float | None


@final
class Study:
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
        disk: Disk = DISK,
    ) -> None:
        self.path = Path(path).absolute()
        given: dict[str, object] = {}
        if space is not None:
            if not isinstance(space, SearchSpace):
                raise SettingsError(f"space must be a SearchSpace, got {type(space).__name__}")
            given["space"] = space
        goals = Goals.of(objectives, constraints, direction)
        if objectives is not None or direction is not None:
            given["objectives"] = goals.directions
        if constraints is not None:
            given["constraints"] = goals.limits
        if algorithm is not None:
            given["algorithm"] = algorithm_from(algorithm)
        if seed is not None:
            given["seed"] = seed
        if trials is not None:
            given["trials"] = trials
        base = Path.cwd()
        if segments is not None:
            if isinstance(segments, str | os.PathLike):
                base = Path(segments).absolute().parent
                segments = load_segments(Path(segments))
            given["segments"] = check_segments(segments)
        if space is None or disk.exists(self.path / FILE):
            header = Header.load(self.path, disk)
        else:
            header = _new_header(given, goals, os.path.relpath(base, self.path)).publish(self.path, disk)
        self._books = Books(self.path, header, disk=disk)
        compare(header, given, self._books.segments[len(header.segments) :], self.path)
        self._warned = 0
        self._warn()

    # ---- settings ------------------------------------------------------------------------------------------------

    @property
    def space(self) -> SearchSpace:
        """What may be tried."""
        return self._books.header.space

    @property
    def goals(self) -> Goals:
        """What is better, and what is allowed."""
        return self._books.header.goals

    @property
    def algorithm(self) -> str:
        """Name of the algorithm."""
        return self._books.header.algorithm.name

    @property
    def seed(self) -> int:
        """Key of every random stream."""
        return self._books.header.seed

    @property
    def planned(self) -> int | None:
        """Planned trials per segment, or None."""
        return self._books.header.trials

    @property
    def uuid(self) -> str:
        """Identity of the study."""
        return self._books.header.uuid

    @property
    def created(self) -> str:
        """UTC time of creation, ISO 8601."""
        return self._books.header.created

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

    @property
    def damage(self) -> list[str]:
        """Records that were skipped for a wrong checksum and conflicting results, one line each."""
        return self._books.damage

    @property
    def segments(self) -> list[SegmentSummary]:
        """The books of every segment."""
        self.refresh()
        return [self._summary(segment) for segment in self._books.segments]

    def _summary(self, segment: Segment) -> SegmentSummary:
        history = self._books.history(segment.name)
        counts = dict.fromkeys(TrialStatus, 0)
        default = None
        for trial in history:
            counts[trial.status] += 1
            if trial.by == "default" and trial.values is not None and self.goals.feasible(trial.values):
                default = None if self.goals.several else trial.value
        if not len(history):
            status = "new"
        elif history.pending:
            status = "running"
        else:
            status = "done" if self.planned is not None and len(history) >= self.planned else "idle"
        return SegmentSummary(
            name=segment.name,
            inputs=segment.inputs,
            features=segment.features,
            status=status,
            pending=counts[TrialStatus.PENDING],
            finished=counts[TrialStatus.FINISHED],
            failed=counts[TrialStatus.FAILED],
            cancelled=counts[TrialStatus.CANCELLED],
            best=history.incumbent,
            front=len(pareto_front(history.closed, self.goals)),
            default_value=default,
        )

    def summary(self) -> dict[str, Any]:
        """The study in JSON values: settings, totals, and one entry per segment."""
        segments = self.segments
        entries = [
            {
                "name": s.name,
                "status": s.status,
                "features": dict(s.features),
                "pending": s.pending,
                "finished": s.finished,
                "failed": s.failed,
                "cancelled": s.cancelled,
                "best": None if s.best is None else _trial_entry(s.best),
                "front": s.front,
                "default_value": s.default_value,
            }
            for s in segments
        ]
        return {
            "path": str(self.path),
            "uuid": self.uuid,
            "created": self.created,
            "objectives": self.goals.directions,
            "constraints": self.goals.limits,
            "algorithm": self.algorithm,
            "seed": self.seed,
            "planned": self.planned,
            **{key: sum(e[key] for e in entries) for key in ("pending", "finished", "failed", "cancelled")},
            "damage": self.damage,
            "segments": entries,
        }

    def best(self, segment: str | None = None) -> Trial | None:
        """The best feasible finished trial of a segment, or of the whole study; None if there is none.

        Raises:
            SettingsError: there are several objectives, of which no trial is the best: see `pareto_front`.
            UnknownTrial: no such segment.
        """
        self.refresh()
        found = [best_in(self._books.history(name)) for name in self._names(segment)]
        return min((t for t in found if t is not None), key=lambda t: self.goals.losses(t.values or {}), default=None)

    def pareto_front(self, segment: str | None = None) -> list[Trial]:
        """The feasible finished trials that no other one beats in every respect, by segment and number.

        Args:
            segment: Only among this one's trials; None: among those of the whole study.

        Raises:
            UnknownTrial: no such segment.
        """
        self.refresh()
        return pareto_front(self._closed(segment), self.goals)

    def hypervolume(self, reference: Mapping[str, float] | Sequence[float], segment: str | None = None) -> float:
        """The hypervolume between the front and `reference`: see `askntell.optimizers.pareto.hypervolume_of`.

        Args:
            reference: ``{objective: number}`` or the numbers in the order of the objectives, in their own units.
            segment: As for `pareto_front`.

        Raises:
            SettingsError: the reference does not give one finite number for each objective. UnknownTrial.
        """
        self.refresh()
        return hypervolume_of(self._closed(segment), self.goals, reference)

    def _names(self, segment: str | None) -> list[str]:
        return [s.name for s in self._books.segments] if segment is None else [segment]

    def _closed(self, segment: str | None) -> list[Trial]:
        return [trial for name in self._names(segment) for trial in self._books.history(name).closed]

    def recommended(self, segment: str | None = None) -> Trial | None:
        """The feasible finished trial of a segment that is best by the model; `best` is the best observed one.

        Without a model, or before there is one, the best observed.

        Raises:
            SettingsError: the study has several segments and none was named, or several objectives.
            UnknownTrial: no such segment.
        """
        self.refresh()
        return self._books.recommended(self._only_segment(segment))

    def explain(self, trial: Trial) -> dict[str, Scalar]:
        """Why a trial was proposed: what proposed it (`by`), and what the algorithm noted (`Trial.why`).

        Raises:
            UnknownTrial: nobody asked for it.
        """
        self.refresh()
        return explained(self._books.history(trial.segment).get(trial.number))

    def trials(self, segment: str | None = None, status: str | TrialStatus | None = None) -> list[Trial]:
        """Trials by segment and number.

        Args:
            segment: Only this one's.
            status: Only those with this status, such as "finished".

        Raises:
            UnknownTrial: no such segment. SettingsError: no such status.
        """
        self.refresh()
        try:
            wanted = None if status is None else TrialStatus(status)
        except ValueError:
            raise SettingsError(f"status={status!r}; allowed: {', '.join(TrialStatus)}") from None
        every = (trial for name in self._names(segment) for trial in self._books.history(name))
        return [trial for trial in every if wanted is None or trial.status is wanted]

    def to_dataframe(self) -> pd.DataFrame:
        """One row per trial: segment, number, status, value, failure, by, attempt, and one column per parameter.

        Where a trial has several values, each has a column ``values.NAME`` too.

        Raises:
            MissingExtra: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtra("to_dataframe needs pandas", hint='pip install "askntell[report]"') from None
        return pd.DataFrame([_row(trial) for trial in self.trials()])

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
            segment: Its name; None: the segment with the fewest trials.
            count: How many, >= 1; a list of fewer if fewer are left.
            worker: Who asks. The same worker asking again gets its own unfinished trial back (not with `count`).
            fixed: Parameters held at a value.
            deadline: Seconds that the proposal may take, beside the disk: see `askntell.Optimizer.ask`.

        Raises:
            SpaceExhausted: the planned trials are spent, or every point was tried.
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
        names = sorted((s.name for s in self._books.segments), key=lambda name: len(self._books.history(name)))
        if worker is not None and resume:  # an unfinished trial of this worker comes first, wherever it is
            names.sort(key=lambda name: all(t.worker != worker for t in self._books.history(name).pending))
        for name in names[:-1]:
            try:
                return self._books.ask(name, worker=worker, resume=resume, **options)
            except SpaceExhausted:
                continue
        return self._books.ask(names[-1], worker=worker, resume=resume, **options)

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

    def enqueue(self, params: Mapping[str, Scalar], *, segment: str | None = None) -> None:
        """Make these params the next trial of a segment, durably, whatever the algorithm would propose."""
        self._books.enqueue(self._only_segment(segment), params)

    def _only_segment(self, segment: str | None) -> str:
        if segment is not None:
            return segment
        names = [s.name for s in self._books.segments]
        if len(names) > 1:
            raise SettingsError(
                f"the study has {len(names)} segments and none was named", hint=f"give segment=, such as {names[0]!r}"
            )
        return names[0]

    # ---- run -----------------------------------------------------------------------------------------------------

    def run(
        self,
        payload: Callable[..., object] | str | Sequence[str],
        *,
        backend: Backend | None = None,
        trials: int | None = None,
        parallel: int | None = None,
        segments: Sequence[str] | None = None,
        files: Mapping[str, str | os.PathLike[str]] | None = None,
        value: str | None = None,
        timeout_s: float | None = None,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        progress: bool | Listener = True,
        poll_s: float = 0.05,
    ) -> RunReport:
        """Run a payload until every segment has its trials. Interrupted and started again, it carries on.

        Args:
            payload: A callable that takes params, or a command with ``{name}`` placeholders (a string, or a list).
            backend: Where jobs run; default `askntell.Local`.
            trials: Trials per segment in the end, those before included; default the study's planned number.
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

        Raises:
            PayloadError: the payload cannot be run, or the first 20 trials failed and none ever gave a value.
            SettingsError: no number of trials, or another option is wrong.
            KeyboardInterrupt: on Ctrl-C, after the running jobs were ended.
        """
        from askntell.backends.local import Local
        from askntell.payload import Payload

        count = Problem(space=self.space, trials=self.planned if trials is None else trials).trials
        if count is None:
            raise SettingsError("run: no number of trials", hint="give trials=, the number per segment")
        if self.planned is not None and count > self.planned:
            raise SettingsError(
                f"run: trials={count} is more than the {self.planned} that the study plans for each segment",
                hint="create the study with a larger trials=, or without one",
            )
        if parallel is None:
            parallel = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if isinstance(parallel, bool) or not isinstance(parallel, int) or parallel < 1:
            raise SettingsError(f"run: parallel={parallel!r}; allowed: an integer >= 1")
        self.refresh()
        every = self._books.segments
        unknown = sorted(set(segments or ()) - {s.name for s in every})
        if unknown:
            self._books.history(unknown[0])  # raises, naming the segments there are
        chosen = every if segments is None else [s for s in every if s.name in set(segments)]
        listener = _listener(progress)
        runner = Runner(
            books=self._books,
            payload=Payload.of(
                payload,
                files=files,
                value=value,
                cwd=cwd,
                env=env,
                timeout_s=timeout_s,
                space=self.space,
                segments=chosen,
            ),
            backend=Local() if backend is None else backend,
            segments=chosen,
            trials=count,
            parallel=parallel,
            poll_s=poll_s,
            on_ask=listener.on_ask,
            on_tell=listener.on_tell,
        )
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


def _new_header(given: Mapping[str, object], goals: Goals, inputs_folder: str) -> Header:
    """The header of a study that does not exist yet; what was not given has its default."""
    settings: dict[str, Any] = {
        "algorithm": algorithm_from("auto"),
        "seed": 0,
        "trials": None,
        "segments": check_segments(()),
        **{key: value for key, value in given.items() if key not in ("objectives", "constraints")},
    }
    return Header(**settings, goals=goals, inputs_folder=inputs_folder)


def _listener(progress: bool | Listener) -> Listener:
    if progress is True:
        from askntell import _plugins

        made: Listener = _plugins.find("askntell.listeners", "progress", _LISTENERS)()
        return made
    return _Silent() if progress is False else progress


_LISTENERS = {"progress": "askntell.report.progress:listener"}  # a view: composed by name, never imported


@final
class _Silent:
    def on_start(self, study: Study, plan: Plan) -> None:
        """Nothing to show."""

    def on_ask(self, trial: Trial) -> None:
        """Nothing to show."""

    def on_tell(self, trial: Trial) -> None:
        """Nothing to show."""

    def on_end(self, report: RunReport) -> None:
        """Nothing to show."""


def _trial_entry(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "value": trial.value,
        "values": None if trial.values is None else dict(trial.values),
        "params": dict(trial.params),
        "by": trial.by,
    }


def _row(trial: Trial) -> dict[str, Any]:
    return {
        "segment": trial.segment,
        "number": trial.number,
        "status": str(trial.status),
        "value": trial.value,
        **{f"values.{name}": value for name, value in (trial.values or {}).items() if len(trial.values or {}) > 1},
        "failure": trial.failure,
        "by": trial.by,
        "attempt": trial.attempt,
        **{f"params.{name}": value for name, value in trial.params.items()},
    }
