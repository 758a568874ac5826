"""``askntell run``: run a command for every trial on this machine."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

from askntell.cli.shared import NOTHING, Commands, add_json, add_path, pairs, positive, print_json, say

__all__ = ["add", "execute", "split"]

EXAMPLES = """examples:
  askntell run runs/calo --trials 40 --parallel 4 -- python train.py --lr {lr} --width {width}
  askntell run runs/calo --value "loss: (\\S+)" --file config.json=template.json -- ./train config.json"""


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments of ``run`` before the first ``--``, and the command behind it word by word."""
    arguments = list(argv)
    if arguments[:1] == ["run"] and "--" in arguments:
        at = arguments.index("--")
        return arguments[:at], arguments[at + 1 :]
    return arguments, []


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "run",
        help="run a command for every trial",
        usage="askntell run PATH [options] -- COMMAND [ARGUMENT ...]",
        description="Run a command with {name} placeholders for every trial, in parallel on this machine, until each\n"
        "segment has its trials. Ctrl-C and the same command again: it carries on.\n"
        "Status 1: not one trial has a value.",
        epilog=EXAMPLES,
    )
    add_path(parser)
    _add_limits(parser)
    parser.add_argument("--parallel", type=positive, metavar="P", help="jobs at once (default: the usable cores)")
    parser.add_argument("--segment", metavar="S", action="append", help="only this segment; may be repeated")
    parser.add_argument(
        "--value", metavar="REGEX", help="finds the value in the output; one group, the last match counts"
    )
    parser.add_argument("--timeout", type=_seconds, metavar="S", help="seconds after which a trial fails as a timeout")
    parser.add_argument(
        "--file",
        metavar="TARGET=TEMPLATE",
        action="append",
        help="fill a template into the job's folder; may be repeated",
    )
    parser.add_argument("--cwd", metavar="DIR", help="working folder of the command (default: the job's own folder)")
    parser.add_argument(
        "--env", metavar="NAME=VALUE", action="append", help="set a variable for the command; repeatable"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    add_json(parser, "what the run did and the study's summary")
    parser.set_defaults(execute=execute)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """How many trials, and when a segment needs no more."""
    parser.add_argument(
        "--trials", type=positive, metavar="N", help="trials per segment in the end (default: as planned)"
    )
    parser.add_argument(
        "--total",
        type=positive,
        metavar="N",
        help="trials of all segments together in the end, spent where the next one is worth most",
    )
    parser.add_argument(
        "--target",
        metavar="VALUE",
        action="append",
        help="stop a segment at this value, or NAME=VALUE of an objective; may be repeated",
    )
    parser.add_argument(
        "--patience", type=positive, metavar="N", help="stop a segment after N closed trials without an improvement"
    )
    parser.add_argument(
        "--wait",
        type=_seconds,
        metavar="S",
        default=0.0,
        help="seconds to wait for missing inputs when nothing else is left",
    )


def execute(given: argparse.Namespace) -> int:
    """Run, with progress on standard error."""
    from dataclasses import asdict  # with inspect behind it, a third of the time of --help

    from askntell.errors import SettingsError
    from askntell.study import Study

    if not given.payload:
        raise SettingsError("run: no command", hint="write it behind --, such as: -- python train.py --lr {lr}")
    # One word with spaces is a whole command line that was quoted for the shell.
    payload = given.payload[0] if len(given.payload) == 1 else given.payload
    with Study(given.path) as study:
        report = study.run(
            payload,
            trials=given.trials,
            total=given.total,
            target=_target(given.target),
            patience=given.patience,
            wait_s=given.wait,
            parallel=given.parallel,
            segments=given.segment,
            files=pairs(given.file, "--file") or None,
            value=given.value,
            timeout_s=given.timeout,
            cwd=given.cwd,
            env=pairs(given.env, "--env") or None,
            progress=not given.quiet,
        )
        names = given.segment or [segment.name for segment in study.segments]
        fruitless = not any(study.trials(name, "finished") for name in names)
        if given.json:
            print_json(asdict(report) | {"study": study.summary()})
    if fruitless:
        say(f"run: not one trial has a value; askntell trials {given.path} --status failed lists the reasons")
        return NOTHING
    return 0


def _target(words: list[str] | None) -> float | dict[str, float] | None:
    """The target, or the targets by name, that the options give; None for none."""
    from askntell.errors import SettingsError

    if words is None:
        return None
    try:
        if len(words) == 1 and "=" not in words[0]:
            return float(words[0])
        return {name: float(text) for name, text in pairs(words, "--target").items()}
    except ValueError as error:
        if isinstance(error, SettingsError):
            raise
        raise SettingsError(f"--target {' '.join(words)!r}; allowed: a number, or NAME=NUMBER") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds > 0")
    return seconds
