"""When a segment needs no more trials: its target is reached, or it has stopped to improve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import final

from askntell.errors import SettingsError
from askntell.goals import Goals
from askntell.history import History
from askntell.trial import Trial

__all__ = ["Rules"]


@final
@dataclass(frozen=True, kw_only=True)
class Rules:
    """Conditions under which a segment is stopped; each is a pure function of its history.

    Attributes:
        target: Objective name to the value that is good enough; all of them in one feasible trial. Empty: no target.
        patience: Number of closed trials without an improvement after which the segment is stopped, or None.
    """

    target: Mapping[str, float] = field(default_factory=dict)
    patience: int | None = None

    @classmethod
    def of(cls, goals: Goals, target: object, patience: object) -> Rules:
        """Check what a caller gives.

        Raises:
            SettingsError: the target is no finite number or names no objective, or patience is no integer >= 1.
        """
        if patience is not None and (isinstance(patience, bool) or not isinstance(patience, int) or patience < 1):
            raise SettingsError(f"patience={patience!r}; allowed: None or an integer >= 1")
        names = [goal.name for goal in goals.objectives]
        if target is None:
            return cls(patience=patience)
        if not isinstance(target, Mapping):
            if goals.several:
                raise SettingsError(
                    f"target={target!r} does not say of which objective", hint=f"give target={{{names[0]!r}: ...}}"
                )
            target = {names[0]: target}
        numbers = {}
        for name, value in target.items():
            if name not in names:
                raise SettingsError(f"target names {name!r}; the objectives are {', '.join(map(repr, names))}")
            if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
                raise SettingsError(f"target of {name!r} is {value!r}; allowed: a finite number")
            numbers[name] = float(value)
        return cls(target=numbers, patience=patience)

    def reason(self, history: History) -> str | None:
        """Why a segment needs no more trials, or None if it does.

        Trials are looked at by number, so that the answer does not depend on the order in which they ended.
        """
        reached = self._reached(history) if self.target else None
        if reached is not None:
            said = ", ".join(f"{name} = {(reached.values or {})[name]:.5g}" for name in self.target)
            return f"target reached: {said} in trial {reached.number}"
        if self.patience is None or len(history.closed) < self.patience:
            return None
        idle = _without_improvement(history.closed, history.goals)
        return f"no improvement in {idle} trials" if idle >= self.patience else None

    def _reached(self, history: History) -> Trial | None:
        if not history.goals.several and history.incumbent is None:
            return None
        directions = {goal.name: goal for goal in history.goals.objectives}
        candidates = history.closed if history.goals.several else [t for t in [history.incumbent] if t is not None]
        for trial in candidates:
            values = trial.values
            if values is None or not history.goals.feasible(values):
                continue
            if all(directions[name].loss(values[name]) <= directions[name].loss(v) for name, v in self.target.items()):
                return trial
        return None


def _without_improvement(closed: Sequence[Trial], goals: Goals) -> int:
    """How many trials at the end of the list improved nothing: no new best one, no new one on the front."""
    front: list[tuple[float, ...]] = []
    idle = 0
    for trial in closed:
        idle += 1
        if trial.values is None or not goals.feasible(trial.values):
            continue
        losses = goals.losses(trial.values)
        if not any(all(a <= b for a, b in zip(other, losses, strict=True)) for other in front):
            front = [o for o in front if not all(a <= b for a, b in zip(losses, o, strict=True))] + [losses]
            idle = 0
    return idle
