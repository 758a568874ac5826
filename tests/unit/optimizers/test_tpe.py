"""The tree-structured Parzen estimator: densities, groups, branches, and what it gains over chance."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askntell import Categorical, Float, Int, Optimizer, Ordinal, SearchSpace
from askntell.errors import SettingsError
from askntell.optimizers.algorithm import Request
from askntell.optimizers.registry import algorithm_from, settings_of
from askntell.optimizers.tpe import TPE
from askntell.optimizers.tpe.parzen import Layout, Mixture, widths
from askntell.optimizers.tpe.records import Records
from askntell.trial import Outcome, Problem, Trial

MIXED = SearchSpace({"x": Float(0, 1), "n": Int(1, 10), "c": Categorical(["a", "b", "c"])})
TREE = SearchSpace(
    {
        "kind": Categorical(["good", "bad"]),
        "u": Float(0, 1, when={"kind": "good"}),
        "v": Float(0, 1, when={"kind": "bad"}),
    }
)


def mixture(space, rows, weight=None):
    columns = space.unit.columns
    return Mixture.of(Layout.of(columns, range(len(columns))), rows, np.ones(len(rows)) if weight is None else weight)


def finished(number, params, value):
    return Trial(number=number, params=params).told(Outcome(values={"value": value}))


# ---- densities -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_the_density_of_numbers_integrates_to_one(count):
    space = SearchSpace({"x": Float(0, 1)})
    made = mixture(space, space.unit.draw(np.random.default_rng(count), count))
    grid = (np.arange(20_000) + 0.5)[:, None] / 20_000
    assert np.exp(made.log_density(grid)).mean() == pytest.approx(1.0, abs=1e-6)


def test_the_density_of_categories_sums_to_one():
    space = SearchSpace({"c": Categorical(["a", "b", "c"]), "e": Categorical([1, 2])})
    made = mixture(space, space.unit.encode_many(space.sample(9, seed=1)))
    points = space.unit.encode_many(list(space.points()))
    assert np.exp(made.log_density(points)).sum() == pytest.approx(1.0)


def test_the_density_is_the_product_kernel_written_out():
    rows = MIXED.unit.encode_many(MIXED.sample(4, seed=3))
    weight = np.array([2.0, 1.0, 0.5, 0.5])
    made = mixture(MIXED, rows, weight)
    sigma = widths(rows[:, :2], np.array([0.0, 0.1]))

    def phi(z):
        return (1.0 + math.erf(z / math.sqrt(2.0))) / 2.0

    for point in MIXED.unit.encode_many(MIXED.sample(5, seed=4)):
        total = 1.0 / 3.0  # the uniform prior: 1 for each number, 1/3 for the category
        for i, row in enumerate(rows):
            kernel = weight[i]
            for j in range(2):
                m, s = row[j], sigma[i, j]
                kernel *= math.exp(-0.5 * ((point[j] - m) / s) ** 2) / (s * math.sqrt(2.0 * math.pi))
                kernel /= phi((1.0 - m) / s) - phi(-m / s)
            total += kernel * ((5.0 + 4.0 / 3.0) / 9.0 if point[2] == row[2] else 4.0 / 3.0 / 9.0)
        assert made.log_density(point[None, :])[0] == pytest.approx(math.log(total / 5.0))


def test_an_inactive_parameter_has_no_density():
    rows = TREE.unit.encode_many([{"kind": "good", "u": 0.3}, {"kind": "bad", "v": 0.9}])
    made = mixture(TREE, rows)
    elsewhere = rows.copy()
    elsewhere[:, 1:] = np.nan
    # what the kernel of the other branch does not know is uniform there: the factor is one
    whole, parent = made.kernels(rows), made.kernels(elsewhere)
    assert whole[0, 1] == pytest.approx(parent[0, 1])
    assert whole[1, 0] == pytest.approx(parent[1, 0])
    assert whole[0, 0] > parent[0, 0]


def test_draws_follow_the_density():
    space = SearchSpace({"x": Float(0, 1), "c": Categorical(["a", "b"])})
    rows = np.array([[0.2, 0.25], [0.25, 0.25], [0.7, 0.75]])
    made = mixture(space, rows)
    drawn = space.unit.snap(made.draw(np.random.default_rng(0), 40_000, 2, np.full(2, np.nan)))
    grid = (np.arange(2000) + 0.5) / 2000
    for level, u in enumerate((0.25, 0.75)):
        density = np.exp(made.log_density(np.column_stack([grid, np.full(2000, u)])))
        here = drawn[drawn[:, 1] == u, 0]
        for low in (0.0, 0.2, 0.4, 0.6, 0.8):
            expected = density[(grid >= low) & (grid < low + 0.2)].sum() / 2000
            assert np.count_nonzero((here >= low) & (here < low + 0.2)) / 40_000 == pytest.approx(expected, abs=0.01), (
                level,
                low,
            )


def test_held_values_choose_the_kernels():
    space = SearchSpace({"x": Float(0, 1), "c": Categorical(["a", "b"])})
    made = mixture(space, np.array([[0.1, 0.25]] * 10 + [[0.9, 0.75]] * 10))
    near = made.draw(np.random.default_rng(0), 400, 2, np.array([np.nan, 0.75]))[:, 0]
    assert np.mean(near > 0.5) > 0.8


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_widths_are_bounded_and_positive(n, seed):
    rng = np.random.default_rng(seed)
    M = np.where(rng.random((n, 3)) < 0.3, np.nan, np.round(rng.random((n, 3)), 1))
    cells = np.array([0.0, 0.25, 0.01])
    made = widths(M, cells)
    assert made.shape == (n, 3)
    assert np.all((made >= np.maximum(0.01, cells / 2)) & (made <= 1.0))


def test_widths_are_the_larger_gap_to_a_neighbour():
    made = widths(np.array([[0.8], [0.1], [0.4]]), np.zeros(1))
    assert made[:, 0] == pytest.approx([0.4, 0.3, 0.4])


# ---- records -------------------------------------------------------------------------------------------------------


def test_records_are_values_though_their_table_is_shared():
    problem = Problem(space=MIXED)
    trials = [finished(i, params, float(i)) for i, params in enumerate(MIXED.sample(40, seed=0))]
    first = Records.empty(3).extended(problem, trials[:5])
    left = first.extended(problem, trials[5:20])
    right = first.extended(problem, trials[20:40])
    assert len(first) == 5
    assert left.numbers.tolist() == list(range(20))
    assert right.numbers.tolist() == [*range(5), *range(20, 40)]
    assert right.ranks[5].tolist() == [0.0, 20.0]
    np.testing.assert_array_equal(left.U, MIXED.unit.encode_many([t.params for t in trials[:20]]))


# ---- what is proposed ----------------------------------------------------------------------------------------------


def run(space, function, algorithm, trials, seed):
    optimizer = Optimizer(space, algorithm=algorithm, seed=seed)
    for _ in range(trials):
        trial = optimizer.ask()
        optimizer.tell(trial, function(trial.params))
    assert optimizer.best is not None
    return optimizer


def test_it_beats_random_search():
    space = SearchSpace({**{f"x{i}": Float(-1, 1) for i in range(4)}, "c": Categorical(["a", "b", "c", "d"])})

    def function(params):
        return sum((params[f"x{i}"] - 0.3) ** 2 for i in range(4)) + 0.2 * "cadb".index(params["c"])

    def mean(algorithm):
        return np.mean([run(space, function, algorithm, 60, seed).best.value for seed in range(5)])

    assert mean("tpe") < 0.35 * mean("random")


def test_it_goes_where_the_good_branch_is():
    def function(params):
        return (params["u"] - 0.4) ** 2 if params["kind"] == "good" else 0.5 + (params["v"] - 0.4) ** 2

    optimizer = run(TREE, function, "tpe", 60, 1)
    late = [trial.params["kind"] for trial in optimizer.history[30:]]
    assert late.count("good") > 20
    assert optimizer.best.value < 1e-3


def test_failed_trials_repel():
    space = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
    optimizer = Optimizer(space, algorithm="tpe", seed=0)
    for _ in range(80):
        trial = optimizer.ask()
        if trial.params["x"] > 0.5:
            optimizer.tell(trial, failed="crash")
        else:
            optimizer.tell(trial, trial.params["y"])
    late = [trial.params["x"] > 0.5 for trial in optimizer.history[40:]]
    assert np.mean(late) < 0.25


def test_constraints_on_outcomes_count_before_the_loss():
    optimizer = Optimizer(
        SearchSpace({"x": Float(0, 1)}), algorithm="tpe", objectives={"f": "minimize"}, constraints={"g": ">= 0.5"}
    )
    for _ in range(60):
        trial = optimizer.ask()
        optimizer.tell(trial, {"f": trial.params["x"], "g": trial.params["x"]})
    late = [trial.params["x"] for trial in optimizer.history[30:]]
    assert np.median(late) == pytest.approx(0.5, abs=0.1)


def test_pending_trials_keep_a_batch_apart():
    space = SearchSpace({"x": Float(0, 1), "o": Ordinal(list(range(50)))})
    optimizer = run(space, lambda p: (p["x"] - 0.5) ** 2 + (p["o"] - 20) ** 2 / 400, "tpe", 30, 0)
    batch = optimizer.ask(20)
    assert len({trial.params["o"] for trial in batch}) > 5


def test_it_says_what_it_used():
    optimizer = run(TREE, lambda p: p.get("u", 1.0), "tpe", 30, 0)
    why = optimizer.ask().why
    assert why["model"] == "tpe"
    assert why["trials"] == 30
    assert 1 <= why["good"] <= 3


def test_most_trials_of_a_long_history_are_represented():
    state_of = TPE(kernels=50)
    space = SearchSpace({"x": Float(0, 1)})
    problem = Problem(space=space)
    trials = [finished(i, {"x": (i * 0.618) % 1.0}, float(i % 97)) for i in range(2000)]
    state = state_of.learn(state_of.start(problem), trials)
    proposal = state_of.propose(state, Request(number=2000, seed=0, segment="all"))
    assert proposal is not None
    assert proposal.by == "tpe"


@pytest.mark.slow
def test_an_ask_after_very_many_trials_stays_cheap():
    algorithm = TPE()
    params = MIXED.sample(1000, seed=0)
    trials = [finished(i, params[i % 1000], float(i % 1013)) for i in range(100_000)]
    state = algorithm.learn(algorithm.start(Problem(space=MIXED)), trials)
    begin = time.process_time()
    for number in range(5):
        algorithm.propose(state, Request(number=100_000 + number, seed=0, segment="all"))
    assert (time.process_time() - begin) / 5 < 0.05


@pytest.mark.parametrize(
    "wrong", [{"good": 0}, {"good": 1.5}, {"good": True}, {"candidates": 0}, {"kernels": 1.5}, {"initial": 0}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(SettingsError, match=f"tpe: {next(iter(wrong))}="):
        TPE(**wrong)


def test_the_name_leads_to_the_class():
    assert algorithm_from("tpe", settings_of(TPE(candidates=7))) == TPE(candidates=7)
