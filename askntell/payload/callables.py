"""Turns a Python function into a name by which another process can import it."""

from __future__ import annotations

import inspect
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from askntell.errors import PayloadError
from askntell.job import Call

__all__ = ["call_of", "refuse_while_importing"]

_REMEDY = "put it at the top level of a module, or keep it here and use the ask and tell loop"
_MAINS = ("__main__", "__mp_main__")  # the second is what a script is called in a process for callables


def call_of(function: Callable[..., object]) -> Call:
    """How another process finds a function.

    Raises:
        PayloadError: it cannot, because it is a lambda, stands inside a function, belongs to an object or was typed
            into a notebook; or it does not take the params as one argument.
    """
    module_name = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    if module_name is None or name is None:
        raise PayloadError(f"{function!r} is no function of a module", hint=_REMEDY)
    if "<" in name:  # <lambda>, <locals>
        kind = "a lambda" if name.endswith("<lambda>") else "a function inside a function"
        raise PayloadError(f"{name} is {kind}, which another process cannot import", hint=_REMEDY)
    module = sys.modules.get(module_name)
    if module is None or _attribute(module, name) is not function:
        raise PayloadError(
            f"{module_name}.{name} is not {function!r}; another process would run something else", hint=_REMEDY
        )
    _check_signature(function, name)
    folders = tuple(_own_folders())
    if module_name not in _MAINS:
        return Call(module=module_name, name=name, folders=folders)
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.name not in _MAINS:  # started as python -m package.module
        return Call(module=spec.name, name=name, folders=folders)
    script = getattr(module, "__file__", None)
    if script is None or not Path(script).is_file():
        raise PayloadError(
            f"{name} was typed into a notebook or a prompt; another process cannot import it", hint=_REMEDY
        )
    arguments = tuple(os.fsencode(word).decode("utf-8", "replace") for word in sys.argv[1:])
    return Call(script=str(Path(script).absolute()), name=name, folders=folders, arguments=arguments)


def refuse_while_importing() -> None:
    """Stop a script that starts a run whenever it is imported: its processes would start runs without end.

    Raises:
        PayloadError: this process is importing a payload.
    """
    importing = os.environ.get("ASKNTELL_IMPORTING")
    if importing is not None:
        raise PayloadError(
            f"{importing} starts a run when it is imported",
            hint='put the run under `if __name__ == "__main__":`, so that other processes can import its functions',
        )


def _attribute(module: ModuleType, name: str) -> object:
    found: object = module
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _check_signature(function: Callable[..., object], name: str) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # written in C
        return
    try:
        signature.bind({})
    except TypeError as error:
        raise PayloadError(f"{name}{signature} cannot be called with the params as one dict: {error}") from None


def _own_folders() -> list[str]:
    """What this process has on its path beyond an interpreter's own folders."""
    own = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    found = []
    for entry in sys.path:
        path = os.path.abspath(entry or ".")  # noqa: PTH100 -- normalises the same way as site does
        if os.path.exists(path) and not any(path == o or path.startswith(o + os.sep) for o in own):  # noqa: PTH110 -- may be a zip file
            found.append(path)
    return found
