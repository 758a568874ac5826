"""The file format of a search space, version 1: reading with exact places, writing, and its JSON Schema.

``docs/formats/space.md`` is the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from askntell._files import load_json, write_json
from askntell.errors import SpaceError, StudyFileError, StudyFormatError
from askntell.space.enumerated import Categorical, Constant, Ordinal
from askntell.space.parameter import Parameter
from askntell.space.parameters import Float, Int
from askntell.space.space import SearchSpace
from askntell.space.values import child, closest, is_mapping, listed, shown

__all__ = ["FORMAT", "VERSION", "json_schema", "load_space", "parse_text", "read_space", "save_space"]

FORMAT = "askntell.space"
VERSION = 1

_KINDS: dict[str, tuple[Callable[..., Parameter], tuple[str, ...], tuple[str, ...]]] = {
    "float": (Float, ("low", "high"), ("log", "step", "default", "when")),
    "int": (Int, ("low", "high"), ("log", "step", "default", "when")),
    "categorical": (Categorical, ("choices",), ("default", "when")),
    "ordinal": (Ordinal, ("values",), ("default", "when")),
    "constant": (Constant, ("value",), ("when",)),
}
_KEYS = ("$schema", "format", "version", "parameters", "constraints", "forbidden")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file format, for editors and for programs in other languages."""
    text = Path(__file__).with_name("space.schema.json").read_text(encoding="utf-8")
    made: dict[str, Any] = load_json(text)
    return made


def parse_text(source: object) -> object:
    """The objects of a JSON text; what is no text is returned as it is.

    Raises:
        SpaceError: the text is not strict JSON.
    """
    if not isinstance(source, (str, bytes)):
        return source
    try:
        return load_json(source)
    except StudyFormatError as error:
        hint = "" if source.lstrip()[:1] in ("{", b"{") else "a file is read by SearchSpace.load"
        raise SpaceError(error.message, hint=hint, path="$") from None


def read_space(source: object) -> SearchSpace:
    """The space in a text or in the objects that it holds; see `SearchSpace.from_json`."""
    document = parse_text(source)
    if not is_mapping(document):
        raise SpaceError(f"got {shown(document)}; allowed: an object", path="$")
    assert isinstance(document, Mapping)
    _check_head(document)
    _check_keys(document, _KEYS, "$")
    if not isinstance(document.get("$schema", ""), str):
        raise SpaceError(f"got {shown(document['$schema'])}; allowed: a text", path=child("$", "$schema"))
    entries = document.get("parameters")
    if not isinstance(entries, Mapping) or not entries:
        came = shown(entries) if "parameters" in document else "nothing"
        raise SpaceError(f"got {came}; allowed: an object with at least one parameter", path="$.parameters")
    parameters = {name: _read_parameter(entry, child("$.parameters", str(name))) for name, entry in entries.items()}
    lists = {name: _read_list(document[name], f"$.{name}") for name in ("constraints", "forbidden") if name in document}
    return SearchSpace(parameters, **lists)


def load_space(path: Path) -> SearchSpace:
    """The space in a file; see `SearchSpace.load`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StudyFileError(f"cannot read the search space: {error.strerror or error}", path=str(path)) from error
    try:
        return read_space(data)
    except SpaceError as error:
        raise SpaceError(f"{error.message} (in {path})", hint=error.hint, path=error.path) from None


def save_space(document: Mapping[str, Any], path: Path) -> None:
    """Write a space to a file; see `SearchSpace.save`."""
    try:
        write_json(path, document)
    except OSError as error:
        raise StudyFileError(f"cannot write the search space: {error.strerror or error}", path=str(path)) from error


def _check_head(document: Mapping[str, Any]) -> None:
    if document.get("format") != FORMAT:
        came = shown(document["format"]) if "format" in document else "nothing"
        raise SpaceError(
            f"got {came}; allowed: {FORMAT!r}",
            hint="spaces of hpogrid, iDDS and bayes_opt are read by SearchSpace.convert",
            path="$.format",
        )
    version = document.get("version")
    if isinstance(version, bool) or version != VERSION:
        came = shown(version) if "version" in document else "nothing"
        newer = isinstance(version, int) and version > VERSION
        raise SpaceError(
            f"got {came}; allowed: {VERSION}",
            hint="a newer askntell wrote it: update this one" if newer else f"write {VERSION}",
            path="$.version",
        )


def _check_keys(entry: Mapping[str, Any], allowed: tuple[str, ...], path: str) -> None:
    for key in entry:
        if key not in allowed:
            raise SpaceError(f"unknown key {key!r}; allowed: {listed(allowed)}", hint=closest(key, allowed), path=path)


def _read_parameter(entry: object, path: str) -> Parameter:
    if not isinstance(entry, Mapping):
        raise SpaceError(
            f"got {shown(entry)}; allowed: an object with a type of {listed(_KINDS)}",
            hint='a value that is only passed on is {"type": "constant", "value": ...}',
            path=path,
        )
    kind = entry.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        came = shown(kind) if "type" in entry else "nothing"
        raise SpaceError(f"got {came}; allowed: {listed(_KINDS)}", hint=closest(kind, _KINDS), path=f"{path}.type")
    make, needed, optional = _KINDS[kind]
    _check_keys(entry, ("type", *needed, *optional), path)
    for key in needed:
        if key not in entry:
            raise SpaceError(f"{key!r} is missing; a {kind} needs {listed(needed)}", path=path)
    for key in ("step", "when", "default"):
        if key in entry and entry[key] is None and not (key == "default" and kind in ("categorical", "ordinal")):
            raise SpaceError("got None; allowed: a value", hint="leave the key out", path=f"{path}.{key}")
    settings = {key: value for key, value in entry.items() if key != "type"}
    try:
        return make(**settings)
    except SpaceError as error:
        raise SpaceError(error.message, hint=error.hint, path=f"{path}.{error.path}") from None


def _read_list(value: object, path: str) -> Any:
    if not isinstance(value, (list, tuple)):
        raise SpaceError(f"got {shown(value)}; allowed: a list", path=path)
    return value
