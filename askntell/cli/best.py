"""``askntell best``: the best trial of each segment, or its Pareto front."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from askntell.cli.shared import NOTHING, Commands, add_json, add_path, print_json, print_table, say
from askntell.report.text import gain_text, params_text, printable

if TYPE_CHECKING:
    from askntell.report.view import SegmentView, StudyView
    from askntell.trial import Trial

__all__ = ["add", "execute"]

COLUMNS = [
    ("segment", "left"),
    ("trial", "right"),
    ("value", "right"),
    ("gain over default", "right"),
    ("params", "left"),
]


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "best",
        help="the best trial of each segment",
        description="The best feasible finished trial of each segment, with its params in full precision. As JSON it\n"
        "is a list, or with --segment one object. With several objectives: all trials of each segment's Pareto\n"
        "front, as JSON a list. Status 1: no feasible trial has a value yet.",
    )
    add_path(parser)
    parser.add_argument("--segment", metavar="S", help="only this segment")
    add_json(parser, "the best trials")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Print it, as a table or as JSON."""
    from askntell.report.view import best_record, view_of
    from askntell.study import Study

    with Study(given.path) as study:
        if given.segment is not None:
            study.trials(given.segment)  # raises for a segment that is not there, naming those that are
        view = view_of(study)
    segments = [segment for segment in view.segments if given.segment in (None, segment.name)]
    if all(segment.best is None and not segment.front for segment in segments):
        measured = any(segment.finished for segment in segments)
        say("best: no trial is feasible yet" if measured else "best: no trial has a value yet")
        return NOTHING
    if view.goals.several:
        _fronts(view, [trial for segment in segments for trial in segment.front], as_json=given.json)
    elif given.json:
        records = [best_record(segment) for segment in segments]
        print_json(records if given.segment is None else records[0])
    else:
        print_table(COLUMNS, [_row(segment) for segment in segments])
    return 0


def _row(segment: SegmentView) -> list[str]:
    best = segment.best
    return [
        printable(segment.name),
        "-" if best is None else str(best.number),
        "-" if best is None else str(best.value),
        gain_text(segment.gain, segment.default_value),
        "-" if best is None else params_text(best.params, exact=True),
    ]


def _fronts(view: StudyView, trials: list[Trial], *, as_json: bool) -> None:
    from askntell.report.view import front_record

    if as_json:
        print_json([front_record(trial) for trial in trials])
        return
    names = view.goals.names
    columns = [("segment", "left"), ("trial", "right"), *((printable(n), "right") for n in names), ("params", "left")]
    rows = [
        [
            printable(trial.segment),
            str(trial.number),
            *(str((trial.values or {})[name]) for name in names),
            params_text(trial.params, exact=True),
        ]
        for trial in trials
    ]
    print_table(columns, rows)
