"""Maximising the acquisition: rows that are proposed, neighbours, and finding what exhaustive search finds."""

import numpy as np
import pytest

from askntell.optimizers.gp.acquisition import Acquisition
from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.model import Hyper, Posterior
from askntell.optimizers.gp.search import Effort, Region, _exchanged, _perturbed, _scattered, ranked
from askntell.space import Categorical, Float, Int, SearchSpace

EFFORT = Effort(scattered=512, perturbed=256, starts=6, evaluations=30)

MIXED = SearchSpace(
    {
        "x": Float(0, 1),
        "y": Float(0, 1, when={"kind": ["a", "b"]}),
        "kind": Categorical(["a", "b", "c"]),
        "few": Int(1, 6),
        "many": Int(1, 12),
        "fine": Int(1, 1000),
    },
    constraints=["few <= many"],
)


def rng(seed=0):
    return np.random.default_rng(seed)


def problem(space, count=25, seed=0):
    """Columns and an acquisition on a random smooth function."""
    U = space.unit.draw(rng(seed), count)
    columns = Columns.of(space.unit.columns, U)
    X = columns.transform(U)
    y = np.sin(3 * X @ rng(seed + 1).normal(size=X.shape[1]))
    scale = np.full(columns.count, 0.5 * np.sqrt(columns.count))
    posterior = Posterior.of(Data.of(X, (y - y.mean()) / y.std()), Hyper(scale=scale, noise=1e-4))
    means = posterior.fitted
    order = np.argsort(means)[:5]
    return columns, Acquisition(posterior=posterior, best=float(means.min())), U[order]


def ranking(space, columns, acquisition, incumbents, *, fixed=None, effort=EFFORT, seed=0):
    restricted = bool(space.constraints or space.forbidden)
    region = Region(space.unit, fixed or {}, restricted=restricted)
    return np.array(list(ranked(region, columns, acquisition, incumbents=incumbents, effort=effort, rng=rng(seed))))


@pytest.mark.parametrize("fixed", [{}, {"kind": "a", "few": 3}, {"x": 0.25, "fine": 17}])
def test_rows_are_snapped_feasible_fixed_and_in_order(fixed):
    columns, acquisition, incumbents = problem(MIXED)
    rows = ranking(MIXED, columns, acquisition, incumbents, fixed=fixed)
    assert len(rows) > 100
    np.testing.assert_array_equal(MIXED.unit.snap(rows, fixed), rows)
    assert MIXED.unit.feasible(rows).all()
    params = MIXED.unit.decode(rows[0])
    assert MIXED.contains(params) and {k: params[k] for k in fixed} == fixed
    values = acquisition.value(columns.transform(rows))
    assert np.all(np.diff(values) <= 1e-9)


def test_finds_what_a_dense_grid_finds():
    space = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
    for seed in range(3):
        columns, acquisition, incumbents = problem(space, count=12, seed=seed)
        side = np.linspace(0, 1, 301)
        grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        dense = acquisition.value(grid).max()
        found = acquisition.value(columns.transform(ranking(space, columns, acquisition, incumbents)[:1]))
        assert found[0] >= dense - 1e-3


def test_finds_the_best_point_of_a_discrete_space():
    space = SearchSpace({"a": Int(1, 12), "b": Categorical(list("pqrstu")), "c": Int(1, 40), "d": Categorical([1, 2])})
    points = space.unit.encode_many(list(space.points()))
    for seed in range(3):
        columns, acquisition, incumbents = problem(space, seed=seed)
        rows = ranking(space, columns, acquisition, incumbents)
        np.testing.assert_allclose(
            acquisition.value(columns.transform(rows[:1])), acquisition.value(columns.transform(points)).max()
        )


def test_the_polish_obeys_a_constraint():
    """The acquisition grows beyond the constraint: the best row lies on its edge."""
    space = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)}, constraints=["x + y <= 0.8"])
    X = space.unit.draw(rng(), 12)
    y = -X.sum(axis=1)
    posterior = Posterior.of(Data.of(X, (y - y.mean()) / y.std()), Hyper(scale=np.array([1.0, 1.0]), noise=1e-6))
    acquisition = Acquisition(posterior=posterior, best=float(posterior.fitted.min()))
    columns = Columns.of(space.unit.columns, X)
    few = Effort(scattered=60, perturbed=6, starts=6, evaluations=40)
    rows = ranking(space, columns, acquisition, X[np.argsort(y)[:5]], effort=few)
    assert space.unit.feasible(rows).all()
    assert 0.799 < rows[0].sum() <= 0.8


def test_the_best_row_of_a_discrete_space_has_no_better_neighbour():
    space = SearchSpace({f"c{k}": Categorical(list("pqrstu")) for k in range(7)})
    few = Effort(scattered=20, perturbed=10, starts=4, evaluations=10)
    for seed in range(3):
        columns, acquisition, incumbents = problem(space, seed=seed)
        best = ranking(space, columns, acquisition, incumbents, effort=few)[:1]
        neighbours = space.unit.snap(_exchanged(Region(space.unit, {}, restricted=False), best, rng())[0])
        assert len(neighbours) == 7 * 5
        value, others = acquisition.value(columns.transform(best)), acquisition.value(columns.transform(neighbours))
        assert others.max() <= value[0] + 1e-8


def test_scattered_points_fill_the_cube():
    U = _scattered(2, 512, rng())
    counts, _, _ = np.histogram2d(U[:, 0], U[:, 1], bins=8, range=[[0, 1], [0, 1]])
    assert counts.min() >= 4  # 8 on average
    assert not np.array_equal(U, _scattered(2, 512, rng(1)))
    assert _scattered(30, 10, rng()).shape == (10, 30)


def test_perturbed_points_are_near_their_incumbents():
    space = SearchSpace({f"x{k}": Float(0, 1) for k in range(10)})
    base = rng().random((5, 10))
    U = _perturbed(Region(space.unit, {}, restricted=False), base, 200, rng())
    difference = np.abs(U - base[np.arange(200) % 5])
    moved = (difference > 0).sum(axis=1)
    assert np.all((U >= 0) & (U <= 1))
    assert np.median(moved[:100]) >= 9 and moved[100:].min() >= 1 and np.median(moved[100:]) <= 4
    sizes = np.median(difference[:100], axis=1)
    assert sizes.min() < 0.005 and sizes.max() > 0.1


def test_exchanged_rows_differ_in_one_discrete_parameter():
    region = Region(MIXED.unit, {"few": 2}, restricted=True)
    point = {"x": 0.3, "y": 0.6, "kind": "b", "few": 2, "many": 6, "fine": 500}
    row = MIXED.unit.encode(point)
    made = [MIXED.unit.decode(r) for r in MIXED.unit.snap(_exchanged(region, row[None], rng())[0], region.fixed)]
    kinds = {p["kind"] for p in made}
    many = {p["many"] for p in made}
    fine = {p["fine"] for p in made}
    assert kinds == {"a", "b", "c"} and {p["few"] for p in made} == {2}
    assert many == {6, 5, 7, 4, 8, 2, 10}  # steps of 1, 2 and 4 cells
    assert {499, 501, 498, 502, 244, 756} <= fine
    for params in made:
        changed = [name for name in ("kind", "many", "fine", "x") if params[name] != point[name]]
        assert len(changed) <= 1


def test_no_feasible_row_gives_nothing():
    space = SearchSpace({"a": Int(1, 9), "b": Int(1, 9)}, constraints=["a >= b"])
    columns, acquisition, incumbents = problem(space)
    assert len(ranking(space, columns, acquisition, incumbents, fixed={"a": 1, "b": 9})) == 0


def test_the_search_is_a_function_of_its_generator():
    columns, acquisition, incumbents = problem(MIXED)
    one, same, other = (ranking(MIXED, columns, acquisition, incumbents, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert one.shape != other.shape or not np.array_equal(one, other, equal_nan=True)
