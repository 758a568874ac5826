"""``askntell trials``: all trials of a study."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from askntell.cli.shared import Commands, add_json, add_path, print_json, print_table
from askntell.report.text import number, params_text, printable

if TYPE_CHECKING:
    from askntell.goals import Goals
    from askntell.trial import Trial

__all__ = ["add", "execute"]

COLUMNS = [
    ("segment", "left"),
    ("trial", "right"),
    ("status", "left"),
]
MORE = [
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
        trials, goals = study.trials(given.segment, given.status), study.goals
    if given.json:
        print_json([trial_record(trial) for trial in trials])
        return 0
    rows = [
        [
            printable(trial.segment),
            str(trial.number),
            _status(trial, goals),
            *(number((trial.values or {}).get(name)) for name in goals.names),
            printable(trial.by),
            params_text(trial.params),
            printable(trial.message, limit=200),
        ]
        for trial in trials
    ]
    values = ["value"] if len(goals.names) == 1 else [printable(name) for name in goals.names]
    print_table([*COLUMNS, *((name, "right") for name in values), *MORE], rows)
    return 0


def _status(trial: Trial, goals: Goals) -> str:
    if trial.failure is not None:
        return f"{trial.status.value} ({printable(trial.failure)})"
    infeasible = trial.values is not None and not goals.feasible(trial.values)
    return f"{trial.status.value} (infeasible)" if infeasible else trial.status.value
