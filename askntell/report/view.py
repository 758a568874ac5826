"""A study as plain data: what the report, the tables of the command line and the figures show.

`view_of` is the only place that asks a `Study` for it; everything behind works on frozen values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from askntell.optimizers.pareto import pareto_front
from askntell.report.columns import note
from askntell.study.summaries import gain_of as gain

if TYPE_CHECKING:
    from askntell.goals import Goals, Objective
    from askntell.study import Study
    from askntell.trial import Trial

__all__ = ["SegmentView", "StudyView", "best_record", "front_record", "gain", "steps", "trial_record", "view_of"]


@final
@dataclass(frozen=True, kw_only=True)
class SegmentView:
    """One segment.

    Attributes:
        name: Its name, as given.
        features: Feature name to number or text.
        status: See `askntell.study.SegmentSummary`.
        pending: Number of open trials.
        finished: Number of trials with a value.
        failed: Number of trials without one.
        cancelled: Number of trials that will not be evaluated.
        best: The incumbent, or None; None with several objectives.
        front: The trials that no other one beats; filled with several objectives.
        default_value: Value of the space's default params, or None while unknown.
        shared: Number of trials that a joint model of several segments proposed.
        note: Why it gets no trials: what stopped it, or which inputs it waits for; "" where it does.
        gain: How much better the incumbent is than the default, >= 0, in the objective's units; None while unknown.
        steps: (number of closed trials, best value so far) at every improvement and at the last closed trial.
        values: (number of closed trials, value) of every feasible finished trial; filled for a study with one segment
            and one objective.
        infeasible: The same of the others.
        outcomes: (first two objectives, whether feasible) of every finished trial; filled for a study with one
            segment and several objectives.
    """

    name: str
    features: Mapping[str, str | float] = field(default_factory=dict)
    status: str = "idle"
    pending: int = 0
    finished: int = 0
    failed: int = 0
    cancelled: int = 0
    best: Trial | None = None
    front: Sequence[Trial] = ()
    default_value: float | None = None
    shared: int = 0
    note: str = ""
    gain: float | None = None
    steps: Sequence[tuple[int, float]] = ()
    values: Sequence[tuple[int, float]] = ()
    infeasible: Sequence[tuple[int, float]] = ()
    outcomes: Sequence[tuple[float, float, bool]] = ()

    @property
    def trials(self) -> int:
        """Number of trials asked for, whatever became of them."""
        return self.pending + self.finished + self.failed + self.cancelled


@final
@dataclass(frozen=True, kw_only=True)
class StudyView:
    """One study.

    Attributes:
        name: Name of the study's folder.
        goals: Objectives and constraints.
        algorithm: Name of the algorithm.
        seed: Seed of the study.
        created: When the study was created, as text.
        planned: Planned number of trials per segment, or None.
        segments: The segments in the study's order.
        failures: Failed trials, by segment and number.
        damage: What could not be read, one line each.
    """

    name: str
    goals: Goals
    algorithm: str = ""
    seed: int = 0
    created: str = ""
    planned: int | None = None
    segments: Sequence[SegmentView] = ()
    failures: Sequence[Trial] = ()
    damage: Sequence[str] = ()

    @property
    def objective(self) -> Objective:
        """The first objective."""
        return self.goals.first

    def total(self, count: str) -> int:
        """Sum of one count ("trials", "finished", "failed", ...) over all segments."""
        return sum(getattr(segment, count) for segment in self.segments)


def steps(goals: Goals, trials: Sequence[Trial]) -> list[tuple[int, float]]:
    """The best feasible value so far as a stair: (closed trials, value) at improvements and at the end.

    Args:
        goals: Say what is better and feasible; with several objectives there is no stair.
        trials: Trials of one segment in number order; open ones are skipped.
    """
    stair: list[tuple[int, float]] = []
    best: float | None = None
    closed = 0
    loss = goals.first.loss
    for trial in () if goals.several else trials:
        closed += trial.status.closed
        if trial.value is None or trial.values is None or not goals.feasible(trial.values):
            continue
        if best is None or loss(trial.value) < loss(best):
            best = trial.value
            stair.append((closed, best))
    if best is not None and stair[-1][0] < closed:
        stair.append((closed, best))
    return stair


def view_of(study: Study) -> StudyView:
    """Everything that is shown of a study, read once."""
    goals = study.goals
    summaries = study.segments
    by_segment: dict[str, list[Trial]] = {summary.name: [] for summary in summaries}
    for trial in study.trials():
        by_segment[trial.segment].append(trial)
    segments = []
    for summary in summaries:
        trials = by_segment[summary.name]
        best = summary.best
        alone = len(summaries) == 1
        segments.append(
            SegmentView(
                name=summary.name,
                features=summary.features,
                status=summary.status,
                pending=summary.pending,
                finished=summary.finished,
                failed=summary.failed,
                cancelled=summary.cancelled,
                best=best,
                front=pareto_front(trials, goals) if goals.several else (),
                default_value=summary.default_value,
                shared=summary.shared,
                note=note(summary.stopped, summary.missing),
                gain=summary.gain,
                steps=steps(goals, trials),
                values=_values(goals, trials, feasible=True) if alone else (),
                infeasible=_values(goals, trials, feasible=False) if alone else (),
                outcomes=_outcomes(goals, trials) if alone else (),
            )
        )
    return StudyView(
        name=study.path.resolve().name,
        goals=goals,
        algorithm=study.algorithm,
        seed=study.seed,
        created=str(study.created),
        planned=study.planned,
        segments=segments,
        failures=[trial for name in by_segment for trial in by_segment[name] if trial.status.value == "failed"],
        damage=list(study.damage),
    )


def _values(goals: Goals, trials: Sequence[Trial], *, feasible: bool) -> list[tuple[int, float]]:
    closed = 0
    found = []
    for trial in () if goals.several else trials:
        closed += trial.status.closed
        if trial.value is not None and trial.values is not None and goals.feasible(trial.values) is feasible:
            found.append((closed, trial.value))
    return found


def _outcomes(goals: Goals, trials: Sequence[Trial]) -> list[tuple[float, float, bool]]:
    if not goals.several:
        return []
    x, y = (goal.name for goal in goals.objectives[:2])
    return [(t.values[x], t.values[y], goals.feasible(t.values)) for t in trials if t.values is not None]


def trial_record(trial: Trial) -> dict[str, Any]:
    """A trial as a JSON object, written by `askntell ask` and understood by `askntell tell`."""
    return {
        "number": trial.number,
        "segment": trial.segment,
        "params": dict(trial.params),
        "status": trial.status.value,
        "attempt": trial.attempt,
        "value": trial.value,
        "values": None if trial.values is None else dict(trial.values),
        "failed": trial.failure,
        "message": trial.message,
        "std": dict(trial.std) if isinstance(trial.std, Mapping) else trial.std,
        "by": trial.by,
        "worker": trial.worker,
    }


def best_record(segment: SegmentView) -> dict[str, Any]:
    """The incumbent of a segment as a JSON object; its entries are null while there is none."""
    best = segment.best
    return {
        "segment": segment.name,
        "number": None if best is None else best.number,
        "value": None if best is None else best.value,
        "values": None if best is None or best.values is None else dict(best.values),
        "params": None if best is None else dict(best.params),
        "default_value": segment.default_value,
        "gain": segment.gain,
    }


def front_record(trial: Trial) -> dict[str, Any]:
    """A trial of a Pareto front as a JSON object."""
    return {
        "segment": trial.segment,
        "number": trial.number,
        "values": dict(trial.values or {}),
        "params": dict(trial.params),
    }
