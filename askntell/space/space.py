"""The search space: named parameters and what holds between them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, final

from askntell._files import dump_json
from askntell.errors import ParamsError, SettingsError, SpaceError
from askntell.space.enumerated import Constant, typed
from askntell.space.fixing import check_together
from askntell.space.parameter import Parameter
from askntell.space.rules import make_rules, written
from askntell.space.values import Params, Scalar, as_number, child, closest, is_mapping, listed, shown, token

if TYPE_CHECKING:
    from askntell.space.narrowing import Overrides
    from askntell.space.unit import Unit

__all__ = ["SearchSpace"]

MAX_NAME = 100


@final
class SearchSpace:
    """What may be tried: parameters by name, conditions, constraints and forbidden combinations.

    Immutable; equal and hashed by content, the order of the parameters included. A parameter is active if all parents
    named in its `when` are active and have one of the values named there. Params hold the active parameters only.

    Args:
        parameters: Name to `Float`, `Int`, `Categorical`, `Ordinal` or `Constant`, in any order.
        constraints: Linear inequalities between numbers, such as ``"width >= 16 * layers"``; names that are no plain
            words stand in backquotes. One that names an inactive parameter is not applied.
        forbidden: Combinations that must not occur, such as ``{"solver": "sgd", "batch": [128, 256]}``.

    Raises:
        SpaceError: something is wrong; `path` is its JSON path, such as ``$.parameters.lr.when``.
    """

    __slots__ = ("_keyed", "_parameters", "_parts", "_rules", "_text", "_typed", "_unit")

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        *,
        constraints: list[str] | tuple[str, ...] | None = None,
        forbidden: list[Mapping[str, Any]] | tuple[Mapping[str, Any], ...] | None = None,
    ) -> None:
        if not is_mapping(parameters) or not parameters:
            raise SpaceError(
                f"got {shown(parameters)}; allowed: an object with at least one parameter", path="$.parameters"
            )
        for name, parameter in parameters.items():
            _check_name(name)
            if not isinstance(parameter, Parameter):
                raise SpaceError(
                    f"got {shown(parameter)}; allowed: Float, Int, Categorical, Ordinal, Constant",
                    hint="a value that is only passed on is a Constant",
                    path=child("$.parameters", name),
                )
        checked, self._rules = make_rules(dict(parameters), constraints, forbidden)
        self._parameters = MappingProxyType(checked)
        self._text: str | None = None
        self._unit: Unit | None = None
        self._parts: dict[str, SearchSpace] = {}
        free = [name for name, parameter in checked.items() if not isinstance(parameter, Constant)]
        # Values that only their types tell apart enter a key with their types.
        self._keyed = tuple((name, typed(checked[name])) for name in free)
        self._typed = any(flag for _, flag in self._keyed)

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, in the order given; read-only."""
        return self._parameters

    @property
    def constraints(self) -> tuple[str, ...]:
        """The constraints as they were written."""
        return tuple(linear.text for linear in self._rules.linear)

    @property
    def forbidden(self) -> tuple[Mapping[str, Scalar | list[Scalar]], ...]:
        """The forbidden combinations."""
        return tuple(MappingProxyType(written(clauses)) for clauses in self._rules.forbidden)

    @property
    def unit(self) -> Unit:
        """The image of the space in the unit cube, where algorithms work."""
        if self._unit is None:
            from askntell.space.unit import Unit

            self._unit = Unit(self._parameters, self._rules)
        return self._unit

    @property
    def size(self) -> int | None:
        """An upper bound of the number of distinct points; None if a parameter is continuous."""
        size = 1
        for parameter in self._parameters.values():
            if parameter.levels is None:
                return None
            size *= parameter.levels
        return size

    def points(self) -> Iterator[Params]:
        """Every distinct feasible point of a finite space, in lexicographic order.

        The first parameter changes slowest; a parent stands before its children. Inactive parameters are left out, so
        that no point comes twice.

        Raises:
            SpaceError: a parameter is continuous.
        """
        from askntell.space.points import points

        return points(self._parameters, self._rules)

    def check(self, params: Mapping[str, object]) -> Params:
        """The same params in canonical form: built-in types, the order of the parameters, on the grid.

        Constants may be left out and are filled in.

        Raises:
            ParamsError: they are no point of the space; `path` names the parameter.
        """
        self._check_names(params)
        made: Params = {}
        conditions = self._rules.conditions
        for name in self._rules.order:
            parameter = self._parameters[name]
            if name in conditions and not self._rules.active(name, made):
                if name in params:
                    raise self._rules.inactive(name, params[name])
            elif name in params:
                try:
                    made[name] = parameter.snap(params[name])
                except ParamsError as error:
                    raise ParamsError(error.message, hint=error.hint, path=child("$", name)) from None
            elif isinstance(parameter, Constant):
                made[name] = parameter.value
            else:
                raise ParamsError(
                    f"the active parameter {name!r} is missing; allowed: {parameter.allowed()}", path=child("$", name)
                )
        broken = self._rules.broken(made)
        if broken:
            raise ParamsError(f"{made!r} breaks {broken}", path="$")
        return made if self._rules.order == tuple(self._parameters) else self._sorted(made)

    def check_fixed(self, fixed: Mapping[str, object]) -> Params:
        """Some parameters held at a value, in canonical form and in the order of the parameters.

        Raises:
            ParamsError: a name or value is wrong, or no point of the space can have all of them.
        """
        self._check_names(fixed)
        made: Params = {}
        for name, parameter in self._parameters.items():
            if name in fixed:
                try:
                    made[name] = parameter.snap(fixed[name])
                except ParamsError as error:
                    raise ParamsError(error.message, hint=error.hint, path=child("$", name)) from None
        check_together(made, self._parameters, self._rules)
        return made

    def contains(self, params: Mapping[str, object]) -> bool:
        """Whether `check` accepts the params."""
        try:
            self.check(params)
        except ParamsError:
            return False
        return True

    def key(self, params: Mapping[str, Scalar]) -> Hashable:
        """What identifies canonical params (as `check`, `sample` and ``unit.decode`` give them), whatever their order.

        Comparable within one space only. Values are NOT checked: call `check` first on what comes from outside.
        """
        get: Callable[[str, object], object] = params.get
        if not self._typed:
            return tuple([get(name, ...) for name, _ in self._keyed])
        return tuple([token(get(name, ...)) if typed else get(name, ...) for name, typed in self._keyed])

    def narrowed(self, overrides: Overrides) -> SearchSpace:
        """The part of the space where some parameters are fixed, or keep to a narrower range.

        Conditions, constraints and forbidden combinations carry over. A parameter that can no longer be active is
        absent, whether it is overridden or not. A named default that lies outside moves to the nearer end of the
        range, or to the next lower value between two; of categories the first one takes its place.

        Args:
            overrides: Name to the value at which a parameter is fixed (a `Constant` then), or to a `Float`, `Int`,
                `Categorical` or `Ordinal` of its own kind, or to the settings of one that change, such as
                ``{"low": 1e-4, "high": 1e-2}`` or ``{"values": [32, 64]}``. What is left out stays as it is.

        Raises:
            SpaceError: an override is not inside the space, or nothing is left; `path` is its JSON path, such as
                ``$.lr.low``.
        """
        if is_mapping(overrides) and not overrides:
            return self
        from askntell.space.narrowing import narrow, read_overrides

        entries = read_overrides(overrides)
        text = dump_json(entries)
        if text not in self._parts:  # of hundreds of segments many have the same
            self._parts[text] = narrow(self._parameters, self._rules, entries)
        return self._parts[text]

    def sample(self, count: int, *, seed: int = 0) -> list[Params]:
        """Random feasible params, uniform in the unit cube; the same for the same space, count and seed.

        Raises:
            SpaceError: the constraints leave so little that not enough points were found.
        """
        for name, given in (("count", count), ("seed", seed)):
            number = as_number(given)
            if not isinstance(number, int) or number < 0:
                raise SettingsError(f"got {name}={given!r}; allowed: a whole number of at least 0")
        from askntell.space.sampling import sample

        return sample(self, count, seed)

    def default(self) -> Params:
        """The named defaults, else the middle of each range (the first of categories).

        If that is not feasible: the nearest feasible point of a seeded sample.

        Raises:
            SpaceError: no feasible point was found.
        """
        made: Params = {}
        for name in self._rules.order:
            if self._rules.active(name, made):
                made[name] = self._parameters[name].start()
        if self._rules.broken(made):
            from askntell.space.sampling import nearest

            return nearest(self, made)
        return self._sorted(made)

    def to_dict(self) -> dict[str, Any]:
        """The space in the file format, as JSON-able objects."""
        made: dict[str, Any] = {"format": "askntell.space", "version": 1}
        made["parameters"] = {name: parameter.to_dict() for name, parameter in self._parameters.items()}
        if self._rules.linear:
            made["constraints"] = list(self.constraints)
        if self._rules.forbidden:
            made["forbidden"] = [written(clauses) for clauses in self._rules.forbidden]
        return made

    def to_json(self) -> str:
        """The space in the file format, as JSON text."""
        return dump_json(self.to_dict(), indent=1)

    def save(self, path: str | Path) -> None:
        """Write the space to a file, whole or not at all."""
        from askntell.space.schema import save_space

        save_space(self.to_dict(), Path(path))

    @staticmethod
    def from_json(source: str | bytes | Mapping[str, Any]) -> SearchSpace:
        """Read the file format from text or from the objects that it holds.

        Raises:
            SpaceError: it is not in the format; `path` is the JSON path of the mistake.
        """
        from askntell.space.schema import read_space

        return read_space(source)

    @staticmethod
    def load(path: str | Path) -> SearchSpace:
        """Read a file that `save` or an editor has written.

        Raises:
            StudyFileError: the file cannot be read.
            SpaceError: it is not in the format; `path` is the JSON path of the mistake.
        """
        from askntell.space.schema import load_space

        return load_space(Path(path))

    @staticmethod
    def convert(foreign: str | bytes | Mapping[str, Any]) -> tuple[SearchSpace, list[str]]:
        """Read a space of hpogrid, of iDDS (nevergrad) or bounds of bayes_opt.

        Returns:
            The space, and a note for everything that it does not hold as the original did.

        Raises:
            SpaceError: an entry has no counterpart; the message names it and what to write instead.
        """
        from askntell.space.dialects import convert_space

        return convert_space(foreign)

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, SearchSpace) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content())

    def __repr__(self) -> str:
        texts = [repr(dict(self._parameters))]
        texts += [f"constraints={list(self.constraints)!r}"] if self.constraints else []
        texts += [f"forbidden={[dict(entry) for entry in self.forbidden]!r}"] if self.forbidden else []
        return f"SearchSpace({', '.join(texts)})"

    def _repr_html_(self) -> str:
        from askntell.space.notebook import as_html

        return as_html(self._parameters, self.constraints, self.forbidden)

    def __reduce__(self) -> tuple[object, ...]:
        return SearchSpace.from_json, (self._content(),)

    def _content(self) -> str:
        if self._text is None:
            self._text = dump_json(self.to_dict())
        return self._text

    def _sorted(self, params: Params) -> Params:
        return {name: params[name] for name in self._parameters if name in params}

    def _check_names(self, params: object) -> None:
        if not isinstance(params, Mapping):
            raise ParamsError(f"got {shown(params)}; allowed: an object of parameter names to values", path="$")
        for name in params:
            if name not in self._parameters:
                raise ParamsError(
                    f"unknown parameter {name!r}; known: {listed(self._parameters)}",
                    hint=closest(name, self._parameters),
                    path="$",
                )


def _check_name(name: object) -> None:
    if (
        not isinstance(name, str)
        or not 1 <= len(name) <= MAX_NAME
        or not name.isprintable()
        or "`" in name
        or name != name.strip()
    ):
        raise SpaceError(
            f"got the name {shown(name)}; allowed: 1 to {MAX_NAME} printable characters without backquotes "
            "and without blanks at the ends",
            path="$.parameters",
        )
