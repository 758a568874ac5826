"""Reading the settings of a parameter: what came, what is allowed, where."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from askntell.errors import ParamsError, SpaceError
from askntell.space.parameter import Parameter
from askntell.space.values import Scalar, as_number, as_scalar, child, is_mapping, is_sequence, shown, token

__all__ = [
    "read_bounds",
    "read_choices",
    "read_default",
    "read_flag",
    "read_number",
    "read_scalar",
    "read_values",
    "read_when",
    "read_whole",
]

MAX_WHOLE = 2**53
"""Every whole number up to here is a float."""


def read_number(value: object, field: str) -> int | float:
    """A finite number of a setting."""
    number = as_number(value)
    if number is None:
        raise SpaceError(f"got {shown(value)}; allowed: a finite number", path=field)
    return number


def read_flag(value: object, field: str) -> bool:
    """A setting that is true or false."""
    if not isinstance(value, bool):
        raise SpaceError(f"got {shown(value)}; allowed: true or false", path=field)
    return value


def read_scalar(value: object, field: str) -> Scalar:
    """One scalar."""
    try:
        return as_scalar(value)
    except ValueError as error:
        raise SpaceError(
            f"got {shown(value)}; allowed: {error}",
            hint="name the alternatives by texts and look them up in your program",
            path=field,
        ) from None


def read_choices(values: object, field: str) -> tuple[Scalar, ...]:
    """A non-empty list of distinct scalars."""
    if not is_sequence(values) or len(values) == 0:
        raise SpaceError(f"got {shown(values)}; allowed: a list of at least one scalar", path=field)
    made = []
    seen = set()
    for index, value in enumerate(values):
        scalar = read_scalar(value, child(field, index))
        if token(scalar) in seen:
            raise SpaceError(
                f"{scalar!r} stands twice; allowed: distinct values", hint="remove one", path=child(field, index)
            )
        seen.add(token(scalar))
        made.append(scalar)
    return tuple(made)


def read_values(values: object, field: str) -> tuple[Scalar, ...]:
    """One scalar, or a non-empty list of distinct ones."""
    return read_choices(values, field) if is_sequence(values) else (read_scalar(values, field),)


def read_when(when: object) -> Mapping[str, tuple[Scalar, ...]] | None:
    """The condition in its normal form: parent to tuple of values; None if there is none."""
    if when is None:
        return None
    if not is_mapping(when):
        raise SpaceError(f"got {shown(when)}; allowed: an object of parent names to values", path="when")
    made = {}
    for name, values in when.items():
        if not isinstance(name, str):
            raise SpaceError(f"got the parent {shown(name)}; allowed: the name of a parameter", path="when")
        made[name] = read_values(values, child("when", name))
    return MappingProxyType(made) if made else None


def read_default(parameter: Parameter, default: object) -> Scalar:
    """The named default as an allowed value."""
    try:
        return parameter.snap(default)
    except ParamsError as error:
        raise SpaceError(error.message, path="default") from None


def read_whole(value: object, field: str) -> int:
    """A whole number within +-2**53; 3.0 is one."""
    number = as_number(value)
    if number is None or number != int(number) or abs(number) > MAX_WHOLE:
        raise SpaceError(f"got {shown(value)}; allowed: a whole number within +-2**53", path=field)
    return int(number)


def read_bounds(low: float, high: float, *, log: bool, step: object) -> None:
    """Two bounds in order that go with the scale."""
    if low >= high:
        raise SpaceError(
            f"lower bound {low!r} is not below upper bound {high!r}",
            hint="swap them; a value that never changes is a Constant",
            path="low",
        )
    if log and low <= 0:
        raise SpaceError(f"got {low!r}; allowed with log: a number greater than 0", hint="leave out log", path="low")
    if log and step is not None:
        raise SpaceError(
            f"got step {step!r} together with log; allowed: one of the two",
            hint="list the values in an Ordinal to have both",
            path="step",
        )
