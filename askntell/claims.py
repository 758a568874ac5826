"""Claims of trial numbers: two processes never get the same one, locks or not."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import final

from askntell._files import Disk, claim, dump_json, load_json, make_folders, write_atomic
from askntell.segments import folder_name

__all__ = ["Claims"]


@final
class Claims:
    """The folder in which a hard link to a process's private token says whose a number is.

    Args:
        folder: The study's ``claims``.
        disk: The file system.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._tokens: dict[str | None, Path] = {}

    def take(self, segment: str, number: int, *, writer: str, worker: str | None, recorded: bool) -> bool:
        """Claim a number of a segment.

        Args:
            segment: Its name.
            number: The number.
            writer: The journal file of this process.
            worker: Who asks; a number that a worker of this name claimed is the worker's, unless it is `recorded`:
                the worker died before it recorded what it asked.
            recorded: Whether the number has a trial.

        Returns:
            Whether the number is the caller's.
        """
        folder = self._folder / folder_name(segment)
        token = self._token(writer, worker)
        make_folders(folder, disk=self._disk)
        name = folder / str(number)
        if claim(token, name, disk=self._disk):
            return True
        return worker is not None and not recorded and load_json(self._disk.read(name)).get("worker") == worker

    def release(self, segment: str, number: int) -> None:
        """Give a number back that no trial will have."""
        with contextlib.suppress(OSError):
            self._disk.remove(self._folder / folder_name(segment) / str(number))

    def close(self) -> None:
        """Remove this process's tokens; its claims stay."""
        for token in self._tokens.values():
            with contextlib.suppress(OSError):
                self._disk.remove(token)
        self._tokens.clear()

    def _token(self, writer: str, worker: str | None) -> Path:
        if worker not in self._tokens:
            make_folders(self._folder, disk=self._disk)
            token = self._folder / f".{secrets.token_hex(12)}"
            content = dump_json({"writer": writer, "worker": worker})
            write_atomic(token, content.encode("utf-8"), disk=self._disk)
            self._tokens[worker] = token
        return self._tokens[worker]
