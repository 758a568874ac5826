"""Foreign spaces: each method has one meaning, and what is lost is said."""

import json

import pytest

from askntell.errors import SpaceError
from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace


def hpogrid(method, **dimension):
    return {"x": {"method": method, "dimension": dimension}}


def nevergrad(kind, bounds=None, **params):
    entry = {"type": kind, "params": params}
    return {"x": entry if bounds is None else {**entry, "bounds": bounds}}


FLAT = "distribution is cut off at 3 sigma and flattened"
READ = [
    (hpogrid("categorical", categories=["relu", "elu"]), Categorical(["relu", "elu"]), []),
    (hpogrid("categorical", categories=[1, True], grid_search=0), Categorical([1, True]), []),
    (hpogrid("categorical", categories=["a"], grid_search=1), Categorical(["a"]), ["grid_search is dropped"]),
    (hpogrid("uniform", low=0, high=2), Float(0, 2), []),
    (hpogrid("uniformint", low=1, high=8), Int(1, 8), ["the upper bound is included"]),
    (hpogrid("uniformint", low=1, high=2), Int(1, 2), ["the upper bound is included"]),
    (hpogrid("uniformint", low=3, high=3), Constant(3), ["the upper bound is included", "a constant"]),
    (hpogrid("quniform", low=0, high=0.9, q=0.3), Float(0, 0.9, step=0.3), []),
    (hpogrid("quniform", low=0.1, high=1, q=0.25), Float(0.25, 1, step=0.25), ["multiples of 0.25 from 0.25 to 1.0"]),
    (hpogrid("quniform", low=-1.1, high=1.1, q=0.5), Float(-1, 1, step=0.5), ["multiples of 0.5 from -1.0 to 1.0"]),
    (hpogrid("quniform", low=1, high=2.5, q=2), Constant(2.0), ["multiples of 2 from 2.0 to 2.0", "a constant"]),
    (hpogrid("loguniform", low=1e-5, high=0.1), Float(1e-5, 0.1, log=True), []),
    (hpogrid("loguniform", low=1e-5, high=0.1, base=10), Float(1e-5, 0.1, log=True), ["base is dropped"]),
    (hpogrid("loguniform", low=2, high=2), Constant(2.0), ["a constant"]),
    (hpogrid("qloguniform", low=1, high=1000, q=1), Int(1, 1000, log=True), ["whole numbers"]),
    (hpogrid("qloguniform", low=0.5, high=9.5, q=1), Int(1, 9, log=True), ["whole numbers"]),
    (
        hpogrid("qloguniform", low=16, high=1000, q=16, base=2),
        Float(16, 992, step=16),
        ["base is dropped", "searched evenly, not on a log scale", "multiples of 16 from 16.0 to 992.0"],
    ),
    (hpogrid("normal", mu=1, sigma=0.5), Float(-0.5, 2.5, default=1), [FLAT]),
    (
        hpogrid("qnormal", mu=5.1, sigma=1, q=0.5),
        Float(2.5, 8, step=0.5, default=5),
        [FLAT, "multiples of 0.5 from 2.5 to 8.0"],
    ),
    (hpogrid("lognormal", mu=0, sigma=1, base=10), Float(1e-3, 1e3, log=True, default=1), [FLAT]),
    (hpogrid("qlognormal", mu=1, sigma=0.5, q=1, base=10), Int(1, 316, log=True, default=10), [FLAT, "whole numbers"]),
    (
        hpogrid("qlognormal", mu=1, sigma=0.1, q=5, base=10),
        Float(10, 15, step=5, default=10),
        [FLAT, "not on a log scale", "multiples of 5 from 10.0 to 15.0"],
    ),
    (hpogrid("fixed", value="adam"), Constant("adam"), []),
    (hpogrid("fixed", value=None), Constant(None), []),
    (nevergrad("Choice", choices=[1, 4]), Categorical([1, 4]), []),
    (nevergrad("Choice", choices=3), Categorical([0, 1, 2]), []),
    (nevergrad("Choice", choices=["a"], deterministic=True), Categorical(["a"]), ["deterministic is dropped"]),
    (nevergrad("TransitionChoice", choices=[1, 2, 4]), Ordinal([1, 2, 4]), []),
    (nevergrad("TransitionChoice", choices=[1, 2], transitions=[1, 1]), Ordinal([1, 2]), ["transitions is dropped"]),
    (nevergrad("Scalar", bounds=[0, 5]), Float(0, 5), []),
    (nevergrad("Scalar", lower=0, upper=5, init=2), Float(0, 5, default=2), []),
    (nevergrad("Scalar", lower=0, upper=5, init=None), Float(0, 5), []),
    (nevergrad("Scalar", bounds=[0, 5], mutable_sigma=True), Float(0, 5), ["mutable_sigma is dropped"]),
    (nevergrad("Scalar", bounds=[2, 2]), Constant(2.0), ["a constant"]),
    (nevergrad("Log", lower=1e-3, upper=1), Float(1e-3, 1, log=True), []),
    (nevergrad("Log", lower=1e-3, upper=1, exponent=2), Float(1e-3, 1, log=True), ["exponent is dropped"]),
    ({"x": {"type": "Scalar", "bounds": [0, 5]}}, Float(0, 5), []),
    ({"x": [1, 4]}, Float(1, 4), []),
    ({"x": (0.5, 4)}, Float(0.5, 4), []),
]


@pytest.mark.parametrize(("foreign", "parameter", "lost"), READ, ids=range(len(READ)))
def test_meaning(foreign, parameter, lost):
    space, notes = SearchSpace.convert(foreign)
    assert space.parameters["x"] == parameter
    assert len(notes) == len(lost), notes
    for note, part in zip(notes, lost, strict=True):
        assert note.startswith("x: ")
        assert part in note
    if not isinstance(foreign["x"], tuple):
        assert SearchSpace.convert(json.dumps(foreign)) == (space, notes)
    assert space.contains(space.default())


REFUSED = [
    (hpogrid("unifrom", low=0, high=1), "$.x.method", "'unifrom' (str)", "did you mean 'uniform'?"),
    (hpogrid("loguniformint", low=1, high=2), "$.x.method", "'loguniformint'", "'qloguniform'"),
    ({"x": {"method": 3, "dimension": {}}}, "$.x.method", "3 (int)", "'categorical', 'uniform'"),
    ({"x": {"method": "uniform"}}, "$.x", "'dimension' is missing", "'method', 'dimension'"),
    ({"x": {"method": "uniform", "dimension": [0, 1]}}, "$.x.dimension", "[0, 1] (list)", "an object"),
    ({"x": {"method": "uniform", "dimension": {}, "log": 1}}, "$.x", "'log'", "'method', 'dimension'"),
    (hpogrid("uniform", low=0), "$.x.dimension", "'high' is missing", "'low', 'high'"),
    (hpogrid("uniform", low=0, high=1, hihg=2), "$.x.dimension", "'hihg'", "did you mean 'high'?"),
    (hpogrid("uniform", low="0", high=1), "$.x.dimension.low", "'0' (str)", "a finite number"),
    (hpogrid("uniform", low=2, high=1), "$.x.dimension", "lower bound 2.0", "swap them"),
    (hpogrid("uniformint", low=0.5, high=1), "$.x.dimension", "low: got 0.5", "a whole number"),
    (hpogrid("uniformint", low=0.5, high=0.5), "$.x.dimension.low", "0.5 (float)", "a whole number"),
    (hpogrid("quniform", low=0, high=1, q=0), "$.x.dimension.q", "0 (int)", "greater than 0"),
    (hpogrid("quniform", low=0.1, high=0.2, q=1), "$.x.dimension", "no multiple of 1 lies", "a smaller q"),
    (hpogrid("loguniform", low=0, high=1), "$.x.dimension", "low: got 0.0", "greater than 0"),
    (hpogrid("qloguniform", low=0, high=1, q=1), "$.x.dimension.low", "got 0.0", "greater than 0"),
    (hpogrid("qloguniform", low=0.1, high=0.2, q=1), "$.x.dimension", "no whole number", "wider bounds"),
    (hpogrid("normal", mu=0, sigma=0), "$.x.dimension.sigma", "0 (int)", "greater than 0"),
    (hpogrid("lognormal", mu=0, sigma=1, base=1), "$.x.dimension.base", "1 (int)", "greater than 1"),
    (hpogrid("lognormal", mu=1000, sigma=1), "$.x.dimension", "beyond the range of floats", "of the exponent"),
    (hpogrid("lognormal", mu=-1000, sigma=1), "$.x.dimension", "beyond the range of floats", "smaller ones"),
    (hpogrid("categorical", categories=[[1, 2], [3]]), "$.x.dimension", "choices[0]: got [1, 2]", "by texts"),
    (hpogrid("categorical", categories=[]), "$.x.dimension", "[]", "at least one scalar"),
    (hpogrid("fixed", value={"a": 1}), "$.x.dimension", "value: got {'a': 1}", "by texts"),
    (nevergrad("Array", shape=[2]), "$.x.params", "an Array is not one number", 'one "Scalar" entry for each'),
    (nevergrad("Choise", choices=[1]), "$.x.type", "'Choise'", "did you mean 'Choice'?"),
    (nevergrad("Choice"), "$.x.params", "'choices' is missing", "'choices'"),
    (
        nevergrad("Choice", choices=[1, 2], repetitions=2),
        "$.x.params.repetitions",
        "scalars only",
        "one entry for each",
    ),
    (nevergrad("Choice", choices=0), "$.x.params", "choices: got 0", "a list"),
    (nevergrad("Choice", choices=True), "$.x.params", "choices: got True", "a list"),
    (nevergrad("Choice", bounds=[0, 1], choices=[1]), "$.x.bounds", "[0, 1]", "no bounds with 'Choice'"),
    (nevergrad("Scalar"), "$.x.params", "unbounded", 'add "bounds": [low, high]'),
    (nevergrad("Scalar", lower=0), "$.x.params", "unbounded", "lower and upper"),
    (nevergrad("Scalar", bounds=[0]), "$.x.bounds", "[0]", "two numbers"),
    (nevergrad("Scalar", bounds=[0, 5], init=6), "$.x.params", "default: got 6", "from 0.0 to 5.0"),
    (nevergrad("Log"), "$.x.params", "unbounded", '"lower" and "upper"'),
    (nevergrad("Log", lower=0, upper=1), "$.x.params", "low: got 0.0", "greater than 0"),
    ({"x": [1]}, "$.x", "1 values", "[low, high]"),
    ({"x": [1, "2"]}, "$.x.high", "'2' (str)", "a finite number"),
    ({"x": 3}, "$.x", "3 (int)", "(hpogrid)"),
    ({"x y": {}}, "$['x y']", "{} (dict)", "(nevergrad)"),
    ({"x": [1, 4], "y": {"type": "Scalar"}}, "$.y", "written for nevergrad, 'x' for bayes_opt", "alike"),
    ([{"model_id": 0, "search_space": {}}], "$", "a list", 'convert each "search_space"'),
    ({}, "$", "{} (dict)", "an object of parameter names"),
    (3, "$", "3 (int)", "an object"),
    ("[", "$", "not strict JSON", ""),
    ({"a`b": [1, 2]}, "$.parameters", "a`b", "without backquotes"),
]


@pytest.mark.parametrize(("foreign", "path", "came", "remedy"), REFUSED, ids=range(len(REFUSED)))
def test_what_has_no_counterpart_is_refused(foreign, path, came, remedy):
    with pytest.raises(SpaceError) as caught:
        SearchSpace.convert(foreign)
    assert caught.value.path == path
    assert came in str(caught.value)
    assert remedy in str(caught.value)


def test_our_own_format_passes():
    space = SearchSpace({"x": Float(0, 1)}, constraints=["x < 0.5"])
    assert SearchSpace.convert(space.to_json()) == (space, [])
    assert SearchSpace.convert(space.to_dict()) == (space, [])


def test_order_is_kept_and_notes_name_their_entry():
    space, notes = SearchSpace.convert({**hpogrid("uniformint", low=0, high=1), "w": hpogrid("fixed", value=1)["x"]})
    assert list(space.parameters) == ["x", "w"]
    assert [note.split(":")[0] for note in notes] == ["x"]
