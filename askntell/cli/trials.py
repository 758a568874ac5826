"""``askntell trials``: all trials of a study."""

from __future__ import annotations

import argparse

from askntell.cli.shared import Commands, add_json, add_path, print_json, print_table
from askntell.report.text import number, params_text, printable

__all__ = ["add", "execute"]

COLUMNS = [
    ("segment", "left"),
    ("trial", "right"),
    ("status", "left"),
    ("value", "right"),
    ("by", "left"),
    ("params", "left"),
    ("message", "left"),
]


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "trials", help="list the trials", description="All trials by segment and number, one line each."
    )
    add_path(parser)
    parser.add_argument("--segment", metavar="S", help="only this segment")
    parser.add_argument("--status", metavar="STATUS", help="only pending, paused, finished, failed or cancelled ones")
    add_json(parser, "a list of the trials")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Print them, as a table or as JSON."""
    from askntell.report.view import trial_record
    from askntell.study import Study

    with Study(given.path) as study:
        trials = study.trials(given.segment, given.status)
    if given.json:
        print_json([trial_record(trial) for trial in trials])
        return 0
    rows = [
        [
            printable(trial.segment),
            str(trial.number),
            trial.status.value if trial.failure is None else f"{trial.status.value} ({printable(trial.failure)})",
            number(trial.value),
            printable(trial.by),
            params_text(trial.params),
            printable(trial.message, limit=200),
        ]
        for trial in trials
    ]
    print_table(COLUMNS, rows)
    return 0
