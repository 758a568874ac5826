"""What an engine must do for a driver, in words; `askntell.testing.BackendLaws` tests these words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, final

from askntell._files import make_folders, write_json
from askntell.job import JobSpec, JobStatus

__all__ = ["Backend", "Capabilities", "prepare_folder"]


@final
@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What an engine can do beyond running a program.

    Attributes:
        walltime: It ends a job itself after a time that the submission names.
        signals: A job gets a signal, and time to react, before it is killed.
        arrays: Many jobs are submitted at the price of one.
        gpus: A job can ask for GPUs and gets its own.
        nodes: A job can span several machines.
    """

    walltime: bool = False
    signals: bool = False
    arrays: bool = False
    gpus: bool = False
    nodes: bool = False


class Backend(ABC):
    """Runs jobs. A driver calls it from one thread.

    **A job is its folder.** The engine brings ``python -m askntell.worker run FOLDER`` (or the equivalent for a
    callable) to a machine that sees the folder; everything about the job's success is read from there.
    ``exit.json`` appears last. A job that is `ENDED` without ``exit.json`` was *lost* with its machine or its wrapper:
    that ends the attempt and says nothing about the trial.

    **One folder, one run.** The same job is never run twice, whatever a driver does that died between submitting a job
    and writing that down. Another try is another folder.

    **The engine's word on a job is not final until it is `ENDED`.** What an unreachable engine does not say leaves
    the job as it was.
    """

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this engine can do."""

    @abstractmethod
    def open(self, parallel: int) -> None:
        """Get ready to run up to `parallel` jobs at a time. After `close` it may be opened again.

        Raises:
            BackendError: the engine is not there, or this object is open already.
        """

    @abstractmethod
    def submit(self, spec: JobSpec) -> str:
        """Accept a job and return at once; more than `parallel` jobs wait in the order of submission.

        Writes ``job.json`` (see `prepare_folder`) unless it is there.

        Returns:
            The engine's id of the job. It means the same to another driver on the same engine.

        Raises:
            BackendError: the folder holds a job that was started before, or the engine refuses.
        """

    @abstractmethod
    def poll(self, ids: Iterable[str]) -> dict[str, JobStatus]:
        """The status of every id given, asked from the engine in one go; ids nobody knows are `UNKNOWN`."""

    @abstractmethod
    def cancel(self, ids: Iterable[str]) -> None:
        """End jobs with all processes they started, and return when these are gone.

        A running program gets TERM, and KILL after a grace. Its ``exit.json`` says ``interrupted``. Jobs that have
        ended or are not known are left alone.
        """

    @abstractmethod
    def find(self, names: Iterable[str]) -> dict[str, str]:
        """The ids of those jobs that are waiting or running, by `JobSpec.name`; others are absent.

        This is how a driver that died and came back learns which of its jobs are still there.
        """

    @abstractmethod
    def close(self) -> None:
        """End all jobs that this object submitted and release everything. Closing twice is no error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def prepare_folder(spec: JobSpec) -> None:
    """Make a job's folder with its ``job.json``, unless that is there."""
    if not (spec.folder / "job.json").exists():
        make_folders(spec.folder)
        write_json(spec.folder / "job.json", spec.to_dict())
