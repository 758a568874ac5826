"""Every error that askntell raises on purpose.

::

    AskntellError
    ├── SpaceError (ValueError)             a search space or a setting of it is wrong
    ├── ParamsError (ValueError)            params that the space does not contain
    ├── TellError (ValueError)              a result that cannot be recorded
    │   └── TellConflict                    a finished trial was told something else
    ├── UnknownTrial (LookupError)          a number or segment that nobody asked for
    ├── SpaceExhausted (RuntimeError)       the trials are spent or nothing is left to try
    ├── SettingsError (ValueError)          an option of an optimizer, study, run or backend is wrong
    │   └── StudyMismatch                   a study was reopened with other settings
    ├── PayloadError (ValueError)           a command, template or callable that cannot be run
    ├── BackendError (RuntimeError)         the engine refused a job
    ├── StudyFileError (OSError)            a file of a study cannot be read or written
    │   └── StudyFormatError                a file holds what this version must not guess at
    └── MissingExtra (ImportError)          an optional dependency is not installed

``JournalDamage`` is a warning: records that fail their checksum are reported and skipped, all others are kept.
"""

from __future__ import annotations

__all__ = [
    "AskntellError",
    "BackendError",
    "JournalDamage",
    "MissingExtra",
    "ParamsError",
    "PayloadError",
    "SettingsError",
    "SpaceError",
    "SpaceExhausted",
    "StudyFileError",
    "StudyFormatError",
    "StudyMismatch",
    "TellConflict",
    "TellError",
    "UnknownTrial",
]


class AskntellError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        message: What came and what is allowed.
        hint: What to do about it, or "".
        path: Where it is: a JSON path such as ``$.parameters.lr.low``, a file, or "".
    """

    def __init__(self, message: str, *, hint: str = "", path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = path

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        remedy = f"; {self.hint}" if self.hint else ""
        return f"{where}{self.message}{remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.hint, self.path)


def _rebuild(kind: type[AskntellError], message: str, hint: str, path: str) -> AskntellError:
    return kind(message, hint=hint, path=path)


class SpaceError(AskntellError, ValueError):
    """A search space, or one entry of it, is wrong."""


class ParamsError(AskntellError, ValueError):
    """The params are not a point of the search space."""


class TellError(AskntellError, ValueError):
    """A result cannot be recorded as it is."""


class TellConflict(TellError):
    """A closed trial was told something else than before; the first result stays."""


class UnknownTrial(AskntellError, LookupError):
    """No such trial or segment."""

    __str__ = AskntellError.__str__


class SpaceExhausted(AskntellError, RuntimeError):
    """The agreed number of trials is spent, or every point was tried."""


class SettingsError(AskntellError, ValueError):
    """An option is unknown, out of range or of the wrong type."""


class StudyMismatch(SettingsError):
    """The folder holds a study with other settings than those given."""


class PayloadError(AskntellError, ValueError):
    """What should be run cannot be run as described."""


class BackendError(AskntellError, RuntimeError):
    """The engine did not accept or answer a request."""


class StudyFileError(AskntellError, OSError):
    """A file of a study cannot be read or written."""

    __str__ = AskntellError.__str__


class StudyFormatError(StudyFileError):
    """A file of a study holds something this version must not guess at."""


class MissingExtra(AskntellError, ImportError):  # type: ignore[misc]  # ImportError says its path may be None
    """An optional dependency is needed; the message names the extra that brings it."""

    __str__ = AskntellError.__str__


class JournalDamage(UserWarning):
    """Some records of a journal fail their checksum; they were skipped and everything else was kept."""
