"""A payload, checked once as a whole, and turned into one job per trial."""

from __future__ import annotations

import contextlib
import math
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from numbers import Integral
from pathlib import Path, PurePosixPath
from typing import Any, final

from askntell._files import DISK, dump_json, write_atomic
from askntell.errors import PayloadError
from askntell.job import Call, JobSpec
from askntell.payload.callables import call_of, refuse_while_importing
from askntell.payload.placeholders import Names, Slot, Text, Value, fill_json, fill_text, fill_words
from askntell.space import SearchSpace
from askntell.trial import Segment, Trial

__all__ = ["Payload"]

LARGEST_TEMPLATE = 2**24  # bytes
_OURS = frozenset(
    {
        "job.json",
        "process.json",
        "input.json",
        "input_ds.json",
        "output.json",
        "result.json",
        "reports.jsonl",
        "exit.json",
        "stdout.txt",
        "stderr.txt",
        "stop",
    }
)


@final
@dataclass(frozen=True, kw_only=True)
class Payload:
    """What a trial runs. Made by `Payload.of`.

    Attributes:
        words: The command, cut at its placeholders; empty for a callable.
        call: The callable, or None.
        templates: Target name to template.
        value: Finds the value in a line of the output, or None.
        cwd: Working folder of all jobs, or None for each its own.
        env: Variables added to the environment.
        timeout_s: Seconds after which a job is ended, or None.
        launch_dir: Where the run was started: first in the jobs' PYTHONPATH.
    """

    words: tuple[Text, ...] = ()
    call: Call | None = None
    templates: Mapping[str, Text] = field(default_factory=dict)
    value: re.Pattern[str] | None = None
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    launch_dir: Path

    @classmethod
    def of(
        cls,
        payload: Callable[..., object] | str | Sequence[str],
        *,
        files: Mapping[str, str | os.PathLike[str]] | None = None,
        value: str | re.Pattern[str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        space: SearchSpace,
        segments: Sequence[Segment],
    ) -> Payload:
        """Check a payload against a study.

        Args:
            payload: A function that takes the params as one dict; or a command as a list of words or as a string,
                which is cut into words as a shell would and never given to one.
            files: Target name in the job's folder to template, read here once.
            value: Regular expression with one group, or with a named group for each of several values.
            cwd: Working folder of all jobs; default each its own folder.
            env: Variables added to the environment.
            timeout_s: Seconds after which a job is ended.
            space: Its parameters are placeholders.
            segments: Their features are placeholders.

        Raises:
            PayloadError: something of it cannot be run, in any trial as far as it can be known beforehand.
        """
        refuse_while_importing()
        launch_dir = Path.cwd()
        names = Names.of(space, segments) if files or not callable(payload) else None
        words: tuple[Text, ...] = ()
        call = None
        if callable(payload):
            call = call_of(payload)
        else:
            assert names is not None
            words = _command(payload, names, launch_dir, cwd)
        return cls(
            words=words,
            call=call,
            templates={} if names is None else _templates(files or {}, names, launch_dir),
            value=_pattern(value),
            cwd=_working_folder(cwd, launch_dir),
            env=_environment(env or {}),
            timeout_s=_timeout(timeout_s),
            launch_dir=launch_dir,
        )

    def spec(
        self, trial: Trial, segment: Segment, folder: Path, name: str, *, inputs: Sequence[str] | None = None
    ) -> JobSpec:
        """The job of a trial's current attempt; nothing is written.

        Args:
            trial: Its params, number and attempt are substituted.
            segment: The trial's segment.
            folder: The attempt's folder.
            name: See `JobSpec.name`.
            inputs: Absolute paths of the segment's inputs; default relative to where the run was started.

        Raises:
            PayloadError: a text value would be read as an option.
        """
        folder = folder.absolute()
        context: dict[str, object] = {
            "params": dict(trial.params),
            "segment": segment.name,
            "features": {key: _plain(value) for key, value in segment.features.items()},
            "inputs": [str(self.launch_dir / path) for path in (segment.inputs if inputs is None else inputs)],
            "number": trial.number,
            "attempt": trial.attempt,
        }
        return JobSpec(
            name=name,
            folder=folder,
            argv=tuple(fill_words(self.words, _values(context, folder))),
            call=self.call,
            cwd=folder if self.cwd is None else self.cwd,
            env=self.env,
            launch_dir=self.launch_dir,
            timeout_s=self.timeout_s,
            context=context,
        )

    def prepare(self, spec: JobSpec) -> None:
        """Write the folder of a job that `spec` made: params, inputs, filled templates, and ``job.json`` last."""
        values = _values(spec.context, spec.folder)
        texts = {"input.json": dump_json(spec.context["params"], indent=1) + "\n"}
        if spec.context["inputs"]:
            texts["input_ds.json"] = dump_json(spec.context["inputs"], indent=1) + "\n"
        for target, text in self.templates.items():
            texts[target] = fill_json(text, values) if target.endswith(".json") else fill_text(text, values)
        texts["job.json"] = dump_json(spec.to_dict(), indent=1) + "\n"
        for name, content in texts.items():
            _write(spec.folder / name, content)


def _write(path: Path, content: str) -> None:
    """Write a file that is read only once all are there.

    Not synced, which would be most of the price of a short trial: if the machine goes down so does the attempt, and
    the next one has a folder of its own.
    """
    _make_folders(path.parent)
    try:
        descriptor = DISK.create(path)
    except FileExistsError:  # an earlier driver prepared the same attempt and died
        write_atomic(path, content.encode("utf-8"))
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode("utf-8"))


def _make_folders(folder: Path) -> None:
    if not folder.is_dir():
        _make_folders(folder.parent)
        with contextlib.suppress(FileExistsError):  # another process was faster
            DISK.make_folder(folder)


def _values(context: Mapping[str, Any], folder: Path) -> dict[str, Value]:
    """Placeholder to value; a parameter has the precedence over a built-in of the same name."""
    built_in = {key: context[key] for key in ("segment", "number", "attempt", "inputs")}
    return {**built_in, "folder": str(folder), **context["features"], **context["params"]}


def _plain(value: str | float) -> str | int | float:
    """A feature as JSON has it, whatever library its number is from."""
    if isinstance(value, str):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def _command(payload: object, names: Names, launch_dir: Path, cwd: object) -> tuple[Text, ...]:
    if isinstance(payload, str):
        try:
            given = shlex.split(payload)
        except ValueError as error:
            raise PayloadError(f"the command {payload!r} cannot be cut into words: {error}") from None
    elif isinstance(payload, (list, tuple)) and all(isinstance(word, str) for word in payload):
        given = list(payload)
    else:
        raise PayloadError(f"got {payload!r}; allowed: a function, a command as a string, or a list of words")
    if not given or not given[0]:
        raise PayloadError("the command is empty")
    words = tuple(names.cut(word, partial(_word_of, i)) for i, word in enumerate(given, start=1))
    names.check_words(words)
    if given[0] == "python":
        _check_script(given[1:2], launch_dir, cwd)
        words = ((sys.executable,), *words[1:])
    return tuple(_located(word, launch_dir) for word in words)


def _word_of(number: int, _: int) -> str:
    return f"word {number} of the command"


def _line_of(path: Path, text: str, position: int) -> str:
    return f"{path}: line {text.count(chr(10), 0, position) + 1}"


def _check_script(word: Sequence[str], launch_dir: Path, cwd: object) -> None:
    """A misspelt script is better found here than in every trial."""
    if word and word[0].endswith(".py") and not word[0].startswith("-") and "{" not in word[0]:
        folders = [launch_dir] if cwd is None else [launch_dir, launch_dir / str(cwd)]
        if not any((folder / word[0]).is_file() for folder in folders):
            raise PayloadError(f"there is no {word[0]!r} in {folders[-1]}", hint="relative names start from there")


def _located(word: Text, launch_dir: Path) -> Text:
    """A word that names a file of the launch folder, as an absolute path: the job runs in another folder.

    Also the part behind ``=`` of an option, and a folder if the word has a slash. Words with placeholders stay.
    """
    if len(word) != 1 or isinstance(word[0], Slot):
        return word
    option, equals, name = word[0].partition("=") if word[0].startswith("-") else ("", "", word[0])
    if not name or "\0" in name or name.startswith("-"):
        return word
    path = launch_dir / name
    try:
        found = path.is_file() or ("/" in name and path.is_dir())
    except OSError:  # too long for a name
        return word
    return (option + equals + os.path.normpath(path),) if found else word


def _templates(files: Mapping[str, str | os.PathLike[str]], names: Names, launch_dir: Path) -> dict[str, Text]:
    made = {}
    for target, source in files.items():
        path = PurePosixPath(target)
        if not target or path.is_absolute() or ".." in path.parts or "\0" in target or str(path) in (".", *_OURS):
            raise PayloadError(
                f"files: the target {target!r} is not allowed",
                hint=f"a relative name without '..', and none of {', '.join(sorted(_OURS))}",
            )
        template = launch_dir / source
        try:
            data = template.read_bytes() if template.stat().st_size <= LARGEST_TEMPLATE else None
            text = None if data is None else data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PayloadError(f"the template cannot be read: {error}", path=str(template)) from None
        if text is None:
            raise PayloadError(f"the template is larger than {LARGEST_TEMPLATE} bytes", path=str(template))
        is_json = target.endswith(".json")
        made[str(path)] = names.cut(text, partial(_line_of, template, text), json=is_json)
        if not is_json and Slot("inputs") in made[str(path)]:
            raise PayloadError("{inputs} is several files", hint="read input_ds.json instead", path=str(template))
    return made


def _pattern(value: str | re.Pattern[str] | None) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        pattern = re.compile(value)
    except (re.error, TypeError) as error:
        raise PayloadError(f"value={value!r} is no regular expression: {error}") from None
    if pattern.groups != 1 and (not pattern.groups or len(pattern.groupindex) != pattern.groups):
        raise PayloadError(
            f"value={value!r} has {pattern.groups} groups; allowed: one, around the number, or several with names",
            hint=r"such as value=r'loss: (\S+)', or for several values r'loss: (?P<loss>\S+)|size: (?P<size>\S+)'; "
            "a group that is not a number is written (?:...)",
        )
    return pattern


def _working_folder(cwd: str | os.PathLike[str] | None, launch_dir: Path) -> Path | None:
    if cwd is None:
        return None
    folder = Path(os.path.normpath(launch_dir / cwd))
    if not folder.is_dir():
        raise PayloadError(f"cwd={os.fspath(cwd)!r} is no folder")
    return folder


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    for name, text in env.items():
        good = (
            isinstance(name, str) and name and isinstance(text, str) and not {"\0"} & {*name, *text} and "=" not in name
        )
        if not good:
            raise PayloadError(f"env: {name!r}={text!r} is no variable; allowed: text to text, without NUL")
    return dict(env)


def _timeout(timeout_s: float | None) -> float | None:
    if timeout_s is None:
        return None
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, (int, float)) or not 0 < timeout_s < math.inf:
        raise PayloadError(f"timeout_s={timeout_s!r}; allowed: a number of seconds > 0")
    return float(timeout_s)
