"""The warm process: imports once, runs many callables, one at a time.

Standard input brings one JSON line per request, ``{"folder": ...}``; the original standard output takes one JSON line
per answer, ``{"folder": ..., "last": false}``, once the folder's ``exit.json`` is there. ``"last": true`` says that
this process ends by itself, because memory ran out in it. When standard input closes, the driver is gone: an idle
process ends, a busy one kills itself and its process group.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import queue
import signal
import sys
import threading
import time

from askntell.worker import callables, files
from askntell.worker.wrapper import environment, open_output

TYPE_CHECKING = False  # see files.py
if TYPE_CHECKING:
    from typing import IO, Any, Dict, Iterator

__all__ = ["serve"]


def serve() -> int:
    """Answer requests until standard input closes."""
    requests, answers = os.dup(0), os.dup(1)  # private: not inherited by what a callable starts
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    streams = _Streams()
    faulthandler.enable(file=2)
    inbox = _Inbox(requests)
    while True:
        folder = inbox.next()
        if folder is None:
            return 0
        last = _run(folder, streams)
        inbox.done()
        os.write(answers, (json.dumps({"folder": folder, "last": last}) + "\n").encode())
        if last:
            return 0


def _run(folder: str, streams: _Streams) -> bool:
    """Run one request and publish its ``exit.json``; return whether this process should end."""
    began = time.monotonic()
    try:
        job = files.read_job(folder)
        with _surroundings(folder, job), streams.into(folder):
            ending = callables.execute(job)
    except (OSError, ValueError, KeyError, TypeError, files.JobError) as error:
        ending = {"status": 1, "error": "the callable could not be started: {}".format(error)}
    ending.update(
        v=files.VERSION, signal=None, timed_out=False, interrupted=False, seconds=round(time.monotonic() - began, 4)
    )
    files.write_json(os.path.join(folder, files.EXIT), ending)
    return ending.get("kind") == "memory"


@contextlib.contextmanager
def _surroundings(folder: str, job: Dict[str, Any]) -> Iterator[None]:
    """The job's environment and working folder, put back afterwards."""
    before = dict(os.environ)
    os.environ.update(environment(folder, job))
    try:
        os.chdir(job["cwd"])
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)
        os.chdir("/")  # no hold on a folder that the user may remove


class _Inbox:
    """Requests, read by a thread of its own so that a driver's death is noticed while a callable runs."""

    def __init__(self, descriptor: int) -> None:
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._open = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._read, args=(descriptor,), daemon=True).start()

    def next(self) -> str | None:
        return self._queue.get()

    def done(self) -> None:
        with self._lock:
            self._open -= 1

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, encoding="utf-8") as lines:
            for line in lines:
                with self._lock:
                    self._open += 1
                self._queue.put(json.loads(line)["folder"])
        with self._lock:
            if self._open:
                leader = os.getpid() == os.getpgrp()
                os.killpg(os.getpgrp(), signal.SIGKILL) if leader else os.kill(os.getpid(), signal.SIGKILL)
        self._queue.put(None)


class _Streams:
    """Standard output and error, sent to one job's files at the level of descriptors, for C code's output too."""

    def __init__(self) -> None:
        self._idle = (os.dup(1), os.dup(2))
        self._made = [self._make(1), self._make(2)]
        self._flush_c = ctypes.CDLL(None).fflush

    @staticmethod
    def _make(descriptor: int) -> IO[str]:
        # closefd=False: a callable that closes sys.stdout must not close the descriptor for all that follow.
        return open(
            descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", newline="\n", closefd=False
        )

    @contextlib.contextmanager
    def into(self, folder: str) -> Iterator[None]:
        """Send everything to the folder's files while the context is open."""
        for descriptor, name in ((1, files.STDOUT), (2, files.STDERR)):
            with open_output(folder, name) as file:
                os.dup2(file.fileno(), descriptor)
        # The objects stay the same from job to job: a logging handler of the first one still writes to the right file.
        for i, stream in enumerate(self._made):
            if stream.closed:
                self._made[i] = self._make(i + 1)
        sys.stdout, sys.stderr = self._made
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr, *self._made):
                with contextlib.suppress(Exception):  # whatever the callable put there
                    stream.flush()
            self._flush_c(None)  # C buffers would land in the next job's file
            os.dup2(self._idle[0], 1)
            os.dup2(self._idle[1], 2)
