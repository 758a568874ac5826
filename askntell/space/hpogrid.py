"""Search spaces of hpogrid: ``{"lr": {"method": "loguniform", "dimension": {"low": 1e-5, "high": 0.1}}}``.

The libraries behind hpogrid read its methods differently. Here each has the meaning that its function's docstring
states. Bounds are values, never exponents, and both belong to the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from askntell.errors import SpaceError
from askntell.space.enumerated import Categorical, Constant
from askntell.space.foreign import Converted, built, keys, multiples, number, settings, span
from askntell.space.parameters import Float, Int
from askntell.space.values import child, closest, listed, shown

__all__ = ["METHODS", "hpogrid_parameter"]

Dimension = Mapping[str, Any]

_EVENLY = "the multiples of q are searched evenly, not on a log scale"
_CLOSED = "the upper bound is included; hpogrid's own documentation leaves it out, most of its libraries do not"
_BASE = "base is dropped: a log scale is the same in every base"
_WHOLE = "values are whole numbers (int)"


def hpogrid_parameter(entry: Mapping[str, Any], path: str) -> Converted:
    """The parameter of one entry.

    Raises:
        SpaceError: the entry is wrong or has no counterpart; `path` is its place.
    """
    keys(entry, ("method", "dimension"), (), path, "an entry of hpogrid")
    method = entry["method"]
    if not isinstance(method, str) or method not in METHODS:
        raise SpaceError(
            f"got the method {shown(method)}; allowed: {listed(METHODS)}",
            hint=closest(method, METHODS),
            path=child(path, "method"),
        )
    read, needed, optional = METHODS[method]
    dimension, where = settings(entry, "dimension", path), child(path, "dimension")
    keys(dimension, needed, optional, where, f"the method {method!r}")
    return read(dimension, where)


def _categorical(given: Dimension, path: str) -> Converted:
    """One of the categories."""
    notes = ["grid_search is dropped: it asks for an algorithm, not for a space"] if given.get("grid_search") else []
    return built(Categorical, path, given["categories"]), notes


def _uniform(given: Dimension, path: str) -> Converted:
    """A real number."""
    return span(Float, number(given, "low", path), number(given, "high", path), path)


def _uniformint(given: Dimension, path: str) -> Converted:
    """A whole number, the upper bound included."""
    parameter, notes = span(Int, number(given, "low", path), number(given, "high", path), path)
    return parameter, [_CLOSED, *notes]


def _quniform(given: Dimension, path: str) -> Converted:
    """A multiple of q."""
    return multiples(*_bounds(given, path), number(given, "q", path, above=0), path)


def _loguniform(given: Dimension, path: str) -> Converted:
    """A real number on a log scale."""
    low, high = _bounds(given, path)
    parameter, notes = span(Float, low, high, path, log=True)
    return parameter, [_BASE] * ("base" in given) + notes


def _qloguniform(given: Dimension, path: str) -> Converted:
    """A multiple of q: on a log scale if q is 1, else evenly."""
    parameter, notes = _quantised_log(*_bounds(given, path), given, path)
    return parameter, [_BASE] * ("base" in given) + notes


def _normal(given: Dimension, path: str) -> Converted:
    """A real number within mu +- 3 sigma."""
    low, high, mu = _bell(given, path)
    return built(Float, path, low, high, default=mu), [_flattened(low, high)]


def _qnormal(given: Dimension, path: str) -> Converted:
    """A multiple of q within mu +- 3 sigma."""
    low, high, mu = _bell(given, path)
    parameter, notes = multiples(low, high, number(given, "q", path, above=0), path, start=mu)
    return parameter, [_flattened(low, high), *notes]


def _lognormal(given: Dimension, path: str) -> Converted:
    """``base ** x`` on a log scale, x within mu +- 3 sigma; base is e unless given."""
    low, high, middle = _powers(given, path)
    return built(Float, path, low, high, log=True, default=middle), [_flattened(low, high, "log ")]


def _qlognormal(given: Dimension, path: str) -> Converted:
    """A multiple of q in the range of lognormal: on a log scale if q is 1, else evenly."""
    low, high, middle = _powers(given, path)
    parameter, notes = _quantised_log(low, high, given, path, start=middle)
    return parameter, [_flattened(low, high, "log "), *notes]


def _fixed(given: Dimension, path: str) -> Converted:
    """A constant."""
    return built(Constant, path, given["value"]), []


METHODS: Mapping[str, tuple[Callable[[Dimension, str], Converted], tuple[str, ...], tuple[str, ...]]] = {
    "categorical": (_categorical, ("categories",), ("grid_search",)),
    "uniform": (_uniform, ("low", "high"), ()),
    "uniformint": (_uniformint, ("low", "high"), ()),
    "quniform": (_quniform, ("low", "high", "q"), ()),
    "loguniform": (_loguniform, ("low", "high"), ("base",)),
    "qloguniform": (_qloguniform, ("low", "high", "q"), ("base",)),
    "normal": (_normal, ("mu", "sigma"), ()),
    "qnormal": (_qnormal, ("mu", "sigma", "q"), ()),
    "lognormal": (_lognormal, ("mu", "sigma"), ("base",)),
    "qlognormal": (_qlognormal, ("mu", "sigma", "q"), ("base",)),
    "fixed": (_fixed, ("value",), ()),
}
"""Method to its reader and its needed and optional keys."""


def _bounds(given: Dimension, path: str) -> tuple[float, float]:
    return float(number(given, "low", path)), float(number(given, "high", path))


def _bell(given: Dimension, path: str) -> tuple[float, float, float]:
    mu, sigma = float(number(given, "mu", path)), float(number(given, "sigma", path, above=0))
    return mu - 3 * sigma, mu + 3 * sigma, mu


def _powers(given: Dimension, path: str) -> tuple[float, float, float]:
    base = float(number(given, "base", path, above=1)) if given.get("base") is not None else math.e
    low, high, middle = _bell(given, path)
    try:
        made = base**low, base**high, base**middle
    except OverflowError:
        made = 0.0, math.inf, 1.0
    if made[0] == 0.0 or made[1] > 1e308:
        raise SpaceError(
            f"{base:g} to the power of mu +- 3 sigma is beyond the range of floats",
            hint="mu and sigma are those of the exponent; take smaller ones",
            path=path,
        )
    return made


def _quantised_log(low: float, high: float, given: Dimension, path: str, *, start: float | None = None) -> Converted:
    q = float(number(given, "q", path, above=0))
    if low <= 0:
        raise SpaceError(f"got {low!r}; allowed on a log scale: a number greater than 0", path=child(path, "low"))
    if q != 1:
        parameter, notes = multiples(low, high, q, path, start=start)
        return parameter, [_EVENLY, *notes]
    first, last = math.ceil(low), math.floor(high)
    if last < first:
        raise SpaceError(f"no whole number lies between {low!r} and {high!r}", hint="take wider bounds", path=path)
    default = {} if start is None or first == last else {"default": min(max(round(start), first), last)}
    parameter, notes = span(Int, first, last, path, log=True, **default)
    return parameter, [_WHOLE, *notes]


def _flattened(low: float, high: float, scale: str = "") -> str:
    return f"the {scale}normal distribution is cut off at 3 sigma and flattened: from {low!r} to {high!r}"
