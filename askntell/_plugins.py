"""Algorithms and backends by name: the built-in ones, then those that other packages announce by entry point."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from askntell.errors import MissingExtra, SettingsError

__all__ = ["find", "known"]


def find(group: str, name: str, builtin: Mapping[str, str]) -> Any:
    """What `name` stands for: a class, or a function that makes one.

    Args:
        group: Entry-point group, such as ``askntell.algorithms``.
        name: What the user wrote.
        builtin: Name to ``module:Class`` of what the package brings.

    Raises:
        SettingsError: nothing has this name, or what has it cannot be loaded; the message lists the names.
    """
    if name in builtin:
        module, _, attribute = builtin[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
    for entry in _entries(group):
        if entry.name == name:
            try:
                return entry.load()
            except MissingExtra:
                raise
            except Exception as error:
                raise SettingsError(f"plug-in {name!r} ({entry.value}) cannot be loaded: {error!r}") from error
    names = known(group, builtin)
    near = get_close_matches(str(name), names, n=1)
    raise SettingsError(
        f"{name!r} is not known; allowed: {', '.join(names)}", hint=f"did you mean {near[0]!r}?" if near else ""
    )


def known(group: str, builtin: Mapping[str, str]) -> list[str]:
    """All names of a group, sorted."""
    return sorted({*builtin, *(entry.name for entry in _entries(group))})


def _entries(group: str) -> list[importlib.metadata.EntryPoint]:
    import importlib.metadata

    try:
        return list(importlib.metadata.entry_points(group=group))
    except Exception as error:  # noqa: BLE001 -- another package's broken metadata must not stop this one
        warnings.warn(f"entry points of {group} cannot be read: {error!r}", stacklevel=2)
        return []
