"""A program under its wrapper, in a session of its own: it outlives the driver and can be taken over by the next."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import final

from askntell._files import DISK
from askntell.backends._processes import WORKER, Identity, processes_of, tag_of
from askntell.errors import BackendError
from askntell.job import JobSpec

__all__ = ["Detached"]


@final
class Detached:
    """One started job; made by `start` or `adopt`."""

    def __init__(self, folder: Path, identity: Identity, handle: subprocess.Popen[bytes] | None) -> None:
        self.folder = folder
        self._identity = identity
        self._handle = handle
        self._asked: set[Identity] = set()

    @classmethod
    def start(cls, spec: JobSpec, *, python: str, grace_s: float) -> Detached:
        """Start the wrapper of a job.

        The wrapper waits for a line on its standard input until ``process.json`` is written. So there is no moment
        at which a program runs that nobody could find again; if this driver dies before, nothing was started.

        Raises:
            OSError: no process can be started.
            BackendError: another process has the folder.
        """
        # Isolated, without site, UTF-8: files beside the user's program or variables of its environment must not
        # change the wrapper; they reach the program untouched.
        words = [python, "-I", "-S", "-X", "utf8", str(WORKER), "run", str(spec.folder)]
        options = [f"--grace-s={grace_s}", "--wait", f"--tag={tag_of(spec.name)}"]
        # What a wrapper has to say for itself stands with the program's words.
        with os.fdopen(DISK.create(spec.folder / "stderr.txt"), "ab") as errors:
            handle = subprocess.Popen(
                [*words, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd="/",
                start_new_session=True,
            )
        assert handle.stdin is not None
        identity = Identity.of(handle.pid)
        claimed = False
        try:
            claimed = identity.claim(spec.folder)
            if claimed:
                with contextlib.suppress(BrokenPipeError):  # it died at once; its end is seen at the next poll
                    handle.stdin.write(b"go\n")
                    handle.stdin.flush()
        finally:
            with contextlib.suppress(BrokenPipeError):
                handle.stdin.close()
            if not claimed:
                handle.wait()
        if not claimed:
            raise BackendError(f"job {spec.name!r} runs already", path=str(spec.folder))
        return cls(spec.folder, identity, handle)

    @classmethod
    def adopt(cls, folder: Path) -> Detached | None:
        """The job that some driver started in a folder of this machine, or None."""
        identity = Identity.read(folder)
        return None if identity is None or not identity.here else cls(folder, identity, None)

    def running(self) -> bool:
        """Whether the job may still write into its folder."""
        if self._identity.lives if self._handle is None else self._handle.poll() is None:
            return True
        # A wrapper that was killed leaves its program behind, and that may still hand back a value.
        return not (self.folder / "exit.json").exists() and bool(processes_of(self.folder))

    def terminate(self) -> None:
        """Ask the job to end: the wrapper hands the signal on and kills after its grace.

        Call it again while the job lasts: no process is asked twice, and what a dying wrapper did not hand on reaches
        the program then.
        """
        for process in [self._identity] if self._identity.lives else processes_of(self.folder):
            if process not in self._asked:
                self._asked.add(process)
                process.send(signal.SIGTERM)

    def kill(self) -> bool:
        """Kill whatever is left of the job; return whether there was something."""
        found = [process for process in (self._identity, *processes_of(self.folder)) if process.send(signal.SIGKILL)]
        if self._handle is not None:
            self._handle.poll()
        return bool(found)
