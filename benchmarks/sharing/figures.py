"""Figures of one run: when targets are reached, what is left after so many trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from families import Instance
from families.instance import Array

__all__ = ["AFTER", "SLACK", "TARGETS", "Reach", "ends", "firsts", "left_after", "reach"]

TARGETS = (20.0, 10.0, 5.0, 2.0)  #: regret in % of a random point's
AFTER = (5, 10, 20, 30)  #: trials in each segment at which regrets are compared, beside the end
SLACK = 1.0  #: % of a random point's regret up to which a real segment's best loss counts as the same

Curve = Sequence[Sequence[float]]  # [trials told, best loss so far], where it fell


@final
@dataclass(frozen=True, kw_only=True)
class Reach:
    """How soon the segments of a run reached something.

    Attributes:
        median: Over segments, of the first trial count; infinite if half of them never did.
        mean: Over segments, those that never did counted with one trial more than they had.
        missed: Share of segments that never did.
    """

    median: float
    mean: float
    missed: float


def regrets(record: dict[str, Any], instance: Instance) -> list[list[tuple[int, float]]]:
    """(trials told, regret in %) of each segment, where it fell."""
    return [[(int(n), instance.regret(k, float(loss))) for n, loss in curve] for k, curve in enumerate(record["best"])]


def firsts(record: dict[str, Any], instance: Instance, targets: Sequence[float] | Array, budget: int) -> Array:
    """First trial count with a regret of at most the segment's target, shape (S,); infinite where there is none."""
    goal = np.broadcast_to(np.asarray(targets, dtype=float), (instance.size,))
    made = [
        next((float(n) for n, regret in curve if regret <= goal[k] and n <= budget), np.inf)
        for k, curve in enumerate(regrets(record, instance))
    ]
    return np.array(made)


def reach(first: Array, budget: int) -> Reach:
    """The three figures of first trial counts, shape (S,)."""
    missed = np.isinf(first)
    return Reach(
        median=float(np.median(first)) if not (missed.mean() >= 0.5) else np.inf,
        mean=float(np.where(missed, budget + 1.0, first).mean()),
        missed=float(missed.mean()),
    )


def left_after(record: dict[str, Any], instance: Instance, count: int) -> Array:
    """Regret in % of each segment's best loss after so many of its trials, shape (S,)."""
    return np.array([[r for n, r in curve if n <= count][-1] for curve in regrets(record, instance)])


def ends(record: dict[str, Any], instance: Instance, budget: int) -> Array:
    """Regret in % at the end, plus the slack: what another contestant is to reach on real segments; shape (S,)."""
    found: Array = left_after(record, instance, budget) + SLACK
    return found
