"""Which process is meant by a number: pids are reused, so a process is known by its pid and its start."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["start_token"]


def start_token(pid: int) -> str:
    """A text without spaces that no other process with this pid shares, or "" if no such process runs.

    From the kernel's start time and boot identity on Linux, from ``ps`` elsewhere. A zombie does not run.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _from_ps(pid)
    fields = stat[stat.rindex(b")") + 2 :].split()  # the program's name may hold spaces and parentheses
    if fields[0] in (b"Z", b"X"):
        return ""
    return f"{fields[19].decode()}@{_boot()}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii")[:8]
    except OSError:
        return "-"


def _from_ps(pid: int) -> str:
    try:
        done = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().replace(" ", "_")
