"""Parts of a space: parameters fixed or narrowed, and their image in the unit cube of the whole."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import overrides, spaces

import askntell as ant
from askntell._rng import stream
from askntell.errors import SpaceError
from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace

seeds = st.integers(0, 2**32)


def training():
    return SearchSpace(
        {
            "lr": Float(1e-5, 1e-1, log=True),
            "width": Int(16, 1024, log=True),
            "layers": Int(1, 8, default=7),
            "dropout": Float(0.0, 0.5, step=0.05),
            "batch": Ordinal([32, 64, 128, 256], default=256),
            "solver": Categorical(["adam", "sgd", "lion"], default="sgd"),
            "momentum": Float(0.0, 0.99, when={"solver": ["sgd", "lion"]}),
            "nesterov": Categorical([False, True], when={"solver": "sgd"}),
            "epochs": Constant(50),
        },
        constraints=["width >= 16 * layers", "100 * momentum + layers <= 105"],
        forbidden=[{"solver": ["sgd", "adam"], "batch": 256}, {"nesterov": True, "layers": 1}],
    )


def tokens(params):
    return [(name, type(value), value) for name, value in params.items()]


def part_of(data, space):
    """A part of the space and its overrides; impossible combinations are left out."""
    entries = data.draw(overrides(space))
    try:
        part = space.narrowed(entries)
        part.default()  # without overrides nobody has looked whether there is a point
    except SpaceError as error:
        assert error.message.startswith("nothing of the space is left" if entries else "no point found")
        assume(False)
    return part, entries


# ---- laws ------------------------------------------------------------------------------------------------------------


@given(spaces())
def test_without_overrides_it_is_the_space(space):
    assert space.narrowed({}) == space
    assert space.narrowed({name: {} for name in space.parameters}) == space


@given(spaces(), seeds, st.data())
def test_every_point_of_the_part_is_a_point_of_the_whole(space, seed, data):
    part, _ = part_of(data, space)
    rows = part.unit.draw(stream(seed), 20)
    for params in [part.default(), *(part.unit.decode(row) for row in rows)]:
        assert part.contains(params)
        assert tokens(space.check(params)) == tokens(params)


@given(spaces(), seeds, st.data())
def test_the_part_has_every_point_of_the_whole_that_keeps_the_overrides(space, seed, data):
    part, entries = part_of(data, space)
    for row in space.unit.draw(stream(seed), 50):
        params = space.unit.decode(row)
        kept = all(keeps(space.parameters[name], params[name], entries[name]) for name in entries if name in params)
        assert (part.contains(params) and tokens(part.check(params)) == tokens(params)) == kept


def keeps(parameter, value, entry):
    """Whether a value is what an override allows, said without the code under test."""
    if not isinstance(entry, dict):
        return (type(value), value) == (type(entry), entry)
    listed = entry.get("values", entry.get("choices", [entry["value"]] if "value" in entry else None))
    if listed is not None:
        return (type(value), value) in [(type(other), other) for other in listed]
    if not entry["low"] <= value <= entry["high"]:
        return False
    if parameter.levels is None:
        return True
    steps = (value - entry["low"]) / entry.get("step", parameter.step or 1)
    return abs(steps - round(steps)) < 1e-6


@given(spaces(), st.data())
def test_narrowing_twice_is_narrowing_by_both(space, data):
    part, entries = part_of(data, space)
    twice, more = part_of(data, part)
    both = {name: merged(entries.get(name, {}), more.get(name, {})) for name in {**entries, **more}}
    assert space.narrowed(both) == twice


def merged(first, second):
    if isinstance(second, dict) and "value" not in second:
        return {**first, **second} if isinstance(first, dict) else first
    return second


@given(spaces(), st.data())
def test_the_part_is_a_space_like_any_other(space, data):
    part, entries = part_of(data, space)
    assert SearchSpace.from_json(part.to_json()) == part
    said = {name: part.parameters[name].to_dict() for name in entries if name in part.parameters}
    assert part.narrowed({name: {k: v for k, v in said[name].items() if k != "when"} for name in said}) == part


@given(spaces(), seeds, st.data())
def test_a_default_that_the_part_has_stays(space, seed, data):
    part, _ = part_of(data, space)
    for name, parameter in part.parameters.items():
        named = getattr(space.parameters[name], "default", None)
        if not isinstance(parameter, Constant) and named is not None and named is not ... and holds(parameter, named):
            assert parameter.start() == named


def holds(parameter, value):
    try:
        return tokens({"x": parameter.snap(value)}) == tokens({"x": value})
    except ValueError:
        return False


# ---- the box ---------------------------------------------------------------------------------------------------------


@given(spaces(), seeds, st.data())
def test_the_box_contains_exactly_the_points_of_the_part(space, seed, data):
    part, _ = part_of(data, space)
    box, unit = space.unit.box(part), space.unit
    rows = unit.draw(stream(seed), 30)
    rows = np.vstack([rows, unit.snap(box.into(rows)), edges(box, rows, stream(seed, "edges"))])
    rows = rows[unit.feasible(rows)]
    found = box.contains(rows)
    for row, inside in zip(rows, found, strict=True):
        params = box.decode(row)
        assert inside == (part.contains(params) and tokens(part.check(params)) == tokens(params)), params


def edges(box, rows, rng):
    """Rows some of whose numbers lie at, or just beside, an end of the box."""
    ends = np.where(rng.random(rows.shape) < 0.5, box.lower, box.upper)
    beside = np.clip(ends + rng.choice([0.0, -1e-6, 1e-6], rows.shape), 0.0, 1.0)
    return box._unit.snap(np.where(rng.random(rows.shape) < 0.5, beside, rows))


@given(spaces(), seeds, st.data())
def test_points_of_the_part_are_in_the_box(space, seed, data):
    part, _ = part_of(data, space)
    box = space.unit.box(part)
    many = [part.unit.decode(row) for row in part.unit.draw(stream(seed), 20)]
    rows = space.unit.encode_many(many)
    assert box.contains(rows).all()
    for params, row in zip(many, rows, strict=True):
        again = box.decode(row)
        assert again.keys() == params.keys()
        assert part.contains(again)
        reals = {name for name, p in part.parameters.items() if p.levels is None}
        assert all(again[name] == params[name] for name in params if name not in reals)


@given(spaces(), seeds, st.data())
def test_rows_of_the_part_are_embedded_in_the_whole(space, seed, data):
    part, _ = part_of(data, space)
    box, own = space.unit.box(part), part.unit.draw(stream(seed), 20)
    rows = box.embed(own)
    assert box.contains(rows).all()
    assert np.array_equal(space.unit.snap(rows), rows, equal_nan=True)
    reals = np.array([column.levels is None for column in space.unit.columns], dtype=bool)
    for row, mine in zip(rows, own, strict=True):
        again = space.unit.encode(part.unit.decode(mine))
        assert np.array_equal(row[~reals], again[~reals], equal_nan=True)
        assert np.allclose(row[reals], again[reals], rtol=0, atol=1e-5, equal_nan=True)


@given(spaces(rules=False), seeds, st.data())
def test_into_and_clip_lead_into_the_box(space, seed, data):
    part, _ = part_of(data, space)
    box, unit = space.unit.box(part), space.unit
    raw = stream(seed).uniform(-0.2, 1.2, (30, unit.d))
    raw[stream(seed, "holes").random(raw.shape) < 0.1] = np.nan
    moved = unit.snap(box.into(raw))
    assert box.contains(moved).all()
    assert all(part.contains(box.decode(row)) for row in moved)
    active = ~np.isnan(moved)
    assert np.array_equal(box.clip(moved)[active], moved[active])
    near = unit.snap(box.clip(raw))
    assert box.contains(near).all()
    gap = np.abs(near - np.clip(raw, 0, 1))
    for other in moved:  # no row of the box is nearer in any column whose values have an order
        uneven = {name for name, p in space.parameters.items() if isinstance(p, Int) and p.log}
        ordered = [j for j, c in enumerate(unit.columns) if c.kind != "categorical" and c.name not in uneven]
        # to within the width of a cell: a point may lie anywhere in its own
        cell = np.array([1.0 / (unit.columns[j].levels or 10**9) for j in ordered])
        closer = np.abs(other - np.clip(raw, 0, 1))[:, ordered] < gap[:, ordered] - cell - 1e-9
        assert not closer[~np.isnan(raw)[:, ordered]].any()


@given(spaces(), seeds)
def test_the_box_of_the_whole_changes_nothing(space, seed):
    box, rows = space.unit.box(space), space.unit.draw(stream(seed), 20)
    assert box.contains(rows).all()
    active = ~np.isnan(rows)
    assert np.array_equal(box.clip(rows)[active], rows[active])
    assert (box.lower == 0).all()
    assert (box.upper == 1).all()
    assert all(mask is None for mask in box.allowed)


def test_uniform_points_are_uniform_in_the_box():
    space = training()
    part = space.narrowed(
        {
            "lr": {"low": 1e-4, "high": 1e-2},
            "width": {"low": 100, "high": 200},
            "layers": {"low": 2, "high": 4},
            "solver": {"choices": ["adam", "lion"]},
        }
    )
    rows = space.unit.snap(space.unit.box(part).into(np.random.default_rng(0).random((30_000, space.unit.d))))
    many = [space.unit.decode(row) for row in rows]
    for name in ("layers", "solver"):
        values, counts = np.unique([params[name] for params in many], return_counts=True)
        assert len(values) == part.parameters[name].levels
        assert counts.min() > 0.93 * counts.mean()
    for name, middle in (("lr", 1e-3), ("width", 141.1)):
        assert np.mean([params[name] < middle for params in many]) == pytest.approx(0.5, abs=0.015)


def test_lower_upper_and_masks():
    space = training()
    box = space.unit.box(
        space.narrowed({"lr": {"high": 1e-2}, "layers": {"low": 3, "high": 6}, "batch": {"values": [32, 128]}})
    )
    at = dict(zip(space.unit.names, range(space.unit.d), strict=True))
    assert (box.lower[at["lr"]], box.upper[at["lr"]]) == (0.0, pytest.approx(0.75))
    assert (box.lower[at["layers"]], box.upper[at["layers"]]) == (2.5 / 8, 5.5 / 8)
    assert (box.lower[at["batch"]], box.upper[at["batch"]]) == (0.5 / 4, 2.5 / 4)
    assert box.allowed[at["batch"]].tolist() == [True, False, True, False]
    assert box.allowed[at["layers"]] is None
    held = space.unit.box(space.narrowed({"lr": 0.0031}))
    assert held.lower[at["lr"]] == held.upper[at["lr"]]
    row = held.into(np.full((1, space.unit.d), 0.9))[0]
    assert held.decode(row)["lr"] == 0.0031


@pytest.mark.parametrize(
    ("part", "match"),
    [
        ({"z": Float(0, 1)}, "no parameter 'z' in the whole space"),
        ({"lr": Float(1e-6, 1e-1, log=True)}, r"\$.lr: got 1e-06 .*; use SearchSpace.narrowed"),
        ({"lr": Float(1e-4, 1e-2)}, r"\$.lr: Float\(0.0001, 0.01\) is no part of this parameter"),
        ({"lr": Int(1, 2)}, "is no part of this parameter"),
        ({"lr": Constant(7)}, r"\$.lr: got 7"),
        ({"epochs": Float(1, 2)}, r"\$.epochs: Float\(1.0, 2.0\) is no part"),
        ({"epochs": Constant(51)}, r"\$.epochs: Constant\(51\) is no part"),
        ({"layers": Float(1, 2)}, "is no part of this parameter"),
        ({"layers": Int(1, 8, log=True)}, "is no part of this parameter"),
        ({"layers": Int(0, 8)}, r"\$.layers: got 0"),
        ({"batch": Ordinal([64, 32])}, "is no part of this parameter"),
        ({"batch": Categorical([32, 64])}, "is no part of this parameter"),
        ({"solver": Categorical(["adam", "sgdx"])}, r"\$.solver: got 'sgdx'"),
    ],
)
def test_a_box_of_something_else_is_refused(part, match):
    with pytest.raises(SpaceError, match=match):
        training().unit.box(SearchSpace(part))


# ---- examples --------------------------------------------------------------------------------------------------------


def test_fixed_parameters_are_constants_and_stay_in_params():
    part = training().narrowed({"solver": "adam", "layers": 4.0, "lr": {"value": 1e-3}})
    assert part.parameters["solver"] == Constant("adam")
    assert part.parameters["layers"] == Constant(4)
    assert part.default()["lr"] == 1e-3
    assert list(part.parameters) == ["lr", "width", "layers", "dropout", "batch", "solver", "epochs"]
    # what names momentum or nesterov can never apply; 64 is what is left of width >= 16 * 4
    assert part.constraints == ("width >= 16 * layers",)
    assert [dict(entry) for entry in part.forbidden] == [{"solver": "adam", "batch": 256}]
    assert not part.contains({**part.default(), "width": 63})
    assert part.check({k: v for k, v in part.default().items() if k != "solver"})["solver"] == "adam"


def test_conditions_keep_what_the_parent_can_still_be():
    part = training().narrowed({"solver": {"choices": ["lion", "adam"]}, "batch": {"values": [64, 32]}})
    assert part.parameters["solver"] == Categorical(["adam", "lion"])
    assert part.parameters["batch"] == Ordinal([32, 64], default=64)
    assert part.parameters["momentum"].conditions() == (("solver", ("lion",)),)
    assert "nesterov" not in part.parameters
    assert part.forbidden == ()
    assert "momentum" in part.narrowed({"solver": "lion"}).default()


def test_an_override_of_a_parameter_that_cannot_be_active_is_never_applied():
    assert training().narrowed({"solver": "adam", "momentum": 0.5}) == training().narrowed({"solver": "adam"})


@pytest.mark.parametrize(
    ("entry", "default"),
    [
        ({"low": 2, "high": 4}, 4),
        ({"low": 5}, 7),
        ({"low": 8 - 1}, 7),
        ({"high": 5, "default": 2}, 2),
        ({"low": 1, "high": 7, "step": 4}, None),
        ({"low": 2, "high": 8, "step": 2}, 6),
    ],
)
def test_a_default_outside_moves(entry, default):
    if default is None:
        with pytest.raises(SpaceError, match=r"\$.layers.high: high 7 is not low \+ k \* step"):
            training().narrowed({"layers": entry})
    else:
        assert training().narrowed({"layers": entry}).default()["layers"] == default


def test_objects_and_settings_say_the_same():
    space = training()
    one = space.narrowed({"lr": ant.Float(1e-4, 1e-2), "batch": ant.Ordinal([32, 64]), "epochs": ant.Constant(50)})
    assert one == space.narrowed({"lr": ant.Float(1e-4, 1e-2, log=True), "batch": {"values": [32, 64]}})
    assert one.parameters["lr"] == Float(1e-4, 1e-2, log=True)
    assert space.narrowed({"dropout": ant.Float(0.1, 0.3)}).parameters["dropout"] == Float(0.1, 0.3, step=0.05)


def test_of_the_choices_1_and_true_each_is_only_itself():
    space = SearchSpace({"a": Categorical([1, True, 1.0]), "b": Float(0, 1, when={"a": 1})})
    assert list(space.narrowed({"a": {"choices": [True, 1.0]}}).parameters) == ["a"]
    assert list(space.narrowed({"a": 1}).parameters) == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "path", "match"),
    [
        (3, "$", r"got 3 \(int\); allowed: an object of parameter names to overrides"),
        ({3: 4}, "$", "got the name 3"),
        ({"layer": 1}, "$", "unknown parameter 'layer'; known: 'lr', 'width'.*did you mean 'layers'"),
        ({"lr": 1}, "$.lr", r"got 1 \(int\); allowed: a number from 1e-05 to 0.1; an override stays inside"),
        ({"lr": {"low": 1e-6}}, "$.lr.low", "allowed: a number from 1e-05 to 0.1"),
        ({"lr": {"low": "a"}}, "$.lr.low", "got 'a'"),
        ({"lr": {"low": 1e-3, "high": 1e-3}}, "$.lr.low", "a parameter is fixed by giving its value"),
        ({"lr": {"low": 1e-2, "high": 1e-3}}, "$.lr.low", "lower bound 0.01 is not below upper bound 0.001"),
        ({"lr": {"min": 1e-3}}, "$.lr", "unknown key 'min'; allowed for float: 'low', 'high'"),
        ({"lr": {"log": False}}, "$.lr.log", "got False .*; allowed: True"),
        ({"lr": {"step": 0.1}}, "$.lr.step", "the parameter is continuous"),
        ({"lr": {"type": "int", "low": 1}}, "$.lr.type", "got the type 'int'; allowed: 'float'"),
        ({"lr": ant.Int(1, 2)}, "$.lr.type", "got the type 'int'; allowed: 'float'"),
        ({"lr": [1e-3, 1e-2]}, "$.lr", "a choice of values is written"),
        ({"lr": {"low": {}}}, "$.lr.low", "got {}"),
        ({"lr": float("nan")}, "$.lr", "got nan"),
        (
            {"momentum": ant.Float(0, 0.5, when={"solver": "sgd"})},
            "$.momentum.when",
            "conditions are those of the whole",
        ),
        ({"dropout": {"low": 0.07}}, "$.dropout.low", "in steps of 0.05"),
        ({"dropout": {"step": 0.07}}, "$.dropout.step", "allowed: a multiple of the step 0.05"),
        ({"dropout": {"step": 0}}, "$.dropout.step", "allowed: a multiple of the step 0.05"),
        ({"layers": {"default": 9}}, "$.layers.default", "allowed: a whole number from 1 to 8"),
        ({"layers": {"low": 1.5}}, "$.layers.low", "allowed: a whole number from 1 to 8"),
        ({"layers": {"step": 1.5}}, "$.layers.step", "allowed: a multiple of the step 1"),
        ({"batch": {"values": [32, 48]}}, "$.batch.values[1]", "got 48 .*allowed: one of 32, 64, 128, 256"),
        ({"batch": {"values": [32, 32.0]}}, "$.batch.values", "allowed: distinct values"),
        ({"batch": {"values": []}}, "$.batch.values", "allowed: a list of at least one scalar"),
        ({"batch": {"values": 32}}, "$.batch.values", "allowed: a list of values"),
        ({"solver": {"values": ["adam"]}}, "$.solver", "unknown key 'values'; allowed for categorical: 'choices'"),
        ({"epochs": 51}, "$.epochs", "allowed: the constant 50"),
        ({"epochs": {"low": 1}}, "$.epochs", "unknown key 'low'; allowed for constant: 'value'"),
        ({"layers": 8, "width": {"high": 100}}, "$", "nothing of the space is left: constraint 'width >= 16 "),
        ({"solver": "sgd", "batch": 256}, "$", "nothing of the space is left"),
    ],
)
def test_mistakes_are_named_with_their_place(given, path, match):
    with pytest.raises(SpaceError, match=match) as caught:
        training().narrowed(given)
    assert caught.value.path == path
