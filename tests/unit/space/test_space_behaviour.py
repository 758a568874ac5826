"""What the pages promise, example by example."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from askntell.errors import ParamsError
from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace


def test_values_take_their_canonical_type():
    space = SearchSpace({"x": Float(0, 1), "n": Int(0, 9), "c": Categorical(["a", 3]), "o": Ordinal([1.5, 2])})
    made = space.check({"o": np.float64(2.0), "c": np.int64(3), "n": 4.0, "x": np.float32(0.5)})
    assert made == {"x": 0.5, "n": 4, "c": 3, "o": 2}
    assert [type(value) for value in made.values()] == [float, int, int, int]
    assert list(made) == ["x", "n", "c", "o"]
    assert [type(v) for v in space.check({"x": 1, "n": True + 1, "c": np.str_("a"), "o": 1.5}).values()] == [
        float,
        int,
        str,
        float,
    ]


def test_minus_zero_is_zero():
    assert str(SearchSpace({"x": Float(-1, 1)}).check({"x": -0.0})) == "{'x': 0.0}"
    assert str(Float(-0.0, 1).low) == "0.0"
    assert str(Categorical([-0.0]).choices) == "(0.0,)"
    assert str(Float(-1, 1).at(0.5)) == "0.0"


def test_one_true_and_one_point_zero_are_three():
    space = SearchSpace({"c": Categorical([1, True, 1.0, "1", 0, False, None])})
    rows = [space.unit.encode({"c": value}) for value in space.parameters["c"].choices]
    assert len({row[0] for row in rows}) == 7
    keys = [space.key({"c": value}) for value in space.parameters["c"].choices]
    assert len(set(keys)) == 7
    assert [type(space.unit.decode(row)["c"]) for row in rows] == [int, bool, float, str, int, bool, type(None)]
    assert space.check({"c": True})["c"] is True
    assert type(space.check({"c": np.bool_(True)})["c"]) is bool
    assert [p["c"] for p in space.points()] == [1, True, 1.0, "1", 0, False, None]
    assert SearchSpace({"c": Categorical([1])}) != SearchSpace({"c": Categorical([True])})
    assert SearchSpace({"c": Categorical([1])}) != SearchSpace({"c": Categorical([1.0])})


def test_a_bool_never_stands_for_a_number():
    for parameter in (Categorical([1, 2]), Ordinal([1.0]), Int(0, 1), Float(0, 1), Constant(1)):
        with pytest.raises(ParamsError):
            parameter.snap(True)
    with pytest.raises(ParamsError):
        Categorical([True, False]).snap(1)


def test_a_number_stands_for_the_equal_number_of_another_type():
    assert Categorical([1, "a"]).snap(1.0) == 1
    assert type(Categorical([1, "a"]).snap(1.0)) is int
    assert type(Ordinal([0.5, 1.0]).snap(1)) is float
    with pytest.raises(ParamsError):
        Categorical([1, 1.0]).snap(np.array([1.0]))


def test_conditions_tell_true_from_one():
    space = SearchSpace({"c": Categorical([1, True]), "x": Int(0, 1, when={"c": True})})
    assert list(space.points()) == [{"c": 1}, {"c": True, "x": 0}, {"c": True, "x": 1}]
    assert space.contains({"c": 1})
    assert not space.contains({"c": True})
    assert space.contains({"c": True, "x": 0})


def test_many_choices_with_ambiguous_ones():
    space = SearchSpace({"c": Ordinal([*range(100), True]), "x": Int(0, 1, when={"c": 1})})
    assert space.contains({"c": True})
    assert space.contains({"c": 1, "x": 0})
    assert not space.contains({"c": 1})


def test_none_is_a_value_and_not_an_absence():
    space = SearchSpace({"c": Categorical([None, "a"], default=None), "d": Categorical([None, 1], when={"c": "a"})})
    assert space.default() == {"c": None}
    assert len({space.key(params) for params in space.points()}) == 3
    assert space.key({"c": None}) != space.key({"c": "a", "d": None})


def test_parents_may_stand_after_their_children():
    space = SearchSpace(
        {
            "momentum": Ordinal([0.0, 0.9], when={"solver": "sgd"}),
            "nesterov": Categorical([True, False], when={"momentum": 0.9}),
            "solver": Categorical(["adam", "sgd"]),
        }
    )
    assert list(space.parameters) == ["momentum", "nesterov", "solver"]
    assert space.check({"solver": "sgd", "nesterov": True, "momentum": 0.9}) == {
        "momentum": 0.9,
        "nesterov": True,
        "solver": "sgd",
    }
    assert space.unit.names == ("momentum", "nesterov", "solver")
    # a parent changes before its children
    assert list(space.points()) == [
        {"solver": "adam"},
        {"momentum": 0.0, "solver": "sgd"},
        {"momentum": 0.9, "nesterov": True, "solver": "sgd"},
        {"momentum": 0.9, "nesterov": False, "solver": "sgd"},
    ]
    assert list(space.unit.decode(np.array([0.9, 0.1, 0.9]))) == ["momentum", "nesterov", "solver"]
    assert space.unit.snap(np.array([[0.9, 0.1, 0.1]])).tolist()[0][2] == 0.25
    assert np.isnan(space.unit.snap(np.array([[0.9, 0.1, 0.1]]))[0, :2]).all()


def test_several_parents_must_all_agree():
    space = SearchSpace({"a": Int(0, 1), "b": Int(0, 2), "x": Int(0, 1, when={"a": 1, "b": [0, 2]})})
    assert len(list(space.points())) == 3 + 1 + 2 * 2
    assert space.parameters["x"].when == {"a": (1,), "b": (0, 2)}
    assert space.to_dict()["parameters"]["x"]["when"] == {"a": 1, "b": [0, 2]}


def test_values_of_conditions_become_canonical():
    space = SearchSpace({"n": Int(0, 3), "x": Int(0, 1, when={"n": 2.0})})
    assert space.to_dict()["parameters"]["x"]["when"] == {"n": 2}
    assert space == SearchSpace({"n": Int(0, 3), "x": Int(0, 1, when={"n": 2})})


def test_a_long_chain_of_parents():
    names = [f"p{index:04}" for index in range(2000)]
    made = {names[0]: Categorical([True, False])}
    for parent, name in pairwise(names):
        made[name] = Categorical([True, False], when={parent: True})
    space = SearchSpace(dict(reversed(made.items())))
    assert len(space.default()) == 2000
    assert len(space.unit.decode(np.full(2000, 0.9))) == 1
    assert next(space.points())[names[-1]] is True


def test_constants_are_filled_in():
    space = SearchSpace(
        {"epochs": Constant(50), "x": Float(0, 1), "tag": Constant("b", when={"mode": 2}), "mode": Int(1, 2)}
    )
    assert space.check({"x": 0.5, "mode": 1}) == {"epochs": 50, "x": 0.5, "mode": 1}
    assert space.check({"x": 0.5, "mode": 2}) == {"epochs": 50, "x": 0.5, "tag": "b", "mode": 2}
    assert space.unit.names == ("x", "mode")
    assert space.key({"x": 0.5, "mode": 1}) == space.key({"epochs": 50, "x": 0.5, "mode": 1})


def test_a_space_of_constants():
    space = SearchSpace({"a": Constant(1), "b": Constant(None, when={"a": 1})})
    assert space.unit.d == 0
    assert space.size == 1
    assert list(space.points()) == [{"a": 1, "b": None}] == space.sample(1)
    assert space.default() == {"a": 1, "b": None}
    assert space.key(space.default()) == ()
    assert space.unit.draw(np.random.default_rng(0), 3).shape == (3, 0)
    assert space.unit.snap(np.empty((2, 0))).shape == (2, 0)
    assert space.unit.encode(space.default()).shape == (0,)
    assert space.unit.encode_many([]).shape == (0, 0)
    assert space.unit.feasible(np.empty((2, 0))).tolist() == [True, True]
    assert space.unit.decode(np.empty(0)) == {"a": 1, "b": None}


def test_a_space_of_constants_with_rules():
    space = SearchSpace({"a": Constant(1), "b": Constant(2)}, constraints=["a <= b"], forbidden=[])
    assert space.unit.draw(np.random.default_rng(0), 3).shape == (3, 0)
    empty = SearchSpace({"a": Constant(1)}, forbidden=[{"a": 1}])
    assert list(empty.points()) == []
    assert empty.unit.draw(np.random.default_rng(0), 3).shape == (0, 0)


def test_one_level():
    space = SearchSpace({"c": Categorical(["a"]), "o": Ordinal([3]), "x": Float(0, 1)})
    assert space.unit.columns[0].levels == 1
    assert space.default() == {"c": "a", "o": 3, "x": 0.5}
    assert space.unit.encode(space.default()).tolist() == [0.5, 0.5, 0.5]


def test_size():
    assert SearchSpace({"a": Int(1, 10), "b": Float(0, 1, step=0.1), "c": Constant(1)}).size == 110
    assert SearchSpace({"a": Int(1, 10), "b": Float(0, 1)}).size is None
    assert SearchSpace({str(k): Int(0, 2**39) for k in range(9)}).size == (2**39 + 1) ** 9


def test_default_is_the_middle():
    space = SearchSpace(
        {
            "x": Float(0, 4),
            "lr": Float(1e-5, 1e-1, log=True),
            "n": Int(1, 9),
            "w": Int(1, 100, log=True),
            "s": Float(0, 1, step=0.25),
            "c": Categorical(["a", "b", "c"]),
            "o": Ordinal([1, 2, 4]),
            "named": Float(0, 1, default=0.9),
            "zero": Int(-5, 5, default=0),
        }
    )
    assert space.default() == {
        "x": 2.0,
        "lr": 0.001,
        "n": 5,
        "w": 7,
        "s": 0.5,
        "c": "a",
        "o": 2,
        "named": 0.9,
        "zero": 0,
    }


def test_default_moves_to_the_nearest_feasible_point():
    space = SearchSpace({"n": Int(0, 10), "m": Int(0, 10), "c": Categorical(["a", "b"])}, constraints=["n + m <= 8"])
    made = space.default()
    assert made["c"] == "a"
    assert made["n"] + made["m"] == 8
    assert abs(made["n"] - made["m"]) <= 2


def test_two_categories_are_equally_far_apart():
    space = SearchSpace(
        {"c": Categorical(["a", "b", "c"]), "n": Int(0, 9, default=0)},
        forbidden=[{"c": "a"}, {"c": "b", "n": [0, 1, 2, 3, 4]}],
    )
    assert space.default() == {"c": "c", "n": 0}


def test_stepped_values_are_decimal():
    values = [p["x"] for p in SearchSpace({"x": Float(0, 0.5, step=0.05)}).points()]
    assert values == [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]
    thirds = Float(0, 1, step=1 / 3)
    assert [thirds.pick(cell) for cell in range(4)] == [0.0, 1 / 3, 2 / 3, 1.0]
    assert thirds.snap(0.1 + 0.7 / 3) == 1 / 3
    assert Float(-0.3, 0.3, step=0.1).pick(3) == 0.0


def test_log_cells_of_whole_numbers():
    parameter = Int(1, 4, log=True)
    edges = np.log(np.array([0.5, 1.5, 2.5, 3.5, 4.5]) / 0.5) / np.log(9)
    for number in range(1, 5):
        low, high = edges[number - 1], edges[number]
        assert parameter.at(low + 1e-9) == parameter.at(high - 1e-9) == number
        assert parameter.position(number) == pytest.approx(np.log(number / 0.5) / np.log(9))


def test_large_neighbouring_numbers_on_a_log_scale():
    space = SearchSpace({"n": Int(2**53 - 100, 2**53, log=True)})
    assert len({space.unit.decode(space.unit.encode(p))["n"] for p in space.points()}) == 101
    wide = SearchSpace({"n": Int(1, 2**40, log=True)})
    for number in (1, 2, 3, 10**6, 2**40 - 1, 2**40):
        assert wide.unit.decode(wide.unit.encode({"n": number})) == {"n": number}
        row = wide.unit.encode_many([{"n": number}])
        assert wide.unit.snap(row) == row


def test_encoding():
    space = SearchSpace(
        {"x": Float(2, 6), "n": Int(1, 4), "c": Categorical(["a", "b"]), "m": Float(0, 1, when={"c": "b"})}
    )
    assert space.unit.encode({"x": 3.0, "n": 4, "c": "b", "m": 1.0}).tolist() == [0.25, 0.875, 0.75, 1.0]
    row = space.unit.encode({"x": 2.0, "n": 1, "c": "a"})
    assert row[:3].tolist() == [0.0, 0.125, 0.25]
    assert np.isnan(row[3])
    assert [(c.name, c.kind, c.levels) for c in space.unit.columns] == [
        ("x", "float", None),
        ("n", "int", 4),
        ("c", "categorical", 2),
        ("m", "float", None),
    ]


def test_snap_cleans_what_it_gets():
    space = SearchSpace({"x": Float(0, 1), "n": Int(1, 2)})
    given = np.array([[np.nan, np.nan], [-1.0, 2.0], [0.3, 0.5]])
    kept = given.copy()
    assert space.unit.snap(given).tolist() == [[0.5, 0.75], [0.0, 0.75], [0.3, 0.75]]
    assert np.array_equal(given, kept, equal_nan=True)


def test_nan_in_an_active_column_is_the_middle():
    space = SearchSpace({"x": Float(0, 1), "n": Int(1, 3), "c": Categorical(["a", "b", "c"]), "w": Int(1, 3, log=True)})
    assert space.unit.decode(np.full(4, np.nan)) == {"x": 0.5, "n": 2, "c": "b", "w": 1}


def test_fixed_columns():
    space = SearchSpace(
        {"lr": Float(1e-4, 1, log=True), "c": Categorical(["a", "b"]), "m": Float(0, 1, when={"c": "b"})}
    )
    rows = space.unit.draw(np.random.default_rng(0), 50, {"lr": 0.0123, "m": 0.3})
    made = [space.unit.decode(row, {"lr": 0.0123, "m": 0.3}) for row in rows]
    assert {params["lr"] for params in made} == {0.0123}
    assert {params.get("m") for params in made} == {None, 0.3}
    assert {params["c"] for params in made} == {"a", "b"}


def test_immutable():
    space = SearchSpace({"x": Float(0, 1)}, forbidden=[], constraints=[])
    with pytest.raises(AttributeError):
        space.parameters = {}
    with pytest.raises(TypeError):
        space.parameters["y"] = Float(0, 1)
    with pytest.raises(AttributeError):
        space.extra = 1
    with pytest.raises(AttributeError):
        space.parameters["x"].low = 3
    given = {"x": Float(0, 1)}
    other = SearchSpace(given)
    given["y"] = Float(0, 1)
    assert list(other.parameters) == ["x"]
    assert len({space, other, SearchSpace({"x": Float(0.0, 1.0)})}) == 1


def test_rules_are_shown_as_written():
    space = SearchSpace(
        {"n": Int(1, 9), "c": Categorical(["a", "b"])},
        constraints=["2 <= n"],
        forbidden=[{"c": "a", "n": [3, 4]}],
    )
    assert space.constraints == ("2 <= n",)
    assert [dict(entry) for entry in space.forbidden] == [{"c": "a", "n": [3, 4]}]
    assert space.to_dict()["constraints"] == ["2 <= n"]
    assert "constraints" not in SearchSpace({"n": Int(1, 9)}).to_dict()


def test_order_is_content():
    one, other = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)}), SearchSpace({"y": Float(0, 1), "x": Float(0, 1)})
    assert one != other
    assert one == SearchSpace(dict(one.parameters))


def test_in_a_notebook_everything_is_escaped():
    space = SearchSpace(
        {"<b>": Categorical(["<script>", "&"]), "x": Float(1, 2, log=True, when={"<b>": ["&", "<script>"]})},
        constraints=["x <= 1.5"],
        forbidden=[{"<b>": "<script>"}],
    )
    html = space._repr_html_()
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    assert "x &lt;= 1.5" in html
    assert "log" in html


def test_sampling_is_uniform_over_categories():
    space = SearchSpace({"c": Categorical(["a", "b", "c", "d"])})
    counts = dict.fromkeys("abcd", 0)
    for params in space.sample(4000, seed=1):
        counts[params["c"]] += 1
    assert all(900 < count < 1100 for count in counts.values())
    assert space.sample(0) == []


def test_different_seeds_differ():
    space = SearchSpace({"x": Float(0, 1)})
    assert space.sample(3, seed=1) == space.sample(3, seed=1) != space.sample(3, seed=2)
    assert space.sample(3) == space.sample(3, seed=0)


def test_the_space_alone_needs_no_numpy():
    code = (
        "import sys\n"
        "from askntell.space import Float, SearchSpace\n"
        "space = SearchSpace({'x': Float(0, 1)})\n"
        "assert SearchSpace.from_json(space.to_json()).default() == {'x': 0.5}\n"
        "assert space.contains({'x': 0.1}) and 'numpy' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
