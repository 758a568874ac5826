"""What holds between parameters: conditions, constraints and forbidden combinations."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType, MappingProxyType
from typing import final

from askntell.errors import ParamsError, SpaceError
from askntell.space.constraints import Linear, numeric_terms, parse_constraint
from askntell.space.enumerated import typed
from askntell.space.parameter import Parameter
from askntell.space.reading import read_values
from askntell.space.values import Scalar, child, closest, is_mapping, is_sequence, listed, shown, token

__all__ = ["Clause", "Rules", "make_rules"]


@final
class Clause:
    """One parameter has one of some values (and is active)."""

    __slots__ = ("_members", "_typed", "name", "values")

    def __init__(self, name: str, values: tuple[Scalar, ...], parameter: Parameter) -> None:
        self.name = name
        self.values = values
        self._typed = typed(parameter)
        self._members = frozenset(map(token, values)) if self._typed else frozenset(values)

    def holds(self, params: Mapping[str, Scalar]) -> bool:
        """Whether checked params have it."""
        value: Scalar | EllipsisType = params.get(self.name, ...)
        return (token(value) if self._typed else value) in self._members


@final
@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a search space, with every name and value checked.

    Attributes:
        order: All names, parents before children and otherwise as given.
        conditions: Name to the clauses that must all hold for it to be active; only names that have some.
        linear: The constraints.
        forbidden: Combinations, each as clauses that must not all hold.
    """

    order: tuple[str, ...]
    conditions: Mapping[str, tuple[Clause, ...]]
    linear: tuple[Linear, ...]
    forbidden: tuple[tuple[Clause, ...], ...]

    def active(self, name: str, params: Mapping[str, Scalar]) -> bool:
        """Whether a parameter is active, given the params of the parameters before it in `order`."""
        return all(clause.holds(params) for clause in self.conditions.get(name, ()))

    def inactive(self, name: str, value: object) -> ParamsError:
        """The error for a value that is given for an inactive parameter."""
        when = written(self.conditions[name])
        return ParamsError(
            f"got {shown(value)}, but the parameter is inactive here; it is active only with {when!r}",
            hint="leave it out",
            path=child("$", name),
        )

    def broken(self, params: Mapping[str, Scalar]) -> str:
        """What complete params break, in words; "" if nothing."""
        for linear in self.linear:
            if not linear.holds(params):
                return f"the constraint {linear.text!r}"
        for clauses in self.forbidden:
            if all(clause.holds(params) for clause in clauses):
                return f"the forbidden combination {written(clauses)!r}"
        return ""


def written(clauses: Sequence[Clause]) -> dict[str, Scalar | list[Scalar]]:
    """A combination as it stands in the file format."""
    return {clause.name: clause.values[0] if len(clause.values) == 1 else list(clause.values) for clause in clauses}


def make_rules(
    parameters: dict[str, Parameter], constraints: object, forbidden: object
) -> tuple[dict[str, Parameter], Rules]:
    """Check what holds between parameters.

    Returns:
        The parameters with the values of their conditions in canonical form, and the rules.

    Raises:
        SpaceError: a rule is wrong; its path is its JSON path.
    """
    conditions = {}
    made = {}
    for name, parameter in parameters.items():
        path = f"{child('$.parameters', name)}.when"
        clauses = tuple(_clause(parent, values, parameters, path) for parent, values in parameter.conditions())
        made[name] = parameter
        if clauses:
            conditions[name] = clauses
            made[name] = parameter.under({clause.name: clause.values for clause in clauses})
    order = _ordered(made, conditions)
    linear = _constraints(constraints, made, conditions)
    combinations = []
    for index, entry in enumerate(_list(forbidden, "$.forbidden", "objects")):
        path = f"$.forbidden[{index}]"
        if not is_mapping(entry) or not entry:
            raise SpaceError(f"got {shown(entry)}; allowed: an object of parameter names to values", path=path)
        combinations.append(tuple(_clause(name, values, made, path) for name, values in entry.items()))
    return made, Rules(order, MappingProxyType(conditions), linear, tuple(combinations))


def _constraints(
    texts: object, parameters: Mapping[str, Parameter], conditions: Mapping[str, Sequence[Clause]]
) -> tuple[Linear, ...]:
    bounds = {name: parameter.bounds for name, parameter in parameters.items()}
    made = []
    for index, text in enumerate(_list(texts, "$.constraints", "texts")):
        path = f"$.constraints[{index}]"
        linear = parse_constraint(text, path)
        ranges = numeric_terms(linear, bounds, path)
        # a constraint with an inactive parameter is not applied, so it may well hold nowhere else
        if not any(name in conditions for name in ranges) and not linear.possible(ranges):
            raise SpaceError(
                f"constraint {text!r} holds nowhere between the bounds of {listed(ranges)}",
                hint="check its direction and the bounds",
                path=path,
            )
        made.append(linear)
    return tuple(made)


def _list(value: object, path: str, what: str) -> Sequence[object]:
    if value is None:
        return ()
    if not is_sequence(value):
        raise SpaceError(f"got {shown(value)}; allowed: a list of {what}", path=path)
    return value


def _clause(name: object, values: object, parameters: Mapping[str, Parameter], path: str) -> Clause:
    if not isinstance(name, str) or name not in parameters:
        raise SpaceError(
            f"unknown parameter {name!r}; known: {listed(parameters)}", hint=closest(name, parameters), path=path
        )
    where, parameter = child(path, name), parameters[name]
    if parameter.levels is None:
        raise SpaceError(
            f"{name!r} is continuous and never takes exactly a given value",
            hint="give it a step, or write a constraint",
            path=where,
        )
    made: dict[Hashable, Scalar] = {}
    for value in read_values(values, where):
        try:
            snapped = parameter.snap(value)
        except ParamsError as error:
            raise SpaceError(f"value of {name!r}: {error.message}", path=where) from None
        if token(snapped) in made:
            raise SpaceError(f"{snapped!r} stands twice; allowed: distinct values", hint="remove one", path=where)
        made[token(snapped)] = snapped
    return Clause(name, tuple(made.values()), parameter)


def _ordered(parameters: Mapping[str, Parameter], conditions: Mapping[str, Sequence[Clause]]) -> tuple[str, ...]:
    """Parents before children; among those that could come next, the first given comes first."""
    order: dict[str, None] = {}
    for name in parameters:
        # depth first without recursion: a chain of parents may be long
        trail = [name]
        waiting = {name}
        while trail:
            missing = [clause.name for clause in conditions.get(trail[-1], ()) if clause.name not in order]
            if not missing or trail[-1] in order:
                order.setdefault(trail[-1])
                waiting.discard(trail.pop())
                continue
            if missing[0] in waiting:
                circle = " -> ".join([*trail[trail.index(missing[0]) :], missing[0]])
                raise SpaceError(
                    f"the conditions go in a circle: {circle}",
                    hint="a parent must not depend on its child",
                    path=f"{child('$.parameters', missing[0])}.when",
                )
            trail.append(missing[0])
            waiting.add(missing[0])
    return tuple(order)
