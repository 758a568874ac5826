"""The kinds that list their values: Categorical, Ordinal and Constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from types import EllipsisType
from typing import ClassVar, final

from askntell.space.parameter import Parameter, When
from askntell.space.reading import read_choices, read_default, read_scalar, read_when
from askntell.space.values import Scalar, as_number, as_scalar, listed, token

__all__ = ["Categorical", "Constant", "Ordinal", "typed"]

_put = object.__setattr__  # frozen dataclasses normalise their own settings once


@final
class Choices:
    """Distinct scalars and their cells, found by type and value."""

    __slots__ = ("_cells", "_values")

    def __init__(self, values: tuple[Scalar, ...]) -> None:
        self._values = values
        self._cells = {token(value): cell for cell, value in enumerate(values)}

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Smallest and largest value if all are numbers, else None."""
        numbers = [value for value in self._values if isinstance(value, (int, float)) and not isinstance(value, bool)]
        return (min(numbers), max(numbers)) if len(numbers) == len(self._values) else None

    def cell(self, value: Scalar) -> int:
        """The cell of one of the values; KeyError if it is none."""
        return self._cells[type(value), value]

    def at(self, u: float) -> Scalar:
        """The value at a point of the unit interval."""
        if u != u:
            u = 0.5
        values = self._values
        cell, count = int(u * len(values)), len(values)
        return values[0 if cell < 0 else cell if cell < count else count - 1]

    def snap(self, value: object, parameter: Parameter) -> Scalar:
        """The value that is meant: the same scalar, else the only equal number (3.0 for 3, never True for 1)."""
        try:
            cell = self._cells.get((type(value), value))
            if cell is not None:
                return self._values[cell]
            scalar = as_scalar(value)
        except (TypeError, ValueError):
            raise parameter.refuse(value) from None
        cell = self._cells.get(token(scalar))
        if cell is not None:
            return self._values[cell]
        number = as_number(scalar)
        if number is not None:
            equal = [choice for choice in self._values if not isinstance(choice, bool) and choice == number]
            if len(equal) == 1:
                return equal[0]
        raise parameter.refuse(value)


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Categorical(Parameter):
    """One of several values without an order.

    Attributes:
        choices: At least one scalar; distinct, where 1, 1.0 and True are three.
        default: The value of `SearchSpace.default`; ``...``: the first choice.
        when: Parents and the values with which this parameter is active.

    Raises:
        SpaceError: a setting is wrong; its path names the setting.
    """

    kind: ClassVar[str] = "categorical"

    choices: Sequence[Scalar]
    _: KW_ONLY
    default: Scalar | EllipsisType = ...
    when: When | None = None
    _cells: Choices = field(init=False)

    def __post_init__(self) -> None:
        _put(self, "choices", read_choices(self.choices, "choices"))
        _put(self, "_cells", Choices(tuple(self.choices)))
        _put(self, "when", read_when(self.when))
        if self.default is not ...:
            _put(self, "default", read_default(self, self.default))

    @property
    def levels(self) -> int:
        return len(self.choices)

    @property
    def bounds(self) -> None:
        return None

    def allowed(self) -> str:
        return f"one of {listed(self.choices)}"

    def snap(self, value: object) -> Scalar:
        return self._cells.snap(value, self)

    def cell(self, value: Scalar) -> int:
        return self._cells.cell(value)

    def pick(self, cell: int) -> Scalar:
        return self.choices[cell]

    def at(self, u: float) -> Scalar:
        return self._cells.at(u)

    def position(self, value: Scalar) -> float:
        return (self._cells.cell(value) + 0.5) / len(self.choices)

    def start(self) -> Scalar:
        return self.choices[0] if self.default is ... else self.default

    def to_dict(self) -> dict[str, object]:
        return self._dict(self.default, choices=list(self.choices))


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Ordinal(Parameter):
    """One of several values in a meaningful order, such as batch sizes.

    Attributes:
        values: At least one scalar, in order; distinct, where 1, 1.0 and True are three.
        default: The value of `SearchSpace.default`; ``...``: the middle one (the upper of two).
        when: Parents and the values with which this parameter is active.

    Raises:
        SpaceError: a setting is wrong; its path names the setting.
    """

    kind: ClassVar[str] = "ordinal"

    values: Sequence[Scalar]
    _: KW_ONLY
    default: Scalar | EllipsisType = ...
    when: When | None = None
    _cells: Choices = field(init=False)

    def __post_init__(self) -> None:
        _put(self, "values", read_choices(self.values, "values"))
        _put(self, "_cells", Choices(tuple(self.values)))
        _put(self, "when", read_when(self.when))
        if self.default is not ...:
            _put(self, "default", read_default(self, self.default))

    @property
    def levels(self) -> int:
        return len(self.values)

    @property
    def bounds(self) -> tuple[float, float] | None:
        return self._cells.bounds

    def allowed(self) -> str:
        return f"one of {listed(self.values)}"

    def snap(self, value: object) -> Scalar:
        return self._cells.snap(value, self)

    def cell(self, value: Scalar) -> int:
        return self._cells.cell(value)

    def pick(self, cell: int) -> Scalar:
        return self.values[cell]

    def at(self, u: float) -> Scalar:
        return self._cells.at(u)

    def position(self, value: Scalar) -> float:
        return (self._cells.cell(value) + 0.5) / len(self.values)

    def start(self) -> Scalar:
        return self.at(0.5) if self.default is ... else self.default

    def to_dict(self) -> dict[str, object]:
        return self._dict(self.default, values=list(self.values))


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Constant(Parameter):
    """A value that is passed on and never searched.

    Attributes:
        value: The scalar.
        when: Parents and the values with which this parameter is present.

    Raises:
        SpaceError: the value is no scalar.
    """

    kind: ClassVar[str] = "constant"

    value: Scalar
    _: KW_ONLY
    when: When | None = None
    _cells: Choices = field(init=False)

    def __post_init__(self) -> None:
        _put(self, "value", read_scalar(self.value, "value"))
        _put(self, "_cells", Choices((self.value,)))
        _put(self, "when", read_when(self.when))

    @property
    def levels(self) -> int:
        return 1

    @property
    def bounds(self) -> tuple[float, float] | None:
        return self._cells.bounds

    def allowed(self) -> str:
        return f"the constant {self.value!r}"

    def snap(self, value: object) -> Scalar:
        return self._cells.snap(value, self)

    def cell(self, value: Scalar) -> int:
        return self._cells.cell(value)

    def pick(self, cell: int) -> Scalar:  # noqa: ARG002 -- the interface has it
        return self.value

    def at(self, u: float) -> Scalar:  # noqa: ARG002 -- the interface has it
        return self.value

    def position(self, value: Scalar) -> float:  # noqa: ARG002 -- the interface has it
        return 0.5

    def start(self) -> Scalar:
        return self.value

    def to_dict(self) -> dict[str, object]:
        return self._dict(value=self.value)


def typed(parameter: Parameter) -> bool:
    """Whether some values are told apart by their types alone, as 1 and True are."""
    if isinstance(parameter, (Categorical, Ordinal)):
        values = parameter.choices if isinstance(parameter, Categorical) else parameter.values
        return len(set(values)) < len(values)
    return False
