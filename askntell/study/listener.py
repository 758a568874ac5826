"""Who is told what happens in a run, and where the progress display comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, final

from askntell.runner import Plan, RunReport
from askntell.trial import Trial

if TYPE_CHECKING:
    from askntell.study.study import Study

__all__ = ["Listener", "listener_for"]


class Listener(Protocol):
    """Told what happens in a run; progress displays and trackers are listeners."""

    def on_start(self, study: Study, plan: Plan) -> None:
        """Before the first ask."""

    def on_ask(self, trial: Trial) -> None:
        """After a trial was asked, or taken over from an earlier run."""

    def on_tell(self, trial: Trial) -> None:
        """After a trial was closed."""

    def on_end(self, report: RunReport) -> None:
        """After the last tell, also when the run was interrupted."""


def listener_for(progress: bool | Listener) -> Listener:
    """The listener that a caller asked for: the progress display, none, or their own."""
    if progress is True:
        from askntell import _plugins

        made: Listener = _plugins.find("askntell.listeners", "progress", _LISTENERS)()
        return made
    return _Silent() if progress is False else progress


_LISTENERS = {"progress": "askntell.report.progress:listener"}  # a view: composed by name, never imported


@final
class _Silent:
    def on_start(self, study: Study, plan: Plan) -> None:
        """Nothing to show."""

    def on_ask(self, trial: Trial) -> None:
        """Nothing to show."""

    def on_tell(self, trial: Trial) -> None:
        """Nothing to show."""

    def on_end(self, report: RunReport) -> None:
        """Nothing to show."""
