"""``askntell tell``: record outcomes, from arguments or from JSON."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from askntell.cli.shared import Commands, add_json, add_path, pairs, print_json, print_line
from askntell.report.text import number as shown
from askntell.report.text import printable

if TYPE_CHECKING:
    from askntell.study import Study
    from askntell.trial import Trial

__all__ = ["add", "execute"]

EXAMPLES = """examples:
  askntell tell runs/calo 3 0.31
  askntell tell runs/fast 3 chi2=1.2 latency_ms=8 memory_mib=900
  askntell tell runs/calo 4 --failed memory --message "CUDA out of memory"
  echo '{"number": 3, "segment": "all", "value": 0.31}' | askntell tell runs/calo --from -"""

TOLD = ("value", "values", "failed", "message", "std")
ECHOED = ("status", "attempt", "by", "worker")  # `ask` prints them; what comes back of them says nothing new


def add(commands: Commands) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "tell",
        help="record the outcome of a trial",
        description="Record the outcome of a trial. Telling the same again changes nothing; telling a closed trial\n"
        "something else is refused. With --from: one JSON object or a list of them, each with number (or params,\n"
        "for a point measured elsewhere), segment, and value, values (NAME to number) or failed; also message, std.",
        epilog=EXAMPLES,
    )
    add_path(parser)
    parser.add_argument("number", metavar="NUMBER", type=int, nargs="?", help="the trial's number")
    parser.add_argument(
        "value",
        metavar="VALUE",
        nargs="*",
        help="its value, or NAME=VALUE of every objective and constraint; nan counts as a failure",
    )
    parser.add_argument("--segment", metavar="S", help="its segment; needed if the study has several")
    parser.add_argument("--failed", metavar="KIND", help="instead of a value: crash, timeout, memory, nan, infeasible")
    parser.add_argument("--message", metavar="TEXT", default="", help="kept with the trial")
    parser.add_argument("--std", metavar="STD", type=float, help="known standard deviation of the value's noise")
    parser.add_argument("--from", metavar="FILE", dest="source", help="read JSON from FILE, or from standard input: -")
    add_json(parser, "the told trial (what --from prints anyway)")
    parser.set_defaults(execute=execute)


def execute(given: argparse.Namespace) -> int:
    """Tell and say what was recorded."""
    from askntell.errors import SettingsError
    from askntell.report.view import trial_record
    from askntell.study import Study

    if given.source is not None and (given.number is not None or given.failed is not None):
        raise SettingsError("tell: --from reads everything from JSON; got a number or --failed beside it")
    if given.source is None and given.number is None:
        raise SettingsError("tell: no trial", hint="give NUMBER VALUE, NUMBER --failed KIND, or --from FILE")
    if given.source is not None:
        entries = _read(given.source)
        with Study(given.path) as study:
            told = _tell_all(study, entries if isinstance(entries, list) else [entries], given.segment)
        records = [trial_record(trial) for trial in told]
        print_json(records if isinstance(entries, list) else records[0])
        return 0
    with Study(given.path) as study:
        trial = study.tell(
            given.number,
            _values(given.value),
            segment=given.segment,
            failed=given.failed,
            message=given.message,
            std=given.std,
        )
        print_json(trial_record(trial)) if given.json else print_line(_line(study, trial))
    return 0


def _line(study: Study, trial: Trial) -> str:
    where = f"{printable(trial.segment)} {trial.number}"
    if trial.value is None:
        return f"{where}: failed ({trial.failure})"
    mark = _mark(study, trial)
    said = ", ".join(f"{printable(name)} = {shown(value)}" for name, value in (trial.values or {}).items())
    return f"{where}: {said}{mark}"


def _mark(study: Study, trial: Trial) -> str:
    if trial.values is None or not study.goals.feasible(trial.values):
        return ", infeasible"
    if study.goals.several:
        on_front = any(trial.number == other.number for other in study.pareto_front(trial.segment))
        return ", on the front" if on_front else ""
    best = study.best(trial.segment)
    return ", best so far" if best is not None and best.number == trial.number else ""


def _values(words: list[str]) -> float | dict[str, float] | None:
    """The value, or the values by name, that the words after the number give; None for none."""
    from askntell.errors import SettingsError, TellError

    try:
        if len(words) == 1 and "=" not in words[0]:
            return float(words[0])
        return {name: float(text) for name, text in pairs(words, "tell: value").items()} or None
    except ValueError as error:
        if isinstance(error, SettingsError):
            raise
        raise TellError(f"{' '.join(words)!r} is no value; allowed: a number, or NAME=NUMBER ...") from None


def _read(source: str) -> Any:
    from askntell._files import load_json, read_json

    if source == "-":
        return load_json(sys.stdin.buffer.read(), path="standard input")
    return read_json(Path(source))


def _tell_all(study: Study, entries: list[Any], segment: str | None) -> list[Trial]:
    """Tell entries in their order, after the form of all of them was checked.

    Raises:
        TellError: an entry has no right form; nothing was told. Or a later check refused one, named by its place:
            those before it are recorded, and the whole list may be sent again.
    """
    from askntell.errors import AskntellError

    for at, entry in enumerate(entries):
        _check(entry, f"$[{at}]")
    asked = {(trial.segment, trial.number): trial for trial in study.trials()} if _any_echo(entries) else {}
    told = []
    for at, entry in enumerate(entries):
        try:
            told.append(_tell_one(study, entry, entry.get("segment") or segment, asked))
        except AskntellError as error:
            if not error.path:
                error.path = f"$[{at}]"
            raise
    return told


def _any_echo(entries: list[Any]) -> bool:
    return any(entry.get("number") is not None and entry.get("params") is not None for entry in entries)


def _tell_one(study: Study, entry: dict[str, Any], segment: str | None, asked: dict[tuple[str, int], Trial]) -> Trial:
    from askntell.errors import TellError

    number, params = entry.get("number"), entry.get("params")
    if number is not None and params is not None:
        segments = study.segments
        name = segments[0].name if segment is None and len(segments) == 1 else segment or ""
        known = asked.get((name, number))
        if known is not None and dict(known.params) != params:
            raise TellError(
                f"trial {number} has params {dict(known.params)!r}, told with {params!r}",
                hint="leave params out, or leave number out to add a point measured elsewhere",
            )
    told = {key: entry[key] for key in TOLD if entry.get(key) is not None}
    trial = entry["params"] if number is None else number
    value, values = told.pop("value", None), told.pop("values", None)
    if values is not None and value is not None and value not in values.values():
        raise TellError(f"value {value!r} is none of the values {values!r}", hint="leave value out")
    return study.tell(trial, value if values is None else values, segment=segment, **told)


def _check(entry: Any, where: str) -> None:
    from askntell.errors import TellError

    if not isinstance(entry, dict):
        raise TellError(f"an outcome is a JSON object, got {entry!r}", path=where)
    allowed = ("number", "params", "segment", *TOLD, *ECHOED)
    unknown = sorted(set(entry) - set(allowed))
    if unknown:
        raise TellError(f"unknown key {unknown[0]!r}; allowed: {', '.join(allowed)}", path=where)
    kinds = {
        "number": (int, "an integer"),
        "params": (dict, "an object"),
        "segment": (str, "a text"),
        "values": (dict, "an object"),
    }
    for key, (kind, word) in kinds.items():
        value = entry.get(key)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise TellError(f"{key} must be {word}, got {value!r}", path=where)
    if entry.get("number") is None and entry.get("params") is None:
        raise TellError("names no trial", hint="give number, or params for a point measured elsewhere", path=where)
    valued = entry.get("value") is not None or entry.get("values") is not None
    if valued == (entry.get("failed") is not None):
        raise TellError("needs either value or failed", path=where)
