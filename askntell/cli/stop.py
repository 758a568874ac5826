"""``askntell stop`` and ``askntell resume``: ask no more trials of some segments, and go on with them."""

from __future__ import annotations

import argparse

from askntell.cli.shared import Commands, add_path, print_line
from askntell.report.text import printable

__all__ = ["add", "execute"]


def add(commands: Commands) -> None:
    """The arguments of both commands."""
    parser = commands.add_parser(
        "stop",
        help="ask no more trials of a segment",
        description="Ask no more trials of some segments, in every process, until they are resumed. Open trials may\n"
        "still be told.",
        epilog='example:\n  askntell stop runs/calo pid22_eta_0_5 --why "binning is wrong"',
    )
    add_path(parser)
    parser.add_argument("segments", metavar="SEGMENT", nargs="+", help="name of a segment")
    parser.add_argument("--why", metavar="TEXT", default="by hand", help="kept with them (default: %(default)s)")
    parser.set_defaults(execute=execute)
    parser = commands.add_parser(
        "resume", help="go on with a stopped segment", description="Go on with segments that were stopped by hand."
    )
    add_path(parser)
    parser.add_argument("segments", metavar="SEGMENT", nargs="+", help="name of a segment")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Record it and name the segments, one a line."""
    from askntell.study import Study

    with Study(given.path) as study:
        names = {summary.name for summary in study.segments}
        for name in given.segments:
            if name not in names:
                study.trials(name)  # raises, naming those that are there, before anything is recorded
        for name in given.segments:
            if given.command == "stop":
                study.stop(name, why=given.why)
                print_line(f"{printable(name)}: stopped, {printable(given.why)}")
            else:
                study.resume(name)
                print_line(f"{printable(name)}: {study.segments[name].status}")
    return 0
