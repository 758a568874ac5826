"""Hypothesis strategies of whole search spaces: every kind of parameter, conditions, constraints, forbidden parts."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace

NAMES = ["lr", "width", "layers", "x y", "ß", "a.b", "_", "e1", "'", "weight-decay"]

finite = st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False).map(lambda x: x + 0.0)
scalars = st.one_of(
    st.sampled_from([None, True, False, 0, 1, 0.0, 1.0, "", "a", "b", "true", "1"]),
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.integers(-(2**63), 2**63 - 1),
    finite,
)
choices = st.lists(scalars, min_size=1, max_size=5, unique_by=lambda v: (type(v), v))
numbers = st.lists(st.one_of(st.integers(-100, 100), finite), min_size=1, max_size=5, unique_by=lambda v: (type(v), v))


@st.composite
def floats(draw, when=None):
    """A Float without a step."""
    log = draw(st.booleans())
    if log:
        low = draw(st.floats(1e-12, 1e6, allow_subnormal=False))
        high = low * draw(st.floats(1.001, 1e9))
    else:
        low = draw(finite)
        high = low + draw(st.floats(1e-3, 1e6)) * max(1.0, abs(low))
    default = draw(st.none() | st.floats(low, high))
    return Float(low, high, log=log, default=default, when=when)


@st.composite
def stepped(draw, when=None, most=200):
    """A Float with a decimal step."""
    scale = 10 ** draw(st.integers(0, 6))
    start = draw(st.integers(-1000, 1000))
    step = draw(st.integers(1, 50))
    count = draw(st.integers(1, most - 1))
    low, high, pace = (float(Fraction(n, scale)) for n in (start, start + count * step, step))
    default = draw(st.none() | st.integers(0, count).map(lambda k: float(Fraction(start + k * step, scale))))
    return Float(low, high, step=pace, default=default, when=when)


@st.composite
def ints(draw, when=None, most=2**40):
    """An Int: even, on a log scale, or with a step."""
    how = draw(st.sampled_from(["even", "log", "step"]))
    step = draw(st.integers(1, 1000)) if how == "step" else 1
    cells = draw(st.integers(2, min(most, 50)) | st.integers(2, most))
    reach = (cells - 1) * step
    low = draw(st.integers(1, 2**53 - reach) | st.integers(1, 20)) if how == "log" else draw(st.integers(-1000, 1000))
    high = low + reach
    default = draw(st.none() | st.integers(0, cells - 1).map(lambda k: low + k * step))
    return Int(low, high, log=how == "log", step=step if how == "step" else None, default=default, when=when)


@st.composite
def listed(draw, when=None):
    """A Categorical or an Ordinal."""
    kind = draw(st.sampled_from([Categorical, Ordinal]))
    values = draw(numbers if kind is Ordinal and draw(st.booleans()) else choices)
    default = draw(st.just(...) | st.sampled_from(values))
    return kind(values, default=default, when=when)


def parameters(when=None, *, grid=False, most=2**40):
    """Any parameter; with `grid` only those with cells."""
    kinds = [
        stepped(when, most=min(most, 200)),
        ints(when, most),
        listed(when),
        scalars.map(lambda value: Constant(value, when=when)),
    ]
    return st.one_of(kinds if grid else [floats(when), *kinds])


@st.composite
def conditions(draw, parents):
    """A `when` that names some of the parents, all of which have cells."""
    made = {}
    for name in draw(st.lists(st.sampled_from(sorted(parents)), min_size=1, max_size=2, unique=True)):
        made[name] = draw(values_of(parents[name]))
    return made


def values_of(parameter):
    """One value, or a list of distinct values, of a parameter with cells."""
    cells = st.integers(0, parameter.levels - 1)
    several = st.lists(cells, min_size=1, max_size=3, unique=True).map(lambda js: [parameter.pick(j) for j in js])
    return cells.map(parameter.pick) | several


@st.composite
def constraint(draw, chosen):
    """Text of a linear constraint that the middle of the ranges keeps."""
    terms, total, size = [], 0.0, 1.0
    for name, parameter in chosen.items():
        coefficient = draw(st.integers(-20, 20).filter(bool))
        terms.append(f"{coefficient} * `{name}`")
        total += coefficient * parameter.start()
        size += abs(coefficient * parameter.start())
    slack = draw(st.floats(0, 10)) * size
    return draw(
        st.sampled_from(
            [
                f"{' + '.join(terms)} <= {total + slack!r}",
                f"{total - slack - 1e-6 * size!r} < {' + '.join(terms)}",
                f"-({' + '.join(terms)}) / 2 >= {-(total + slack) / 2!r}",
            ]
        )
    )


@st.composite
def spaces(draw, *, grid=False, most=2**40, least=1, largest=6, rules=True):
    """A search space.

    Args:
        grid: Only parameters with cells.
        most: Largest number of cells of a parameter.
        least: Smallest number of parameters.
        largest: Largest number of parameters.
        rules: Whether there may be constraints and forbidden combinations.
    """
    names = draw(st.lists(st.sampled_from(NAMES), min_size=least, max_size=largest, unique=True))
    made = {}
    for name in names:
        parents = {n: p for n, p in made.items() if p.levels is not None}
        when = draw(conditions(parents)) if parents and draw(st.integers(0, 2)) == 0 else None
        made[name] = draw(parameters(when, grid=grid, most=most))
    numeric = {n: p for n, p in made.items() if p.bounds is not None and max(map(abs, p.bounds)) < 1e15}
    texts, forbidden = [], []
    if rules and numeric and draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(sorted(numeric)), min_size=1, max_size=3, unique=True))
        texts = [draw(constraint({name: numeric[name] for name in some}))]
    cells = {n: p for n, p in made.items() if p.levels is not None and not isinstance(p, Constant)}
    if rules and cells and draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(sorted(cells)), min_size=1, max_size=2, unique=True))
        forbidden = [{name: draw(values_of(cells[name])) for name in some}]
    order = draw(st.permutations(names))
    return SearchSpace({name: made[name] for name in order}, constraints=texts, forbidden=forbidden)


@st.composite
def override(draw, parameter):
    """A value of the parameter, or settings of a part of its values."""
    if draw(st.integers(0, 2)) == 0 or (parameter.levels == 1 and isinstance(parameter, (Constant, Float, Int))):
        return parameter.at(draw(st.floats(0, 1)))
    if parameter.levels is None:
        low, high = sorted(parameter.at(u) for u in draw(st.tuples(st.floats(0, 0.9), st.floats(0.1, 1))))
        # apart, and by so much that a log scale of the part can be told from a point
        return {"low": low, "high": high} if parameter.position(high) - parameter.position(low) > 1e-3 else high
    if isinstance(parameter, (Categorical, Ordinal)):
        cells = st.lists(st.integers(0, parameter.levels - 1), min_size=1, unique=True)
        key = "choices" if isinstance(parameter, Categorical) else "values"
        return {key: [parameter.pick(cell) for cell in draw(cells)]}
    stride = draw(st.integers(1, 3)) if getattr(parameter, "step", None) is not None else 1
    first = draw(st.integers(0, parameter.levels - 1))
    count = draw(st.integers(1, 50)) if draw(st.booleans()) else parameter.levels
    last = first + min(count, (parameter.levels - 1 - first) // stride) * stride
    if last == first:
        return {"value": parameter.pick(first)}
    made = {"low": parameter.pick(first), "high": parameter.pick(last)}
    if stride > 1:
        made["step"] = (
            float(stride * Fraction(repr(parameter.step)))
            if isinstance(parameter, Float)
            else (stride * parameter.step)
        )
    return made


@st.composite
def overrides(draw, space):
    """Overrides of some parameters of a space."""
    names = draw(st.lists(st.sampled_from(sorted(space.parameters)), unique=True))
    return {name: draw(override(space.parameters[name])) for name in names}
