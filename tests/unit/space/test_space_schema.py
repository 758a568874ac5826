"""The shipped JSON Schema and the reader of the file format agree."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from strategies import spaces

from askntell.errors import SpaceError
from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace
from askntell.space.schema import json_schema

jsonschema = pytest.importorskip("jsonschema", reason="the schema is checked by an independent validator")

VALIDATOR = jsonschema.Draft202012Validator(json_schema())

SPACE = SearchSpace(
    {
        "lr": Float(1e-5, 1e-1, log=True, default=1e-3),
        "width": Int(16, 1024, log=True),
        "layers": Int(2, 8, step=2),
        "dropout": Float(0.0, 0.5, step=0.05),
        "batch": Ordinal([32, 64, 128, 256], default=64),
        "solver": Categorical(["adam", "sgd", None], default=None),
        "momentum": Float(0.0, 0.99, when={"solver": ["sgd", None], "layers": 2}),
        "epochs": Constant(50),
    },
    constraints=["width >= 16 * layers"],
    forbidden=[{"solver": "sgd", "batch": [128, 256]}],
)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@given(spaces())
def test_accepts_what_the_reader_accepts(space):
    document = json.loads(space.to_json())
    VALIDATOR.validate(document)
    VALIDATOR.validate({"$schema": "space.schema.json", **document})
    assert SearchSpace.from_json({"$schema": "space.schema.json", **document}) == space


DELETE = object()
MUTATIONS = [
    ([], []),
    (["format"], DELETE),
    (["format"], "other"),
    (["version"], DELETE),
    (["version"], 2),
    (["version"], "1"),
    (["version"], True),
    (["schema"], "x"),
    (["$schema"], 3),
    (["parameters"], DELETE),
    (["parameters"], {}),
    (["parameters"], []),
    (["parameters", "lr"], 3),
    (["parameters", ""], {"type": "constant", "value": 1}),
    (["parameters", " a"], {"type": "constant", "value": 1}),
    (["parameters", "a`b"], {"type": "constant", "value": 1}),
    (["parameters", "a" * 101], {"type": "constant", "value": 1}),
    (["parameters", "lr", "type"], DELETE),
    (["parameters", "lr", "type"], "double"),
    (["parameters", "lr", "type"], "int"),
    (["parameters", "lr", "type"], "categorical"),
    (["parameters", "lr", "low"], DELETE),
    (["parameters", "lr", "low"], "1e-5"),
    (["parameters", "lr", "low"], None),
    (["parameters", "lr", "low"], True),
    (["parameters", "lr", "low"], 0),
    (["parameters", "lr", "low"], -1),
    (["parameters", "lr", "high"], DELETE),
    (["parameters", "lr", "log"], "true"),
    (["parameters", "lr", "log"], 1),
    (["parameters", "lr", "log"], None),
    (["parameters", "lr", "step"], 0.1),
    (["parameters", "lr", "step"], None),
    (["parameters", "lr", "default"], "0.1"),
    (["parameters", "lr", "default"], None),
    (["parameters", "lr", "unit"], "1/s"),
    (["parameters", "lr", "when"], None),
    (["parameters", "lr", "when"], ["solver"]),
    (["parameters", "lr", "when"], {"solver": []}),
    (["parameters", "lr", "when"], {"solver": {}}),
    (["parameters", "lr", "when"], {"solver": [["sgd"]]}),
    (["parameters", "width", "low"], 1.5),
    (["parameters", "width", "low"], 0),
    (["parameters", "width", "high"], 2**53 + 2),
    (["parameters", "layers", "step"], 0),
    (["parameters", "layers", "step"], 1.5),
    (["parameters", "layers", "step"], -2),
    (["parameters", "layers", "log"], True),
    (["parameters", "dropout", "step"], 0),
    (["parameters", "dropout", "step"], -0.05),
    (["parameters", "batch", "values"], DELETE),
    (["parameters", "batch", "values"], []),
    (["parameters", "batch", "values"], "32"),
    (["parameters", "batch", "values"], [[32]]),
    (["parameters", "batch", "low"], 32),
    (["parameters", "solver", "choices"], DELETE),
    (["parameters", "solver", "choices"], []),
    (["parameters", "solver", "choices"], [{}]),
    (["parameters", "solver", "default"], ["adam"]),
    (["parameters", "epochs", "value"], DELETE),
    (["parameters", "epochs", "value"], [50]),
    (["parameters", "epochs", "default"], 50),
    (["constraints"], "width >= 16 * layers"),
    (["constraints"], [3]),
    (["constraints"], ["width + layers"]),
    (["constraints"], None),
    (["forbidden"], {"solver": "sgd"}),
    (["forbidden"], [{}]),
    (["forbidden"], ["solver"]),
    (["forbidden"], [{"solver": []}]),
    (["forbidden"], [{"solver": {"a": 1}}]),
]


def mutated(path, value):
    document = json.loads(SPACE.to_json())
    if not path:
        return [document]
    place = document
    for key in path[:-1]:
        place = place[key]
    if value is DELETE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


def test_the_original_is_accepted():
    document = json.loads(SPACE.to_json())
    VALIDATOR.validate(document)
    assert SearchSpace.from_json(document) == SPACE


@pytest.mark.parametrize(("path", "value"), MUTATIONS, ids=range(len(MUTATIONS)))
def test_rejects_what_the_reader_rejects(path, value):
    document = mutated(path, value)
    with pytest.raises(SpaceError) as caught:
        SearchSpace.from_json(document)
    assert caught.value.path.startswith("$")
    assert not VALIDATOR.is_valid(document)


def test_reading_changes_nothing():
    document = json.loads(SPACE.to_json())
    before = copy.deepcopy(document)
    SearchSpace.from_json(document)
    assert document == before


def test_whole_numbers_may_be_written_as_reals():
    text = '{"format":"askntell.space","version":1,"parameters":{"n":{"type":"int","low":1.0,"high":3.0,"step":1.0}}}'
    VALIDATOR.validate(json.loads(text))
    assert SearchSpace.from_json(text).parameters["n"] == Int(1, 3, step=1)


def test_the_file_format_is_stable():
    """The text that version 1 has always been: a change here breaks the files of users."""
    golden = Path(__file__).parent / "space-1.json"
    assert SPACE.to_json() == golden.read_text("utf-8").rstrip("\n")
    assert SearchSpace.load(golden) == SPACE
