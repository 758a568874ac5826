"""Parameters held at a value: whether any point of the space can have all of these values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from askntell.errors import ParamsError
from askntell.space.enumerated import Constant
from askntell.space.parameter import Parameter
from askntell.space.rules import Clause, Rules, written
from askntell.space.values import Params, Scalar, as_number

__all__ = ["check_together"]


def check_together(fixed: Mapping[str, Scalar], parameters: Mapping[str, Parameter], rules: Rules) -> None:
    """Refuse fixed values, each allowed alone, of which it is certain that no point has all of them.

    Raises:
        ParamsError: a fixed parameter is inactive, a constraint cannot hold, or the combination is forbidden.
    """
    known: Params = {name: p.value for name, p in parameters.items() if isinstance(p, Constant)}
    known.update(fixed)
    active: dict[str, bool | None] = {}  # everywhere, nowhere, or None: it depends
    bounds = {}
    for name in rules.order:
        active[name] = _all(_certain(clause, known, active) for clause in rules.conditions.get(name, ()))
        if active[name] is False and name in fixed:
            raise rules.inactive(name, fixed[name])
        value = as_number(known.get(name))
        ends = parameters[name].bounds if value is None else (value, value)
        if active[name] and ends is not None:
            bounds[name] = ends
    held = {name: value for name, value in known.items() if active[name]}
    for linear in rules.linear:
        if all(name in bounds for name, _ in linear.terms) and not linear.possible(bounds):
            raise ParamsError(f"with {dict(fixed)!r} no point keeps the constraint {linear.text!r}", path="$")
    for clauses in rules.forbidden:
        if all(clause.holds(held) for clause in clauses):
            raise ParamsError(f"{dict(fixed)!r} has the forbidden combination {written(clauses)!r}", path="$")


def _certain(clause: Clause, known: Mapping[str, Scalar], active: Mapping[str, bool | None]) -> bool | None:
    parent = active[clause.name]
    if parent is False or (clause.name in known and not clause.holds(known)):
        return False
    return True if parent and clause.name in known else None


def _all(answers: Iterable[bool | None]) -> bool | None:
    every = list(answers)
    return False if False in every else None if None in every else True
