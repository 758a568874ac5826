"""Spaces of other programs: hpogrid, the nevergrad program of iDDS, bounds of bayes_opt.

Each method has one meaning here, written beside it. What a space of ours cannot say is given up with a note, or
refused with the entry's name and a remedy where a note would not be enough. Bounds of bayes_opt, ``{"A": [1, 4]}``,
are real numbers even if both are whole.
"""

from __future__ import annotations

from typing import Any

from askntell.errors import SpaceError
from askntell.space.foreign import Converted, number, span
from askntell.space.hpogrid import hpogrid_parameter
from askntell.space.nevergrad import nevergrad_parameter
from askntell.space.parameters import Float
from askntell.space.schema import FORMAT, parse_text, read_space
from askntell.space.space import SearchSpace
from askntell.space.values import child, is_mapping, is_sequence, shown

__all__ = ["convert_space"]


def convert_space(foreign: object) -> tuple[SearchSpace, list[str]]:
    """The space of a foreign description, and what it lost; see `SearchSpace.convert`."""
    document = parse_text(foreign)
    if is_sequence(document):
        raise SpaceError(
            "got a list; allowed: one search space, an object of parameter names",
            hint='a list with "model_id" holds one space per segment: convert each "search_space" of it',
            path="$",
        )
    if not is_mapping(document) or not document:
        raise SpaceError(f"got {shown(document)}; allowed: an object of parameter names", path="$")
    if document.get("format") == FORMAT:
        return read_space(document), []
    parameters = {}
    notes: list[str] = []
    kinds: dict[object, str] = {}
    for name, entry in document.items():
        path = child("$", str(name))
        kinds[name] = kind = _kind(entry, path)
        first = next(iter(kinds))
        if kind != kinds[first]:
            raise SpaceError(
                f"this entry is written for {kind}, {first!r} for {kinds[first]}; allowed: one kind",
                hint="write all entries alike",
                path=path,
            )
        parameters[name], remarks = _read(kind, entry, path)
        notes += [f"{name}: {remark}" for remark in remarks]
    return SearchSpace(parameters), notes


def _kind(entry: object, path: str) -> str:
    if is_mapping(entry) and "method" in entry:
        return "hpogrid"
    if is_mapping(entry) and "type" in entry:
        return "nevergrad"
    if is_sequence(entry):
        return "bayes_opt"
    raise SpaceError(
        f"got {shown(entry)}; allowed: "
        '{"method": ..., "dimension": {...}} (hpogrid), {"type": ..., "params": {...}} (nevergrad), '
        "[low, high] (bayes_opt)",
        hint="our own format is read by SearchSpace.from_json",
        path=path,
    )


def _read(kind: str, entry: Any, path: str) -> Converted:
    if kind == "hpogrid":
        return hpogrid_parameter(entry, path)
    if kind == "nevergrad":
        return nevergrad_parameter(entry, path)
    if len(entry) != 2:
        raise SpaceError(f"got {len(entry)} values; allowed: two bounds, [low, high]", path=path)
    bounds = {"low": entry[0], "high": entry[1]}
    return span(Float, number(bounds, "low", path), number(bounds, "high", path), path)
