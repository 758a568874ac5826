"""Segment lists: read from phpo's file format, checked as a whole, named on disk."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from askntell._files import read_json
from askntell.errors import AskntellError, SettingsError, StudyFileError
from askntell.trial import DEFAULT_SEGMENT, Segment

__all__ = ["check_segments", "folder_name", "load_segments", "segment_from_json", "segment_to_json"]

LARGEST = 100_000
LONGEST_FOLDER = 200  # bytes; file systems take 255, and jobs are named after the folder
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_KEYS = {"name", "files", "datasets", "features", "overrides", "id"}


def load_segments(path: Path) -> tuple[Segment, ...]:
    """Segments of a JSON file: phpo's format, ``[{"name": ..., "files": [...]}]``, and "features" and "overrides".

    Raises:
        StudyFileError: the file cannot be read. SettingsError: an entry is wrong; the message names its JSON path.
    """
    try:
        entries = read_json(path)
    except StudyFileError:
        raise
    except OSError as error:
        raise StudyFileError(f"the segments cannot be read: {error.strerror}", path=str(path)) from error
    if not isinstance(entries, list):
        raise SettingsError(
            f"segments must be a list, got {type(entries).__name__}",
            hint='write [{"name": "pid22_eta_0_5", "files": ["pid22_eta_0_5.tar"]}]',
            path=f"{path}: $",
        )
    return check_segments([segment_from_json(entry, f"{path}: $[{i}]") for i, entry in enumerate(entries)])


def segment_from_json(entry: Any, where: str) -> Segment:
    """One segment from its JSON object.

    Raises:
        SettingsError: a key is unknown or a value is wrong, with `where` as the path.
    """
    if not isinstance(entry, dict) or "name" not in entry:
        raise SettingsError(f"a segment is an object with a name, got {entry!r}", path=where)
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise SettingsError(f"unknown key {unknown[0]!r}; allowed: {', '.join(sorted(_KEYS))}", path=where)
    kinds = {"files": list, "datasets": list, "features": dict, "overrides": dict}
    given = {key: entry.get(key, kind()) for key, kind in kinds.items()}
    for key, value in given.items():
        kind = kinds[key]
        if not isinstance(value, kind):
            raise SettingsError(
                f"{key} must be a JSON {'list' if kind is list else 'object'}, got {value!r}", path=where
            )
    try:
        return Segment(
            entry["name"], tuple(given["files"]), given["features"], tuple(given["datasets"]), given["overrides"]
        )
    except AskntellError as error:
        raise SettingsError(error.message, hint=error.hint, path=f"{where}{error.path[1:]}") from None


def segment_to_json(segment: Segment) -> dict[str, object]:
    """The JSON object of a segment, in phpo's spelling."""
    entry: dict[str, object] = {"name": segment.name}
    if segment.inputs:
        entry["files"] = list(segment.inputs)
    if segment.datasets:
        entry["datasets"] = list(segment.datasets)
    if segment.features:
        entry["features"] = dict(segment.features)
    if segment.overrides:
        entry["overrides"] = dict(segment.overrides)
    return entry


def check_segments(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The segments, after checking what only the whole list shows.

    Raises:
        SettingsError: none or too many, no Segment, or two names that differ in case alone (they would share a
            folder on some file systems).
    """
    if not segments:
        return (Segment(DEFAULT_SEGMENT),)
    if len(segments) > LARGEST:
        raise SettingsError(f"{len(segments)} segments; at most {LARGEST} are allowed")
    seen: dict[str, str] = {}
    for segment in segments:
        if not isinstance(segment, Segment):
            raise SettingsError(f"{segment!r} is no Segment", hint='write askntell.Segment("name", inputs=[...])')
        key = segment.name.casefold()
        if key in seen:
            raise SettingsError(f"segments {seen[key]!r} and {segment.name!r} have the same name (case does not count)")
        seen[key] = segment.name
    return tuple(segments)


def folder_name(name: str) -> str:
    """A name that is safe as one folder on any file system; different names give different folders.

    Letters, digits, ``_``, ``.`` and ``-`` stay; everything else, a leading ``.`` or ``-``, a ``.`` at the end and the
    first letter of a device name of Windows become ``%XX`` of their UTF-8 bytes. What is then longer than file systems
    take is cut, and ``~`` and a digest of the name stand in the place of the rest.
    """
    plain = "".join(c if c in _PLAIN else _escaped(c) for c in name)
    if plain[0] in ".-" or plain.split(".")[0].casefold() in _RESERVED:
        plain = _escaped(plain[0]) + plain[1:]
    if plain[-1] == ".":  # dropped by some file systems
        plain = plain[:-1] + _escaped(".")
    if len(plain) > LONGEST_FOLDER:
        plain = plain[: LONGEST_FOLDER - 25].rstrip(".") + "~" + sha256(name.encode("utf-8")).hexdigest()[:24]
    return plain


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8"))
