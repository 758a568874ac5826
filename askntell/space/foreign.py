"""Parts that the readers of foreign spaces share: keys, numbers, ranges, grids, each with the place of a mistake."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from askntell.errors import SpaceError
from askntell.space.enumerated import Constant
from askntell.space.parameter import Parameter
from askntell.space.parameters import Float, Int
from askntell.space.reading import read_whole
from askntell.space.values import as_number, child, closest, is_mapping, listed, shown

__all__ = ["Converted", "built", "keys", "multiples", "number", "settings", "span"]

Converted = tuple[Parameter, list[str]]
"""A parameter, and a note for everything that it does not hold as the original did."""


def keys(entry: Mapping[str, Any], needed: Sequence[str], optional: Sequence[str], path: str, what: str) -> None:
    """Refuse missing and unknown keys."""
    for key in entry:
        if key not in needed and key not in optional:
            allowed = (*needed, *optional)
            raise SpaceError(
                f"unknown key {key!r} of {what}; allowed: {listed(allowed)}", hint=closest(key, allowed), path=path
            )
    for key in needed:
        if key not in entry:
            raise SpaceError(f"{key!r} is missing; {what} needs {listed(needed)}", path=path)


def settings(entry: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
    """The object under a key, empty if absent."""
    value = entry.get(key, {})
    if not is_mapping(value):
        raise SpaceError(f"got {shown(value)}; allowed: an object", path=child(path, key))
    return value


def number(entry: Mapping[str, Any], key: str, path: str, *, above: float = -math.inf) -> float:
    """The finite number under a key, as it was written (whole numbers stay whole)."""
    value = as_number(entry[key])
    if value is None or value <= above:
        more = f" greater than {above:g}" if above > -math.inf else ""
        raise SpaceError(f"got {shown(entry[key])}; allowed: a finite number{more}", path=child(path, key))
    return value


def built(make: Callable[..., Parameter], path: str, *values: object, **named: object) -> Parameter:
    """A parameter whose mistakes are reported at the foreign place."""
    try:
        return make(*values, **named)
    except SpaceError as error:
        raise SpaceError(f"{error.path}: {error.message}", hint=error.hint, path=path) from None


def span(make: type[Float | Int], low: float, high: float, path: str, **named: Any) -> Converted:
    """A range; one that holds a single number becomes a constant."""
    if low == high:
        value = read_whole(low, child(path, "low")) if make is Int else float(low)
        return built(Constant, path, value), ["both bounds are the same: a constant"]
    return built(make, path, low, high, **named), []


def multiples(low: float, high: float, q: float, path: str, *, start: float | None = None) -> Converted:
    """The multiples of q from low to high, as numbers with a step.

    Args:
        low: Smallest number, itself a multiple or not.
        high: Largest number, alike.
        q: Greater than 0.
        path: Place of the entry.
        start: The number whose nearest multiple is the default.
    """
    step = Fraction(repr(float(q)))
    first, last = math.ceil(Fraction(repr(low)) / step), math.floor(Fraction(repr(high)) / step)
    if last < first:
        raise SpaceError(
            f"no multiple of {q:g} lies between {low!r} and {high!r}",
            hint="take a smaller q or wider bounds",
            path=path,
        )
    ends = float(first * step), float(last * step)
    notes = [] if ends == (low, high) else [f"the values are the multiples of {q:g} from {ends[0]!r} to {ends[1]!r}"]
    named: dict[str, Any] = {"step": q}
    if start is not None and first < last:
        named["default"] = float(min(max(round(Fraction(repr(start)) / step), first), last) * step)
    parameter, more = span(Float, *ends, path, **named)
    return parameter, notes + more
