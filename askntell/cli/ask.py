"""``askntell ask``: the next trial as JSON."""

from __future__ import annotations

import argparse

from askntell.cli.shared import Commands, add_path, pairs, positive, print_json, scalars

__all__ = ["add", "execute"]


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "ask",
        help="get the next trial as JSON",
        description="Print the next trial as a JSON object, or with --count a list of them. It is recorded before it\n"
        "is printed. Status 1: nothing is left to try.",
        epilog="example:\n  askntell ask runs/calo --worker node17",
    )
    add_path(parser)
    parser.add_argument(
        "--segment", metavar="S", help="its segment (default: the one where the next trial is worth most)"
    )
    parser.add_argument("--count", type=positive, metavar="N", help="print a list of up to N trials")
    parser.add_argument("--worker", metavar="W", help="who asks; asking again gives W its unfinished trial back")
    parser.add_argument("--fixed", metavar="NAME=VALUE", nargs="+", action="extend", help="hold parameters at values")
    parser.add_argument("--deadline", type=float, metavar="SECONDS", help="time that one proposal may take")
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; the output is always JSON")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Ask and print."""
    from askntell.report.view import trial_record
    from askntell.study import Study

    with Study(given.path) as study:
        fixed = scalars(pairs(given.fixed, "--fixed"), study.space) or None
        options = {"worker": given.worker, "fixed": fixed, "deadline": given.deadline}
        if given.count is None:
            print_json(trial_record(study.ask(given.segment, **options)))
        else:
            print_json([trial_record(trial) for trial in study.ask(given.segment, count=given.count, **options)])
    return 0
