"""``askntell status``: how far a study is."""

from __future__ import annotations

import argparse

from askntell.cli.shared import Commands, add_json, add_path, print_json, print_line, print_table
from askntell.report.text import gain_text, number, plural, printable

__all__ = ["add", "execute"]

COLUMNS = [
    ("segment", "left"),
    ("status", "left"),
    ("finished", "right"),
    ("failed", "right"),
    ("pending", "right"),
]
BEST = [("best", "right"), ("default", "right"), ("gain over default", "right")]
FRONT = [("trials on the front", "right")]


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser("status", help="how far a study is", description="Totals, and one line per segment.")
    add_path(parser)
    add_json(parser, "the study's summary")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Print the totals and a table of the segments."""
    from askntell.report.view import gain
    from askntell.study import Study

    with Study(given.path) as study:
        if given.json:
            print_json(study.summary())
            return 0
        segments, goals = study.segments, study.goals
        planned = "" if study.planned is None else f", {plural(study.planned, 'trial')} planned in each"
        print_line(
            f"{printable(study.path.name)}: {printable(goals)}, algorithm "
            f"{printable(study.algorithm)}, seed {study.seed}, {plural(len(segments), 'segment')}{planned}"
        )
    rows = []
    for s in segments:
        counts = [str(s.finished), str(s.failed), str(s.pending)]
        if goals.several:
            reached = [str(s.front)]
        else:
            best = None if s.best is None else s.best.value
            gained = gain_text(gain(goals.first, best, s.default_value), s.default_value)
            reached = [number(best), number(s.default_value), gained]
        rows.append([printable(s.name), s.status, *counts, *reached])
    print_table([*COLUMNS, *(FRONT if goals.several else BEST)], rows)
    print_line(
        f"{plural(sum(s.finished for s in segments), 'trial')} finished, {sum(s.failed for s in segments)} failed, "
        f"{sum(s.pending for s in segments)} pending"
    )
    return 0
