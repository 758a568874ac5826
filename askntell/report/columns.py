"""The table of a study's segments: which columns, in which words, sorted by which; for terminals and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from askntell.errors import SettingsError
from askntell.report.text import gain_text, number, printable

if TYPE_CHECKING:
    from askntell.study import SegmentSummary, SegmentTable

__all__ = ["SORTS", "Column", "columns_of", "note", "sorted_by"]

MOST_MISSING = 3  # inputs named one by one


@final
@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        heading: What stands above it.
        side: "left" for texts, "right" for numbers.
        cell: What it shows of a segment; it has passed `printable`.
    """

    heading: str
    side: str
    cell: Callable[[SegmentSummary], str]


def note(stopped: str | None, missing: Sequence[str]) -> str:
    """Why a segment gets no trials, in a few words: what stopped it, or the inputs that it waits for."""
    if stopped is not None:
        return stopped
    more = f" and {len(missing) - MOST_MISSING} more" if len(missing) > MOST_MISSING else ""
    return f"missing: {', '.join(missing[:MOST_MISSING])}{more}" if missing else ""


def columns_of(table: SegmentTable) -> list[Column]:
    """The columns of a table; those that would be empty in every row are left out."""
    columns = [
        Column(heading="segment", side="left", cell=lambda s: printable(s.name)),
        Column(heading="status", side="left", cell=lambda s: s.status),
        Column(heading="finished", side="right", cell=lambda s: str(s.finished)),
        Column(heading="failed", side="right", cell=lambda s: str(s.failed)),
        Column(heading="pending", side="right", cell=lambda s: str(s.pending)),
    ]
    if any(s.shared for s in table):
        columns.append(Column(heading="shared", side="right", cell=lambda s: str(s.shared)))
    if table.goals.several:
        columns.append(Column(heading="trials on the front", side="right", cell=lambda s: str(s.front)))
    else:
        columns += [
            Column(heading="best", side="right", cell=lambda s: number(None if s.best is None else s.best.value)),
            Column(heading="default", side="right", cell=lambda s: number(s.default_value)),
            Column(heading="gain over default", side="right", cell=lambda s: gain_text(s.gain, s.default_value)),
        ]
    if any(note(s.stopped, s.missing) for s in table):
        columns.append(
            Column(heading="note", side="left", cell=lambda s: printable(note(s.stopped, s.missing), limit=120))
        )
    return columns


# Name to what is compared, the largest first; None comes last.
SORTS: dict[str, Callable[[SegmentSummary], float | None]] = {
    "trials": lambda s: s.pending + s.finished + s.failed + s.cancelled,
    "finished": lambda s: s.finished,
    "failed": lambda s: s.failed,
    "pending": lambda s: s.pending,
    "shared": lambda s: s.shared,
    "front": lambda s: s.front,
    "gain": lambda s: s.gain,
    "relative_gain": lambda s: s.relative_gain,
}
TEXTS = ("name", "status", "best")


def sorted_by(table: SegmentTable, key: str) -> list[SegmentSummary]:
    """The segments in another order: by "name" or "status", the best "best" first, or the most of a number first.

    Raises:
        SettingsError: no such order.
    """
    if key == "name":
        return sorted(table, key=lambda s: s.name)
    if key == "status":
        return sorted(table, key=lambda s: s.status)
    if key == "best":
        loss = table.goals.first.loss
        known = [(loss(s.best.value), s) for s in table if s.best is not None and s.best.value is not None]
        return [s for _, s in sorted(known, key=lambda pair: pair[0])] + [s for s in table if s.best is None]
    if key not in SORTS:
        raise SettingsError(f"segments cannot be sorted by {key!r}; allowed: {', '.join((*TEXTS, *SORTS))}")
    value = SORTS[key]
    return sorted(table, key=lambda s: -(value(s) or 0.0) if value(s) is not None else float("inf"))
