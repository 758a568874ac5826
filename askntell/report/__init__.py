"""What people look at: the HTML report and the progress displays of a run."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from askntell.report.page import write_report as write_report

__all__ = ["write_report"]


def __getattr__(name: str) -> object:
    # The progress displays live in this room too and must not pay for the page.
    if name == "write_report":
        from askntell.report.page import write_report

        return write_report
    raise AttributeError(f"module 'askntell.report' has no attribute {name!r}")
