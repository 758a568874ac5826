"""The job that this process is: found through the environment, absent when a training is run by hand."""

from __future__ import annotations

import json
import operator
import os
import time

from askntell.worker import files

TYPE_CHECKING = False  # see files.py
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping

__all__ = ["Job", "current"]


class Job:
    """One attempt of one trial, seen from inside.

    Do not construct it; call `current`.

    Attributes:
        params: The trial's params over the defaults; a parameter that is inactive in this trial keeps its default.
        segment: Name of the segment, "all" in an ordinary study and stand-alone.
        features: What tells this segment from others, name to number or text.
        inputs: Absolute paths of the segment's input files.
        number: Number of the trial in its segment; None stand-alone.
        attempt: Which try of the trial this is, from 1; None stand-alone.
        folder: Folder of this attempt; None stand-alone.
    """

    def __init__(self, folder: str | None, context: Mapping[str, Any], deadline: float | None) -> None:
        self.params: Dict[str, Any] = dict(context["params"])
        self.segment: str = context.get("segment", "all")
        self.features: Dict[str, Any] = dict(context.get("features", {}))
        self.inputs: List[str] = list(context.get("inputs", ()))
        self.number: int | None = context.get("number")
        self.attempt: int | None = context.get("attempt")
        self.folder = folder
        self._deadline = deadline

    def __repr__(self) -> str:
        return "Job(segment={!r}, number={!r}, attempt={!r}, params={!r})".format(
            self.segment, self.number, self.attempt, self.params
        )

    def report(self, value: object, *, step: int) -> None:
        """Hand out an intermediate value; the driver may stop the trial because of it.

        Args:
            value: A number, or ``{name: number}``.
            step: How far the training is, >= 0, such as the epoch.

        Raises:
            JobError: the value is no number or the step no integer.
        """
        result = files.as_result(value)
        try:
            number = -1 if isinstance(step, bool) else operator.index(step)
        except TypeError:
            number = -1
        if number < 0:
            raise files.JobError("step must be an integer >= 0, got {!r}".format(step))
        if self.folder is None:
            print("step {}: {}".format(number, _line(result)), flush=True)
            return
        line = json.dumps(dict(result, step=number, time=round(time.time(), 3)), ensure_ascii=False) + "\n"
        # One write on an O_APPEND descriptor: lines of several processes do not mix.
        descriptor = os.open(os.path.join(self.folder, files.REPORTS), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode("utf-8", "backslashreplace"))
        finally:
            os.close(descriptor)

    def should_stop(self) -> bool:
        """Whether the training should save what it has and end: it was asked to, or the job's deadline has passed.

        Costs one look at the folder; call it once an epoch, not once a batch.
        """
        if self.folder is None:
            return False
        if self._deadline is not None and time.time() >= self._deadline:
            return True
        return os.path.exists(os.path.join(self.folder, files.STOP))

    def finish(self, value: object) -> None:
        """Hand back the trial's value; on disk when this returns. NaN and infinity are told as a failure.

        Args:
            value: A number, or ``{name: number}``.

        Raises:
            JobError: it is no number, or another value was handed back before (that one stays).
        """
        result = files.as_result(value)
        if self.folder is None:
            print(_line(result), flush=True)
            return
        path = os.path.join(self.folder, files.RESULT)
        result = dict(result, v=files.VERSION)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                before = json.load(file)
            if before != result:
                said = _line(before), _line(result)
                raise files.JobError("finish was called before with {}, now with {}".format(*said))
            return
        files.write_json(path, result)


def current(defaults: Mapping[str, Any] | None = None) -> Job:
    """The job that this process is, or a stand-alone job with the defaults.

    Args:
        defaults: Params for a run by hand, and for parameters that the trial does not have.

    Raises:
        JobError: the environment names a folder that holds no readable job.
    """
    params = {} if defaults is None else dict(defaults)
    folder = os.environ.get("ASKNTELL_JOB")
    if folder is None or folder == "":
        return Job(None, {"params": params}, None)
    job = files.read_job(folder)
    context = job["context"]
    params.update(context.get("params", {}))
    return Job(folder, dict(context, params=params), job.get("deadline"))


def _line(result: Mapping[str, Any]) -> str:
    values = result["values"] if "values" in result else {"value": result["value"]}
    return ", ".join("{}: {}".format(name, value) for name, value in values.items())
