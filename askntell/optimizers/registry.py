"""Algorithms by name and settings, so that a file can say which one a study uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from askntell import _plugins
from askntell.errors import SettingsError
from askntell.optimizers.algorithm import Algorithm

__all__ = ["algorithm_from", "settings_of"]

_GROUP = "askntell.algorithms"
_BUILTIN = {
    "auto": "askntell.optimizers.auto:Auto",
    "ax": "askntell.optimizers.ax:Ax",
    "cmaes": "askntell.optimizers.cmaes:CMAES",
    "gp": "askntell.optimizers.gp:GP",
    "grid": "askntell.optimizers.gridsearch:GridSearch",
    "random": "askntell.optimizers.uniform:RandomSearch",
    "sobol": "askntell.optimizers.sobol:Sobol",
    "tpe": "askntell.optimizers.tpe:TPE",
}


def algorithm_from(choice: str | Algorithm[Any], settings: Mapping[str, object] | None = None) -> Algorithm[Any]:
    """The algorithm that a user or a file names.

    Args:
        choice: A name such as "auto", or a ready object.
        settings: Fields of the algorithm by name; defaults for what is absent.

    Raises:
        SettingsError: unknown name or setting.
    """
    if isinstance(choice, Algorithm):
        return choice
    if not isinstance(choice, str):
        raise SettingsError(f"algorithm={choice!r} is neither a name nor an Algorithm object")
    found = _plugins.find(_GROUP, choice, _BUILTIN)
    given = dict(settings or {})
    allowed = {field.name: field.default for field in dataclasses.fields(found)}
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        options = ", ".join(f"{name}={default!r}" for name, default in allowed.items()) or "none"
        raise SettingsError(f"algorithm {choice!r} has no setting {unknown[0]!r}; settings: {options}")
    made = found(**given)
    if not isinstance(made, Algorithm):
        raise SettingsError(f"plug-in {choice!r} gives {type(made).__name__}, which is no Algorithm")
    return made


def settings_of(algorithm: Algorithm[Any]) -> dict[str, object]:
    """The settings of an algorithm as JSON values: what `algorithm_from` needs beside the name."""
    if not dataclasses.is_dataclass(algorithm):
        raise SettingsError(f"{type(algorithm).__name__} is no dataclass", hint="settings must be frozen fields")
    return dataclasses.asdict(algorithm)
