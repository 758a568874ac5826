"""Scalars: which Python values may stand in params, when two are the same, and how messages show them.

Python holds ``1 == 1.0 == True``; a search space does not. The identity of a scalar is its `token`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeAlias, TypeGuard, cast

__all__ = [
    "MAX_INT",
    "Params",
    "Scalar",
    "as_number",
    "as_scalar",
    "child",
    "closest",
    "is_mapping",
    "is_sequence",
    "listed",
    "shown",
    "token",
]

Scalar: TypeAlias = str | int | float | bool | None
"""One value of a parameter."""

Params: TypeAlias = dict[str, Scalar]
"""One setting: the value of every active parameter by name."""

MAX_INT = 2**63
"""Integers outside [-2**63, 2**63) are refused: other JSON readers would change them."""

_PLAIN = (str, int, float, bool, type(None))


def as_scalar(value: object) -> Scalar:
    """The value as an exact built-in scalar (numpy's scalars and subclasses of str, int, float are converted).

    Raises:
        ValueError: it is no scalar, is not finite, or cannot be written as strict JSON; the text says what is allowed.
    """
    if type(value) not in _PLAIN:
        value = _builtin(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a finite number")
        return value + 0.0  # -0.0 becomes 0.0: the two are equal and must not be two choices
    if isinstance(value, int) and not -MAX_INT <= value < MAX_INT:
        raise ValueError("an integer of 64 bits")
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("text without lone surrogates") from None
    return cast("Scalar", value)


def _builtin(value: object) -> object:
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = cast("Any", value).item()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise ValueError("a text, a number, true, false or null")


def as_number(value: object) -> int | float | None:
    """The value as a finite int or float, or None if it is not a number (a bool is none)."""
    if isinstance(value, (str, bool)):
        return None
    try:
        made = as_scalar(value)
    except ValueError:
        return None
    return made if isinstance(made, (int, float)) and not isinstance(made, bool) else None


def token(value: Hashable) -> Hashable:
    """What identifies a scalar: its type and value, so that 1, 1.0 and True are three."""
    return type(value), value


def shown(value: object) -> str:
    """A value in a message: shortened, with its type where that may be the mistake."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write integers of more than some thousand digits
        return f"a huge {type(value).__name__}"
    text = text if len(text) <= 80 else f"{text[:77]}..."
    return text if value is None else f"{text} ({type(value).__name__})"


def listed(values: Iterable[object], *, limit: int = 20) -> str:
    """Values in a message, separated by commas, at most `limit` of them."""
    every = list(values)
    texts = [repr(value) for value in every[:limit]]
    return ", ".join(texts) + (f" and {len(every) - limit} more" if len(every) > limit else "")


def closest(name: object, known: Iterable[str]) -> str:
    """A hint that names the nearest known spelling, or ""."""
    spellings = {text.casefold(): text for text in known}
    found = difflib.get_close_matches(str(name).casefold(), spellings, n=1)
    return f"did you mean {spellings[found[0]]!r}?" if found else ""


def child(path: str, key: str | int) -> str:
    """The JSON path of an entry of the object or list at `path`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether the value is a list or tuple, or an array of one dimension; a text and a mapping are none."""
    return isinstance(value, (list, tuple)) or getattr(value, "ndim", None) == 1


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether the value maps keys to values."""
    return isinstance(value, Mapping)
