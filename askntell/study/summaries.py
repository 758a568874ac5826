"""What a study says about its segments and trials: summaries, and rows of plain values for tables and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final, overload

from askntell.errors import MissingExtra, UnknownTrial
from askntell.goals import Goals, Objective
from askntell.history import History
from askntell.optimizers.pareto import pareto_front
from askntell.trial import Segment, Trial, TrialStatus

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SegmentSummary",
    "SegmentTable",
    "data_frame",
    "gain_of",
    "segment_entry",
    "summary_of",
    "trial_row",
    "view",
]

JOINT = "joint gp"  #: what a trial's `why` names as its model where several segments were learnt from together


@final
@dataclass(frozen=True, kw_only=True)
class SegmentSummary:
    """The books of one segment.

    Attributes:
        name, inputs, features: As given; see `Segment`.
        status: "stopped" (by hand, or by the rules of this process's last run), "running" (some trials are pending),
            "done" (has its planned trials, or every point was tried), "waiting" (inputs are missing), "new" (no trials)
            or "idle".
        pending, finished, failed, cancelled: Numbers of trials.
        best: The best feasible finished trial, or None; None with several objectives.
        front: Number of trials on the Pareto front; with one objective, of those that share the best value.
        default_value: Value of the space's default point; None while it was not measured, where it is infeasible, and
            with several objectives.
        gain: How much better the best is than the default, >= 0, in the objective's units; None while unknown.
        relative_gain: The same in parts of the default value; None also where that is 0.
        shared: Number of its trials that a joint model of several segments proposed.
        stopped: Why it is stopped, or None.
        missing: Its inputs that are not there.
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
    gain: float | None = None
    relative_gain: float | None = None
    shared: int = 0
    stopped: str | None = None
    missing: tuple[str, ...] = ()


@final
class SegmentTable(Sequence[SegmentSummary]):
    """The books of all segments, in the study's order: a list that also takes a segment's name.

    In a notebook it shows itself as a table.

    Args:
        summaries: One for each segment.
        goals: Of the study.
    """

    def __init__(self, summaries: Sequence[SegmentSummary], goals: Goals) -> None:
        self._summaries = list(summaries)
        self.goals = goals

    @overload
    def __getitem__(self, place: int | str) -> SegmentSummary: ...
    @overload
    def __getitem__(self, place: slice) -> SegmentTable: ...

    def __getitem__(self, place: int | str | slice) -> SegmentSummary | SegmentTable:
        """The segment at a place or of a name, or a part of the table."""
        if isinstance(place, slice):
            return SegmentTable(self._summaries[place], self.goals)
        if isinstance(place, str):
            found = next((s for s in self._summaries if s.name == place), None)
            if found is None:
                raise UnknownTrial(f"there is no segment {place!r}")
            return found
        return self._summaries[place]

    def __len__(self) -> int:
        return len(self._summaries)

    def rows(self) -> list[dict[str, Any]]:
        """One flat row of plain values per segment, with a column for each feature and each of the best params."""
        return [_segment_row(summary) for summary in self]

    def to_dataframe(self) -> pd.DataFrame:
        """The rows as a data frame.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return data_frame(self.rows())

    def __repr__(self) -> str:
        return repr(self._summaries)

    def _repr_html_(self) -> str:
        return str(view("segments")(self))


def view(name: str) -> Any:
    """What shows something in a notebook; the views are composed by name, never imported."""
    from askntell import _plugins

    return _plugins.find("askntell.views", name, _VIEWS)


_VIEWS = {
    "segments": "askntell.report.notebook:segments_html",
    "study": "askntell.report.notebook:study_html",
}


def data_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a data frame.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("to_dataframe needs pandas", hint='pip install "askntell[report]"') from None
    return pd.DataFrame(list(rows))


def summary_of(
    segment: Segment,
    history: History,
    planned: int | None,
    *,
    stopped: str | None = None,
    missing: tuple[str, ...] = (),
) -> SegmentSummary:
    """The books of one segment, whose trials are `history`."""
    goals = history.goals
    counts = dict.fromkeys(TrialStatus, 0)
    default = None
    shared = 0
    for trial in history:
        counts[trial.status] += 1
        shared += trial.why.get("model") == JOINT
        if trial.by == "default" and trial.values is not None and goals.feasible(trial.values):
            default = None if goals.several else trial.value
    if stopped is not None:
        status = "stopped"
    elif history.pending:
        status = "running"
    elif history.exhausted or (planned is not None and len(history) >= planned):
        status = "done"
    elif missing:
        status = "waiting"
    else:
        status = "idle" if len(history) else "new"
    best = history.incumbent
    gain = gain_of(goals.first, None if best is None else best.value, default)
    return SegmentSummary(
        name=segment.name,
        inputs=segment.inputs,
        features=segment.features,
        status=status,
        pending=counts[TrialStatus.PENDING],
        finished=counts[TrialStatus.FINISHED],
        failed=counts[TrialStatus.FAILED],
        cancelled=counts[TrialStatus.CANCELLED],
        best=best,
        front=len(pareto_front(history.closed, goals)),
        default_value=default,
        gain=gain,
        relative_gain=gain / abs(default) if gain is not None and default else None,
        shared=shared,
        stopped=stopped,
        missing=missing,
    )


def gain_of(objective: Objective, best: float | None, default_value: float | None) -> float | None:
    """How much smaller the loss of the incumbent is than the default's; None while one of them is unknown."""
    if best is None or default_value is None:
        return None
    return objective.loss(default_value) - objective.loss(best)


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
        "gain": s.gain,
        "relative_gain": s.relative_gain,
        "shared": s.shared,
        "stopped": s.stopped,
        "missing": list(s.missing),
    }


def _segment_row(s: SegmentSummary) -> dict[str, Any]:
    best = s.best
    return {
        "segment": s.name,
        **{f"features.{name}": value for name, value in s.features.items()},
        "status": s.status,
        "pending": s.pending,
        "finished": s.finished,
        "failed": s.failed,
        "cancelled": s.cancelled,
        "shared": s.shared,
        "front": s.front,
        "default_value": s.default_value,
        "gain": s.gain,
        "relative_gain": s.relative_gain,
        "stopped": s.stopped,
        "missing": " ".join(s.missing) or None,
        "best": None if best is None else best.number,
        "value": None if best is None else best.value,
        **{f"params.{name}": value for name, value in ({} if best is None else best.params).items()},
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
