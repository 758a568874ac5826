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
    ("best", "right"),
    ("default", "right"),
    ("gain over default", "right"),
]


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
        segments, objective = study.segments, study.objective
        planned = "" if study.planned is None else f", {plural(study.planned, 'trial')} planned in each"
        print_line(
            f"{printable(study.path.name)}: {printable(objective.name)} {objective.direction}, algorithm "
            f"{printable(study.algorithm)}, seed {study.seed}, {plural(len(segments), 'segment')}{planned}"
        )
    rows = []
    for s in segments:
        best = None if s.best is None else s.best.value
        gained = gain_text(gain(objective, best, s.default_value), s.default_value)
        counts = [str(s.finished), str(s.failed), str(s.pending)]
        rows.append([printable(s.name), s.status, *counts, number(best), number(s.default_value), gained])
    print_table(COLUMNS, rows)
    print_line(
        f"{plural(sum(s.finished for s in segments), 'trial')} finished, {sum(s.failed for s in segments)} failed, "
        f"{sum(s.pending for s in segments)} pending"
    )
    return 0
