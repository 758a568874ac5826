"""The header of a study, ``study.json``: its settings, written once and compared at every reopening."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from askntell import __version__
from askntell._files import Disk, dump_json, make_folders, read_json, write_once
from askntell._rng import checked_seed
from askntell.errors import AskntellError, SettingsError, StudyFileError, StudyFormatError, StudyMismatch
from askntell.goals import Goals
from askntell.journal import FORMAT
from askntell.optimizers.algorithm import Algorithm
from askntell.optimizers.campaign import checked_share
from askntell.optimizers.registry import algorithm_from, settings_of
from askntell.segments import check_segments, segment_from_json, segment_to_json
from askntell.space import SearchSpace
from askntell.trial import Problem, Segment

__all__ = ["FILE", "Header", "compare"]

FILE = "study.json"


@final
@dataclass(frozen=True, kw_only=True)
class Header:
    """What a study is, apart from its trials.

    Attributes:
        space: What may be tried.
        goals: What is better, and what is allowed.
        algorithm: What proposes.
        seed: Key of every random stream.
        trials: Planned trials per segment, or None.
        segments: The segments at creation, at least one.
        share: Whether segments learn from each other: see `askntell.optimizers.campaign.Campaign`.
        inputs_folder: Folder that relative `Segment.inputs` start from, relative to the study's folder.
        uuid: Identity of the study, in every journal.
        created: UTC time of creation, ISO 8601; information only.
    """

    space: SearchSpace
    goals: Goals
    algorithm: Algorithm[Any]
    seed: int
    trials: int | None
    segments: tuple[Segment, ...]
    share: str = "auto"
    inputs_folder: str = "."
    uuid: str = ""
    created: str = ""

    def __post_init__(self) -> None:
        checked_seed(self.seed)
        check_segments(self.segments)
        checked_share(self.share)
        _ = self.problem

    @property
    def objectives(self) -> dict[str, str]:
        """The objectives as they are given, ``{name: direction}``."""
        return self.goals.directions

    @property
    def constraints(self) -> dict[str, str]:
        """The constraints as they are given, ``{name: "<= 4096"}``."""
        return self.goals.limits

    @property
    def problem(self) -> Problem:
        """What is searched; `Problem.at` gives the search of one segment."""
        return Problem(
            space=self.space,
            goals=self.goals,
            trials=self.trials,
            segment=self.segments[0],
            segments=self.segments,
        )

    def publish(self, folder: Path, disk: Disk) -> Header:
        """Write the header of a new study; if another process was faster, give back what that one wrote.

        Raises:
            StudyFileError: the folder cannot be written.
            SettingsError: the algorithm is not for these goals, or the overrides of a segment are not inside the space.
        """
        self.algorithm.check(self.goals)
        for index, segment in enumerate(self.segments):
            try:
                self.problem.at(segment)
            except SettingsError as error:
                path = f"$.segments[{index}]{error.path[1:]}"
                raise SettingsError(error.message, hint=error.hint, path=path) from None
        born = replace(self, uuid=str(uuid.uuid4()), created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        text = dump_json({"format": list(FORMAT), "version": __version__} | born.to_dict(), indent=1) + "\n"
        try:
            make_folders(folder, disk=disk)
            made = write_once(folder / FILE, text.encode("utf-8"), disk=disk)
        except OSError as error:
            raise StudyFileError(
                f"the study cannot be created: {error.strerror or error}",
                hint="choose a folder that you may write to",
                path=str(folder),
            ) from error
        return born if made else Header.load(folder, disk)

    @classmethod
    def load(cls, folder: Path, disk: Disk) -> Header:
        """Read the header of an existing study.

        Raises:
            StudyFileError: there is none. StudyFormatError: it is of another version or damaged.
        """
        path = folder / FILE
        try:
            entry = read_json(path, disk=disk)
        except StudyFormatError:
            raise
        except OSError as error:
            absent = isinstance(error, FileNotFoundError | NotADirectoryError)
            raise StudyFileError(
                "there is no study here" if absent else f"the study cannot be read: {error.strerror}",
                hint="give the space to create one, or run `askntell init`" if absent else "",
                path=str(folder),
            ) from error
        try:
            if entry["format"][0] != FORMAT[0]:
                raise StudyFormatError(
                    f"study format {entry['format'][0]} of askntell {entry.get('version')}; "
                    f"this version reads format {FORMAT[0]}",
                    hint="use that version of askntell; nothing was changed",
                    path=str(path),
                )
            return cls._from_dict(entry)
        except StudyFormatError:
            raise
        except AskntellError as error:
            raise StudyFormatError(f"the header is damaged: {error}", path=str(path)) from error
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise StudyFormatError(f"not the header of a study: {error!r}", path=str(path)) from error

    def to_dict(self) -> dict[str, Any]:
        """The header as JSON values."""
        return {
            "uuid": self.uuid,
            "created": self.created,
            "space": self.space.to_dict(),
            "objectives": self.goals.directions,
            **({"constraints": self.goals.limits} if self.goals.constraints else {}),
            "algorithm": {"name": self.algorithm.name, "settings": settings_of(self.algorithm)},
            "seed": self.seed,
            "trials": self.trials,
            "share": self.share,
            "inputs_folder": self.inputs_folder,
            "segments": [segment_to_json(segment) for segment in self.segments],
        }

    @classmethod
    def _from_dict(cls, entry: dict[str, Any]) -> Header:
        return cls(
            space=SearchSpace.from_json(entry["space"]),
            goals=Goals.of(entry["objectives"], entry.get("constraints")),
            algorithm=algorithm_from(entry["algorithm"]["name"], entry["algorithm"]["settings"]),
            seed=entry["seed"],
            trials=entry["trials"],
            segments=tuple(segment_from_json(e, f"$.segments[{i}]") for i, e in enumerate(entry["segments"])),
            share=entry.get("share", "none"),  # a study from before segments could share goes on as it began
            inputs_folder=entry["inputs_folder"],
            uuid=entry["uuid"],
            created=entry["created"],
        )

    def input_paths(self, folder: Path, segment: Segment) -> list[str]:
        """Absolute paths of a segment's inputs, for a study in `folder`."""
        base = f"{folder}/{self.inputs_folder}/"
        return [os.path.normpath(name if name.startswith("/") else base + name) for name in segment.inputs]


def compare(kept: Header, given: dict[str, object], added: Sequence[Segment], path: Path) -> None:
    """Check that the settings a caller gave are those of the study.

    Args:
        kept: The study's header.
        given: Attributes and properties of `Header` by name, only those that the caller gave.
        added: Segments that joined later; giving them again is no difference.
        path: The study, for the message.

    Raises:
        StudyMismatch: the message lists every difference.
    """
    differences = []
    for key, value in given.items():
        have = getattr(kept, key)
        if key == "segments" and isinstance(value, tuple):
            every = (*kept.segments, *added)
            found = _differing(kept, every if len(value) == len(every) else kept.segments, value)
        else:
            found = "" if value == have else f"the study has {_short(have)}, given {_short(value)}"
        if found:
            differences.append(f"{key}: {found}")
    if differences:
        raise StudyMismatch(
            "; ".join(differences),
            hint="reopen it with its own settings (or none), or choose another folder",
            path=str(path),
        )


def _differing(kept: Header, have: Sequence[Segment], given: Sequence[Segment]) -> str:
    """How given segments differ from the study's, in words; "" if they do not.

    Overrides are the same if they leave the same of the space, however they are written.
    """
    if [one.name for one in have] != [one.name for one in given]:
        return f"the study has {_short(have)}, given {_short(given)}"
    for one, other in zip(have, given, strict=True):
        written = dump_json(one.overrides) == dump_json(other.overrides)
        if one != other or not written:
            alike = replace(one, overrides=other.overrides) == other
            if not alike or kept.problem.at(one).space != kept.problem.at(other).space:
                what = "overrides" if alike else "inputs, features or datasets"
                return f"the study has other {what} of {one.name!r}"
    return ""


def _short(value: object) -> str:
    text = f"{len(value)} segments ({', '.join(s.name for s in value)})" if isinstance(value, tuple) else repr(value)
    return text if len(text) <= 200 else text[:197] + "..."
