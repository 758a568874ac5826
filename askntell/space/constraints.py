"""Linear constraints written as text, such as ``width >= 16 * layers``.

Grammar (numbers as in Python, names bare or in backquotes, nothing is ever evaluated as code)::

    constraint = sum ("<=" | ">=" | "<" | ">") sum
    sum        = product {("+" | "-") product}
    product    = factor {("*" | "/") factor}
    factor     = {"+" | "-"} (number | name | "`" any name "`" | "(" sum ")")
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from askntell.errors import SpaceError
from askntell.space.grid import TOLERANCE
from askntell.space.values import Scalar, closest, listed

__all__ = ["Linear", "numeric_terms", "parse_constraint"]

MAX_LENGTH = 2000
MAX_NESTING = 50

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[^\W\d]\w*)|`(?P<quoted>[^`]*)`"
    r"|(?P<symbol><=|>=|==|!=|\*\*|//|[<>=+\-*/()])|(?P<end>\Z))"
)


@final
@dataclass(frozen=True, slots=True)
class Linear:
    """``sum(coefficient * parameter) + offset <= 0`` (``< 0`` if strict); not applied while a parameter is inactive.

    Attributes:
        text: As it was written.
        terms: Names and coefficients, each name once, no coefficient 0.
        offset: The constant part.
        strict: Whether equality breaks it.
    """

    text: str
    terms: tuple[tuple[str, float], ...]
    offset: float
    strict: bool

    def holds(self, params: Mapping[str, Scalar]) -> bool:
        """Whether params keep it, up to 1e-9 of the sum of the sizes of its terms."""
        total, size = self.offset, abs(self.offset)
        for name, coefficient in self.terms:
            value = params.get(name)
            if not isinstance(value, (int, float)):  # inactive: all its values are numbers
                return True
            part = coefficient * value
            total += part
            size += abs(part)
        return total < -TOLERANCE * size if self.strict else total <= TOLERANCE * size

    def size(self, bounds: Mapping[str, tuple[float, float]]) -> float:
        """The largest sum of the sizes of its terms within bounds."""
        parts = [abs(coefficient) * max(map(abs, bounds[name])) for name, coefficient in self.terms]
        return abs(self.offset) + math.fsum(parts)

    def possible(self, bounds: Mapping[str, tuple[float, float]]) -> bool:
        """Whether it holds anywhere within bounds: a linear function is least at an end of each range."""
        return self.holds({name: bounds[name][coefficient < 0.0] for name, coefficient in self.terms})


def parse_constraint(text: object, path: str) -> Linear:
    """Read a constraint.

    Raises:
        SpaceError: it is no linear inequality; the message names the place or the term.
    """
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        raise SpaceError(f"got {text!r:.80}; allowed: a text of at most {MAX_LENGTH} characters", path=path)
    try:
        return _Parser(text).constraint()
    except SpaceError as error:
        raise SpaceError(f"constraint {text!r}: {error.message}", hint=error.hint, path=path) from None


@final
@dataclass(frozen=True, slots=True)
class _Sum:
    """A linear expression and the text that it was read from."""

    terms: dict[str, float]
    offset: float
    source: str

    def plus(self, other: _Sum, sign: float, source: str) -> _Sum:
        terms = dict(self.terms)
        for name, coefficient in other.terms.items():
            terms[name] = _finite(terms.get(name, 0.0) + sign * coefficient, source)
        return _Sum(terms, _finite(self.offset + sign * other.offset, source), source)

    def times(self, factor: float, source: str) -> _Sum:
        terms = {name: _finite(coefficient * factor, source) for name, coefficient in self.terms.items()}
        return _Sum(terms, _finite(self.offset * factor, source), source)


@final
class _Parser:
    """Reads one constraint from left to right, one word ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._start = 0
        self._depth = 0
        self._kind = ""
        self._word = ""
        self._advance()

    def constraint(self) -> Linear:
        left = self._sum()
        relation = self._word if self._kind == "symbol" else ""
        if relation in ("==", "="):
            raise SpaceError(
                "an equality leaves no room to search",
                hint="leave one of the parameters out and compute it in your program",
            )
        if relation not in ("<=", ">=", "<", ">"):
            raise self._unexpected("one of <=, >=, <, >")
        self._advance()
        right = self._sum()
        if self._kind == "symbol" and self._word in ("<=", ">=", "<", ">"):
            raise SpaceError("it compares more than once", hint="write two constraints")
        if self._kind != "end":
            raise self._unexpected("an operator or the end")
        small, large = (left, right) if relation[0] == "<" else (right, left)
        difference = small.plus(large, -1.0, self._text)
        terms = tuple((name, coefficient) for name, coefficient in difference.terms.items() if coefficient != 0.0)
        if not terms:
            raise SpaceError("it depends on no parameter", hint="remove it")
        return Linear(self._text, terms, difference.offset, strict=len(relation) == 1)

    def _sum(self) -> _Sum:
        start = self._start
        made = self._product()
        while self._kind == "symbol" and self._word in "+-":
            sign = 1.0 if self._word == "+" else -1.0
            self._advance()
            other = self._product()
            made = made.plus(other, sign, self._since(start))
        return made

    def _product(self) -> _Sum:
        start = self._start
        made = self._factor()
        while self._kind == "symbol" and self._word in ("*", "/"):
            operator = self._word
            self._advance()
            other = self._factor()
            source = self._since(start)
            if operator == "/":
                made = self._divided(made, other, source)
            elif made.terms and other.terms:
                raise SpaceError(f"the term {source!r} is not linear", hint="multiply parameters by numbers only")
            else:
                made = made.times(other.offset, source) if made.terms else other.times(made.offset, source)
        return made

    @staticmethod
    def _divided(made: _Sum, other: _Sum, source: str) -> _Sum:
        if other.terms:
            raise SpaceError(f"the term {source!r} is not linear", hint="divide by numbers only")
        if other.offset == 0.0:
            raise SpaceError(f"the term {source!r} divides by 0")
        terms = {name: _finite(coefficient / other.offset, source) for name, coefficient in made.terms.items()}
        return _Sum(terms, _finite(made.offset / other.offset, source), source)

    def _factor(self) -> _Sum:
        start = self._start
        sign = 1.0
        while self._kind == "symbol" and self._word in "+-":
            sign = -sign if self._word == "-" else sign
            self._advance()
        kind, word = self._kind, self._word
        if kind == "number":
            made = _Sum({}, _finite(float(word), word), word)
        elif kind in ("name", "quoted"):
            made = _Sum({word: 1.0}, 0.0, word)
        elif kind == "symbol" and word == "(":
            return self._group().times(sign, self._since(start))
        else:
            raise self._unexpected("a number, a parameter or '('")
        self._advance()
        if kind == "name" and self._kind == "symbol" and self._word == "(":
            raise SpaceError(f"{word!r} is used as a function", hint="only + - * / and parentheses are understood")
        return made.times(sign, self._since(start))

    def _group(self) -> _Sum:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise SpaceError(f"parentheses nested deeper than {MAX_NESTING}")
        self._advance()
        made = self._sum()
        if self._kind != "symbol" or self._word != ")":
            raise self._unexpected("')'")
        self._advance()
        self._depth -= 1
        return made

    def _advance(self) -> None:
        found = _TOKEN.match(self._text, self._position)
        if found is None:
            raise SpaceError(
                f"{self._text[self._position :].strip()[:20]!r} is not understood",
                hint="write numbers, parameters (in backquotes unless plain words), + - * / ( ) and <= >= < >",
            )
        self._kind = str(found.lastgroup)
        self._word = found[self._kind]
        self._start = found.start(self._kind) - (self._kind == "quoted")
        self._position = found.end()

    def _since(self, start: int) -> str:
        return self._text[start : self._start].strip()

    def _unexpected(self, wanted: str) -> SpaceError:
        came = "the end" if self._kind == "end" else repr(self._word)
        hint = "powers, whole division and other operators are not linear" if self._word in ("**", "//", "!=") else ""
        return SpaceError(f"got {came} where {wanted} is needed", hint=hint)


def _finite(number: float, source: str) -> float:
    if not math.isfinite(number):
        raise SpaceError(f"the number in {source!r} is too large")
    return number


def numeric_terms(
    linear: Linear, bounds: Mapping[str, tuple[float, float] | None], path: str
) -> dict[str, tuple[float, float]]:
    """The bounds of the parameters of a constraint.

    Args:
        linear: The constraint.
        bounds: Smallest and largest value of every parameter by name; None if its values are not numbers.
        path: JSON path of the constraint.

    Raises:
        SpaceError: one of its parameters does not exist, is no number, or makes its terms grow beyond floats.
    """
    made = {}
    for name, _ in linear.terms:
        if name not in bounds:
            raise SpaceError(
                f"constraint {linear.text!r}: unknown parameter {name!r}; known: {listed(bounds)}",
                hint=closest(name, bounds),
                path=path,
            )
        ends = bounds[name]
        if ends is None:
            raise SpaceError(
                f"constraint {linear.text!r}: the values of {name!r} are not numbers",
                hint="forbid combinations of such values with forbidden=[...]",
                path=path,
            )
        made[name] = ends
    if not linear.size(made) < math.inf:
        raise SpaceError(f"constraint {linear.text!r}: its terms grow too large", path=path)
    return made
