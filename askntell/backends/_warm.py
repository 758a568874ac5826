"""A process that imports once and runs many Python callables, seen from the driver. It never outlives the driver."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from typing import final

from askntell._files import write_json
from askntell.backends._processes import WORKER, Identity, group_runs, signal_group
from askntell.errors import BackendError
from askntell.job import JobSpec

__all__ = ["Warm"]


@final
class Warm:
    """One process with at most one job at a time."""

    def __init__(self, python: str) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- closed in `_release`; what python says at its start
        try:
            self._handle = subprocess.Popen(
                [python, str(WORKER), "serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            self._errors.close()
            raise
        assert self._handle.stdin is not None and self._handle.stdout is not None
        self._requests, self._answers = self._handle.stdin, self._handle.stdout
        os.set_blocking(self._answers.fileno(), False)
        self._identity = Identity.of(self._handle.pid)
        self._spec: JobSpec | None = None
        self._began = 0.0
        self._kill_at: float | None = None
        self._timed_out = False
        self._leaving = False

    @property
    def idle(self) -> bool:
        """Whether it would take a job."""
        return self._spec is None and not self._leaving and self._handle.poll() is None

    @property
    def gone(self) -> bool:
        """Whether the process has ended and can be forgotten."""
        return self._spec is None and self._handle.poll() is not None

    def run(self, spec: JobSpec) -> None:
        """Begin a job.

        Raises:
            BackendError: another process has the folder.
        """
        if not self._identity.claim(spec.folder):
            raise BackendError(f"job {spec.name!r} runs already", path=str(spec.folder))
        self._spec, self._began = spec, time.monotonic()
        self._kill_at, self._timed_out = None, False
        with contextlib.suppress(BrokenPipeError):  # it died; `step` sees it
            self._requests.write((json.dumps({"folder": str(spec.folder)}) + "\n").encode())
            self._requests.flush()

    def step(self, grace_s: float) -> bool:
        """Look at the job once; return whether it has ended. Its folder is complete then."""
        if self._spec is None:
            return True
        answer = self._answers.read()
        if answer:
            self._leaving = bool(json.loads(answer)["last"])
            self._spec = None
            return True
        now = time.monotonic()
        if self._handle.poll() is not None:
            self._bury(self._spec)
            return True
        if self._kill_at is not None and now >= self._kill_at:
            signal_group(self._handle.pid, signal.SIGKILL)
        elif self._kill_at is None and self._spec.timeout_s is not None and now - self._began >= self._spec.timeout_s:
            self._timed_out = True
            self.terminate(grace_s)
        return False

    def terminate(self, grace_s: float) -> None:
        """Ask the process to end; `step` kills it after the grace."""
        self._kill_at = self._kill_at or time.monotonic() + grace_s
        self._leaving = True
        signal_group(self._handle.pid, signal.SIGTERM)

    def let_go(self) -> None:
        """Close its standard input: an idle process ends by itself."""
        self._leaving = True
        with contextlib.suppress(OSError):
            self._requests.close()

    def release(self, patience_s: float) -> None:
        """Wait for the end of a process that was let go, kill it after the patience, close all descriptors."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._handle.wait(patience_s)
        self._clear()
        self.let_go()
        self._answers.close()
        self._errors.close()

    def _clear(self) -> None:
        """Kill the process with its group, and wait until the group is empty."""
        until = time.monotonic() + 2.0
        while signal_group(self._handle.pid, signal.SIGKILL) and time.monotonic() < until:
            self._handle.poll()
            if not group_runs(self._handle.pid):
                break
            time.sleep(0.002)
        self._handle.wait()

    def _bury(self, spec: JobSpec) -> None:
        """Write the ``exit.json`` of a job whose process died under it."""
        self._clear()
        self._spec = None
        if (spec.folder / "exit.json").exists():
            return
        code = self._handle.returncode
        ending: dict[str, object] = {
            "v": 1,
            "status": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "timed_out": self._timed_out,
            "interrupted": self._kill_at is not None and not self._timed_out,
            "seconds": round(time.monotonic() - self._began, 4),
        }
        if not (spec.folder / "stdout.txt").exists():
            self._errors.seek(0)
            last = self._errors.read()[-4096:].decode("utf-8", "replace").strip().splitlines()[-1:]
            ending["error"] = f"the process for callables could not be started: {' '.join(last)}"
        write_json(spec.folder / "exit.json", ending)
