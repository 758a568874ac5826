"""Constraints are read as text by a small parser, and mean the same for one point and for many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell.errors import SpaceError
from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace
from askntell.space.constraints import parse_constraint

READ = [
    ("width >= 16 * layers", {"width": -1, "layers": 16}, 0, False),
    ("x < 1", {"x": 1}, -1, True),
    ("1 > x", {"x": 1}, -1, True),
    ("x<=y", {"x": 1, "y": -1}, 0, False),
    ("2*(x - 3*(y + 1)) / 4 <= -y", {"x": 0.5, "y": -0.5}, -1.5, False),
    ("--x + +y - -2 < 0", {"x": 1, "y": 1}, 2, True),
    ("x + x + 1e-3 <= .5", {"x": 2}, -0.499, False),
    ("`x y` + `weight-decay` <= 1", {"x y": 1, "weight-decay": 1}, -1, False),
    ("x * 2 * 3 <= 6. / 3 / 2", {"x": 6}, -1, False),
    ("  x\n <= 3  ", {"x": 1}, -3, False),
    ("ß_1 <= 3", {"ß_1": 1}, -3, False),
    ("x - y <= x", {"y": -1}, 0, False),
    ("2 - (3 - x) <= 0", {"x": 1}, -1, False),
    ("-(x) <= 0", {"x": -1}, 0, False),
    ("-2 * -x <= 0", {"x": 2}, 0, False),
]


@pytest.mark.parametrize(("text", "terms", "offset", "strict"), READ)
def test_linear_forms(text, terms, offset, strict):
    linear = parse_constraint(text, "$")
    assert dict(linear.terms) == pytest.approx(terms)
    assert linear.offset == pytest.approx(offset)
    assert linear.strict is strict
    assert linear.text == text


REFUSED = [
    ("__import__('os')", "'__import__' is used as a function"),
    ("__import__('os').system('true') < 1", "'__import__' is used as a function"),
    ("log(x) < 1", "'log' is used as a function; only + - * / and parentheses"),
    ("x == 1", "an equality leaves no room to search; leave one of the parameters out"),
    ("x = 1", "an equality"),
    ("x != 1", "got '!=' where one of <=, >=, <, > is needed"),
    ("x * y < 1", "the term 'x * y' is not linear; multiply parameters by numbers only"),
    ("1 + 2 * (x + 1) * (y - 1) < 1", "the term '2 * (x + 1) * (y - 1)' is not linear"),
    ("`a b` * x < 1", "the term '`a b` * x' is not linear"),
    ("1 / x < 1", "the term '1 / x' is not linear; divide by numbers only"),
    ("x / 0 < 1", "the term 'x / 0' divides by 0"),
    ("x / (1 - 1) < 1", "divides by 0"),
    ("x ** 2 < 1", "got '**' where"),
    ("x // 2 < 1", "got '//' where"),
    ("x ^ 2 < 1", "'^ 2 < 1' is not understood"),
    ("x % 2 < 1", "'% 2 < 1' is not understood"),
    ("x.real < 1", "'.real < 1' is not understood"),
    ("x[0] < 1", "'[0] < 1' is not understood"),
    ("x < 'a'", "\"'a'\" is not understood"),
    ("x < 1; y < 2", "'; y < 2' is not understood"),
    ("x < 1 and y < 2", "got 'and' where an operator or the end is needed"),
    ("lambda: 1 < 2", "': 1 < 2' is not understood"),
    ("0 < x < 1", "it compares more than once; write two constraints"),
    ("x + y", "got the end where one of <=, >=, <, > is needed"),
    ("2 x < 1", "got 'x' where one of <="),
    ("x < ", "got the end where a number, a parameter or '(' is needed"),
    ("< 1", "got '<' where a number"),
    ("", "got the end where a number"),
    ("(x < 1", "got '<' where ')' is needed"),
    ("x) < 1", "got ')' where one of"),
    ("1 < 2", "it depends on no parameter; remove it"),
    ("x - x < 1", "it depends on no parameter"),
    ("0 * x < 1", "it depends on no parameter"),
    ("x < 1e999", "the number in '1e999' is too large"),
    ("1e300 * 1e300 * x < 1", "the number in '1e300 * 1e300' is too large"),
    ("`x < 1", "'`x < 1' is not understood"),
    ("x < " + "(" * 60 + "1" + ")" * 60, "nested deeper than 50"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_is_not_linear_is_refused(text, reason):
    with pytest.raises(SpaceError) as caught:
        SearchSpace({"x": Float(0, 1), "y": Float(0, 1), "a b": Float(0, 1)}, constraints=["x < 1", text])
    assert reason in str(caught.value)
    assert caught.value.path == "$.constraints[1]"
    assert repr(text) in str(caught.value)


@given(st.text(st.sampled_from("xy12.e+-*/()<>= `'_"), max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        linear = parse_constraint(text, "$")
    except SpaceError as error:
        assert error.path == "$"
    else:
        assert linear.terms
        assert parse_constraint(text, "$") == linear


def test_long_text_is_refused_quickly():
    with pytest.raises(SpaceError, match="at most 2000 characters"):
        parse_constraint("x + " * 10000 + "x < 1", "$")


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.sampled_from("xyz")), min_size=1, max_size=5),
    st.tuples(*[st.integers(-5, 5)] * 3),
    st.integers(-20, 20),
    st.sampled_from(["<", "<=", ">", ">="]),
)
def test_agrees_with_arithmetic(terms, point, bound, relation):
    """Whole numbers are exact, so the tolerance decides nothing and Python's own comparison is the oracle."""
    params = dict(zip("xyz", point, strict=True))
    text = " + ".join(f"{c} * {name}" for c, name in terms) + f" {relation} {bound}"
    total = sum(c * params[name] for c, name in terms)
    truth = {"<": total < bound, "<=": total <= bound, ">": total > bound, ">=": total >= bound}[relation]
    try:
        linear = parse_constraint(text, "$")
    except SpaceError as error:
        assert "depends on no parameter" in error.message  # the only reason there may be
    else:
        assert linear.holds(params) is truth


def test_tolerance_is_relative():
    space = SearchSpace({"x": Float(0, 10), "y": Float(0, 10)}, constraints=["x + y <= 0.3"])
    assert space.contains({"x": 0.1, "y": 0.2})  # 0.30000000000000004
    assert not space.contains({"x": 0.1, "y": 0.2000001})
    large = SearchSpace({"n": Int(0, 2**39), "m": Int(0, 2**39)}, constraints=["n < m"])
    assert not large.contains({"n": 5, "m": 5})
    assert large.contains({"n": 4, "m": 5})
    rows = large.unit.encode_many([{"n": 5, "m": 5}, {"n": 4, "m": 5}])
    assert large.unit.feasible(rows).tolist() == [False, True]


def test_what_holds_only_where_it_is_not_applied():
    space = SearchSpace(
        {"deep": Categorical([True, False]), "layers": Int(5, 9, when={"deep": True})}, constraints=["layers <= 3"]
    )
    assert list(space.points()) == [{"deep": False}]


def test_inactive_parameters_switch_a_constraint_off():
    space = SearchSpace(
        {
            "deep": Categorical([True, False]),
            "layers": Int(1, 9, when={"deep": True}),
            "extra": Constant(3, when={"deep": True}),
            "width": Ordinal([1, 2, 4]),
        },
        constraints=["layers + extra <= width"],
    )
    assert space.contains({"deep": False, "width": 1})
    assert space.contains({"deep": True, "layers": 1, "extra": 3, "width": 4})
    assert not space.contains({"deep": True, "layers": 2, "extra": 3, "width": 4})
    points = list(space.points())
    assert points == [
        {"deep": True, "layers": 1, "extra": 3, "width": 4},
        *({"deep": False, "width": width} for width in (1, 2, 4)),
    ]
    rows = space.unit.draw(np.random.default_rng(0), 200)
    assert {space.key(space.unit.decode(row)) for row in rows} == {space.key(params) for params in points}


def test_a_forbidden_combination_of_an_inactive_parameter_is_not_met():
    space = SearchSpace(
        {"a": Categorical(["p", "q"]), "b": Categorical([1, 2], when={"a": "p"})}, forbidden=[{"b": [1, 2]}]
    )
    assert list(space.points()) == [{"a": "q"}]
    assert space.default() == {"a": "q"}
    assert space.sample(3) == [{"a": "q"}] * 3


def test_rare_points_of_a_small_space_are_found():
    space = SearchSpace({"a": Int(0, 255), "b": Int(0, 255)}, constraints=["a + b <= 0"])
    assert space.sample(50) == [{"a": 0, "b": 0}] * 50
    assert space.default() == {"a": 0, "b": 0}


def test_the_work_of_drawing_is_bounded():
    space = SearchSpace({"a": Float(0, 1), "b": Float(0, 1)}, constraints=["a + b <= 1e-12"])
    assert len(space.unit.draw(np.random.default_rng(0), 10)) == 0
    with pytest.raises(SpaceError, match="only 0 of 1 points found"):
        space.sample(1)


def test_drawing_is_uniform_over_what_is_feasible():
    space = SearchSpace({"a": Float(0, 1), "b": Float(0, 1)}, constraints=["a + b <= 1"])
    rows = space.unit.draw(np.random.default_rng(0), 20000)
    assert rows.shape == (20000, 2)
    assert rows.mean(axis=0) == pytest.approx([1 / 3, 1 / 3], abs=0.01)
    assert np.cov(rows.T) == pytest.approx(np.array([[1 / 18, -1 / 36], [-1 / 36, 1 / 18]]), abs=0.003)


def test_constants_take_part():
    space = SearchSpace({"n": Int(1, 9), "most": Constant(4)}, constraints=["n <= most"])
    assert [p["n"] for p in space.points()] == [1, 2, 3, 4]
    assert space.unit.feasible(space.unit.snap(np.linspace(0, 1, 9)[:, None])).sum() == 4
    with pytest.raises(SpaceError, match="holds nowhere"):
        SearchSpace({"n": Int(5, 9), "most": Constant(4)}, constraints=["n <= most"])


@pytest.mark.parametrize(
    "parameter",
    [
        Float(0, 1, step=0.0001),  # computed
        Float(0, 1, step=1 / 5000),  # computed
        Float(0, 100, step=1e-2),
        Float(-3, 3, step=6 / 7000),  # neither table nor exact in 53 bits
        Float(0, 1, step=0.01),  # table
        Int(1, 10**6, log=True),
        Int(-(2**39), 2**39, step=2**10),
        Ordinal([3, 1.5, 2]),
    ],
    ids=repr,
)
def test_arrays_compute_the_same_numbers(parameter):
    space = SearchSpace({"x": parameter, "y": Float(0, 1)}, constraints=["x + y <= 1e20"])
    rows = space.unit.draw(np.random.default_rng(0), 300)
    from askntell.space.columns import number_function

    cells = np.array([parameter.cell(space.unit.decode(row)["x"]) for row in rows])
    values = number_function(parameter)(rows[:, 0], cells)
    assert values.tolist() == [float(space.unit.decode(row)["x"]) for row in rows]
