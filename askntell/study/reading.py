"""What can be read from a study: its segments, trials and best results. Nothing here writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from askntell.books import Books
from askntell.errors import SettingsError
from askntell.goals import Goals
from askntell.optimizers.pareto import hypervolume_of, pareto_front
from askntell.optimizers.proposer import best_in, explained
from askntell.roster import Roster
from askntell.space import Scalar, SearchSpace
from askntell.study.summaries import SegmentTable, data_frame, segment_entry, summary_of, trial_row, view
from askntell.trial import Trial, TrialStatus

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reading"]


class Reading(ABC):
    """The half of a `Study` that looks: everything is derived from the books, as `refresh` left them."""

    _books: Books
    _shown: Roster

    @abstractmethod
    def refresh(self) -> None:
        """Read what other processes have written; every method that shows trials does so itself."""

    # ---- settings ------------------------------------------------------------------------------------------------

    @property
    def space(self) -> SearchSpace:
        """What may be tried."""
        return self._books.header.space

    @property
    def goals(self) -> Goals:
        """What is better, and what is allowed."""
        return self._books.header.goals

    @property
    def algorithm(self) -> str:
        """Name of the algorithm."""
        return self._books.header.algorithm.name

    @property
    def seed(self) -> int:
        """Key of every random stream."""
        return self._books.header.seed

    @property
    def planned(self) -> int | None:
        """Planned trials per segment, or None."""
        return self._books.header.trials

    @property
    def share(self) -> str:
        """Whether segments learn from each other: "auto" or "none"."""
        return self._books.header.share

    @property
    def uuid(self) -> str:
        """Identity of the study."""
        return self._books.header.uuid

    @property
    def created(self) -> str:
        """UTC time of creation, ISO 8601."""
        return self._books.header.created

    # ---- books ---------------------------------------------------------------------------------------------------

    @property
    def damage(self) -> list[str]:
        """Records that were skipped for a wrong checksum and conflicting results, one line each."""
        return self._books.damage

    @property
    def segments(self) -> SegmentTable:
        """The books of every segment: a list that also takes a name, as in ``study.segments["pid22_eta_0_5"]``."""
        self.refresh()
        self._shown.look()
        summaries = [
            summary_of(
                segment,
                self._books.history(segment.name),
                self.planned,
                stopped=self._shown.stopped(segment.name),
                missing=self._shown.waiting.get(segment.name, ()),
            )
            for segment in self._books.segments
        ]
        return SegmentTable(summaries, self.goals)

    def summary(self) -> dict[str, Any]:
        """The study in JSON values: settings, totals, and one entry per segment."""
        entries = [segment_entry(summary) for summary in self.segments]
        return {
            "path": str(self._books.folder),
            "uuid": self.uuid,
            "created": self.created,
            "objectives": self.goals.directions,
            "constraints": self.goals.limits,
            "algorithm": self.algorithm,
            "seed": self.seed,
            "planned": self.planned,
            "share": self.share,
            **{key: sum(e[key] for e in entries) for key in ("pending", "finished", "failed", "cancelled")},
            "damage": self.damage,
            "segments": entries,
        }

    def best(self, segment: str | None = None) -> Trial | None:
        """The best feasible finished trial of a segment, or of the whole study; None if there is none.

        Raises:
            SettingsError: there are several objectives, of which no trial is the best: see `pareto_front`.
            UnknownTrial: no such segment.
        """
        self.refresh()
        found = [best_in(self._books.history(name)) for name in self._names(segment)]
        return min((t for t in found if t is not None), key=lambda t: self.goals.losses(t.values or {}), default=None)

    def pareto_front(self, segment: str | None = None) -> list[Trial]:
        """The feasible finished trials that no other one beats in every respect, by segment and number.

        Args:
            segment: Only among this one's trials; None: among those of the whole study.

        Raises:
            UnknownTrial: no such segment.
        """
        self.refresh()
        return pareto_front(self._closed(segment), self.goals)

    def hypervolume(self, reference: Mapping[str, float] | Sequence[float], segment: str | None = None) -> float:
        """The hypervolume between the front and `reference`: see `askntell.optimizers.pareto.hypervolume_of`.

        Args:
            reference: ``{objective: number}`` or the numbers in the order of the objectives, in their own units.
            segment: As for `pareto_front`.

        Raises:
            SettingsError: the reference does not give one finite number for each objective. UnknownTrial.
        """
        self.refresh()
        return hypervolume_of(self._closed(segment), self.goals, reference)

    def _names(self, segment: str | None) -> list[str]:
        return [s.name for s in self._books.segments] if segment is None else [segment]

    def _closed(self, segment: str | None) -> list[Trial]:
        return [trial for name in self._names(segment) for trial in self._books.history(name).closed]

    def recommended(self, segment: str | None = None) -> Trial | None:
        """The feasible finished trial of a segment that is best by the model; `best` is the best observed one.

        Without a model, or before there is one, the best observed.

        Raises:
            SettingsError: the study has several segments and none was named, or several objectives.
            UnknownTrial: no such segment.
        """
        self.refresh()
        return self._books.recommended(self._only_segment(segment))

    def explain(self, trial: Trial) -> dict[str, Scalar]:
        """Why a trial was proposed: what proposed it (`by`), and what the algorithm noted (`Trial.why`).

        Raises:
            UnknownTrial: nobody asked for it.
        """
        self.refresh()
        return explained(self._books.history(trial.segment).get(trial.number))

    def trials(self, segment: str | None = None, status: str | TrialStatus | None = None) -> list[Trial]:
        """Trials by segment and number.

        Args:
            segment: Only this one's.
            status: Only those with this status, such as "finished".

        Raises:
            UnknownTrial: no such segment. SettingsError: no such status.
        """
        self.refresh()
        try:
            wanted = None if status is None else TrialStatus(status)
        except ValueError:
            raise SettingsError(f"status={status!r}; allowed: {', '.join(TrialStatus)}") from None
        every = (trial for name in self._names(segment) for trial in self._books.history(name))
        return [trial for trial in every if wanted is None or trial.status is wanted]

    def to_dataframe(self) -> pd.DataFrame:
        """One row per trial: segment, number, status, value, failure, by, attempt, and one column per parameter.

        Where a trial has several values, each has a column ``values.NAME`` too.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return data_frame(self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """The rows of `to_dataframe` as plain values; ``study.segments.rows()`` are those of the segments."""
        return [trial_row(trial) for trial in self.trials()]

    def _repr_html_(self) -> str:
        return str(view("study")(self))

    def _only_segment(self, segment: str | None) -> str:
        if segment is not None:
            return segment
        names = [s.name for s in self._books.segments]
        if len(names) > 1:
            raise SettingsError(
                f"the study has {len(names)} segments and none was named", hint=f"give segment=, such as {names[0]!r}"
            )
        return names[0]
