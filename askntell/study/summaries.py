"""What a study says about its segments and trials: summaries, and rows of plain values for tables and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from askntell.goals import Goals
from askntell.history import History
from askntell.optimizers.pareto import pareto_front
from askntell.trial import Segment, Trial, TrialStatus

__all__ = ["SegmentSummary", "segment_entry", "summary_of", "trial_row"]


@dataclass(frozen=True, kw_only=True)
class SegmentSummary:
    """The books of one segment.

    Attributes:
        name, inputs, features: As given; see `Segment`.
        status: "new" (no trials), "running" (some are pending), "done" (has its planned trials) or "idle".
        pending, finished, failed, cancelled: Numbers of trials.
        best: The best feasible finished trial, or None; None with several objectives.
        front: Number of trials on the Pareto front; with one objective, of those that share the best value.
        default_value: Value of the space's default point; None while it was not measured, where it is infeasible, and
            with several objectives.
    """

    name: str
    inputs: tuple[str, ...]
    features: Mapping[str, str | float]
    status: str
    pending: int
    finished: int
    failed: int
    cancelled: int
    best: Trial | None
    front: int
    default_value: float | None


def summary_of(segment: Segment, history: History, goals: Goals, planned: int | None) -> SegmentSummary:
    """The books of one segment, whose trials are `history`."""
    counts = dict.fromkeys(TrialStatus, 0)
    default = None
    for trial in history:
        counts[trial.status] += 1
        if trial.by == "default" and trial.values is not None and goals.feasible(trial.values):
            default = None if goals.several else trial.value
    if not len(history):
        status = "new"
    elif history.pending:
        status = "running"
    else:
        status = "done" if planned is not None and len(history) >= planned else "idle"
    return SegmentSummary(
        name=segment.name,
        inputs=segment.inputs,
        features=segment.features,
        status=status,
        pending=counts[TrialStatus.PENDING],
        finished=counts[TrialStatus.FINISHED],
        failed=counts[TrialStatus.FAILED],
        cancelled=counts[TrialStatus.CANCELLED],
        best=history.incumbent,
        front=len(pareto_front(history.closed, goals)),
        default_value=default,
    )


def segment_entry(s: SegmentSummary) -> dict[str, Any]:
    """The books of one segment in JSON values."""
    return {
        "name": s.name,
        "status": s.status,
        "features": dict(s.features),
        "pending": s.pending,
        "finished": s.finished,
        "failed": s.failed,
        "cancelled": s.cancelled,
        "best": None if s.best is None else _trial_entry(s.best),
        "front": s.front,
        "default_value": s.default_value,
    }


def _trial_entry(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "value": trial.value,
        "values": None if trial.values is None else dict(trial.values),
        "params": dict(trial.params),
        "by": trial.by,
    }


def trial_row(trial: Trial) -> dict[str, Any]:
    """A trial as one row of a table, with a column for each parameter."""
    return {
        "segment": trial.segment,
        "number": trial.number,
        "status": str(trial.status),
        "value": trial.value,
        **{f"values.{name}": value for name, value in (trial.values or {}).items() if len(trial.values or {}) > 1},
        "failure": trial.failure,
        "by": trial.by,
        "attempt": trial.attempt,
        **{f"params.{name}": value for name, value in trial.params.items()},
    }
