"""Search spaces of the nevergrad program of iDDS: ``{"A": {"type": "Choice", "params": {"choices": [1, 4]}}}``.

``params`` holds the arguments of the class of nevergrad that ``type`` names; ``bounds`` those of ``set_bounds``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from askntell.errors import SpaceError
from askntell.space.enumerated import Categorical, Ordinal
from askntell.space.foreign import Converted, built, keys, number, settings, span
from askntell.space.parameters import Float
from askntell.space.values import child, closest, is_sequence, listed, shown

__all__ = ["TYPES", "nevergrad_parameter"]

Params = Mapping[str, Any]


def nevergrad_parameter(entry: Mapping[str, Any], path: str) -> Converted:
    """The parameter of one entry.

    Raises:
        SpaceError: the entry is wrong or has no counterpart; `path` is its place.
    """
    keys(entry, ("type",), ("params", "bounds"), path, "an entry of nevergrad")
    kind = entry["type"]
    if not isinstance(kind, str) or kind not in TYPES:
        raise SpaceError(
            f"got the type {shown(kind)}; allowed: {listed(TYPES)}", hint=closest(kind, TYPES), path=child(path, "type")
        )
    read, needed, optional = TYPES[kind]
    params, where = dict(settings(entry, "params", path)), child(path, "params")
    if "bounds" in entry:
        bounds = entry["bounds"]
        if "lower" not in optional or not is_sequence(bounds) or len(bounds) != 2:
            allowed = "two numbers" if "lower" in optional else f"no bounds with {kind!r}"
            raise SpaceError(f"got {shown(bounds)}; allowed: {allowed}", path=child(path, "bounds"))
        params["lower"], params["upper"] = bounds
    keys(params, needed, optional, where, f"the type {kind!r}")
    return read({key: value for key, value in params.items() if value is not None}, where)


def _choice(given: Params, path: str) -> Converted:
    """One of the choices; a whole number n stands for 0 ... n - 1."""
    return built(Categorical, path, _choices(given, path)), _dropped(given, "deterministic")


def _transition(given: Params, path: str) -> Converted:
    """One of the choices, in order."""
    return built(Ordinal, path, _choices(given, path)), _dropped(given, "transitions", "ordered")


def _scalar(given: Params, path: str) -> Converted:
    """A real number between bounds, which must be given."""
    return _range(given, path, log=False)


def _log(given: Params, path: str) -> Converted:
    """A positive real number on a log scale between bounds, which must be given."""
    return _range(given, path, log=True)


def _array(given: Params, path: str) -> Converted:  # noqa: ARG001 -- one signature for all types
    """Refused: an array is no scalar."""
    raise SpaceError(
        "an Array is not one number, and params hold scalars only",
        hint='write one "Scalar" entry for each of its elements, such as w_0, w_1',
        path=path,
    )


TYPES: Mapping[str, tuple[Callable[[Params, str], Converted], tuple[str, ...], tuple[str, ...]]] = {
    "Choice": (_choice, ("choices",), ("repetitions", "deterministic")),
    "TransitionChoice": (_transition, ("choices",), ("repetitions", "transitions", "ordered")),
    "Scalar": (_scalar, (), ("init", "lower", "upper", "mutable_sigma")),
    "Log": (_log, (), ("init", "exponent", "lower", "upper", "mutable_sigma")),
    "Array": (_array, (), ("init", "shape", "lower", "upper", "mutable_sigma")),
}
"""Type to its reader and its needed and optional arguments."""


def _choices(given: Params, path: str) -> object:
    if "repetitions" in given:
        raise SpaceError(
            "repetitions make a list of values, and params hold scalars only",
            hint="write one entry for each repetition",
            path=child(path, "repetitions"),
        )
    choices = given.get("choices")
    whole = isinstance(choices, int) and not isinstance(choices, bool)
    return list(range(choices)) if whole and 0 < choices <= 2**16 else choices  # type: ignore[operator, arg-type]  # an int


def _range(given: Params, path: str, *, log: bool) -> Converted:
    if "lower" not in given or "upper" not in given:
        raise SpaceError(
            "an unbounded number cannot be searched evenly; allowed: lower and upper",
            hint='add "bounds": [low, high]' if not log else 'add "lower" and "upper" to its params',
            path=path,
        )
    named: dict[str, object] = {"log": True} if log else {}
    if "init" in given:
        named["default"] = number(given, "init", path)
    parameter, notes = span(Float, number(given, "lower", path), number(given, "upper", path), path, **named)
    return parameter, _dropped(given, "exponent", "mutable_sigma") + notes


def _dropped(given: Params, *names: str) -> list[str]:
    return [f"{name} is dropped: it steers nevergrad's own mutations" for name in names if name in given]
