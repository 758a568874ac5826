"""Runs one job's program in a process group of its own and writes down how it ended, whatever happens.

Signals: TERM and INT are handed on to the whole group; what is left of it after the grace is killed. The loop sleeps
in one `select` on a pipe into which the interpreter writes the number of every signal, so that the end of the program
is seen at once and without polling.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

from askntell.worker import files

TYPE_CHECKING = False  # see files.py
if TYPE_CHECKING:
    from typing import Any, Dict, List

__all__ = ["run"]

_LINGER_S = 1.0  # for what a program leaves running behind itself


def run(folder: str, *, grace_s: float = 10.0, wait: bool = False) -> int:
    """Run the job of a folder to its end.

    Args:
        folder: Absolute folder with ``job.json``.
        grace_s: Seconds between TERM and KILL.
        wait: Start only when a line comes on standard input; if it closes instead, end without a trace.

    Returns:
        0 when ``exit.json`` was written, whatever the program's own status; 1 when the starter is gone.
    """
    if wait and not sys.stdin.readline():
        return 1
    began = time.monotonic()
    ending: Dict[str, Any] = dict.fromkeys(("status", "signal"))
    ending.update(v=files.VERSION, timed_out=False, interrupted=False)
    with _Signals() as signals:
        try:
            job = files.read_job(folder)
            process = _start(folder, job)
        except (OSError, ValueError, KeyError, TypeError, files.JobError) as error:
            ending["error"] = "the program could not be started: {}".format(error)
        else:
            ending.update(_watch(process, signals, job.get("timeout_s"), grace_s))
    ending["seconds"] = round(time.monotonic() - began, 4)
    files.write_json(os.path.join(folder, files.EXIT), ending)
    return 0


def environment(folder: str, job: Dict[str, Any]) -> Dict[str, str]:
    """The variables that a job adds to or changes in the environment of its machine."""
    added = dict(job.get("env", {}))
    added["ASKNTELL_JOB"] = folder
    launch_dir = job.get("launch_dir")
    if launch_dir is not None:
        added["ASKNTELL_LAUNCH_DIR"] = launch_dir
        rest = added.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
        added["PYTHONPATH"] = launch_dir + os.pathsep + rest if rest else launch_dir
    return added


def _start(folder: str, job: Dict[str, Any]) -> subprocess.Popen[bytes]:
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    argv: List[str] = job.get("argv") or [sys.executable, program, "call", folder]
    env = dict(os.environ)
    env.update(environment(folder, job))
    with open_output(folder, files.STDOUT) as out, open_output(folder, files.STDERR) as err:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=job["cwd"], env=env, start_new_session=True
        )


def open_output(folder: str, name: str) -> Any:
    """Open an output file of the folder for appending, unbuffered."""
    descriptor = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab", buffering=0)


def _watch(
    process: subprocess.Popen[bytes], signals: _Signals, timeout_s: float | None, grace_s: float
) -> Dict[str, Any]:
    """Wait for the end; return status, signal, timed_out and interrupted."""
    timed_out = interrupted = False
    limit = None if timeout_s is None else time.monotonic() + timeout_s
    kill_at = None
    while process.poll() is None:
        due = kill_at if kill_at is not None else limit
        came = signals.wait(None if due is None else due - time.monotonic())
        if process.poll() is not None:
            break
        now = time.monotonic()
        for number in came & {signal.SIGTERM, signal.SIGINT}:
            interrupted = interrupted or not timed_out
            _signal_group(process.pid, number)
            kill_at = kill_at if kill_at is not None else now + grace_s
        if kill_at is not None and now >= kill_at:
            _signal_group(process.pid, signal.SIGKILL)
            kill_at = now + 1.0  # a process in an uninterruptible wait dies later; look again, do not spin
        elif kill_at is None and limit is not None and now >= limit:
            timed_out, kill_at = True, now + grace_s
            _signal_group(process.pid, signal.SIGTERM)
    _clear_group(process.pid)
    return dict(ending_of(process.returncode), timed_out=timed_out, interrupted=interrupted)


def ending_of(code: int) -> Dict[str, Any]:
    """Status and signal of ``exit.json`` from a return code of `subprocess`, negative for a signal."""
    return {"status": code if code >= 0 else None, "signal": -code if code < 0 else None}


def _clear_group(group: int) -> None:
    """End what the program left running, so that nothing writes into the folder after ``exit.json``."""
    if not _signal_group(group, signal.SIGTERM):
        return
    until = time.monotonic() + _LINGER_S
    while time.monotonic() < until:
        if not _runs(group):
            return
        time.sleep(0.01)
    _signal_group(group, signal.SIGKILL)


def _runs(group: int) -> bool:
    """Whether a group has a member that is no zombie; some init processes collect zombies late."""
    if not os.path.exists("/proc/self/stat"):
        return _signal_group(group, 0)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/{}/stat".format(pid), "rb") as file:
                fields = file.read().rpartition(b") ")[2].split(None, 3)
        except OSError:
            continue  # gone
        if int(fields[2]) == group and fields[0] not in (b"Z", b"X"):
            return True
    return False


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        return False
    return True


class _Signals:
    """Arrivals of TERM, INT and CHLD, as numbers on a pipe, while the context is open."""

    def __enter__(self) -> _Signals:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
        self._before = {number: signal.signal(number, lambda *_: None) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float | None) -> set[int]:
        """The numbers that came; empty after `seconds`."""
        select.select([self._read], [], [], None if seconds is None else max(seconds, 0.0))
        try:
            return set(os.read(self._read, 4096))
        except BlockingIOError:
            return set()
