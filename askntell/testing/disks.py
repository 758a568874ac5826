"""File systems that fail, to be put in the place of the real one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import final

from askntell._files import Disk, LocalDisk

__all__ = ["FailingDisk"]


@final
class FailingDisk:
    """The real disk, except that one call of those that change something fails.

    Args:
        fail_at: Which changing call fails, counted from 1; None: none does (then `calls` says how many there were).
        error: The ``errno`` it fails with.
        torn: Whether a failing write leaves half of its bytes in the file, as a full disk does.
    """

    def __init__(self, fail_at: int | None = None, *, error: int, torn: bool = True) -> None:
        self.fail_at = fail_at
        self.calls = 0
        self.failed: str | None = None
        self._error = error
        self._torn = torn
        self._disk: Disk = LocalDisk()

    def _step(self, name: str) -> None:
        self.calls += 1
        if self.calls == self.fail_at:
            self.failed = name
            raise OSError(self._error, os.strerror(self._error))

    def make_folder(self, folder: Path) -> None:
        self._step("make_folder")
        self._disk.make_folder(folder)

    def create(self, path: Path) -> int:
        self._step("create")
        return self._disk.create(path)

    def write(self, descriptor: int, data: bytes) -> int:
        try:
            self._step("write")
        except OSError:
            if self._torn:
                self._disk.write(descriptor, data[: len(data) // 2])
            raise
        return self._disk.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._step("sync")
        self._disk.sync(descriptor)

    def close(self, descriptor: int) -> None:
        self._disk.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        self._step("rename")
        self._disk.rename(old, new)

    def link(self, old: Path, new: Path) -> None:
        self._step("link")
        self._disk.link(old, new)

    def same(self, one: Path, other: Path) -> bool:
        return self._disk.same(one, other)

    def remove(self, path: Path) -> None:
        self._step("remove")
        self._disk.remove(path)

    def read(self, path: Path, offset: int = 0) -> bytes:
        return self._disk.read(path, offset)

    def exists(self, path: Path) -> bool:
        return self._disk.exists(path)

    def names(self, folder: Path) -> list[str]:
        return self._disk.names(folder)

    def sync_folder(self, folder: Path) -> None:
        self._step("sync_folder")
        self._disk.sync_folder(folder)
