"""Files of one attempt's folder as the job sees them: names, whole-or-nothing writes, numbers that JSON lacks.

The driver's side has its own, stricter room (`askntell._files`); this one must run where askntell's dependencies,
and a recent Python, are absent.
"""

from __future__ import annotations

import json
import math
import numbers
import os

TYPE_CHECKING = False  # importing typing would be a tenth of a job's start
if TYPE_CHECKING:
    from typing import Any, Dict, Mapping

__all__ = ["VERSION", "JobError", "as_result", "number_from", "read_job", "write_json"]

VERSION = 1

JOB = "job.json"
RESULT = "result.json"
EXIT = "exit.json"
REPORTS = "reports.jsonl"
STDOUT = "stdout.txt"
STDERR = "stderr.txt"
STOP = "stop"


class JobError(RuntimeError):
    """The job's folder cannot be used, or a value cannot be handed back."""


def read_job(folder: str) -> Dict[str, Any]:
    """The content of ``job.json``.

    Raises:
        JobError: there is none, it is not JSON, or a later version of askntell wrote it.
    """
    path = os.path.join(folder, JOB)
    try:
        with open(path, encoding="utf-8") as file:
            job = json.load(file)
    except (OSError, ValueError) as error:
        raise JobError("{}: cannot be read: {}".format(path, error)) from None
    version = job.get("v") if isinstance(job, dict) else None
    if version != VERSION:
        raise JobError("{}: version {!r}; this askntell reads version {}".format(path, version, VERSION))
    return job  # type: ignore[no-any-return]  # `version` is only set for a dict


def write_json(path: str, value: Mapping[str, object]) -> None:
    """Publish a JSON file whole or not at all: temporary name in the same folder, fsync, rename."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, indent=1) + "\n"
    folder, name = os.path.split(path)
    partial = os.path.join(folder, ".{}.{}.tmp".format(name, os.urandom(6).hex()))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(partial, flags, 0o600), "wb") as file:
            # A lone surrogate from a program's output must not cost the whole record.
            file.write(text.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def as_result(value: object) -> Dict[str, object]:
    """A value, or values by name, in the form of ``result.json``.

    Args:
        value: A number, a 0-d array or tensor, or a mapping of names to such.

    Raises:
        JobError: it is something else.
    """
    if not isinstance(value, dict):
        return {"value": _tagged(number_from(value))}
    if not value or not all(isinstance(name, str) and name for name in value):
        raise JobError("values must be {{name: number}}, got {!r}".format(value))
    return {"values": {name: _tagged(number_from(entry)) for name, entry in value.items()}}


def number_from(value: object) -> float:
    """A float from any number, also from a 0-d array or a tensor with one element.

    Raises:
        JobError: it is no number.
    """
    inner = value
    if not isinstance(value, numbers.Real) and callable(getattr(value, "item", None)):
        try:
            inner = value.item()  # type: ignore[attr-defined]  # asked for in the line above
        except (TypeError, ValueError, RuntimeError):  # several elements: numpy and torch disagree on the error
            inner = None
    if type(inner) is not bool and isinstance(inner, numbers.Real):
        return float(inner)
    raise JobError("expected a number or {{name: number}}, got {!r} ({})".format(value, type(value).__name__))


def _tagged(number: float) -> object:
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "nan"
    return "inf" if number > 0 else "-inf"
