"""One submitted process, described for any engine. Nothing here knows of optimisation.

The contract between a driver and a job is the job's folder; `docs/formats/job.md` specifies it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import final

from askntell.errors import BackendError

__all__ = ["Call", "JobSpec", "JobStatus"]

VERSION = 1


class JobStatus(StrEnum):
    """What an engine says about a job. Whether the job succeeded is read from its folder, never from here."""

    QUEUED = "queued"  #: accepted, not started
    RUNNING = "running"  #: started
    ENDED = "ended"  #: will write nothing more
    UNKNOWN = "unknown"  #: the engine does not know this job


@final
@dataclass(frozen=True, kw_only=True)
class Call:
    """A Python callable by name, so that another process can import it.

    Attributes:
        module: Module name, or "" when `script` is given.
        script: Absolute path of the script that defines it (its ``__main__``), or "".
        name: Qualified name in the module, such as ``train`` or ``Model.fit``.
        folders: Absolute folders put in front of ``sys.path``.
        arguments: The words behind a script's name in ``sys.argv``, which it may read while it is imported.
    """

    module: str = ""
    script: str = ""
    name: str
    folders: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


@final
@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What to run. Exactly one of `argv` and `call` is set.

    Attributes:
        name: Unique for every attempt of every trial; engines find a job again by it.
        folder: Absolute folder of this attempt; the job reads and writes here.
        argv: Program and arguments; never interpreted by a shell.
        call: A Python callable, called with the params as one dict.
        cwd: Absolute working folder of the program.
        env: Variables added to the environment.
        launch_dir: Absolute folder that stands first in the job's PYTHONPATH, or None.
        timeout_s: Seconds after which the job is ended, or None.
        deadline: Unix time from which on the job is asked to stop by itself (`Job.should_stop`), or None.
        context: What the job may read with `askntell.worker`: params, segment, number, attempt, inputs, features.

    Raises:
        BackendError: neither or both of `argv` and `call`, a relative folder, or a text that no process can receive.
    """

    name: str
    folder: Path
    argv: tuple[str, ...] = ()
    call: Call | None = None
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    launch_dir: Path | None = None
    timeout_s: float | None = None
    deadline: float | None = None
    context: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.argv) == (self.call is not None):
            raise BackendError(f"job {self.name!r} has argv={self.argv!r} and call={self.call!r}; allowed: one of them")
        for label, folder in (("folder", self.folder), ("cwd", self.cwd), ("launch_dir", self.launch_dir)):
            if folder is not None and not folder.is_absolute():
                raise BackendError(f"job {self.name!r}: {label} {str(folder)!r} is not absolute")
        if self.timeout_s is not None and not 0 < self.timeout_s < math.inf:
            raise BackendError(f"job {self.name!r}: timeout_s={self.timeout_s!r}; allowed: a number of seconds > 0")
        for text in (self.name, *self.argv, *self.env, *self.env.values()):
            if "\0" in text:
                raise BackendError(f"job {self.name!r}: {text!r} holds a NUL, which no process can receive")
        for variable in self.env:
            if not variable or "=" in variable:
                raise BackendError(f"job {self.name!r}: {variable!r} is no name of an environment variable")

    def to_dict(self) -> dict[str, object]:
        """The content of ``job.json``."""
        return {
            "v": VERSION,
            "name": self.name,
            "argv": list(self.argv),
            "call": None if self.call is None else asdict(self.call),
            "cwd": str(self.cwd),
            "env": dict(self.env),
            "launch_dir": None if self.launch_dir is None else str(self.launch_dir),
            "timeout_s": self.timeout_s,
            "deadline": self.deadline,
            "context": dict(self.context),
        }
