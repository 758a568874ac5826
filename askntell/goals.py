"""What a search is after: objectives, constraints on outcomes, and how one outcome compares with another.

A goal names a *value* that every finished trial has. Whether a trial is feasible, what its losses are and how far it
lies beyond a limit are questions about its values alone; nothing here knows of params, numbers or trials.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, final

from askntell.errors import SettingsError, TellError

__all__ = ["DIRECTIONS", "MOST_OBJECTIVES", "Goals", "Objective", "OutcomeConstraint"]

DIRECTIONS = ("minimize", "maximize")
MOST_OBJECTIVES = 4  #: hypervolumes are exact and cheap so far, and a front of more can hardly be read

Value = TypeVar("Value")

_CONSTRAINT = re.compile(r"\s*(<=|>=)\s*(\S+)\s*")


def _checked_name(name: object, what: str) -> None:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise SettingsError(f"{what} name {name!r} is not a printable text")


@final
@dataclass(frozen=True)
class Objective:
    """A named value and the direction that is better."""

    name: str = "value"
    direction: str = "minimize"

    def __post_init__(self) -> None:
        _checked_name(self.name, "objective")
        if self.direction not in DIRECTIONS:
            raise SettingsError(
                f"direction of objective {self.name!r} is {self.direction!r}; allowed: {', '.join(DIRECTIONS)}"
            )

    def loss(self, value: float) -> float:
        """The value as a loss: lower is better, whatever the direction."""
        return value if self.direction == "minimize" else -value


@final
@dataclass(frozen=True)
class OutcomeConstraint:
    """A named value that is measured with the objectives and has a limit.

    Attributes:
        name: Name of the value.
        relation: "<=" or ">=".
        limit: The limit, which itself is allowed; finite, in the value's units.
    """

    name: str
    relation: str
    limit: float

    def __post_init__(self) -> None:
        _checked_name(self.name, "constraint")
        if self.relation not in ("<=", ">=") or not math.isfinite(self.limit):
            raise SettingsError(f"constraint on {self.name!r}: {self}; allowed: '<= NUMBER' or '>= NUMBER'")

    @classmethod
    def read(cls, name: str, text: object) -> OutcomeConstraint:
        """The constraint on `name` that a text such as ``"<= 4096"`` describes.

        Raises:
            SettingsError: the text is no relation with a finite number.
        """
        found = _CONSTRAINT.fullmatch(text) if isinstance(text, str) else None
        try:
            if found is not None:
                return cls(name, found[1], float(found[2]))
        except ValueError as error:
            if isinstance(error, SettingsError):
                raise
        raise SettingsError(
            f"constraint on {name!r} is {text!r}; allowed: '<= NUMBER' or '>= NUMBER'",
            hint='write constraints={"memory_mib": "<= 4096"}',
        )

    def __str__(self) -> str:
        return f"{self.relation} {repr(self.limit).removesuffix('.0')}"

    def excess(self, value: float) -> float:
        """How far the value lies beyond the limit, in its units: above 0 where the constraint is violated."""
        return value - self.limit if self.relation == "<=" else self.limit - value


@final
@dataclass(frozen=True)
class Goals:
    """The objectives and the outcome constraints of one search.

    Attributes:
        objectives: One to four; the first is the one that `Trial.value` shows.
        constraints: Limits on values; a value may be an objective and have a limit.
    """

    objectives: tuple[Objective, ...] = (Objective(),)
    constraints: tuple[OutcomeConstraint, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.objectives)
        if not 1 <= count <= MOST_OBJECTIVES:
            raise SettingsError(
                f"{count} objectives were given; 1 to {MOST_OBJECTIVES} are allowed, 5 or more are not supported",
                hint="make the less important ones constraints, such as constraints={'latency_ms': '<= 20'}",
            )
        for kind, named in (
            ("objectives", [goal.name for goal in self.objectives]),
            ("constraints", [goal.name for goal in self.constraints]),
        ):
            if len(set(named)) < len(named):
                raise SettingsError(f"{kind} name {max(named, key=named.count)!r} twice")

    @classmethod
    def of(
        cls,
        objectives: Mapping[str, str] | None = None,
        constraints: Mapping[str, str] | None = None,
        direction: str | None = None,
    ) -> Goals:
        """The goals that the settings ``objectives=`` (or ``direction=``) and ``constraints=`` name.

        Args:
            objectives: ``{name: "minimize" or "maximize"}``, 1 to 4 of them; None: one value without a name.
            constraints: ``{name: "<= limit" or ">= limit"}``.
            direction: Of the value without a name.

        Raises:
            SettingsError: a name, direction, limit or their number is not allowed, or both of the first and the last.
        """
        if objectives is not None and direction is not None:
            raise SettingsError("objectives= and direction= are both given", hint="name the direction in objectives=")
        if objectives is None:
            goals: tuple[Objective, ...] = (Objective(direction="minimize" if direction is None else direction),)
        elif not isinstance(objectives, Mapping):
            raise SettingsError(
                f"objectives={objectives!r} does not name objectives", hint='write objectives={"chi2": "minimize"}'
            )
        else:
            goals = tuple(Objective(name, wanted) for name, wanted in objectives.items())
        if constraints is not None and not isinstance(constraints, Mapping):
            raise SettingsError(
                f"constraints={constraints!r} does not name constraints",
                hint='write constraints={"memory_mib": "<= 4096"}',
            )
        limits = tuple(OutcomeConstraint.read(name, text) for name, text in (constraints or {}).items())
        return cls(goals, limits)

    # ---- settings --------------------------------------------------------------------------------------------------

    @property
    def first(self) -> Objective:
        """The objective whose value is a trial's `value`."""
        return self.objectives[0]

    @property
    def several(self) -> bool:
        """Whether there is more than one objective."""
        return len(self.objectives) > 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all values that a finished trial has: objectives first, each name once."""
        return tuple(
            dict.fromkeys([*(goal.name for goal in self.objectives), *(goal.name for goal in self.constraints)])
        )

    @property
    def directions(self) -> dict[str, str]:
        """The objectives as JSON values, ``{name: direction}``."""
        return {goal.name: goal.direction for goal in self.objectives}

    @property
    def limits(self) -> dict[str, str]:
        """The constraints as JSON values, ``{name: "<= 4096"}``."""
        return {goal.name: str(goal) for goal in self.constraints}

    def __str__(self) -> str:
        limits = [f"{goal.name} {goal}" for goal in self.constraints]
        return ", ".join([*(f"{goal.name} {goal.direction}" for goal in self.objectives), *limits])

    def single(self, who: str, hint: str = "choose auto, gp, random, sobol or grid") -> Objective:
        """The only objective, for those who can handle no more.

        Args:
            who: What cannot handle more, for the message: "algorithm 'tpe'".
            hint: What to do instead.

        Raises:
            SettingsError: there are several.
        """
        if self.several:
            named = ", ".join(goal.name for goal in self.objectives)
            raise SettingsError(f"{who} is for one objective; there are {len(self.objectives)}: {named}", hint=hint)
        return self.first

    # ---- outcomes --------------------------------------------------------------------------------------------------

    def ordered(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The values in the order of `names`.

        Raises:
            TellError: a name is missing or unknown.
        """
        names = self.names
        if set(values) != set(names):
            wrong = {"missing": [n for n in names if n not in values], "unknown": [n for n in values if n not in names]}
            said = "; ".join(f"{word} {', '.join(map(repr, some))}" for word, some in wrong.items() if some)
            raise TellError(f"wrong names of values: {said}; expected {', '.join(map(repr, names))}")
        return {name: values[name] for name in names}

    def losses(self, values: Mapping[str, float]) -> tuple[float, ...]:
        """The objectives as losses: lower is better."""
        return tuple(goal.loss(values[goal.name]) for goal in self.objectives)

    def excesses(self, values: Mapping[str, float]) -> tuple[float, ...]:
        """`OutcomeConstraint.excess` of every constraint."""
        return tuple(goal.excess(values[goal.name]) for goal in self.constraints)

    def feasible(self, values: Mapping[str, float]) -> bool:
        """Whether every constraint holds."""
        return all(goal.excess(values[goal.name]) <= 0.0 for goal in self.constraints)

    def violation(self, values: Mapping[str, float]) -> float:
        """The total violation: the sum of what exceeds each limit, as a share of the limit's size (of 1 for 0)."""
        return sum(max(goal.excess(values[goal.name]), 0.0) / (abs(goal.limit) or 1.0) for goal in self.constraints)

    def rank(self, values: Mapping[str, float]) -> tuple[float, float]:
        """The key of an outcome among others with one objective, smaller is better [Deb 2000].

        Feasible ones come first, by their loss; then the others, by their total violation.
        """
        loss = self.single("a rank").loss(values[self.first.name])
        return (0.0, loss) if self.feasible(values) else (max(self.violation(values), math.ulp(0.0)), loss)
