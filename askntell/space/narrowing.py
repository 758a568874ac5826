"""A part of a search space: some parameters fixed at a value or kept in a narrower range.

The rules carry over. A parameter that can no longer be active is absent from the part, and so are the constraints and
the forbidden combinations that name it: they would never apply.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from fractions import Fraction
from types import EllipsisType
from typing import Any, TypeAlias, cast

from askntell.errors import ParamsError, SpaceError
from askntell.space.enumerated import Categorical, Constant, Ordinal
from askntell.space.parameter import Parameter
from askntell.space.parameters import Float, Int
from askntell.space.reading import read_choices, read_number, read_scalar
from askntell.space.rules import Clause, Rules
from askntell.space.space import SearchSpace
from askntell.space.values import Scalar, child, closest, is_mapping, is_sequence, listed, shown

__all__ = ["Overrides", "narrow", "read_overrides"]

Overrides: TypeAlias = Mapping[str, "Scalar | Parameter | Mapping[str, Any]"]
"""Parameter to the value at which it is fixed, or to what replaces settings of it."""

_KEYS = {
    "float": ("low", "high", "log", "step", "default"),
    "int": ("low", "high", "log", "step", "default"),
    "categorical": ("choices", "default"),
    "ordinal": ("values", "default"),
    "constant": ("value",),
}


def read_overrides(overrides: object) -> dict[str, Any]:
    """Overrides as JSON values, before it is known of which space: a scalar or an object for each parameter.

    Raises:
        SpaceError: it is no object, or an entry is neither; the path is the JSON path, such as ``$.lr.low``.
    """
    if not is_mapping(overrides):
        raise SpaceError(f"got {shown(overrides)}; allowed: an object of parameter names to overrides", path="$")
    made: dict[str, Any] = {}
    for name, entry in overrides.items():
        if not isinstance(name, str):
            raise SpaceError(f"got the name {shown(name)}; allowed: the name of a parameter", path="$")
        made[name] = _read_entry(entry.to_dict() if isinstance(entry, Parameter) else entry, child("$", name))
    return made


def _read_entry(entry: object, path: str) -> object:
    if not is_mapping(entry):
        if is_sequence(entry):
            raise SpaceError(
                f"got {shown(entry)}; allowed: a value, or an object such as {{'low': ..., 'high': ...}}",
                hint="a choice of values is written {'values': [...]}, of categories {'choices': [...]}",
                path=path,
            )
        return read_scalar(entry, path)
    made: dict[str, object] = {}
    for key, value in entry.items():
        where = child(path, str(key))
        if key == "when":
            raise SpaceError(
                "got a condition; allowed: values and bounds",
                hint="conditions are those of the whole space",
                path=where,
            )
        made[str(key)] = list(read_choices(value, where)) if is_sequence(value) else read_scalar(value, where)
    return made


def narrow(parameters: Mapping[str, Parameter], rules: Rules, entries: Mapping[str, Any]) -> SearchSpace:
    """The part of a space; see `SearchSpace.narrowed`. The entries are those of `read_overrides`."""
    for name in entries:
        if name not in parameters:
            raise SpaceError(
                f"unknown parameter {name!r}; known: {listed(parameters)}", hint=closest(name, parameters), path="$"
            )
    alone = {name: _narrowed(p, entries[name], child("$", name)) for name, p in parameters.items() if name in entries}
    made = _active(dict(parameters) | alone, rules)
    forbidden: list[Mapping[str, Any]] = []
    for clauses in rules.forbidden:
        left = {clause.name: _left(clause, made.get(clause.name)) for clause in clauses}
        if all(left.values()):
            forbidden.append(left)
    try:
        part = SearchSpace(
            {name: made[name] for name in parameters if name in made},
            constraints=[linear.text for linear in rules.linear if all(name in made for name, _ in linear.terms)],
            forbidden=forbidden,
        )
        part.default()  # finds a feasible point, or says that there is none
    except SpaceError as error:
        raise SpaceError(
            f"nothing of the space is left: {error.message}",
            hint="override fewer parameters, or by wider ranges",
            path="$",
        ) from None
    return part


def _active(parameters: Mapping[str, Parameter], rules: Rules) -> dict[str, Parameter]:
    """The parameters that can still be active, with what their conditions can still ask for."""
    made: dict[str, Parameter] = {}
    for name in rules.order:
        clauses = rules.conditions.get(name, ())
        when = {clause.name: _left(clause, made.get(clause.name)) for clause in clauses}
        if all(when.values()):
            changed = any(len(when[clause.name]) < len(clause.values) for clause in clauses)
            made[name] = parameters[name].under(when) if changed else parameters[name]
    return made


def _left(clause: Clause, parameter: Parameter | None) -> list[Scalar]:
    """The values of a clause that the parameter can still have."""
    return [] if parameter is None else [value for value in clause.values if _has(parameter, value)]


def _has(parameter: Parameter, value: Scalar) -> bool:
    try:
        snapped = parameter.snap(value)
    except ParamsError:
        return False
    return type(snapped) is type(value)  # of the choices 1 and True, each is only itself


def _narrowed(parameter: Parameter, entry: object, path: str) -> Parameter:
    """One parameter fixed or narrowed; its condition stays."""
    if not isinstance(entry, dict):
        return _fixed(parameter, entry, path)
    entry = dict(entry)
    kind = entry.pop("type", "constant" if set(entry) == {"value"} else parameter.kind)
    if kind == "constant":
        _check_keys(entry, "constant", path)
        return _fixed(parameter, entry["value"], child(path, "value")) if "value" in entry else parameter
    if kind != parameter.kind:
        raise SpaceError(
            f"got the type {kind!r}; allowed: {parameter.kind!r}, as in the whole space",
            hint="or give a value, at which the parameter is fixed",
            path=child(path, "type"),
        )
    _check_keys(entry, kind, path)
    try:
        if isinstance(parameter, (Float, Int)):
            return _number(parameter, entry)
        assert isinstance(parameter, (Categorical, Ordinal))
        return _chosen(parameter, entry)
    except SpaceError as error:
        raise SpaceError(error.message, hint=error.hint, path=f"{path}.{error.path}") from None


def _check_keys(entry: Mapping[str, object], kind: str, path: str) -> None:
    for key in entry:
        if key not in _KEYS[kind]:
            allowed = _KEYS[kind] if kind == "constant" else (*_KEYS[kind], "value")
            raise SpaceError(
                f"unknown key {key!r}; allowed for {kind}: {listed(allowed)}", hint=closest(key, allowed), path=path
            )


def _fixed(parameter: Parameter, value: object, path: str) -> Parameter:
    return Constant(_inside(parameter, value, path), when=parameter.when)


def _inside(parameter: Parameter, value: object, path: str) -> Scalar:
    try:
        return parameter.snap(value)
    except ParamsError as error:
        raise SpaceError(error.message, hint="an override stays inside the whole space", path=path) from None


def _number(parameter: Float | Int, entry: Mapping[str, Any]) -> Parameter:
    low, high = (cast("float", _inside(parameter, entry.get(k, getattr(parameter, k)), k)) for k in ("low", "high"))
    if low >= high:
        raise SpaceError(
            f"lower bound {low!r} is not below upper bound {high!r}",
            hint="swap them; a parameter is fixed by giving its value",
            path="low",
        )
    if entry.get("log", parameter.log) is not parameter.log:
        raise SpaceError(
            f"got {shown(entry['log'])}; allowed: {parameter.log}, as in the whole space",
            hint="leave it out",
            path="log",
        )
    settings: dict[str, Any] = {"low": low, "high": high, "step": _step(parameter, entry.get("step", ...))}
    made = dataclasses.replace(parameter, **settings, default=entry.get("default"))
    if "default" in entry or parameter.default is None:
        return made
    home: Any = min(max(parameter.default, low), high)
    if made.levels is not None:
        first = parameter.cell(low)
        times = parameter.cell(made.pick(1)) - first
        home = made.pick((parameter.cell(home) - first) // times)
    return dataclasses.replace(made, default=home)


def _step(parameter: Float | Int, step: object) -> float | None:
    """The step of the part: that of the whole, or a multiple of it."""
    if step is ...:
        return parameter.step
    if isinstance(parameter, Float) and parameter.step is None:
        raise SpaceError(
            f"got {shown(step)}; allowed: nothing, the parameter is continuous", hint="leave the step out", path="step"
        )
    number, unit = read_number(step, "step"), parameter.step or 1
    if number <= 0 or Fraction(repr(float(number))) % Fraction(repr(float(unit))) != 0:
        raise SpaceError(f"got {shown(step)}; allowed: a multiple of the step {unit!r}", path="step")
    return number if parameter.step is not None or number != 1 else None


def _chosen(parameter: Categorical | Ordinal, entry: Mapping[str, Any]) -> Parameter:
    """Some of the values, in the order of the whole."""
    key = "choices" if isinstance(parameter, Categorical) else "values"
    given = entry.get(key, getattr(parameter, key))
    if not is_sequence(given):
        raise SpaceError(f"got {shown(given)}; allowed: a list of values", path=key)
    cells = [parameter.cell(_inside(parameter, value, child(key, index))) for index, value in enumerate(given)]
    if len(set(cells)) < len(cells):
        raise SpaceError(f"got {shown(given)}; allowed: distinct values", path=key)
    cells.sort()
    settings: dict[str, Any] = {key: [parameter.pick(cell) for cell in cells]}
    default: Scalar | EllipsisType = entry.get("default", ...)
    if "default" not in entry and parameter.default is not ...:
        home = parameter.cell(parameter.default)
        if isinstance(parameter, Ordinal):
            default = parameter.pick(max([cell for cell in cells if cell <= home], default=cells[0]))
        elif home in cells:
            default = parameter.default
    return dataclasses.replace(parameter, **settings, default=default)
