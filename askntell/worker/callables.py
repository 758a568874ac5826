"""Finds a Python callable by name in a fresh process, calls it with the params and keeps what it returns."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from importlib.machinery import SourceFileLoader

from askntell.worker import files
from askntell.worker.context import Job, current

TYPE_CHECKING = False  # see files.py
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Sequence

__all__ = ["call", "execute"]

# The name under which multiprocessing's spawn imports a script: objects of it that a callable sends to its own
# spawned processes (data loaders) are then found there.
MAIN = "__mp_main__"
IMPORTING = "ASKNTELL_IMPORTING"


def call(folder: str) -> int:
    """Run the callable of a job in this process; return the exit status."""
    try:
        job = files.read_job(folder)
        ending = execute(job)
    except files.JobError as error:
        sys.stderr.write("{}\n".format(error))
        return 1
    if "error" in ending:
        sys.stderr.write("{}\n".format(ending["error"]))
    return int(ending["status"])


def execute(job: Dict[str, Any]) -> Dict[str, Any]:
    """Import and call what ``job["call"]`` names; the environment already names the job's folder.

    Returns:
        What is to stand in ``exit.json``: "status", and where it failed "error" and perhaps "kind". An exception of
        the callable is printed to standard error and never raised.
    """
    name = job["call"]["name"]
    try:
        value = load(job["call"])(dict(job["context"]["params"]))
        return _keep(current(), name, value)
    except SystemExit as end:
        return _exited(name, end.code)
    except BaseException as error:  # noqa: BLE001 -- whatever a user's callable raises ends its trial, not this process
        # The first frames are ours and the import system's; they tell the reader nothing.
        trace = error.__traceback__
        while trace is not None and _is_inner(trace.tb_frame.f_code.co_filename):
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)
        ending = {"status": 1, "error": "{}: {}".format(type(error).__name__, error).rstrip(": ")}
        if isinstance(error, MemoryError):
            ending["kind"] = "memory"
        return ending


def _is_inner(path: str) -> bool:
    return path.startswith("<frozen ") or path in (__file__, importlib.__file__)


def load(described: Dict[str, Any]) -> Callable[[Dict[str, Any]], object]:
    """Import the callable.

    Args:
        described: "module" or "script", "name", and "folders" for the front of ``sys.path``.
    """
    new = [folder for folder in described.get("folders", ()) if folder not in sys.path]
    sys.path[:0] = new
    script = described.get("script", "")
    os.environ[IMPORTING] = script or described["module"]
    try:
        found: Any = (
            _import_script(script, described.get("arguments", ()))
            if script
            else importlib.import_module(described["module"])
        )
    finally:
        del os.environ[IMPORTING]
    for part in described["name"].split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]  # what a name stands for is known when it is called


def _import_script(path: str, arguments: Sequence[str]) -> Any:
    known = sys.modules.get(MAIN)
    if known is not None and known.__file__ == path:
        return known
    spec = importlib.util.spec_from_file_location(MAIN, path, loader=SourceFileLoader(MAIN, path))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules["__main__"], sys.argv
    sys.modules[MAIN] = sys.modules["__main__"] = module
    sys.argv = [path, *arguments]
    try:
        spec.loader.exec_module(module)
    except BaseException:
        # Half a module must not be found by the next trial.
        del sys.modules[MAIN]
        sys.modules["__main__"], sys.argv = before
        raise
    module.__spec__ = None  # a script has none; with one, spawned processes would look for a module of this name
    return module


def _keep(job: Job, name: str, value: object) -> Dict[str, Any]:
    if value is not None:
        try:
            job.finish(value)
        except files.JobError as error:
            return {"status": 1, "error": "{} returned what cannot be kept: {}".format(name, error)}
    elif not _has_result(job):
        return {
            "status": 1,
            "error": "{} returned None; return a number or {{name: number}}, or call job.finish(value)".format(name),
        }
    return {"status": 0}


def _exited(name: str, code: object) -> Dict[str, Any]:
    status = 0 if code is None else code if isinstance(code, int) else 1
    if isinstance(code, str):
        sys.stderr.write(code + "\n")
    if _has_result(current()):
        return {"status": status}
    return {"status": status, "error": "{} called sys.exit({!r}) and gave no value".format(name, code)}


def _has_result(job: Job) -> bool:
    return job.folder is not None and os.path.exists(os.path.join(job.folder, files.RESULT))
