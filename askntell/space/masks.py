"""The rules of a space for many rows at once: which parameters are active, and which rows are feasible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import numpy as np

from askntell.space.columns import member_function, number_function
from askntell.space.enumerated import Constant
from askntell.space.grid import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from askntell.space.columns import Array, Cells, Mask
    from askntell.space.constraints import Linear
    from askntell.space.parameter import Parameter
    from askntell.space.rules import Clause, Rules
    from askntell.space.values import Scalar

__all__ = ["Masks"]


@final
class _Membership:
    """Where a clause holds."""

    __slots__ = ("_column", "_contains", "_name")

    def __init__(self, clause: Clause, parameter: Parameter, column: int | None) -> None:
        self._name = clause.name
        self._column = column
        self._contains = member_function(parameter, [parameter.cell(value) for value in clause.values])

    def rows(self, cells: Cells, active: Mapping[str, Mask]) -> Mask:
        mask = active.get(self._name)
        if self._column is None:  # the only value of a constant
            return np.ones(len(cells), dtype=np.bool_) if mask is None else mask
        held = self._contains(cells[:, self._column])
        return held if mask is None else held & mask


@final
class _Inequality:
    """Where a constraint holds: the operations of `Linear.holds` in the same order."""

    __slots__ = ("_cut", "_linear", "_terms")

    def __init__(self, linear: Linear, parameters: Mapping[str, Parameter], columns: Mapping[str, int]) -> None:
        self._linear = linear
        self._terms: list[tuple[str, float, int, Callable[[Array, Cells], Array] | Scalar]] = []
        for name, coefficient in linear.terms:
            parameter = parameters[name]
            if isinstance(parameter, Constant):
                self._terms.append((name, coefficient, -1, parameter.start()))
            else:
                self._terms.append((name, coefficient, columns[name], number_function(parameter)))
        # Powers of numpy and of the C library differ in the last bits, and so does a fixed value from its image: stay
        # that far from the tolerance of `SearchSpace.check`, so that what is feasible here is accepted there.
        self._cut = 1e-12 if any(parameters[name].levels is None for name, _ in linear.terms) else 0.0

    def rows(self, table: Array, cells: Cells, active: Mapping[str, Mask]) -> Mask:
        total: Any = self._linear.offset  # a number, then an array
        size: Any = abs(total)
        applied: Mask | None = None
        for name, coefficient, column, values in self._terms:
            value: Any = values(table[:, column], cells[:, column]) if callable(values) else values
            part = coefficient * value
            total = total + part
            size = size + abs(part)
            if name in active:
                applied = active[name] if applied is None else applied & active[name]
        if self._linear.strict:
            kept = total < -(TOLERANCE + self._cut) * size
        else:
            kept = total <= (TOLERANCE - self._cut) * size
        mask: Mask = np.broadcast_to(np.asarray(kept), len(table))
        return mask if applied is None else mask | ~applied


@final
class Masks:
    """What `Rules` say of rows (n, d); made once for a space."""

    __slots__ = ("_conditions", "_forbidden", "_linear", "bounded", "conditional")

    def __init__(self, parameters: Mapping[str, Parameter], rules: Rules, columns: Mapping[str, int]) -> None:
        def memberships(clauses: tuple[Clause, ...]) -> list[_Membership]:
            return [_Membership(clause, parameters[clause.name], columns.get(clause.name)) for clause in clauses]

        self._conditions = [(n, memberships(rules.conditions[n])) for n in rules.order if n in rules.conditions]
        self._linear = [_Inequality(linear, parameters, columns) for linear in rules.linear]
        self._forbidden = [memberships(clauses) for clauses in rules.forbidden]
        self.conditional = bool(self._conditions)
        self.bounded = bool(self._linear or self._forbidden)

    def active(self, cells: Cells) -> dict[str, Mask]:
        """Where each conditional parameter is active: (n,) by name."""
        made: dict[str, Mask] = {}
        for name, clauses in self._conditions:
            mask = clauses[0].rows(cells, made)
            for clause in clauses[1:]:
                mask = mask & clause.rows(cells, made)
            made[name] = mask
        return made

    def feasible(self, table: Array, cells: Cells, active: Mapping[str, Mask]) -> Mask:
        """Which rows keep the constraints and hold no forbidden combination: (n,)."""
        good = np.ones(len(table), dtype=np.bool_)
        for inequality in self._linear:
            good &= inequality.rows(table, cells, active)
        for clauses in self._forbidden:
            held = clauses[0].rows(cells, active)
            for clause in clauses[1:]:
                held = held & clause.rows(cells, active)
            good &= ~held
        return good
