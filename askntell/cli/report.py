"""``askntell report``: one self-contained HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path

from askntell.cli.shared import Commands, add_json, add_path, print_json, print_line, say
from askntell.report.text import printable

__all__ = ["add", "execute"]


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "report",
        help="write one self-contained HTML page",
        description="Write the study's report: one HTML file that needs no network. Prints its path.",
    )
    add_path(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="file to write (default: report.html in the study)")
    add_json(parser, "the path")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Write it and print its path."""
    from askntell.report.page import plotly_script, write_report
    from askntell.study import Study

    target = Path(given.path) / "report.html" if given.output is None else Path(given.output)
    with Study(given.path) as study:
        written = write_report(study, target)
    if plotly_script() is None:
        say(
            'report: written without pictures because plotly is not installed; pip install "askntell[report]" brings it'
        )
    print_json({"report": str(written)}) if given.json else print_line(printable(written))
    return 0
