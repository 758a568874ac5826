"""The live display of a run on a terminal; the only file of the displays that imports rich."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO, final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from askntell.report.progress import NAMED, SegmentTally, Tally
from askntell.report.text import plural, printable

if TYPE_CHECKING:
    from askntell.runner import Plan, RunReport
    from askntell.study import Study
    from askntell.trial import Trial

__all__ = ["LiveProgress"]

FRAME = 8
"""Terminal lines that the display needs beside the rows of its table."""


@final
class LiveProgress:
    """A progress bar over all trials and a table of the segments, redrawn four times a second.

    Args:
        stream: A terminal.
        clock: Monotonic seconds.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._tally = Tally(clock)
        self._recent: dict[str, None] = {}  # names in the order of their last news, the newest at the end
        # rich draws from a thread of its own, events come from the runner's.
        self._lock = threading.Lock()
        self._live: Live | None = None

    def on_start(self, study: Study, plan: Plan) -> None:
        """Begin to draw."""
        with self._lock:
            self._tally.start(study, plan)
            self._recent = dict.fromkeys(reversed(list(self._tally.segments)))
        # What a listener or callable prints to standard output is not ours to redirect unless it is this terminal.
        same = self._console.file.isatty()
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=4,
            redirect_stdout=same and _stdout_is_terminal(),
            redirect_stderr=same,
        )
        self._live.start()

    def on_ask(self, trial: Trial) -> None:
        """Count it."""
        with self._lock:
            self._tally.ask(trial)

    def on_tell(self, trial: Trial) -> None:
        """Count it and move its segment up."""
        with self._lock:
            self._tally.tell(trial)
            self._recent.pop(trial.segment, None)
            self._recent[trial.segment] = None

    def on_end(self, report: RunReport) -> None:
        """Draw for the last time, give the cursor back and add the summary."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._console.print(Text(self._tally.summary(report)), soft_wrap=True)

    def _draw(self) -> RenderableType:
        with self._lock:
            tally = self._tally
            parts: list[RenderableType] = [Text(tally.title, style="bold"), self._bar()]
            if tally.segments:
                parts.append(self._table())
            return Group(*parts)

    def _bar(self) -> RenderableType:
        tally = self._tally
        facts = [f"{tally.closed}/{tally.total}", f"{tally.running} running", f"{tally.failed} failed", tally.speed()]
        line = Table.grid(padding=(0, 1), expand=False)
        line.add_row(
            ProgressBar(total=max(tally.total, 1), completed=tally.closed, width=30),
            Text(", ".join(fact for fact in facts if fact), no_wrap=True, overflow="ellipsis"),
        )
        return line

    def _table(self) -> RenderableType:
        shown, hidden = self._shown()
        table = Table(box=None, pad_edge=False, header_style="bold", caption_justify="left")
        table.add_column("segment", no_wrap=True, overflow="ellipsis", max_width=40)
        several = self._tally.goals.several
        for heading in ("trials", "failed", "front" if several else "best", "latest"):
            table.add_column(heading, justify="right", no_wrap=True)
        if not several:
            table.add_column("gain over default", justify="right", no_wrap=True)
        for segment in shown:
            table.add_row(
                Text(printable(segment.name)),
                str(segment.closed),
                str(segment.failed),
                Text(self._tally.standing(segment), style="bold"),
                Text(segment.latest or "-"),
                *([] if several else [Text(self._tally.gain(segment))]),
            )
        if hidden:
            table.caption = Text(f"... and {plural(hidden, 'more segment')}; those with the latest news are shown")
        return table

    def _shown(self) -> tuple[list[SegmentTally], int]:
        """All segments in their order while they fit, else those with the latest news first."""
        tally = self._tally
        room = min(NAMED, max(self._console.height - FRAME, 1))
        if len(tally.segments) <= room:
            return list(tally.segments.values()), 0
        recent = list(reversed(self._recent))[:room]
        return [tally.segments[name] for name in recent], len(tally.segments) - len(recent)


def _stdout_is_terminal() -> bool:
    import sys

    from askntell.report.progress import is_terminal

    return is_terminal(sys.stdout)
