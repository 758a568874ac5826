"""The settings that a caller gives for a study, checked: they make a new one, or must be those of the old one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from askntell._files import Disk
from askntell.errors import SettingsError
from askntell.goals import Goals
from askntell.header import FILE, Header
from askntell.optimizers.algorithm import Algorithm
from askntell.optimizers.registry import algorithm_from
from askntell.segments import check_segments, load_segments
from askntell.space import SearchSpace
from askntell.trial import Segment

__all__ = ["Given", "open_header"]


@final
@dataclass(frozen=True, kw_only=True)
class Given:
    """What a caller gave, and only that.

    Attributes:
        settings: Attributes and properties of `Header` by name.
        goals: What is better, with the defaults where nothing was given.
        base: Folder that relative inputs of the segments start from.
    """

    settings: Mapping[str, object]
    goals: Goals
    base: Path

    @classmethod
    def of(
        cls,
        space: SearchSpace | None,
        objectives: Mapping[str, str] | None,
        constraints: Mapping[str, str] | None,
        direction: str | None,
        segments: Sequence[Segment] | str | os.PathLike[str] | None,
        algorithm: str | Algorithm[Any] | None,
        **plain: object,
    ) -> Given:
        """Check and normalise the arguments of `Study`; `plain` are those that the header checks.

        Raises:
            SettingsError: one of them is wrong. StudyFileError: the segments cannot be read.
        """
        settings = {key: value for key, value in plain.items() if value is not None}
        if space is not None:
            if not isinstance(space, SearchSpace):
                raise SettingsError(f"space must be a SearchSpace, got {type(space).__name__}")
            settings["space"] = space
        goals = Goals.of(objectives, constraints, direction)
        if objectives is not None or direction is not None:
            settings["objectives"] = goals.directions
        if constraints is not None:
            settings["constraints"] = goals.limits
        if algorithm is not None:
            settings["algorithm"] = algorithm_from(algorithm)
        base = Path.cwd()
        if segments is not None:
            if isinstance(segments, str | os.PathLike):
                base = Path(segments).absolute().parent
                segments = load_segments(Path(segments))
            settings["segments"] = check_segments(segments)
        return cls(settings=settings, goals=goals, base=base)


def open_header(folder: Path, given: Given, disk: Disk) -> Header:
    """The header of the study in `folder`, which is created if there is none and a space was given."""
    if "space" not in given.settings or disk.exists(folder / FILE):
        return Header.load(folder, disk)
    settings: dict[str, Any] = {
        "algorithm": algorithm_from("auto"),
        "seed": 0,
        "trials": None,
        "share": "auto",
        "segments": check_segments(()),
        **{key: value for key, value in given.settings.items() if key not in ("objectives", "constraints")},
    }
    header = Header(**settings, goals=given.goals, inputs_folder=os.path.relpath(given.base, folder))
    return header.publish(folder, disk)
