"""Every mistake names its place, what came and what is allowed."""

import math

import numpy as np
import pytest

from askntell.errors import ParamsError, SettingsError, SpaceError, StudyFileError
from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace

PARAMETERS = [
    (lambda: Float("a", 1), "low", "'a' (str)", "a finite number"),
    (lambda: Float(True, 2), "low", "True (bool)", "a finite number"),
    (lambda: Float(0, math.inf), "high", "inf (float)", "a finite number"),
    (lambda: Float(0, math.nan), "high", "nan (float)", "a finite number"),
    (lambda: Float(1, 0), "low", "lower bound 1.0", "not below upper bound 0.0"),
    (lambda: Float(1, 1), "low", "lower bound 1.0", "a value that never changes is a Constant"),
    (lambda: Float(0, 1, log=True), "low", "0.0", "greater than 0"),
    (lambda: Float(0, 1, log="yes"), "log", "'yes' (str)", "true or false"),
    (lambda: Float(0, 1, log=1), "log", "1 (int)", "true or false"),
    (lambda: Float(0.1, 1, log=True, step=0.1), "step", "step 0.1 together with log", "one of the two"),
    (lambda: Float(0, 1, step=0), "step", "0.0", "greater than 0"),
    (lambda: Float(0, 1, step=-0.1), "step", "-0.1", "greater than 0"),
    (lambda: Float(0, 1, step="a"), "step", "'a' (str)", "a finite number"),
    (lambda: Float(0, 1, step=0.3), "high", "0.0 + k * 0.3", "0.9 and 1.2"),
    (lambda: Float(0, 1, step=2), "high", "0.0 + k * 2.0", "0.0 and 2.0; write high=2.0"),
    (lambda: Float(0, 1, step=1e-13), "step", "10000000000001 values", "at most 2**40"),
    (lambda: Float(1e12, 1e12 + 1, step=1e-4), "step", "step 0.0001", "floats can resolve"),
    (lambda: Float(-1.7e308, 1.7e308), "high", "too large", "a finite difference"),
    (lambda: Float(1, 1.5e308, log=True), "high", "1.5e+308", "at most 1e308"),
    (lambda: Float(1, 1 + 1e-12, log=True), "log", "too narrow", "leave out log"),
    (lambda: Float(0, 1, default=2), "default", "2 (int)", "a number from 0.0 to 1.0"),
    (lambda: Float(0, 1, step=0.1, default=0.15), "default", "0.15", "in steps of 0.1"),
    (lambda: Int(1.5, 3), "low", "1.5 (float)", "a whole number within +-2**53"),
    (lambda: Int(0, 2**53 + 1), "high", "9007199254740993", "within +-2**53"),
    (lambda: Int(0, 2**41), "high", "2199023255553 whole numbers", "at most 2**40"),
    (lambda: Int(0, 10, log=True), "low", "0", "greater than 0"),
    (lambda: Int(0, 10, step=3), "high", "0 + k * 3", "9 and 12; write high=9"),
    (lambda: Int(0, 10, step=0), "step", "0", "at least 1"),
    (lambda: Int(0, 10, step=1.5), "step", "1.5 (float)", "a whole number"),
    (lambda: Int(1, 10, log=True, step=3), "step", "step 3 together with log", "Ordinal"),
    (lambda: Int(3, 3), "low", "lower bound 3", "Constant"),
    (lambda: Int(1, 3, default=4), "default", "4 (int)", "a whole number from 1 to 3"),
    (lambda: Categorical([]), "choices", "[] (list)", "at least one scalar"),
    (lambda: Categorical("abc"), "choices", "'abc' (str)", "a list"),
    (lambda: Categorical(["a", "a"]), "choices[1]", "'a' stands twice", "distinct"),
    (lambda: Categorical([0.0, -0.0]), "choices[1]", "0.0 stands twice", "distinct"),
    (lambda: Categorical(["a", ["b"]]), "choices[1]", "['b'] (list)", "a text, a number, true, false or null"),
    (lambda: Categorical([math.nan]), "choices[0]", "nan (float)", "a finite number"),
    (lambda: Categorical([2**64]), "choices[0]", str(2**64), "an integer of 64 bits"),
    (lambda: Categorical(["\ud800"]), "choices[0]", "(str)", "without lone surrogates"),
    (lambda: Categorical(["a"], default="b"), "default", "'b' (str)", "one of 'a'"),
    (lambda: Categorical([1, 2], default=True), "default", "True (bool)", "one of 1, 2"),
    (lambda: Categorical(["a"], default=None), "default", "None", "one of 'a'"),
    (lambda: Ordinal([1, 2], default=3), "default", "3 (int)", "one of 1, 2"),
    (lambda: Ordinal(3), "values", "3 (int)", "a list"),
    (lambda: Constant([1]), "value", "[1] (list)", "a text, a number"),
    (lambda: Float(0, 1, when=["a"]), "when", "['a'] (list)", "an object of parent names"),
    (lambda: Float(0, 1, when={"a": []}), "when.a", "[] (list)", "at least one scalar"),
    (lambda: Float(0, 1, when={"a": {}}), "when.a", "{} (dict)", "a text, a number"),
    (lambda: Float(0, 1, when={1: 1}), "when", "1 (int)", "the name of a parameter"),
]


@pytest.mark.parametrize(("make", "path", "came", "allowed"), PARAMETERS, ids=range(len(PARAMETERS)))
def test_settings_of_parameters(make, path, came, allowed):
    with pytest.raises(SpaceError) as caught:
        make()
    assert caught.value.path == path
    assert came in str(caught.value)
    assert allowed in str(caught.value)


X, C = Float(0, 1), Categorical(["a", "b"])
SPACES = [
    (lambda: SearchSpace({}), "$.parameters", "{} (dict)", "at least one parameter"),
    (lambda: SearchSpace([X]), "$.parameters", "list", "an object"),
    (lambda: SearchSpace({"x": 3}), "$.parameters.x", "3 (int)", "Float, Int, Categorical, Ordinal, Constant"),
    (lambda: SearchSpace({1: X}), "$.parameters", "1 (int)", "printable characters"),
    (lambda: SearchSpace({"": X}), "$.parameters", "'' (str)", "1 to 100"),
    (lambda: SearchSpace({"a`b": X}), "$.parameters", "a`b", "without backquotes"),
    (lambda: SearchSpace({" a": X}), "$.parameters", "' a'", "without blanks at the ends"),
    (lambda: SearchSpace({"a\n": X}), "$.parameters", r"'a\n'", "printable"),
    (lambda: SearchSpace({"a" * 101: X}), "$.parameters", "aaa", "1 to 100"),
    (
        lambda: SearchSpace({"mode": C, "x": Float(0, 1, when={"mod": "a"})}),
        "$.parameters.x.when",
        "unknown parameter 'mod'; known: 'mode', 'x'",
        "did you mean 'mode'?",
    ),
    (
        lambda: SearchSpace({"mode": C, "x y": Float(0, 1, when={"mode": "c"})}),
        "$.parameters['x y'].when.mode",
        "'c' (str)",
        "one of 'a', 'b'",
    ),
    (
        lambda: SearchSpace({"x": X, "y": Float(0, 1, when={"x": 0.5})}),
        "$.parameters.y.when.x",
        "'x' is continuous",
        "give it a step",
    ),
    (
        lambda: SearchSpace({"n": Int(1, 3), "y": Float(0, 1, when={"n": [2, 2.0]})}),
        "$.parameters.y.when.n",
        "2 stands twice",
        "distinct",
    ),
    (
        lambda: SearchSpace({"x": Categorical(["a"], when={"x": "a"})}),
        "$.parameters.x.when",
        "go in a circle: x -> x",
        "a parent must not depend on its child",
    ),
    (
        lambda: SearchSpace(
            {
                "top": Constant(1),
                "a": Categorical(["a"], when={"c": "a"}),
                "b": Categorical(["a"], when={"top": 1, "a": "a"}),
                "c": Categorical(["a"], when={"b": "a"}),
            }
        ),
        "$.parameters.a.when",
        "a -> c -> b -> a",
        "circle",
    ),
    (lambda: SearchSpace({"x": X}, constraints="x < 1"), "$.constraints", "'x < 1' (str)", "a list of texts"),
    (lambda: SearchSpace({"x": X}, constraints=["x < 1", 3]), "$.constraints[1]", "3", "a text of at most"),
    (lambda: SearchSpace({"x": X}, constraints=["x > 2"]), "$.constraints[0]", "holds nowhere", "the bounds of 'x'"),
    (lambda: SearchSpace({"x": X}, constraints=["x < 0"]), "$.constraints[0]", "holds nowhere", "the bounds of 'x'"),
    (lambda: SearchSpace({"x": X, "lr": X}, constraints=["x + Lr < 1"]), "$.constraints[0]", "'Lr'", "'lr'?"),
    (lambda: SearchSpace({"x": X, "m": C}, constraints=["x < m"]), "$.constraints[0]", "'m' are not numbers", "forbid"),
    (
        lambda: SearchSpace({"x": X, "b": Constant(True)}, constraints=["x < b"]),
        "$.constraints[0]",
        "'b' are not numbers",
        "",
    ),
    (
        lambda: SearchSpace({"x": Float(0, 1e300)}, constraints=["1e300 * x < 1"]),
        "$.constraints[0]",
        "too large",
        "",
    ),
    (lambda: SearchSpace({"m": C}, forbidden={"m": "a"}), "$.forbidden", "{'m': 'a'} (dict)", "a list of objects"),
    (lambda: SearchSpace({"m": C}, forbidden=["m"]), "$.forbidden[0]", "'m' (str)", "an object"),
    (lambda: SearchSpace({"m": C}, forbidden=[{}]), "$.forbidden[0]", "{} (dict)", "an object"),
    (lambda: SearchSpace({"m": C}, forbidden=[{"m": "x"}]), "$.forbidden[0].m", "'x' (str)", "one of 'a', 'b'"),
    (lambda: SearchSpace({"m": C}, forbidden=[{"n": "x"}]), "$.forbidden[0]", "'n'; known: 'm'", ""),
    (lambda: SearchSpace({"x": X}, forbidden=[{"x": 0.5}]), "$.forbidden[0].x", "continuous", "write a constraint"),
]


@pytest.mark.parametrize(("make", "path", "came", "allowed"), SPACES, ids=range(len(SPACES)))
def test_settings_of_spaces(make, path, came, allowed):
    with pytest.raises(SpaceError) as caught:
        make()
    assert caught.value.path == path
    assert came in str(caught.value)
    assert allowed in str(caught.value)


SPACE = SearchSpace(
    {
        "lr": Float(1e-5, 1e-1, log=True),
        "width": Int(16, 1024, log=True),
        "layers": Int(1, 8),
        "dropout": Float(0.0, 0.5, step=0.05),
        "batch": Ordinal([32, 64, 128, 256]),
        "solver": Categorical(["adam", "sgd"]),
        "momentum": Float(0.0, 0.99, when={"solver": "sgd"}),
        "epochs": Constant(50),
    },
    constraints=["width >= 16 * layers"],
    forbidden=[{"solver": "sgd", "batch": 256}],
)
GOOD = {"lr": 0.01, "width": 64, "layers": 2, "dropout": 0.15, "batch": 64, "solver": "adam", "epochs": 50}
ABSENT = object()
PARAMS = [
    ({"lr": 1.0}, "$.lr", "1.0 (float)", "a number from 1e-05 to 0.1"),
    ({"lr": "0.1"}, "$.lr", "'0.1' (str)", "a number from"),
    ({"lr": math.nan}, "$.lr", "nan (float)", "a number from"),
    ({"lr": None}, "$.lr", "None", "a number from"),
    ({"width": 15}, "$.width", "15 (int)", "a whole number from 16 to 1024"),
    ({"width": 64.5}, "$.width", "64.5 (float)", "a whole number"),
    ({"width": True}, "$.width", "True (bool)", "a whole number"),
    ({"layers": 10**400}, "$.layers", "(int)", "a whole number from 1 to 8"),
    ({"layers": 10**9999}, "$.layers", "a huge int", "a whole number from 1 to 8"),
    ({"lr": 10**9999}, "$.lr", "a huge int", "a number from"),
    ({"solver": 10**9999}, "$.solver", "a huge int", "one of"),
    ({"dropout": 0.16}, "$.dropout", "0.16 (float)", "from 0.0 to 0.5 in steps of 0.05"),
    ({"dropout": 0.15 + 1e-9}, "$.dropout", "0.150000001", "in steps of 0.05"),
    ({"batch": 65}, "$.batch", "65 (int)", "one of 32, 64, 128, 256"),
    ({"batch": [64]}, "$.batch", "[64] (list)", "one of 32"),
    ({"batch": True}, "$.batch", "True (bool)", "one of 32"),
    ({"solver": "Adam"}, "$.solver", "'Adam' (str)", "one of 'adam', 'sgd'"),
    ({"epochs": 51}, "$.epochs", "51 (int)", "the constant 50"),
    ({"momentum": 0.9}, "$.momentum", "inactive here", "only with {'solver': 'sgd'}; leave it out"),
    ({"solver": "sgd"}, "$.momentum", "'momentum' is missing", "a number from 0.0 to 0.99"),
    ({"lr": ABSENT}, "$.lr", "'lr' is missing", "a number from"),
    ({"Lr": 0.1}, "$", "unknown parameter 'Lr'; known: 'lr', 'width'", "did you mean 'lr'?"),
    ({3: 0.1}, "$", "unknown parameter 3", "known: 'lr'"),
    ({"layers": 5}, "$", "breaks the constraint", "'width >= 16 * layers'"),
    (
        {"solver": "sgd", "momentum": 0.5, "batch": 256},
        "$",
        "breaks the forbidden combination",
        "{'solver': 'sgd', 'batch': 256}",
    ),
]


@pytest.mark.parametrize(("change", "path", "came", "allowed"), PARAMS, ids=range(len(PARAMS)))
def test_params(change, path, came, allowed):
    params = {name: value for name, value in {**GOOD, **change}.items() if value is not ABSENT}
    with pytest.raises(ParamsError) as caught:
        SPACE.check(params)
    assert caught.value.path == path
    assert came in str(caught.value)
    assert allowed in str(caught.value)
    assert not SPACE.contains(params)


@pytest.mark.parametrize("params", [None, 3, "lr", [("lr", 1)]])
def test_params_are_an_object(params):
    with pytest.raises(ParamsError, match="allowed: an object") as caught:
        SPACE.check(params)
    assert caught.value.path == "$"
    assert not SPACE.contains(params)


FIXED = [
    ({"lr": 1.0}, "$.lr", "a number from"),
    ({"Lr": 1.0}, "$", "did you mean 'lr'"),
    ({"solver": "adam", "momentum": 0.9}, "$.momentum", "inactive"),
    ({"width": 16, "layers": 2}, "$", "no point keeps the constraint 'width >= 16 * layers'"),
    ({"solver": "sgd", "batch": 256}, "$", "has the forbidden combination"),
    ({"width": 64, "layers": 8, "lr": 0.1}, "$", "no point keeps"),
]


@pytest.mark.parametrize(("fixed", "path", "text"), FIXED, ids=range(len(FIXED)))
def test_fixed_params(fixed, path, text):
    with pytest.raises(ParamsError) as caught:
        SPACE.check_fixed(fixed)
    assert caught.value.path == path
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "fixed", [{}, {"momentum": 0.5}, {"solver": "sgd", "momentum": 0.5}, {"width": 128, "layers": 8}, {"epochs": 50}]
)
def test_fixed_params_that_some_point_has(fixed):
    assert SPACE.check_fixed(fixed) == fixed


def test_fixed_params_are_canonical():
    fixed = SPACE.check_fixed({"batch": np.int64(64), "dropout": 0.05 * 3, "lr": np.float32(0.0625)})
    assert fixed == {"lr": 0.0625, "dropout": 0.15, "batch": 64}
    assert list(fixed) == ["lr", "dropout", "batch"]
    assert [type(value) for value in fixed.values()] == [float, float, int]


def test_a_grandparent_makes_a_fixed_value_impossible():
    space = SearchSpace(
        {
            "a": Categorical([0, 1]),
            "b": Categorical([0, 1], when={"a": 1}),
            "c": Float(0, 1, when={"b": 1}),
        }
    )
    with pytest.raises(ParamsError, match="inactive"):
        space.check_fixed({"a": 0, "c": 0.5})
    assert space.check_fixed({"b": 1, "c": 0.5}) == {"b": 1, "c": 0.5}


def test_a_fixed_value_may_be_inactive_elsewhere():
    space = SearchSpace(
        {"solver": Categorical(["adam", "sgd"]), "m": Float(0, 1, when={"solver": "sgd"}), "x": Float(0.5, 1)},
        constraints=["m + x <= 1"],
        forbidden=[],
    )
    assert space.check_fixed({"m": 0.9}) == {"m": 0.9}  # no point with sgd has it, those with adam do
    with pytest.raises(ParamsError, match="no point keeps"):
        space.check_fixed({"m": 0.9, "solver": "sgd"})


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (1.5, 0), (True, 0), ("3", 0), (1, -1), (1, None)])
def test_sample_wants_counts(count, seed):
    with pytest.raises(SettingsError, match="a whole number of at least 0"):
        SPACE.sample(count, seed=seed)


def test_points_of_reals_are_refused():
    with pytest.raises(SpaceError, match="'lr', 'momentum' is continuous; give it a step"):
        SPACE.points()


def test_a_space_without_feasible_points():
    space = SearchSpace({"a": Int(0, 9), "b": Int(0, 9)}, constraints=["a + b <= 3", "a - b >= 4"])
    for act in (lambda: space.sample(1), space.default):
        with pytest.raises(SpaceError, match=r"points? found that keep"):
            act()
    assert list(space.points()) == []
    assert space.unit.draw(np.random.default_rng(0), 5).shape == (0, 2)


FORMAT = '"format": "askntell.space", "version": 1'
DOCUMENTS = [
    ("", "$", "not strict JSON", "a file is read by SearchSpace.load"),
    ("space.json", "$", "not strict JSON", "a file is read by SearchSpace.load"),
    ("{", "$", "not strict JSON", ""),
    ('{"a": NaN}', "$", "NaN", ""),
    ('{"a": 1, "a": 2}', "$", "'a' stands twice", ""),
    ("[]", "$", "[] (list)", "an object"),
    ("{}", "$.format", "got nothing", "'askntell.space'; spaces of hpogrid"),
    ('{"format": "x"}', "$.format", "'x' (str)", "'askntell.space'"),
    ('{"format": "askntell.space"}', "$.version", "got nothing", "allowed: 1; write 1"),
    ('{"format": "askntell.space", "version": 2}', "$.version", "2 (int)", "update this one"),
    ('{"format": "askntell.space", "version": true}', "$.version", "True (bool)", "1"),
    ('{"format": "askntell.space", "version": "1"}', "$.version", "'1' (str)", "1"),
    (f"{{{FORMAT}}}", "$.parameters", "nothing", "at least one parameter"),
    (f'{{{FORMAT}, "parameters": {{}}}}', "$.parameters", "{} (dict)", "at least one parameter"),
    (f'{{{FORMAT}, "parameters": []}}', "$.parameters", "[] (list)", "an object"),
    (f'{{{FORMAT}, "params": {{}}}}', "$", "'params'", "'parameters', 'constraints', 'forbidden'; did you mean"),
    (f'{{{FORMAT}, "parameters": {{"x": 3}}}}', "$.parameters.x", "3 (int)", "'float', 'int'"),
    (f'{{{FORMAT}, "parameters": {{"x": {{}}}}}}', "$.parameters.x.type", "nothing", "'float', 'int'"),
    (f'{{{FORMAT}, "parameters": {{"x": {{"type": "flaot"}}}}}}', "$.parameters.x.type", "'flaot'", "'float'?"),
    (f'{{{FORMAT}, "parameters": {{"x": {{"type": []}}}}}}', "$.parameters.x.type", "[]", "'float'"),
]
ENTRIES = [
    ({"type": "float", "low": 0}, "$.parameters.lr", "'high' is missing", "needs 'low', 'high'"),
    ({"type": "float", "low": "0", "high": 1}, "$.parameters.lr.low", "'0' (str)", "a finite number"),
    ({"type": "float", "low": 1, "high": 0}, "$.parameters.lr.low", "1.0", "0.0"),
    ({"type": "float", "low": 1, "high": 2, "setp": 1}, "$.parameters.lr", "'setp'", "'step', 'default', 'when'"),
    ({"type": "float", "low": 0, "high": 1, "step": None}, "$.parameters.lr.step", "None", "leave the key out"),
    ({"type": "int", "low": 0, "high": 1, "when": None}, "$.parameters.lr.when", "None", "leave the key out"),
    ({"type": "int", "low": 0, "high": 1, "default": None}, "$.parameters.lr.default", "None", "leave the key out"),
    ({"type": "int", "low": 0, "high": 1, "choices": [1]}, "$.parameters.lr", "'choices'", "'low', 'high'"),
    ({"type": "int", "low": 0.5, "high": 1}, "$.parameters.lr.low", "0.5", "a whole number"),
    ({"type": "categorical", "values": ["a"]}, "$.parameters.lr", "'values'", "'choices'"),
    ({"type": "categorical", "choices": ["a", {}]}, "$.parameters.lr.choices[1]", "{} (dict)", "a text"),
    ({"type": "ordinal", "values": []}, "$.parameters.lr.values", "[]", "at least one"),
    ({"type": "constant"}, "$.parameters.lr", "'value' is missing", "a constant needs 'value'"),
    ({"type": "constant", "value": [1]}, "$.parameters.lr.value", "[1] (list)", "a text"),
    ({"type": "float", "low": 0, "high": 1, "when": {"a": []}}, "$.parameters.lr.when.a", "[]", "at least one"),
    ({"type": "float", "low": 0, "high": 1, "when": {"a": 1}}, "$.parameters.lr.when", "'a'", "known: 'lr'"),
]


@pytest.mark.parametrize(("text", "path", "came", "allowed"), DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_documents(text, path, came, allowed):
    with pytest.raises(SpaceError) as caught:
        SearchSpace.from_json(text)
    assert caught.value.path == path
    assert came in str(caught.value)
    assert allowed in str(caught.value)


@pytest.mark.parametrize(("entry", "path", "came", "allowed"), ENTRIES, ids=range(len(ENTRIES)))
def test_entries(entry, path, came, allowed):
    document = {"format": "askntell.space", "version": 1, "parameters": {"lr": entry}}
    with pytest.raises(SpaceError) as caught:
        SearchSpace.from_json(document)
    assert caught.value.path == path
    assert came in str(caught.value)
    assert allowed in str(caught.value)


def test_files(tmp_path):
    path = tmp_path / "space.json"
    with pytest.raises(StudyFileError, match="No such file") as missing:
        SearchSpace.load(path)
    assert missing.value.path == str(path)
    SPACE.save(path)
    assert SearchSpace.load(str(path)) == SPACE
    path.write_text(path.read_text().replace("0.1,", '"0.1",'))
    with pytest.raises(SpaceError) as caught:
        SearchSpace.load(path)
    assert caught.value.path == "$.parameters.lr.high"
    assert str(path) in str(caught.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SpaceError, match="not strict JSON"):
        SearchSpace.load(path)
    with pytest.raises(StudyFileError, match="cannot write"):
        SPACE.save(tmp_path / "absent" / "space.json")
