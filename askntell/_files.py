"""The only room that touches files on behalf of a study: durable writes, atomic names, strict JSON.

Everything goes through a `Disk`, so that tests put a simulated or failing file system in its place
(`askntell.testing.FailingDisk`). Rules kept here and nowhere else: a file appears complete or not at all
(temporary name in the same folder, fsync, rename, fsync of the folder); new files are 0600 and folders 0700.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import secrets
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, final

from askntell.errors import StudyFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DISK",
    "Disk",
    "LocalDisk",
    "append",
    "claim",
    "dump_json",
    "load_json",
    "make_folders",
    "read_json",
    "write_atomic",
    "write_json",
    "write_once",
]

MAX_DEPTH = 32
MAX_INT = 2**63


class Disk(Protocol):
    """The few primitive operations a study needs. Every method raises `OSError` as the operating system gives it."""

    def make_folder(self, folder: Path) -> None:
        """Create one folder (0700); its parent exists. `FileExistsError` if the name is taken."""

    def create(self, path: Path) -> int:
        """Create a file (0600) that must not exist yet, following no link; return a descriptor that appends."""

    def write(self, descriptor: int, data: bytes) -> int:
        """Append bytes; returns how many were taken, which may be fewer."""

    def sync(self, descriptor: int) -> None:
        """Make what was written durable. After an error the descriptor must not be used again."""

    def close(self, descriptor: int) -> None:
        """Close a descriptor of `create`."""

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name in the same folder, replacing what had that name."""

    def link(self, old: Path, new: Path) -> None:
        """Give a file a second name. `FileExistsError` if the name is taken."""

    def same(self, one: Path, other: Path) -> bool:
        """Whether two names are one file."""

    def remove(self, path: Path) -> None:
        """Remove a name."""

    def read(self, path: Path, offset: int = 0) -> bytes:
        """The bytes of a file from `offset` on. Opens the file anew: NFS shows others' writes at open only."""

    def exists(self, path: Path) -> bool:
        """Whether a name is there."""

    def names(self, folder: Path) -> list[str]:
        """Sorted names in a folder; empty if there is no such folder."""

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""


@final
class LocalDisk:
    """The file system as this machine has it mounted; see `Disk` for what each method promises."""

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)

    def create(self, path: Path) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        return os.open(path, flags, 0o600)

    def write(self, descriptor: int, data: bytes) -> int:
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        getattr(os, "fdatasync", os.fsync)(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        old.replace(new)

    def link(self, old: Path, new: Path) -> None:
        os.link(old, new)

    def same(self, one: Path, other: Path) -> bool:
        return one.samefile(other)

    def remove(self, path: Path) -> None:
        path.unlink()

    def read(self, path: Path, offset: int = 0) -> bytes:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read()

    def exists(self, path: Path) -> bool:
        return path.exists()

    def names(self, folder: Path) -> list[str]:
        try:
            return sorted(entry.name for entry in folder.iterdir())
        except FileNotFoundError:
            return []

    def sync_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some file systems cannot sync a folder
                raise
        finally:
            os.close(descriptor)


DISK: Disk = LocalDisk()


def make_folders(folder: Path, *, disk: Disk = DISK) -> None:
    """Create a folder and its missing parents, and make their names durable."""
    missing = []
    while not disk.exists(folder):
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another process was faster
            disk.make_folder(path)
        disk.sync_folder(path.parent)


def append(descriptor: int, data: bytes, *, disk: Disk = DISK) -> None:
    """Write all of `data` and make it durable; after any error the descriptor must not be used again."""
    if disk.write(descriptor, data) != len(data):
        raise OSError(errno.ENOSPC, "short write: the disk or quota is full")
    disk.sync(descriptor)


def write_atomic(path: Path, data: bytes, *, disk: Disk = DISK) -> None:
    """Publish `data` under `path`, whole or not at all, replacing what was there."""
    partial = _write_private(path, data, disk)
    try:
        disk.rename(partial, path)
    except OSError:
        with contextlib.suppress(OSError):
            disk.remove(partial)
        raise
    disk.sync_folder(path.parent)


def write_once(path: Path, data: bytes, *, disk: Disk = DISK) -> bool:
    """Publish `data` under `path` unless that name is taken; return whether this call did it."""
    private = _write_private(path, data, disk)
    try:
        made = claim(private, path, disk=disk)
    finally:
        with contextlib.suppress(OSError):
            disk.remove(private)
    disk.sync_folder(path.parent)
    return made


def claim(token: Path, name: Path, *, disk: Disk = DISK) -> bool:
    """Hard-link the private file `token` as `name`; False if the name is taken.

    A hard link is atomic on NFS v2 to v4, Lustre and GPFS. It is not synced: a claim is a fence between living
    processes, not a record.
    """
    try:
        disk.link(token, name)
    except FileExistsError:
        # A retried request whose first reply was lost says "exists" although it was done: ask whose link it is.
        return disk.same(token, name)
    return True


def _write_private(path: Path, data: bytes, disk: Disk) -> Path:
    private = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    descriptor = disk.create(private)
    try:
        append(descriptor, data, disk=disk)
    except OSError:
        with contextlib.suppress(OSError):
            disk.remove(private)
        raise
    finally:
        disk.close(descriptor)
    return private


def dump_json(value: object, *, indent: int | None = None) -> str:
    """Strict JSON text: no NaN or Infinity, UTF-8 kept readable, compact unless `indent` is given.

    Raises:
        ValueError: a number is not finite, or a value is no JSON type.
    """
    separators = (",", ":") if indent is None else None
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=separators, indent=indent)
    except TypeError as error:
        raise ValueError(str(error)) from None


def load_json(data: str | bytes, *, path: str = "") -> Any:
    """Read strict JSON: no NaN/Infinity, no double keys, finite floats, 64-bit integers, depth at most 32.

    Args:
        data: Text, or bytes in UTF-8.
        path: Name of the source for the error message.

    Raises:
        StudyFormatError: the text is not strict JSON.
    """
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = _DECODER.decode(text)
        # A journal is thousands of short lines that can be neither too deep nor hold half of a surrogate pair.
        if text.count("{") + text.count("[") > MAX_DEPTH or "\\u" in text or data is text:
            _check(value, 0)
    except RecursionError:
        raise StudyFormatError(f"nested deeper than {MAX_DEPTH} levels", path=path) from None
    except ValueError as error:
        raise StudyFormatError(f"not strict JSON: {error}", path=path) from None
    return value


def read_json(path: Path, *, disk: Disk = DISK) -> Any:
    """Read a strict JSON file.

    Raises:
        OSError: the file cannot be read.
        StudyFormatError: it is not strict JSON.
    """
    return load_json(disk.read(path), path=str(path))


def write_json(path: Path, value: object, *, disk: Disk = DISK) -> None:
    """Publish a JSON file atomically, indented for human eyes."""
    write_atomic(path, (dump_json(value, indent=1) + "\n").encode("utf-8"), disk=disk)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        (double, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"key {double!r} stands twice in one object")
    return made


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"number {text[:40]} is too large")
    return value


def _int64(text: str) -> int:
    if len(text) > 20 or not -MAX_INT <= int(text) < MAX_INT:
        raise ValueError(f"integer {text[:40]} does not fit 64 bits")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_int64
)


def _check(value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    for part in _parts(value):
        if isinstance(part, str):
            part.encode("utf-8")  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
        else:
            _check(part, depth + 1)


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value
    elif isinstance(value, str):
        yield value
