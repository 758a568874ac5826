"""What every parameter of a search space can do; the five kinds are in `askntell.space.parameters`."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import EllipsisType
from typing import ClassVar, Self, TypeAlias, cast

from askntell._files import dump_json
from askntell.errors import ParamsError
from askntell.space.values import Scalar, shown

__all__ = ["Parameter", "When"]

When: TypeAlias = Mapping[str, Scalar | Sequence[Scalar]]
"""Parent parameter to the value, or the values, with which a parameter is active."""


class Parameter(ABC):
    """One named dimension. Frozen; equal and hashed by content, where 1, 1.0 and True differ.

    Discrete kinds number their values: a value's *cell* is its position from 0 to `levels` - 1. In the unit interval
    each cell is one piece, and `position` is the point that stands for it.
    """

    __slots__ = ()

    kind: ClassVar[str]
    """The word in the file format: float, int, categorical, ordinal or constant."""

    when: When | None
    """Parents and the values with which this parameter is active, or None."""

    @property
    @abstractmethod
    def levels(self) -> int | None:
        """Number of cells, or None if continuous."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[float, float] | None:
        """Smallest and largest value, or None unless all values are numbers."""

    @abstractmethod
    def allowed(self) -> str:
        """The allowed values in words, for messages."""

    @abstractmethod
    def snap(self, value: object) -> Scalar:
        """The allowed value that is meant, within 1e-9 of the grid, in its canonical Python type.

        Raises:
            ParamsError: the value is not allowed.
        """

    @abstractmethod
    def cell(self, value: Scalar) -> int:
        """The cell of an allowed value; 0 if continuous."""

    @abstractmethod
    def pick(self, cell: int) -> Scalar:
        """The value of a cell.

        Raises:
            SpaceError: the parameter is continuous.
        """

    @abstractmethod
    def at(self, u: float) -> Scalar:
        """The value at a point of the unit interval; NaN stands for the middle."""

    @abstractmethod
    def position(self, value: Scalar) -> float:
        """The point of the unit interval that stands for an allowed value."""

    @abstractmethod
    def start(self) -> Scalar:
        """The named default, else the middle of the range (the first of the categories)."""

    @abstractmethod
    def to_dict(self) -> dict[str, object]:
        """The entry of the file format, without what has its default."""

    def conditions(self) -> tuple[tuple[str, tuple[Scalar, ...]], ...]:
        """`when` as pairs of a parent's name and its values."""
        if self.when is None:
            return ()
        return tuple((name, cast("tuple[Scalar, ...]", values)) for name, values in self.when.items())

    def under(self, when: When) -> Self:
        """The same parameter with another condition."""
        return dataclasses.replace(self, when=when)  # type: ignore[type-var]  # every kind is a dataclass

    def refuse(self, value: object) -> ParamsError:
        """The error for a value that is not allowed."""
        return ParamsError(f"got {shown(value)}; allowed: {self.allowed()}")

    def __eq__(self, other: object) -> bool:
        return self._text() == other._text() if isinstance(other, Parameter) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text())

    def __repr__(self) -> str:
        texts = []
        for field in dataclasses.fields(self):  # type: ignore[arg-type]  # every kind is a dataclass
            value = getattr(self, field.name)
            if not field.init or (field.kw_only and value is field.default):
                continue
            if isinstance(value, tuple):
                value = list(value)
            elif isinstance(value, Mapping):
                value = {name: values[0] if len(values) == 1 else list(values) for name, values in self.conditions()}
            texts.append(f"{field.name}={value!r}" if field.kw_only else repr(value))
        return f"{type(self).__name__}({', '.join(texts)})"

    def __reduce__(self) -> tuple[object, ...]:
        every = dataclasses.fields(self)  # type: ignore[arg-type]  # every kind is a dataclass
        settings = {field.name: getattr(self, field.name) for field in every if field.init}
        if self.when is not None:
            settings["when"] = dict(self.conditions())
        return _rebuild, (type(self), settings)

    def _text(self) -> str:
        return dump_json(self.to_dict())

    def _dict(self, default: Scalar | EllipsisType = ..., **settings: object) -> dict[str, object]:
        made: dict[str, object] = {"type": self.kind, **settings}
        if default is not ...:
            made["default"] = default
        when = {name: values[0] if len(values) == 1 else list(values) for name, values in self.conditions()}
        if when:
            made["when"] = when
        return made


def _rebuild(kind: type[Parameter], settings: dict[str, object]) -> Parameter:
    return kind(**settings)
