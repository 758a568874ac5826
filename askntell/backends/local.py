"""This machine: commands under detached wrappers, Python callables in warm processes."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import final

from askntell._files import write_json
from askntell.backends._detached import Detached
from askntell.backends._processes import PROCESS, Identity, tag_of, wrappers
from askntell.backends._warm import Warm
from askntell.backends.backend import Backend, Capabilities, prepare_folder
from askntell.errors import BackendError, SettingsError
from askntell.job import JobSpec, JobStatus

__all__ = ["Local"]

_MARGIN_S = 5.0  # beyond the grace, for a wrapper to write its last file
_STEP_S = 0.005
_PATIENCE_S = 2.0  # for an idle warm process to end by itself


@final
class Local(Backend):
    """Runs jobs on this machine.

    A command runs under a wrapper in a session of its own: neither Ctrl-C in the driver's terminal nor the driver's
    death touches it, and the next driver finds it again (`find`). A Python callable runs in one of at most `parallel`
    warm processes, which keep their imports from job to job and end with the driver: a callable that was running then
    is lost unless it had called ``job.finish``.

    A job's id is its folder.

    Args:
        python: Interpreter for the wrappers and the warm processes; default the running one.
        grace_s: Seconds between TERM and KILL when a job is cancelled or out of time, >= 0.

    Raises:
        SettingsError: a setting is wrong, or there is no such interpreter.
    """

    def __init__(self, *, python: str | os.PathLike[str] = sys.executable, grace_s: float = 10.0) -> None:
        found = shutil.which(python)
        if found is None:
            raise SettingsError(f"python={os.fspath(python)!r} is no program that can be started")
        if isinstance(grace_s, bool) or not isinstance(grace_s, (int, float)) or not 0 <= grace_s < math.inf:
            raise SettingsError(f"grace_s={grace_s!r}; allowed: a number of seconds >= 0")
        self._python = str(Path(found).absolute())  # not resolved: a virtual environment is known by its link
        self._grace_s = float(grace_s)
        self._parallel = 0
        self._queue: deque[JobSpec] = deque()
        self._running: dict[str, tuple[JobSpec, Detached | Warm]] = {}
        self._ended: set[str] = set()
        self._pool: list[Warm] = []

    def __repr__(self) -> str:
        return f"Local(python={self._python!r}, grace_s={self._grace_s!r})"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(signals=True)

    def open(self, parallel: int) -> None:
        if isinstance(parallel, bool) or not isinstance(parallel, int) or parallel < 1:
            raise SettingsError(f"parallel={parallel!r}; allowed: an integer >= 1")
        if self._parallel:
            raise BackendError("this backend is open already", hint="close it first, or make another one")
        self._parallel = parallel

    def submit(self, spec: JobSpec) -> str:
        if not self._parallel:
            raise BackendError("this backend is not open", hint="call open(parallel) first")
        key = str(spec.folder)
        used = key in self._running or key in self._ended or any(spec.folder == other.folder for other in self._queue)
        if used or any((spec.folder / name).exists() for name in (PROCESS, "exit.json")):
            raise BackendError(
                f"job {spec.name!r}: its folder was used before",
                hint="another attempt needs another folder",
                path=str(spec.folder),
            )
        prepare_folder(spec)
        self._queue.append(spec)
        self._advance()
        return key

    def poll(self, ids: Iterable[str]) -> dict[str, JobStatus]:
        self._advance()
        return {key: self._status(key) for key in ids}

    def cancel(self, ids: Iterable[str]) -> None:
        wanted = set(ids)
        self._ended.update(str(spec.folder) for spec in self._queue if str(spec.folder) in wanted)
        self._queue = deque(spec for spec in self._queue if str(spec.folder) not in wanted)
        self._advance()
        ending: list[tuple[Path, Detached | Warm]] = []
        for key in wanted:
            job = self._running[key][1] if key in self._running else self._adopted(key)
            if job is not None:
                ending.append((Path(key), job))
                job.terminate(self._grace_s) if isinstance(job, Warm) else job.terminate()
        until = time.monotonic() + self._grace_s + _MARGIN_S
        for folder, job in ending:
            while not self._over(job) and time.monotonic() < until:
                if isinstance(job, Detached):
                    job.terminate()
                time.sleep(_STEP_S)
            # What left the program's group, or does not die, is found by its environment.
            rest = job if isinstance(job, Detached) else Detached.adopt(folder)
            while rest is not None and rest.kill() and time.monotonic() < until + _MARGIN_S:
                time.sleep(_STEP_S)
        self._advance()

    def find(self, names: Iterable[str]) -> dict[str, str]:
        tags = {tag_of(name): name for name in names}
        own = [*self._queue, *(spec for spec, _ in self._running.values())]
        found = {spec.name: str(spec.folder) for spec in own if tag_of(spec.name) in tags}
        for tag, folder in wrappers():
            if tag in tags and Identity.read(folder) is not None and not (folder / "exit.json").exists():
                found[tags[tag]] = str(folder)
        return found

    def close(self) -> None:
        self.cancel([*(str(spec.folder) for spec in self._queue), *self._running])
        for warm in self._pool:
            warm.let_go()
        for warm in self._pool:
            warm.release(_PATIENCE_S)
        self._pool.clear()
        self._ended.clear()
        self._parallel = 0

    def _status(self, key: str) -> JobStatus:
        if key in self._running:
            return JobStatus.RUNNING
        if key in self._ended:
            return JobStatus.ENDED
        if any(str(spec.folder) == key for spec in self._queue):
            return JobStatus.QUEUED
        folder = Path(key)
        if not folder.is_absolute():
            return JobStatus.UNKNOWN
        if (folder / "exit.json").exists():
            return JobStatus.ENDED
        job = Detached.adopt(folder)
        if job is None:
            return JobStatus.UNKNOWN
        return JobStatus.RUNNING if job.running() else JobStatus.ENDED

    def _adopted(self, key: str) -> Detached | None:
        return Detached.adopt(Path(key)) if self._status(key) is JobStatus.RUNNING else None

    def _over(self, job: Detached | Warm) -> bool:
        return job.step(self._grace_s) if isinstance(job, Warm) else not job.running()

    def _advance(self) -> None:
        """Notice what has ended, then give its place to what waits."""
        for key, (_, job) in list(self._running.items()):
            if self._over(job):
                del self._running[key]
                self._ended.add(key)
        for warm in [warm for warm in self._pool if warm.gone]:
            warm.release(0.0)
            self._pool.remove(warm)
        while self._queue and len(self._running) < self._parallel:
            self._start(self._queue.popleft())

    def _start(self, spec: JobSpec) -> None:
        key = str(spec.folder)
        try:
            if spec.call is None:
                self._running[key] = spec, Detached.start(spec, python=self._python, grace_s=self._grace_s)
            else:
                warm = self._idle()
                warm.run(spec)
                self._running[key] = spec, warm
        except BackendError:  # another process was faster with this folder; `_status` finds it there
            return
        except OSError as error:  # out of processes or descriptors, or the folder has gone
            self._ended.add(key)
            ending = {"status": None, "signal": None, "timed_out": False, "interrupted": False, "seconds": 0.0}
            with contextlib.suppress(OSError):
                write_json(
                    spec.folder / "exit.json", {"v": 1, **ending, "error": f"the job could not be started: {error}"}
                )

    def _idle(self) -> Warm:
        for warm in self._pool:
            if warm.idle:
                return warm
        self._pool.append(Warm(self._python))
        return self._pool[-1]
