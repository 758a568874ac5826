"""Processes of jobs on this machine: which one a folder's job is, whether it lives, and how it is ended.

``process.json`` names the process that runs the job of a folder. It is created once and never replaced, so it is also
what keeps a second run out of the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import final

import askntell
from askntell._files import DISK, load_json
from askntell._process import start_token
from askntell.errors import StudyFormatError

__all__ = ["PROCESS", "WORKER", "Identity", "group_runs", "processes_of", "signal_group", "tag_of", "wrappers"]

WORKER = Path(askntell.__file__).resolve().parent / "worker" / "__main__.py"
"""Started by path, so that the jobs of a driver run the driver's own askntell."""

PROCESS = "process.json"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """One process among all that ever had its pid.

    Attributes:
        pid: Its number.
        start: See `askntell._process.start_token`.
        host: The machine, and on Linux the namespace, in which the number means something.
    """

    pid: int
    start: str
    host: str

    @classmethod
    def of(cls, pid: int) -> Identity:
        """The process that has this pid now."""
        return cls(pid=pid, start=start_token(pid), host=_host())

    @classmethod
    def read(cls, folder: Path) -> Identity | None:
        """The process of a folder's job, or None if none was started."""
        try:
            kept = load_json(DISK.read(folder / PROCESS))
            return cls(pid=kept["pid"], start=kept["start"], host=kept["host"])
        except (OSError, StudyFormatError, KeyError, TypeError):  # unreadable: the starter died while writing it
            return None

    def claim(self, folder: Path) -> bool:
        """Write ``process.json``; False if another process has the folder.

        Not synced: when the machine goes down the process is gone as well.
        """
        try:
            descriptor = DISK.create(folder / PROCESS)
        except FileExistsError:
            return False
        try:
            DISK.write(descriptor, (json.dumps({"v": 1, **asdict(self)}) + "\n").encode())
        finally:
            DISK.close(descriptor)
        return True

    @property
    def here(self) -> bool:
        """Whether this machine can tell if the process lives."""
        return self.host == _host()

    @property
    def lives(self) -> bool:
        """Whether it runs; never true for another process that got its pid."""
        return self.start != "" and start_token(self.pid) == self.start

    def send(self, number: int) -> bool:
        """Send a signal to this process and to no other; return whether it was there."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        except (AttributeError, OSError):  # not Linux, or an old kernel: a reused pid may slip in between the two
            return self.lives and _sent(lambda: os.kill(self.pid, number))
        try:
            return self.lives and _sent(lambda: signal.pidfd_send_signal(descriptor, number))
        finally:
            os.close(descriptor)


def _sent(send: Callable[[], None]) -> bool:
    try:
        send()
    except ProcessLookupError:
        return False
    return True


@cache
def _host() -> str:
    with contextlib.suppress(OSError):
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()}"
    return socket.gethostname()


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; return whether it has members."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        return False
    return True


def group_runs(group: int) -> bool:
    """Whether a process group has a member that is no zombie; some init processes collect zombies late."""
    if not Path("/proc/self/stat").exists():
        return signal_group(group, 0)
    for pid in _pids():
        with contextlib.suppress(OSError):
            state, _, pgrp = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split(None, 3)[:3]
            if int(pgrp) == group and state not in (b"Z", b"X"):
                return True
    return False


def processes_of(folder: Path) -> list[Identity]:
    """All processes that belong to the job of a folder, wherever they moved: known by their environment.

    Finds what left its process group, and what outlived a killed wrapper. Linux only; elsewhere an empty list.
    """
    mark = b"\0ASKNTELL_JOB=" + os.fsencode(folder) + b"\0"
    found = []
    for pid in _pids():
        with contextlib.suppress(OSError):  # another user's, or gone
            if mark in b"\0" + Path(f"/proc/{pid}/environ").read_bytes():
                found.append(Identity.of(pid))
    return [process for process in found if process.start]


def tag_of(name: str) -> str:
    """A job's name in a form that stands safely in any command line, 32 hexadecimal digits."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def wrappers() -> Iterator[tuple[str, Path]]:
    """(tag, folder) of every wrapper that runs on this machine as this user."""
    for words in _command_lines():
        if len(words) >= 5 and words[-1].startswith("--tag=") and words[-5] == "run":
            yield words[-1].removeprefix("--tag="), Path(words[-4])


def _pids() -> Iterator[int]:
    with contextlib.suppress(OSError):
        yield from (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _command_lines() -> Iterator[list[str]]:
    if Path("/proc/self/cmdline").exists():
        for pid in _pids():
            with contextlib.suppress(OSError):
                yield os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")[:-1]
        return
    done = subprocess.run(["ps", "-xww", "-o", "command="], capture_output=True, check=False)
    for line in os.fsdecode(done.stdout).splitlines():
        # Words are joined by spaces here, and a folder may hold some: cut at the words around it, which are known.
        folder, _, options = line.partition(f"{WORKER} run ")[2].rpartition(" --grace-s=")
        yield ["run", folder, *options.split(" ")]
