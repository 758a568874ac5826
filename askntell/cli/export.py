"""``askntell export``: trials or segments as a file for other programs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from askntell.cli.shared import Commands, add_path, say

__all__ = ["add", "execute"]


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "export",
        help="write trials or segments as csv or json",
        description="Write one row per trial, or with --segments per segment, to standard output or a file.",
        epilog="example:\n  askntell export runs/calo --segments --csv -o segments.csv",
    )
    add_path(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="comma-separated values with one line of headings (default)")
    form.add_argument("--json", action="store_true", help="a JSON list of objects with the same keys")
    parser.add_argument("--segments", action="store_true", help="the table of the segments instead of the trials")
    parser.add_argument("-o", "--output", metavar="FILE", help="file to write, of mode 0600 (default: standard output)")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Write it."""
    from askntell._files import write_atomic
    from askntell.report.export import as_csv, as_json
    from askntell.study import Study

    with Study(given.path) as study:
        rows = study.segments.rows() if given.segments else study.rows()
    text = as_json(rows) if given.json else as_csv(rows)
    if given.output is None:
        sys.stdout.write(text)
    else:
        write_atomic(Path(given.output), text.encode("utf-8"))
        say(f"{len(rows)} rows written to {given.output}")
    return 0
