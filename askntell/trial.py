"""What one search is about: segments, trials and their outcomes. Nothing here has a file or an array."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, final

from askntell.errors import SettingsError, SpaceError, TellError
from askntell.goals import Goals
from askntell.space import Params, Scalar, SearchSpace

if TYPE_CHECKING:
    from askntell.space.narrowing import Overrides

__all__ = [
    "DEFAULT_SEGMENT",
    "FAILURES",
    "Noise",
    "Outcome",
    "Problem",
    "Proposal",
    "Segment",
    "Trial",
    "TrialStatus",
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


Noise: TypeAlias = "float | Mapping[str, float] | None"  # of the only objective, or by name, or unknown

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
        overrides: Where the segment's space is a part of the study's: parameters that are fixed at a value or keep to
            a narrower range, as `SearchSpace.narrowed` takes them; kept as JSON values.
    """

    name: str
    inputs: tuple[str, ...] = ()
    features: Mapping[str, str | float] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    overrides: Overrides = field(default_factory=dict)

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
        if self.overrides != {}:
            from askntell.space.narrowing import read_overrides

            try:
                object.__setattr__(self, "overrides", read_overrides(self.overrides))
            except SpaceError as error:
                path = f"$.overrides{error.path[1:]}"
                raise SettingsError(f"segment {name!r}: {error.message}", hint=error.hint, path=path) from None


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What was told about one trial: values, or why there are none.

    Equal outcomes are the same tell; the message is a remark and does not count.
    """

    values: Mapping[str, float] | None = None
    failure: str | None = None
    message: str = field(default="", compare=False)
    std: Noise = None

    def __str__(self) -> str:
        return f"failed={self.failure!r}" if self.values is None else f"{dict(self.values)!r}"

    @classmethod
    def of(
        cls,
        goals: Goals,
        value: object = None,
        *,
        failed: str | None = None,
        message: str = "",
        std: object = None,
    ) -> Outcome:
        """Check what a caller tells and normalise it.

        Args:
            goals: Name the values that are expected.
            value: ``{name: number}`` with every objective and constraint, or the number where there is but one name.
                NaN or infinite means failed as "nan".
            failed: A kind of `FAILURES` instead of a value.
            message: Free text kept with the trial.
            std: Known standard deviation of the noise, >= 0, in the values' units: a number for one objective, or
                ``{name: number}`` for those that are known.

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
        values = _values(goals, value)
        for name, number in values.items():
            if not math.isfinite(number):
                said = f"value was {number}" if len(values) == 1 else f"value of {name!r} was {number}"
                return cls(failure="nan", message=message or said)
        return cls(values=values, message=message, std=_noise(goals, std))

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any], goals: Goals) -> Outcome:
        """The outcome that `to_dict` gave; other keys are ignored.

        Raises:
            TellError: the values are not those of the goals.
        """
        values = entry.get("values")
        return cls(
            values=None if values is None else goals.ordered(values),
            failure=entry.get("failed"),
            message=entry.get("message", ""),
            std=entry.get("std"),
        )

    def to_dict(self) -> dict[str, object]:
        """The outcome as JSON values, without what is empty."""
        entry: dict[str, object] = {"failed": self.failure} if self.values is None else {"values": dict(self.values)}
        if self.message:
            entry["message"] = self.message
        if self.std is not None:
            entry["std"] = dict(self.std) if isinstance(self.std, Mapping) else self.std
        return entry

    @property
    def status(self) -> TrialStatus:
        """The status that this outcome gives a trial."""
        return TrialStatus.FAILED if self.values is None else TrialStatus.FINISHED


def _values(goals: Goals, value: object) -> dict[str, float]:
    """All values by name, in the order of `Goals.names`."""
    names = goals.names
    if not isinstance(value, Mapping):
        if len(names) > 1:
            raise TellError(
                f"told {value!r}; expected values named {', '.join(map(repr, names))}",
                hint=f"tell {{{', '.join(f'{name!r}: ...' for name in names)}}}",
            )
        value = {names[0]: value}
    return {name: _number(told, f"value of {name!r}") for name, told in goals.ordered(value).items()}


def _noise(goals: Goals, std: object) -> Noise:
    """A number for the only objective, else a mapping; None where nothing is known."""
    if std is None:
        return None
    if not isinstance(std, Mapping):
        if goals.several:
            raise TellError(f"std={std!r} does not say of which value", hint="give std={name: number}")
        return _checked_std(std, "std")
    unknown = [name for name in std if name not in goals.names]
    if unknown:
        raise TellError(f"std names {unknown[0]!r}; expected some of {', '.join(map(repr, goals.names))}")
    known = {name: _checked_std(std[name], f"std of {name!r}") for name in goals.names if std.get(name) is not None}
    if not goals.several and set(known) == {goals.first.name}:
        return known[goals.first.name]
    return known or None


def _checked_std(std: object, what: str) -> float:
    number = _number(std, what)
    if not 0.0 <= number < math.inf:
        raise TellError(f"{what} must be finite and >= 0, got {number}")
    return number


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
        values: Name to value, objectives first and then constraints, once finished.
        failure: Kind of failure, once failed.
        message: What was told beside the outcome.
        std: Known noise of the value, or ``{name: noise}`` of several, or None.
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
    std: Noise = None
    by: str = ""
    worker: str | None = None
    why: Mapping[str, Scalar] = field(default_factory=dict, compare=False)

    @property
    def value(self) -> float | None:
        """The value of the first objective, or None while there is none."""
        return None if self.values is None else next(iter(self.values.values()))

    def noise(self, name: str) -> float | None:
        """The known standard deviation of the value of this name, or None."""
        if isinstance(self.std, Mapping):
            return self.std.get(name)
        return self.std if self.values is not None and name == next(iter(self.values)) else None

    @property
    def outcome(self) -> Outcome | None:
        """What was told, or None while the trial is open."""
        if not self.status.closed:
            return None
        return Outcome(values=self.values, failure=self.failure, message=self.message, std=self.std)

    def reopened(self) -> Trial:
        """This trial as it was before anything was told."""
        return replace(self, status=TrialStatus.PENDING, values=None, failure=None, message="", std=None)

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
        space: What may be tried in the segment: the study's space, narrowed by the segment's overrides.
        goals: What is better, and what is allowed.
        trials: Planned number of trials in the segment, or None.
        segment: The segment that is searched.
        segments: All segments of the study.
        study_space: The study's space where `space` may be a part of it; None: the same.
    """

    space: SearchSpace
    goals: Goals = field(default_factory=Goals)
    trials: int | None = None
    segment: Segment = field(default_factory=lambda: Segment(DEFAULT_SEGMENT))
    segments: Sequence[Segment] = ()
    study_space: SearchSpace | None = None

    def __post_init__(self) -> None:
        trials = self.trials
        if trials is not None and (isinstance(trials, bool) or not isinstance(trials, int) or trials < 1):
            raise SettingsError(f"trials={trials!r}; allowed: None or an integer >= 1")

    def at(self, segment: Segment) -> Problem:
        """The search of one of the segments, in its own part of the whole space.

        Raises:
            SettingsError: the segment's overrides are not inside the space; `path` is their JSON path in the segment.
        """
        try:
            part = self.whole.narrowed(segment.overrides)
        except SpaceError as error:
            path = f"$.overrides{error.path[1:]}"
            raise SettingsError(f"segment {segment.name!r}: {error.message}", hint=error.hint, path=path) from None
        return replace(self, segment=segment, space=part, study_space=self.whole)

    @property
    def whole(self) -> SearchSpace:
        """The study's space, of which `space` is the segment's part."""
        return self.space if self.study_space is None else self.study_space

    def loss(self, trial: Trial) -> float:
        """The loss of a finished trial: lower is better.

        Raises:
            SettingsError: there are several objectives; see `Goals.losses`. TellError: the trial has no value.
        """
        self._values(trial)
        return self.goals.single("a loss").loss(trial.value or 0.0)

    def rank(self, trial: Trial) -> tuple[float, float]:
        """Where a finished trial stands among others: feasible ones first; see `Goals.rank`."""
        return self.goals.rank(self._values(trial))

    def _values(self, trial: Trial) -> Mapping[str, float]:
        if trial.values is None:
            raise TellError(f"trial {trial.number} has no value", hint="ask for the loss of finished trials only")
        return trial.values
