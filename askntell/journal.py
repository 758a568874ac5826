"""Append-only files of records, one file per writing process. Format v1: `docs/formats/journal.md`.

No file is ever shared by two writers, repaired or truncated: a torn end can only be the end of a file to which nobody
appends again, so readers skip it. Records carry a Lamport clock; sorted by (clock, writer, sequence) they have one
order for every reader, whatever the order in which files are seen.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, final

from askntell import __version__
from askntell._files import Disk, append, dump_json, load_json, make_folders
from askntell.errors import StudyFileError, StudyFormatError

__all__ = ["FORMAT", "JournalReader", "JournalWriter", "Record"]

FORMAT = (1, 0)  #: major: readers of another major refuse; minor: they read on
SUFFIX = ".jnl"
LARGEST_RECORD = 2**20  #: bytes of one record's JSON
_HEAD = re.compile(rb"([0-9a-f]{8}) ([0-9]{1,7}) ")
_MOST_HEADS = 16  #: places in a damaged line where an intact record is looked for


@final
@dataclass(frozen=True, slots=True)
class Record:
    """One line of a journal.

    Attributes:
        clock: Lamport clock: larger than that of every record its writer had read.
        writer: Which file, 24 hexadecimal digits.
        seq: Position in the file, from 0.
        elapsed_ms: Milliseconds by the writer's wall clock since it opened the file; nothing is ever ordered by it.
        kind: What happened.
        body: Its fields.
    """

    clock: int
    writer: str
    seq: int
    elapsed_ms: int
    kind: str
    body: Mapping[str, Any]

    @property
    def order(self) -> tuple[int, str, int]:
        """Position in the order that all readers share."""
        return self.clock, self.writer, self.seq

    def line(self) -> bytes:
        """The record as its file holds it.

        Raises:
            ValueError: the body is not strict JSON or larger than 1 MiB.
        """
        payload = dump_json([self.seq, self.clock, self.elapsed_ms, self.kind, self.body]).encode("utf-8")
        if len(payload) > LARGEST_RECORD:
            raise ValueError(f"a record of {len(payload)} bytes; at most {LARGEST_RECORD} are allowed")
        return b"%08x %d %s\n" % (_checksum(self.writer, payload), len(payload), payload)

    @classmethod
    def parse(cls, writer: str, line: bytes) -> Record:
        """Read one line (without its newline) of the file of `writer`.

        Raises:
            ValueError: length, checksum or form is wrong; the line is damaged or belongs to another file.
        """
        match = _HEAD.match(line)
        if match is None:
            raise ValueError("not of the form 'checksum length json'")
        payload = line[match.end() :]
        if len(payload) != int(match[2]):
            raise ValueError(f"{len(payload)} bytes where {int(match[2])} were written")
        if _checksum(writer, payload) != int(match[1], 16):
            raise ValueError("checksum does not match")
        try:
            seq, clock, elapsed_ms, kind, body = load_json(payload)
            numbers = all(type(number) is int and number >= 0 for number in (seq, clock, elapsed_ms))
        except (StudyFormatError, TypeError) as error:
            raise ValueError(f"not a record: {error}") from None
        if not (numbers and isinstance(kind, str) and isinstance(body, dict)):
            raise ValueError("not a record: wrong types")
        return cls(clock, writer, seq, elapsed_ms, kind, body)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _checksum(writer: str, payload: bytes) -> int:
    """crc32 over the writer's name and the payload, so that a line copied from another file is refused."""
    return zlib.crc32(payload, zlib.crc32(writer.encode("ascii")))


@final
class JournalWriter:
    """Appends the records of this process; its file appears with the first record.

    After any error of the disk the file is given up: a half-written line is harmless at the end of a file that nobody
    writes to again, and the next record goes to a new file under a new writer's name.
    """

    def __init__(self, folder: Path, *, study: str, disk: Disk) -> None:
        self._folder = folder
        self._study = study
        self._disk = disk
        self._descriptor: int | None = None
        self._seq = 0
        self._opened_ms = 0
        self._own: dict[str, int] = {}
        self.writer = self._rename()

    def _rename(self) -> str:
        name = secrets.token_hex(12)
        self._own[name] = 0
        return name

    @property
    def own(self) -> frozenset[str]:
        """Every writer's name that this process has used."""
        return frozenset(self._own)

    @property
    def former(self) -> dict[str, int]:
        """Bytes of whole records in the files that this process has given up or closed, by writer."""
        return {name: size for name, size in self._own.items() if size and name != self.writer}

    def append(self, kind: str, body: Mapping[str, Any], *, clock: int) -> Record:
        """Write one record and make it durable; when this returns, the record survives a crash of the machine.

        Raises:
            StudyFileError: the disk refused. Nothing is acknowledged; calling again is safe.
        """
        try:
            if self._descriptor is None:
                self._open(clock)
            record = self._record(kind, body, clock)
            self._append(record)
        except OSError as error:
            self._give_up()
            raise StudyFileError(
                f"the journal cannot be written: {error.strerror or error}",
                hint="nothing was recorded; free space or restore access, then tell again",
                path=str(self._folder),
            ) from error
        return record

    def _append(self, record: Record) -> None:
        assert self._descriptor is not None
        line = record.line()
        append(self._descriptor, line, disk=self._disk)
        self._seq += 1
        self._own[self.writer] += len(line)

    def _record(self, kind: str, body: Mapping[str, Any], clock: int) -> Record:
        elapsed_ms = max(_now_ms() - self._opened_ms, 0)  # a clock may be set back
        return Record(clock, self.writer, self._seq, elapsed_ms, kind, body)

    def _open(self, clock: int) -> None:
        make_folders(self._folder, disk=self._disk)
        self._descriptor = self._disk.create(self._folder / (self.writer + SUFFIX))
        self._disk.sync_folder(self._folder)
        self._opened_ms = _now_ms()
        opened = {
            "format": list(FORMAT),
            "study": self._study,
            "version": __version__,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "time": self._opened_ms,
        }
        self._append(self._record("opened", opened, clock))

    def _give_up(self) -> None:
        descriptor, self._descriptor, self._seq = self._descriptor, None, 0
        self.writer = self._rename()
        if descriptor is not None:
            with contextlib.suppress(OSError):  # the first error is the one to report
                self._disk.close(descriptor)

    def close(self) -> None:
        """Close the file; a later `append` starts a new one."""
        if self._descriptor is not None:
            self._give_up()


@final
@dataclass
class _Tail:
    offset: int = 0
    seq: int = -1


@final
@dataclass
class JournalReader:
    """Reads what is new in all journals of a folder; needs no permission to write and changes nothing.

    Attributes:
        folder: The study's journal folder.
        study: The study's uuid; a file that says otherwise is refused.
        damage: One line for every record that was skipped, in the order found.
    """

    folder: Path
    study: str
    disk: Disk
    damage: list[str] = field(default_factory=list)
    _tails: dict[str, _Tail] = field(default_factory=dict)

    def frontier(self) -> dict[str, int]:
        """Writer to number of bytes read so far."""
        return {writer: tail.offset for writer, tail in self._tails.items() if tail.offset}

    def read_new(self, *, skip: frozenset[str] = frozenset()) -> list[Record]:
        """Records not returned before, in the shared order within this batch.

        Args:
            skip: Writers whose records the caller has already (its own).

        Raises:
            StudyFileError: a file cannot be read. StudyFormatError: it is of another major version or study.
        """
        records: list[Record] = []
        try:
            for name in self.disk.names(self.folder):
                writer = name.removesuffix(SUFFIX)
                if name.endswith(SUFFIX) and not name.startswith(".") and writer not in skip:
                    records += self._read_file(writer)
        except StudyFileError:
            raise
        except OSError as error:
            raise StudyFileError(
                f"the journals cannot be read: {error.strerror or error}", path=str(self.folder)
            ) from error
        return sorted(records, key=lambda record: record.order)

    def _read_file(self, writer: str) -> list[Record]:
        tail = self._tails.setdefault(writer, _Tail())
        path = self.folder / (writer + SUFFIX)
        data = self.disk.read(path, tail.offset)
        records = []
        # What follows the last newline is being written now, or was torn by a crash: look again next time.
        for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
            start, tail.offset = tail.offset, tail.offset + len(line)
            try:
                records.append(self._accept(Record.parse(writer, line[:-1]), tail, path))
            except ValueError as error:
                self.damage.append(f"{path.name} at byte {start}: {error}")
                records += [self._accept(record, tail, path) for record in _inside(writer, line, tail.seq)]
        return records

    def _accept(self, record: Record, tail: _Tail, path: Path) -> Record:
        if record.seq <= tail.seq:
            raise ValueError(f"sequence number {record.seq} stands after {tail.seq}")
        if record.kind == "opened":
            self._check_opened(record, path)
        tail.seq = record.seq
        return record

    def _check_opened(self, record: Record, path: Path) -> None:
        major = record.body["format"][0]
        if major != FORMAT[0]:
            raise StudyFormatError(
                f"journal format {major} of askntell {record.body.get('version')}; this version reads {FORMAT[0]}",
                hint="use that version of askntell; nothing was changed",
                path=str(path),
            )
        if record.body["study"] != self.study:
            raise StudyFormatError(
                f"the journal belongs to study {record.body['study']}, this is {self.study}",
                hint="move the file back to its study",
                path=str(path),
            )


def _inside(writer: str, line: bytes, seq: int) -> list[Record]:
    """Intact records inside a damaged line: where a newline was damaged, two records stand in one line."""
    found: list[Record] = []
    for match in islice(_HEAD.finditer(line), _MOST_HEADS):
        with contextlib.suppress(ValueError):
            record = Record.parse(writer, line[match.start() : match.end() + int(match[2])])
            if record.seq > seq:
                seq = record.seq
                found.append(record)
    return found
