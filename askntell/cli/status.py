"""``askntell status``: how far a study is."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from askntell.cli.shared import Commands, add_json, add_path, positive, print_json, print_line, print_table
from askntell.report.text import plural, printable

if TYPE_CHECKING:
    from askntell.study import SegmentTable

__all__ = ["add", "execute"]

SORTS = ("name", "status", "best", "trials", "finished", "failed", "pending", "shared", "front", "gain")


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser("status", help="how far a study is", description="Totals, and one line per segment.")
    add_path(parser)
    parser.add_argument(
        "--sort",
        metavar="KEY",
        choices=(*SORTS, "relative_gain"),
        help=f"order of the segments: {', '.join(SORTS)} or relative_gain; the best or the most come first "
        "(default: the study's order)",
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="list only the first N segments")
    add_json(parser, "the study's summary, always whole,")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Print the totals and a table of the segments."""
    from askntell.report.columns import columns_of, sorted_by
    from askntell.study import SegmentTable, Study

    with Study(given.path) as study:
        if given.json:
            print_json(study.summary())
            return 0
        table = study.segments
        planned = "" if study.planned is None else f", {plural(study.planned, 'trial')} planned in each"
        print_line(
            f"{printable(study.path.name)}: {printable(study.goals)}, algorithm "
            f"{printable(study.algorithm)}, seed {study.seed}, {plural(len(table), 'segment')}{planned}"
        )
    listed = list(table) if given.sort is None else sorted_by(table, given.sort)
    shown = SegmentTable(listed[: given.limit], table.goals)
    columns = columns_of(shown)
    print_table([(c.heading, c.side) for c in columns], [[c.cell(s) for c in columns] for s in shown])
    if len(shown) < len(table):
        print_line(f"... and {plural(len(table) - len(shown), 'more segment')}")
    print_line(_totals(table))
    return 0


def _totals(table: SegmentTable) -> str:
    said = [
        f"{plural(sum(s.finished for s in table), 'trial')} finished",
        f"{sum(s.failed for s in table)} failed",
        f"{sum(s.pending for s in table)} pending",
    ]
    for status, words in (("stopped", "stopped"), ("waiting", "waiting for inputs")):
        count = sum(s.status == status for s in table)
        said += [f"{plural(count, 'segment')} {words}"] if count else []
    return ", ".join(said)
