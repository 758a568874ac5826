"""What one search is about: segments, objectives, trials and their outcomes. Nothing here has a file or an array."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from numbers import Real
from types import MappingProxyType
from typing import final

from askntell.errors import SettingsError, TellError
from askntell.space import Params, Scalar, SearchSpace

__all__ = [
    "DEFAULT_SEGMENT",
    "FAILURES",
    "Objective",
    "Outcome",
    "Problem",
    "Proposal",
    "Segment",
    "Trial",
    "TrialStatus",
    "objective_from",
]

DEFAULT_SEGMENT = "all"

FAILURES: Mapping[str, str] = MappingProxyType(
    {
        "crash": "the program ended with an error or without a value",
        "timeout": "the program ran longer than allowed",
        "memory": "the program ran out of memory",
        "nan": "the value was NaN or infinite",
        "infeasible": "the params cannot be evaluated",
    }
)


class TrialStatus(StrEnum):
    """Where a trial stands; `finished`, `failed` and `cancelled` are final (*closed*)."""

    PENDING = "pending"  #: asked, no outcome yet
    PAUSED = "paused"  #: stopped early, may be promoted and go on
    FINISHED = "finished"  #: has its values
    FAILED = "failed"  #: was evaluated and gave no value; `Trial.failure` says why
    CANCELLED = "cancelled"  #: will not be evaluated

    @property
    def closed(self) -> bool:
        """Whether nothing more will be told."""
        return self in _CLOSED


_CLOSED = frozenset({TrialStatus.FINISHED, TrialStatus.FAILED, TrialStatus.CANCELLED})


@final
@dataclass(frozen=True)
class Segment:
    """One of many similar models tuned side by side.

    Attributes:
        name: Any text without control characters or "/", at most 100 characters; unique in a study, ignoring case.
        inputs: Files that the segment's jobs read, relative to the folder of the segments file, or absolute.
        features: What tells segments apart, name to number or text, such as ``{"particle": "photon", "eta": 0.025}``.
        datasets: Names of grid data sets, for engines that resolve them.
    """

    name: str
    inputs: tuple[str, ...] = ()
    features: Mapping[str, str | float] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        name = self.name
        if not isinstance(name, str) or not 1 <= len(name) <= 100 or "/" in name or not name.isprintable():
            raise SettingsError(
                f"segment name {name!r} is not allowed",
                hint="use 1 to 100 printable characters without '/', such as 'pid22_eta_0_5'",
            )
        for label in ("inputs", "datasets"):
            given = getattr(self, label)
            if isinstance(given, str) or not all(isinstance(entry, str) and entry for entry in given):
                raise SettingsError(f"segment {name!r}: {label} must be a list of names, got {given!r}")
            object.__setattr__(self, label, tuple(given))
        for key, value in self.features.items():
            number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
            if not isinstance(key, str) or not (isinstance(value, str) or number):
                raise SettingsError(
                    f"segment {name!r}: feature {key!r} is {value!r}", hint="a feature is a finite number or a text"
                )
        object.__setattr__(self, "features", dict(self.features))


@final
@dataclass(frozen=True)
class Objective:
    """A named value and the direction that is better."""

    name: str = "value"
    direction: str = "minimize"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or not self.name.isprintable():
            raise SettingsError(f"objective name {self.name!r} is not a printable text")
        if self.direction not in ("minimize", "maximize"):
            raise SettingsError(
                f"direction of objective {self.name!r} is {self.direction!r}; allowed: minimize, maximize"
            )

    def loss(self, value: float) -> float:
        """The value as a loss: lower is better, whatever the direction."""
        return value if self.direction == "minimize" else -value


def objective_from(objectives: Mapping[str, str] | None, direction: str | None) -> Objective:
    """The one objective that the settings ``objectives=`` or ``direction=`` name.

    Raises:
        SettingsError: both are given, or not exactly one objective.
    """
    if objectives is None:
        return Objective(direction="minimize" if direction is None else direction)
    if direction is not None:
        raise SettingsError("objectives= and direction= are both given", hint="name the direction in objectives=")
    if not isinstance(objectives, Mapping) or len(objectives) != 1:
        raise SettingsError(
            f"objectives={objectives!r} does not name exactly one objective",
            hint='write objectives={"chi2": "minimize"}',
        )
    ((name, wanted),) = objectives.items()
    return Objective(name, wanted)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What was told about one trial: values, or why there are none.

    Equal outcomes are the same tell; the message is a remark and does not count.
    """

    values: Mapping[str, float] | None = None
    failure: str | None = None
    message: str = field(default="", compare=False)
    std: float | None = None

    def __str__(self) -> str:
        return f"failed={self.failure!r}" if self.values is None else f"{dict(self.values)!r}"

    @classmethod
    def of(
        cls,
        objective: Objective,
        value: object = None,
        *,
        failed: str | None = None,
        message: str = "",
        std: float | None = None,
    ) -> Outcome:
        """Check what a caller tells and normalise it.

        Args:
            objective: The objective whose value is expected.
            value: A number, or ``{objective name: number}``; NaN or infinite means failed as "nan".
            failed: A kind of `FAILURES` instead of a value.
            message: Free text kept with the trial.
            std: Known standard deviation of the value's noise, >= 0, in the value's units.

        Raises:
            TellError: neither or both of value and failed, a wrong type, name, kind or std.
        """
        if (value is None) == (failed is None):
            raise TellError(
                "got neither a value nor failed="
                if value is None
                else f"got both a value {value!r} and failed={failed!r}",
                hint=f"tell a number, or failed= one of {', '.join(FAILURES)}",
            )
        if not isinstance(message, str):
            raise TellError(f"message must be a text, got {type(message).__name__}")
        if failed is not None:
            if failed not in FAILURES:
                raise TellError(f"failed={failed!r} is no kind of failure; allowed: {', '.join(FAILURES)}")
            return cls(failure=failed, message=message)
        if isinstance(value, Mapping):
            if set(value) != {objective.name}:
                raise TellError(f"values named {sorted(map(str, value))} were told; expected {objective.name!r}")
            value = value[objective.name]
        number = _number(value, f"value of {objective.name!r}")
        if not math.isfinite(number):
            return cls(failure="nan", message=message or f"value was {number}")
        if std is not None and not 0 <= (std := _number(std, "std")) < math.inf:
            raise TellError(f"std must be finite and >= 0, got {std}")
        return cls(values={objective.name: number}, message=message, std=std)

    @property
    def status(self) -> TrialStatus:
        """The status that this outcome gives a trial."""
        return TrialStatus.FAILED if self.values is None else TrialStatus.FINISHED


def _number(value: object, what: str) -> float:
    if not isinstance(value, bool):
        if isinstance(value, Real):
            return float(value)
        item = getattr(value, "item", None)  # a 0-d array or a one-element tensor
        count = getattr(value, "numel", None)  # torch; its size is a method
        if callable(item) and (count() if callable(count) else getattr(value, "size", 1)) == 1:
            return _number(item(), what)
    raise TellError(f"{what} must be a number, got {value!r} ({type(value).__name__})")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Params that an algorithm proposes; it has no number yet.

    Attributes:
        params: A point of the space.
        by: The model or rule that made it.
        why: What led to it, as a few JSON values: which model, from which data, what the point promised.
    """

    params: Params
    by: str
    why: Mapping[str, Scalar] = field(default_factory=dict)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """Params with a number. A value object: telling gives a new Trial and leaves this one as it was.

    Attributes:
        number: Position in its segment, from 0.
        segment: Name of the segment.
        params: The setting to try, in user units; inactive parameters are absent.
        status: See `TrialStatus`.
        attempt: Which try of this trial is current, from 1.
        values: Objective name to value, once finished.
        failure: Kind of failure, once failed.
        message: What was told beside the outcome.
        std: Known noise of the value, or None.
        by: What proposed it, such as "sobol", "gp", "enqueued" or "told" (measured elsewhere).
        worker: Who asked for it, or None.
        why: What led the algorithm to it: see `Proposal.why`. A remark: equal trials may differ in it.
    """

    number: int
    segment: str = DEFAULT_SEGMENT
    params: Params
    status: TrialStatus = TrialStatus.PENDING
    attempt: int = 1
    values: Mapping[str, float] | None = None
    failure: str | None = None
    message: str = ""
    std: float | None = None
    by: str = ""
    worker: str | None = None
    why: Mapping[str, Scalar] = field(default_factory=dict, compare=False)

    @property
    def value(self) -> float | None:
        """The value of the only objective, or None while there is none."""
        return None if self.values is None else next(iter(self.values.values()))

    @property
    def outcome(self) -> Outcome | None:
        """What was told, or None while the trial is open."""
        if not self.status.closed:
            return None
        return Outcome(values=self.values, failure=self.failure, message=self.message, std=self.std)

    def told(self, outcome: Outcome) -> Trial:
        """This trial, closed with an outcome."""
        return replace(
            self,
            status=outcome.status,
            values=outcome.values,
            failure=outcome.failure,
            message=outcome.message,
            std=outcome.std,
        )


@final
@dataclass(frozen=True, kw_only=True)
class Problem:
    """What an algorithm needs to know of one segment's search.

    Attributes:
        space: What may be tried.
        objective: What is better.
        trials: Planned number of trials in the segment, or None.
        segment: The segment that is searched.
        segments: All segments of the study.
    """

    space: SearchSpace
    objective: Objective = field(default_factory=Objective)
    trials: int | None = None
    segment: Segment = field(default_factory=lambda: Segment(DEFAULT_SEGMENT))
    segments: Sequence[Segment] = ()

    def __post_init__(self) -> None:
        trials = self.trials
        if trials is not None and (isinstance(trials, bool) or not isinstance(trials, int) or trials < 1):
            raise SettingsError(f"trials={trials!r}; allowed: None or an integer >= 1")

    def loss(self, trial: Trial) -> float:
        """The loss of a finished trial: lower is better."""
        if trial.value is None:
            raise TellError(f"trial {trial.number} has no value", hint="ask for the loss of finished trials only")
        return self.objective.loss(trial.value)
