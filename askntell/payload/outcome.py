"""Reads the outcome of an attempt from its folder. `docs/formats/job.md` specifies the files and their order."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from askntell._files import DISK, load_json
from askntell.errors import StudyFormatError, TellError
from askntell.goals import Goals
from askntell.trial import Outcome

__all__ = ["Interrupted", "read_outcome"]

LONGEST_MESSAGE = 500  # characters
LONGEST_TAIL = 2**20  # bytes of output that are read, from its end
LONGEST_LINE = 10_000  # characters of a line that a pattern sees
_MEMORY = re.compile(r"memoryerror|out of memory|outofmemory|std::bad_alloc|cannot allocate memory", re.IGNORECASE)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Interrupted:
    """An attempt that was ended from outside, by a cancel, Ctrl-C or a batch system; it says nothing on the trial."""

    message: str = ""


def read_outcome(folder: Path, goals: Goals, value: re.Pattern[str] | None = None) -> Outcome | Interrupted | None:
    """What an attempt has come to.

    Args:
        folder: The attempt's folder.
        goals: Name the values that a trial has; others that were handed back are left out.
        value: Pattern that finds the value in a line of the output, in its only group, or several values, each in a
            group of its name; the last match counts.

    Returns:
        None while there is neither ``exit.json`` nor ``result.json``: the job runs or, if its engine says that it
        has ended, was lost.
    """
    try:
        ending = _object(folder / "exit.json")
    except StudyFormatError as error:
        return Interrupted(message=_clean(f"exit.json is damaged: {error}"))
    if ending is not None and ending.get("timed_out"):
        return _failed("timeout", folder, f"ran longer than allowed and was ended after {ending.get('seconds')} s")
    try:
        result = _object(folder / "result.json")
    except StudyFormatError as error:
        return _failed("crash", folder, f"result.json is damaged: {error}")
    if result is not None:
        values = result.get("values", result.get("value"))
        return _told(goals, values, "result.json")
    if ending is None:
        return None
    if ending.get("interrupted"):
        return Interrupted(message="the attempt was ended from outside")
    if ending.get("status") != 0 or "error" in ending:
        return _crashed(folder, ending)
    return _from_output_json(folder, goals) or _from_lines(folder, goals, value)


def _from_output_json(folder: Path, goals: Goals) -> Outcome | None:
    """The outcome in the grid contract's file, or None if there is none."""
    try:
        data = _tail(folder / "output.json")
        if not data:
            return None
        output = json.loads(data)  # NaN and Infinity are allowed here: programs write them
    except (ValueError, RecursionError) as error:
        return _failed("crash", folder, f"output.json is no JSON: {error}")
    if not isinstance(output, dict):
        return _failed("crash", folder, f"output.json holds {type(output).__name__}; allowed: an object")
    message = str(output.get("message") or "")
    if output.get("status", 0) != 0:
        said = f"output.json has status {output['status']!r}"
        return Outcome(failure="crash", message=_clean(f"{said}: {message}" if message else said))
    told = output.get("loss")
    if len(goals.names) > 1 and not isinstance(told, dict):  # further values stand beside the loss, each by its name
        told = {name: output[name] for name in goals.names if name in output}
        if "loss" in output:
            told.setdefault(goals.first.name, output["loss"])
    if told is None:
        return _failed("crash", folder, "output.json has no loss")
    return _told(goals, told, "output.json", message)


def _from_lines(folder: Path, goals: Goals, value: re.Pattern[str] | None) -> Outcome:
    looked = "neither result.json nor output.json"
    if value is None:
        return _failed("crash", folder, f"ended with status 0 and without a value: {looked}, and no value= pattern")
    for name in ("stdout.txt", "stderr.txt"):
        found = _last_matches(_tail(folder / name), value)
        if found:
            try:
                numbers = {group: float(text) for group, text in found.items()}
            except ValueError:
                texts = ", ".join(map(repr, found.values()))
                return _failed("crash", folder, f"value={value.pattern!r} found {texts}, which is no number")
            return _told(goals, numbers if value.groups > 1 else next(iter(numbers.values())), name)
    said = (
        f"ended with status 0 and without a value: {looked}, and no line of the output matches value={value.pattern!r}"
    )
    return _failed("crash", folder, said)


def _last_matches(text: str, value: re.Pattern[str]) -> dict[str | int, str]:
    """What the only group, or each named one of several, matched last; groups that never matched are absent."""
    wanted: set[str | int] = {1} if value.groups == 1 else set(value.groupindex)
    found: dict[str | int, str] = {}
    for line in reversed(re.split(r"[\r\n]+", text)):
        for match in reversed(list(value.finditer(line[:LONGEST_LINE]))):
            found |= {group: match[group] for group in wanted - set(found) if match[group] is not None}
        if len(found) == len(wanted):
            break
    return found


def _told(goals: Goals, value: object, source: str, message: str = "") -> Outcome:
    """A value, or several by name, from one of the files as an outcome."""
    if isinstance(value, dict):
        missing = [name for name in goals.names if name not in value]
        if missing:
            names = ", ".join(map(repr, value))
            said = f"{source} names {names or 'nothing'}, not {', '.join(map(repr, missing))}"
            return Outcome(failure="crash", message=_clean(said))
        value = {name: _number(value[name]) for name in goals.names}
    try:
        return Outcome.of(goals, _number(value), message=_clean(message))
    except (TellError, OverflowError) as error:
        return Outcome(failure="crash", message=_clean(f"{source}: {error}"))


def _number(value: object) -> object:
    """The texts that JSON has for what is no number."""
    return float(value) if isinstance(value, str) and value in ("nan", "inf", "-inf") else value


def _crashed(folder: Path, ending: dict[str, Any]) -> Outcome:
    status, number = ending.get("status"), ending.get("signal")
    kind = "memory" if ending.get("kind") == "memory" else "crash"
    if "error" in ending:
        said = str(ending["error"])
        kind = "memory" if _MEMORY.search(said) else kind
    elif number is not None:
        said = f"killed by signal {number}{_signal_name(number)}"
        said += "; the system may have run out of memory" if number == signal.SIGKILL else ""
    else:
        said = f"exit status {status}"
    return _failed(kind, folder, said, explained="error" in ending)


def _failed(kind: str, folder: Path, said: str, *, explained: bool = False) -> Outcome:
    """A failure whose message ends with the last line that the program wrote to standard error, unless explained."""
    lines = [line for line in re.split(r"[\r\n]+", _tail(folder / "stderr.txt")) if line.strip()]
    if kind == "crash" and any(_MEMORY.search(line[:LONGEST_LINE]) for line in lines[-20:]):
        kind = "memory"
    # The text of an exception is in `said` already, and the last line of its traceback again.
    last = lines[-1].strip() if lines and not explained else ""
    return Outcome(failure=kind, message=_clean(f"{said}: {last}" if last else said))


def _signal_name(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def _clean(text: str) -> str:
    """At most 500 characters, without any that move a cursor or break a line."""
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode("ascii")
        for c in text[:LONGEST_MESSAGE]
    )
    return shown if len(shown) <= LONGEST_MESSAGE else shown[: LONGEST_MESSAGE - 3] + "..."


def _object(path: Path) -> dict[str, Any] | None:
    """A JSON object of our own writing, or None if there is no such file."""
    try:
        content = load_json(DISK.read(path), path=path.name)
    except FileNotFoundError:
        return None
    if not isinstance(content, dict) or content.get("v") != 1:
        raise StudyFormatError("not an object of version 1", path=path.name)
    return content


def _tail(path: Path) -> str:
    """The last 1 MiB of a file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LONGEST_TAIL))
            return file.read(LONGEST_TAIL).decode("utf-8", "replace")
    except OSError:
        return ""
