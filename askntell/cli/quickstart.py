"""``askntell quickstart``: a small campaign from nothing to its report."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from askntell.cli.shared import Commands, positive, print_line
from askntell.report.text import printable

__all__ = ["add", "execute"]


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "quickstart",
        help="a small campaign from nothing to its report",
        description="Tune fifteen small shower generators side by side on this machine, in about two minutes, and\n"
        "write the report. Ctrl-C and the same command again: it carries on.",
    )
    parser.add_argument("path", metavar="PATH", nargs="?", default="quickstart", help="folder (default: %(default)s)")
    parser.add_argument("--trials", type=positive, metavar="N", default=10, help="per segment (default: %(default)s)")
    parser.add_argument(
        "--parallel",
        type=positive,
        metavar="P",
        default=os.cpu_count() or 1,
        help="jobs at once (default: %(default)s)",
    )
    parser.add_argument(
        "--share",
        choices=("auto", "none"),
        default="auto",
        help="auto: segments learn from each other; none: each is tuned alone, to compare (default: %(default)s)",
    )
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Run it, say what sharing saved, and name the report."""
    from askntell.demo.alone import compared
    from askntell.demo.campaign import quickstart

    with quickstart(given.path, trials=given.trials, parallel=given.parallel, share=given.share) as study:
        said = compared(study)
    if said is not None:
        print_line(said)
    print_line(f"Report: {printable(Path(given.path) / 'report.html')}")
    return 0
