"""Laws of every search space, on generated ones."""

import copy
import math
import pickle
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import floats, ints, listed, parameters, spaces, stepped

from askntell._rng import stream
from askntell.errors import ParamsError, SpaceError
from askntell.space import Float, Int, SearchSpace

seeds = st.integers(0, 2**32)


def rows_of(space, seed, count=20):
    return space.unit.draw(stream(seed), count)


def equal(one, other):
    """Equal, with equal types and in equal order."""
    return [(k, type(v), v) for k, v in one.items()] == [(k, type(v), v) for k, v in other.items()]


@given(spaces(), seeds)
def test_drawn_rows_are_feasible_points(space, seed):
    rows = rows_of(space, seed)
    assert rows.shape[1] == space.unit.d
    assert space.unit.feasible(rows).all()
    for row in rows:
        params = space.unit.decode(row)
        assert space.contains(params), params


@given(spaces(), seeds)
def test_snap_is_idempotent_and_keeps_drawn_rows(space, seed):
    raw = stream(seed).uniform(-0.2, 1.2, (20, space.unit.d))
    raw[stream(seed, "holes").random(raw.shape) < 0.1] = np.nan
    once = space.unit.snap(raw)
    assert np.array_equal(space.unit.snap(once), once, equal_nan=True)
    assert ((once >= 0) & (once <= 1) | np.isnan(once)).all()
    drawn = rows_of(space, seed)
    assert np.array_equal(space.unit.snap(drawn), drawn, equal_nan=True)


@given(spaces(grid=True), seeds)
def test_round_trip_is_exact_on_grids(space, seed):
    for row in rows_of(space, seed):
        params = space.unit.decode(row)
        again = space.unit.encode(params)
        assert np.array_equal(again, row, equal_nan=True)
        assert equal(space.unit.decode(again), params)


@given(spaces(), seeds)
def test_round_trip_of_reals_is_near(space, seed):
    rows = rows_of(space, seed)
    many = space.unit.encode_many([space.unit.decode(row) for row in rows])
    assert np.array_equal(np.isnan(many), np.isnan(rows))
    assert np.allclose(many, rows, rtol=0, atol=1e-5, equal_nan=True)


@given(spaces(), seeds)
def test_many_rows_are_those_of_one_at_a_time_to_the_last_bit(space, seed):
    params = [space.unit.decode(row) for row in rows_of(space, seed)] * 2
    many = space.unit.encode_many(params)
    assert many.shape == (len(params), space.unit.d)
    assert many.tobytes() == np.array([space.unit.encode(p) for p in params]).reshape(many.shape).tobytes()


@given(spaces(), seeds)
def test_nan_stands_exactly_where_a_parameter_is_inactive(space, seed):
    for row in rows_of(space, seed):
        params = space.unit.decode(row)
        assert [name for name, u in zip(space.unit.names, row, strict=True) if not np.isnan(u)] == [
            name for name in space.unit.names if name in params
        ]
        # what stands in inactive columns changes nothing
        assert equal(space.unit.decode(np.where(np.isnan(row), 0.3, row)), params)


@given(spaces(), seeds)
def test_check_is_idempotent_and_free_of_order(space, seed):
    for row in rows_of(space, seed, 5):
        params = space.unit.decode(row)
        assert equal(space.check(params), params)
        assert equal(space.check(dict(reversed(params.items()))), params)
        assert list(params) == [name for name in space.parameters if name in params]
        assert space.key(params) == space.key(dict(reversed(params.items())))


@given(spaces(), seeds)
def test_feasible_agrees_with_check(space, seed):
    """Rows that no drawing has filtered: the arrays and the plain loop decide alike."""
    rows = space.unit.snap(stream(seed).random((20, space.unit.d)))
    good = space.unit.feasible(rows)
    if any(p.levels is None for p in space.parameters.values()):
        # real numbers may fall between the two tolerances, but only to the safe side
        assert all(space.contains(space.unit.decode(row)) for row in rows[good])
    else:
        assert good.tolist() == [space.contains(space.unit.decode(row)) for row in rows]


@given(spaces())
def test_json_round_trip(space):
    again = SearchSpace.from_json(space.to_json())
    assert again == space
    assert hash(again) == hash(space)
    assert repr(again) == repr(space)
    assert again.to_json() == space.to_json()
    assert SearchSpace.from_json(space.to_dict()) == space
    assert SearchSpace.from_json(space.to_json().encode()) == space


@given(spaces())
def test_repr_builds_an_equal_space(space):
    from askntell.space import Categorical, Constant, Ordinal

    names = {c.__name__: c for c in (Float, Int, Categorical, Ordinal, Constant, SearchSpace)}
    assert eval(repr(space), names) == space  # the text is our own


@given(spaces())
def test_copies_are_equal(space):
    assert copy.deepcopy(space) == space
    assert pickle.loads(pickle.dumps(space)) == space
    for parameter in space.parameters.values():
        assert pickle.loads(pickle.dumps(parameter)) == parameter


@given(spaces(), seeds)
def test_sample_is_reproducible(space, seed):
    try:
        one = space.sample(3, seed=seed)
    except SpaceError:
        assume(False)
    other = SearchSpace.from_json(space.to_json()).sample(3, seed=seed)
    assert all(equal(a, b) for a, b in zip(one, other, strict=True))
    assert all(space.contains(params) for params in one)


@given(spaces())
def test_default_is_feasible(space):
    try:
        params = space.default()
    except SpaceError as error:
        assert "no point found" in error.message
        assert not len(rows_of(space, 1, 100))
    else:
        assert space.contains(params)
        assert equal(space.check(params), params)


@given(spaces(rules=False))
def test_default_takes_the_named_values(space):
    params = space.default()
    for name, value in params.items():
        named = getattr(space.parameters[name], "default", None)
        if named is not None and named is not ...:
            assert value == named


@given(spaces(), st.data())
def test_fixed_values_come_back_exactly(space, data):
    rows = rows_of(space, 0, 1)
    assume(len(rows))
    params = space.unit.decode(rows[0])
    some = data.draw(st.lists(st.sampled_from(sorted(params)), unique=True))
    fixed = space.check_fixed({name: params[name] for name in some})
    assert set(fixed) == set(some)
    for row in space.unit.draw(stream(3), 10, fixed):
        made = space.unit.decode(row, fixed)
        assert all(made[name] == value for name, value in fixed.items() if name in made)
        assert space.contains(made)
    snapped = space.unit.snap(rows, fixed)
    assert equal(space.unit.decode(snapped[0], fixed), params)


@settings(max_examples=100)
@given(spaces(grid=True, most=4, largest=4), seeds)
def test_points_are_all_distinct_feasible_points(space, seed):
    every = list(space.points())
    keys = [space.key(params) for params in every]
    assert len(set(keys)) == len(keys) <= space.size
    assert all(space.contains(params) for params in every)
    assert {space.key(space.unit.decode(row)) for row in rows_of(space, seed, 50)} <= set(keys)
    assert space.unit.feasible(space.unit.encode_many(every)).all()


@settings(max_examples=100)
@given(spaces(grid=True, most=3, largest=4))
def test_points_agree_with_brute_force(space):
    """All combinations of cells, decoded, checked, made distinct: the same set, whatever the pruning left out."""
    assume(space.size <= 3000)
    free = [space.parameters[name] for name in space.unit.names]
    rows = [
        [p.position(p.pick(j)) for p, j in zip(free, cells, strict=True)]
        for cells in product(*(range(p.levels) for p in free))
    ]
    every = [space.unit.decode(np.array(row)) for row in rows]
    assert {space.key(p) for p in every if space.contains(p)} == {space.key(p) for p in space.points()}


@given(spaces(grid=True, most=4, largest=4, rules=False))
def test_points_are_in_lexicographic_order(space):
    names = space.unit.names
    parents_first = all(
        parent in list(space.parameters)[: list(space.parameters).index(name)]
        for name, parameter in space.parameters.items()
        for parent, _ in parameter.conditions()
    )
    assume(parents_first)
    cells = [[space.parameters[n].cell(p[n]) if n in p else -1 for n in names] for p in space.points()]
    assert cells == sorted(cells)


@given(st.one_of(stepped(), ints(), listed()))
def test_every_cell_has_a_value_and_a_point(parameter):
    for cell in {0, 1, parameter.levels // 2, parameter.levels - 1} & set(range(parameter.levels)):
        value = parameter.pick(cell)
        assert parameter.cell(value) == cell
        assert parameter.snap(value) == value
        assert 0 <= parameter.position(value) <= 1
        assert parameter.at(parameter.position(value)) == value


@given(st.one_of(ints(), stepped(), listed()), st.floats(0, 1))
def test_cells_cover_the_unit_interval_in_order(parameter, u):
    cell = parameter.cell(parameter.at(u))
    assert 0 <= cell < parameter.levels
    assert parameter.cell(parameter.at(min(1.0, u + 1e-3))) >= cell


@given(ints(most=1000))
def test_cells_of_a_log_scale_are_bounded_halfway(parameter):
    assume(parameter.log)
    low, high = parameter.low - 0.5, parameter.high + 0.5
    for edge in range(parameter.low, min(parameter.high, parameter.low + 20)):
        u = math.log((edge + 0.5) / low) / math.log(high / low)
        if u * (1 - u) > 1e-6:
            assert parameter.at(u - 1e-7) <= edge + 1
            assert parameter.at(u + 1e-7) >= edge


@given(floats(), st.floats(0, 1))
def test_reals_stay_in_bounds(parameter, u):
    value = parameter.at(u)
    assert parameter.low <= value <= parameter.high
    assert parameter.snap(value) == value
    assert abs(parameter.position(value) - u) < 1e-5
    assert parameter.at(0.0) == parameter.low
    assert parameter.at(1.0) == parameter.high


@given(stepped())
def test_stepped_values_are_the_decimal_numbers(parameter):
    for cell in range(min(parameter.levels, 30)):
        assert len(repr(parameter.pick(cell))) <= 12 + repr(parameter.pick(cell)).count("e")


@given(parameters(), st.one_of(st.none(), st.booleans(), st.text(max_size=3), st.integers(), st.floats()))
def test_snap_gives_an_allowed_value_or_refuses(parameter, value):
    try:
        made = parameter.snap(value)
    except ParamsError as error:
        assert "allowed" in error.message
    else:
        assert parameter.snap(made) == made
        assert type(parameter.snap(made)) is type(made)


@given(spaces(), spaces())
def test_equal_means_same_content(one, other):
    assert (one == other) == (one.to_json() == other.to_json())
    assert one != "space"


@pytest.mark.parametrize("count", [0, 1, 7])
def test_draw_gives_the_number_wanted(count):
    space = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)}, constraints=["x + y <= 0.1"])
    assert space.unit.draw(np.random.default_rng(0), count).shape == (count, 2)
