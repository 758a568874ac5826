"""Every point of a finite space, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from askntell.errors import SpaceError
from askntell.space.parameter import Parameter
from askntell.space.rules import Rules
from askntell.space.values import Params, listed

__all__ = ["points"]


def points(parameters: Mapping[str, Parameter], rules: Rules) -> Iterator[Params]:
    """Every distinct feasible point in lexicographic order of the cells; see `SearchSpace.points`.

    A rule is tried as soon as the last parameter that it names has its value, so that what it excludes is never
    walked through.

    Raises:
        SpaceError: a parameter is continuous.
    """
    continuous = [name for name, parameter in parameters.items() if parameter.levels is None]
    if continuous:
        raise SpaceError(
            f"the space is not finite: {listed(continuous)} is continuous", hint="give it a step, or use sample()"
        )
    return _walk(parameters, rules)


def _walk(parameters: Mapping[str, Parameter], rules: Rules) -> Iterator[Params]:
    order = rules.order
    place = {name: position for position, name in enumerate(order)}
    linear = {
        position: [r for r in rules.linear if max(place[n] for n, _ in r.terms) == position]
        for position in place.values()
    }
    forbidden = {
        position: [r for r in rules.forbidden if max(place[c.name] for c in r) == position]
        for position in place.values()
    }
    params: Params = {}
    cells = [-1] * len(order)
    ends = [0] * len(order)
    position = 0
    while position >= 0:
        if position == len(order):
            yield {name: params[name] for name in parameters if name in params}
            position -= 1
            continue
        name = order[position]
        if cells[position] < 0:
            active = rules.active(name, params)
            ends[position] = parameters[name].levels or 0 if active else 0
        params.pop(name, None)
        cells[position] += 1
        if cells[position] >= max(ends[position], 1):
            cells[position] = -1
            position -= 1
            continue
        if ends[position]:
            params[name] = parameters[name].pick(cells[position])
        if all(rule.holds(params) for rule in linear[position]) and not any(
            all(clause.holds(params) for clause in rule) for rule in forbidden[position]
        ):
            position += 1
