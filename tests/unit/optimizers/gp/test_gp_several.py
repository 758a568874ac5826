"""The Gaussian process with several values: gains and their gradients, limits, fronts, and what must not matter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from askntell import Categorical, Float, Optimizer, SearchSpace, Trial
from askntell.goals import Goals
from askntell.optimizers.gp.acquisition import Acquisition
from askntell.optimizers.gp.areas import Area, corner_of, stairs
from askntell.optimizers.gp.chances import Chance, Weighed
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.ensemble import Ensemble
from askntell.optimizers.gp.model import Hyper
from askntell.optimizers.gp.outcomes import Outcomes, limit_among
from askntell.optimizers.gp.posterior import Posterior
from askntell.optimizers.gp.warp import plain
from askntell.optimizers.pareto import hypervolume
from askntell.trial import Outcome, Problem

SQUARE = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
BOTH = {"a": "minimize", "b": "minimize"}


def posterior(seed, *, n=12, c=3, noise=1e-4):
    rng = np.random.default_rng(seed)
    X, y = rng.random((n, c)), rng.standard_normal(n)
    return Posterior.of(Data.of(X, y), Hyper(scale=np.full(c, 0.4), noise=noise))


def area(front=((-1.0, 0.5), (-0.2, 0.1), (0.6, -0.8)), corner=(1.0, 1.2)):
    return Area(first=posterior(1), second=posterior(2), front=np.array(front), corner=np.array(corner))


# ---- gains ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "front", [((-1.0, 0.5), (-0.2, 0.1), (0.6, -0.8)), ((0.3, 0.3),), ((-3.0, -3.0),), ((0.5, 0.5), (0.5000001, 0.4))]
)
def test_the_expected_area_is_the_mean_of_sampled_areas(front):
    gain = area(front)
    X = np.random.default_rng(3).random((4, 3))
    rng = np.random.default_rng(4)
    before = hypervolume(gain.front, gain.corner)
    for x, value in zip(X, np.exp(gain.value(X)), strict=True):
        draws = []
        for model in (gain.first, gain.second):
            mean, std = model.predict(x[None])
            draws.append(mean + std * rng.standard_normal(800))
        grown = [
            hypervolume(np.vstack([gain.front, point]), gain.corner) - before for point in zip(*draws, strict=True)
        ]
        assert value == pytest.approx(np.mean(grown), abs=4 * np.std(grown) / math.sqrt(len(grown)) + 2e-3)


def numeric(score, X, step=1e-6):
    found = np.empty(X.shape)
    for j in range(X.shape[1]):
        shift = np.zeros(X.shape[1])
        shift[j] = step
        found[:, j] = (score.value(X + shift) - score.value(X - shift)) / (2 * step)
    return found


SCORES = {
    "area": area(),
    "area far beyond the front": area(((-9.0, -8.0), (-8.0, -9.0))),
    "chance": Chance(posterior=posterior(5), limit=-0.3),
    "chance at least": Chance(posterior=posterior(5), limit=0.2, sign=-1.0, noise=0.3),
    "hopeless chance": Chance(posterior=posterior(5, noise=1e-6), limit=-50.0),
    "improvement and chances": Weighed(
        gain=Ensemble(members=(Acquisition(posterior=posterior(1), best=-0.4),)),
        chances=(Chance(posterior=posterior(5), limit=0.1), Chance(posterior=posterior(6), limit=0.5)),
    ),
    "area and a chance": Weighed(gain=area(), chances=(Chance(posterior=posterior(5), limit=0.1),)),
    "chances alone": Weighed(gain=None, chances=(Chance(posterior=posterior(5), limit=-2.0),)),
}


@pytest.mark.parametrize("name", SCORES)
def test_gradients(name):
    score = SCORES[name]
    X = np.vstack([np.random.default_rng(8).random((20, 3)), posterior(1).Z[:2] * 0.4 + posterior(1).centre + 1e-3])
    value, gradient = score.gradients(X)
    assert value == pytest.approx(score.value(X), rel=1e-9, abs=1e-9)
    assert gradient == pytest.approx(numeric(score, X), rel=2e-4, abs=2e-4)


def test_a_corner_lies_behind_the_front():
    front = np.array([[0.0, 4.0], [1.0, 2.0]])
    assert corner_of(front, front).tolist() == pytest.approx([1.1, 4.2])
    points = np.array([[0.0, 0.0], [1.0, 2.0]])
    assert corner_of(points[:1], points).tolist() == pytest.approx([1.1, 2.2])
    assert np.all(corner_of(points[:1], points[:1]) > points[0])


def test_long_stairs_are_thinned_and_keep_their_ends():
    x = np.linspace(0, 1, 500)
    steps = stairs(np.column_stack([x, 1 - x]))
    assert len(steps) == 64
    assert steps[[0, -1]].tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_believed_points_count_where_they_are_feasible():
    X = np.random.default_rng(1).random((3, 3))
    gain = Ensemble(members=(Acquisition(posterior=posterior(1), best=5.0),))
    means = gain.posterior.predict(X)[0]
    assert gain.believing(X, np.array([True, True, True])).members[0].best == pytest.approx(means.min())
    assert gain.believing(X, np.array([False, False, False])).members[0].best == 5.0
    wide = area(((2.0, 2.0),), (3.0, 3.0))
    assert len(wide.believing(X, np.zeros(3, dtype=bool)).front) == 1
    assert wide.believing(X, np.ones(3, dtype=bool)).value(X).max() < wide.value(X).max()


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
@pytest.mark.parametrize("shift", [0.0, 5.0, -5.0])
def test_the_limit_keeps_its_place_among_the_targets(scale, shift):
    excess = (np.array([-1.0, 2.0, 0.25, -3.0]) + shift) * (scale / 10)
    z, at = plain(excess), limit_among(np.append(excess, np.nan))
    assert (z <= at + 1e-12).tolist() == (excess <= 0.0).tolist()


# ---- limits --------------------------------------------------------------------------------------------------------


def constrained(count, *, limit=0.5, seed=0, scale=1.0, **settings):
    """Minimise x + y outside a circle around the origin: the best lies on the circle, at an axis."""
    opt = Optimizer(SQUARE, algorithm="gp", seed=seed, constraints={"r": f">= {limit * scale}"}, **settings)
    for _ in range(count):
        trial = opt.ask()
        x, y = trial.params["x"], trial.params["y"]
        opt.tell(trial, {opt.goals.first.name: x + y, "r": scale * math.hypot(x, y)})
    return opt


def test_it_finds_the_edge_of_what_is_feasible():
    opt = constrained(25)
    assert opt.best.value == pytest.approx(0.5, abs=0.01)
    assert opt.goals.feasible(opt.best.values)
    assert opt.recommended.value == pytest.approx(opt.best.value, abs=0.01)
    assert opt.goals.feasible(opt.recommended.values)
    feasible = sum(opt.goals.feasible(trial.values) for trial in opt.history[:24])
    expected = {"by": "gp", "model": "gp", "gain": "improvement", "trials": 24, "feasible": feasible}
    assert expected.items() <= opt.explain(24).items()


def test_units_of_a_limit_do_not_matter():
    one, other = constrained(14), constrained(14, scale=1024.0)
    assert [t.params for t in one.history] == [t.params for t in other.history]


def test_while_nothing_is_feasible_it_looks_for_what_is():
    opt = Optimizer(SQUARE, algorithm="gp", constraints={"c": "<= 0.002"})
    for _ in range(25):
        trial = opt.ask()
        x, y = trial.params["x"], trial.params["y"]
        opt.tell(trial, {"value": 1 - x, "c": (x - 0.83) ** 2 + (y - 0.13) ** 2})
    gains = [opt.explain(trial).get("gain") for trial in opt.history]
    assert gains[5] == "feasibility"
    assert gains[-1] == "improvement"
    assert opt.best.value < 1 - 0.83, "the far side of the small disc"


def test_a_limit_that_never_binds_changes_little():
    opt = Optimizer(SQUARE, algorithm="gp", constraints={"c": "<= 1"})
    for _ in range(20):
        trial = opt.ask()
        opt.tell(trial, {"value": (trial.params["x"] - 0.3) ** 2 + (trial.params["y"] - 0.6) ** 2, "c": 0.5})
    assert opt.best.value < 1e-3


def test_recommended_is_feasible_and_sees_through_noise():
    opt = Optimizer(SQUARE, algorithm="gp", constraints={"c": "<= 0.5"})
    rng = np.random.default_rng(2)
    for params in SQUARE.sample(40, seed=3):
        x = params["x"]
        opt.tell(params, {"value": -x + 0.3 * rng.standard_normal(), "c": x}, std={"value": 0.3, "c": 0.0})
    assert opt.recommended.params["x"] <= 0.5
    assert opt.recommended.params["x"] > 0.35


# ---- several objectives --------------------------------------------------------------------------------------------


def two(params):
    """A front between (0.2, 0.3) and (0.7, 0.9)."""
    x, y = params["x"], params["y"]
    return {"a": (x - 0.2) ** 2 + (y - 0.3) ** 2, "b": (x - 0.7) ** 2 + (y - 0.9) ** 2}


def searched(count, values=two, *, batch=1, space=SQUARE, **settings):
    opt = Optimizer(space, algorithm="gp", **({"objectives": BOTH} | settings))
    while len(opt.history) < count:
        for trial in opt.ask(batch):
            opt.tell(trial, values(trial.params))
    return opt


def params(opt):
    return [tuple(trial.params.values()) for trial in opt.history]


def test_it_covers_the_front():
    opt = searched(35)
    t = np.linspace(0, 1, 2000)
    line = 0.61 * np.column_stack([t**2, (1 - t) ** 2])
    assert opt.hypervolume([0.61, 0.61]) > 0.97 * hypervolume(line, [0.61, 0.61])
    assert opt.explain(34)["gain"] == "hypervolume"


def test_units_of_an_objective_do_not_matter():
    scaled = searched(14, lambda p: {"a": 8 * two(p)["a"] + 3, "b": two(p)["b"] / 1024})
    assert np.array(params(scaled)) == pytest.approx(np.array(params(searched(14))), abs=1e-3)


def test_the_order_of_the_objectives_does_not_matter():
    swapped = searched(12, objectives={"b": "minimize", "a": "minimize"})
    assert np.array(params(swapped)) == pytest.approx(np.array(params(searched(12))), abs=1e-3)


def test_an_objective_that_never_varies_is_left_out():
    opt = searched(20, lambda p: {"a": two(p)["a"], "b": 1.0})
    assert opt.explain(19)["gain"] == "improvement"
    assert min(trial.values["a"] for trial in opt.history) < 1e-3


def test_a_batch_spreads_over_the_front():
    opt = searched(24, batch=8)
    t = np.linspace(0, 1, 2000)
    assert opt.hypervolume([0.61, 0.61]) > 0.85 * hypervolume(0.61 * np.column_stack([t**2, (1 - t) ** 2]), [0.61] * 2)


def test_three_objectives_take_a_direction_an_ask():
    def three(p):
        return two(p) | {"c": (p["x"] - 0.1) ** 2 + (p["y"] - 0.9) ** 2}

    opt = searched(16, three, objectives=BOTH | {"c": "minimize"}, constraints={"a": "<= 0.4"})
    assert opt.explain(15)["gain"] == "scalarised"
    (first, second, third) = opt.ask(3)
    assert len({tuple(trial.params.values()) for trial in (first, second, third)}) == 3
    assert all(trial.values["a"] <= 0.4 for trial in opt.pareto_front)


@pytest.mark.parametrize(
    "values",
    [
        lambda n: {"a": 1e300 * (-1) ** n, "b": -1e300 * n, "c": 1e300 * (-1) ** n},
        lambda n: {"a": 1.0, "b": 1.0, "c": float(n)},
        lambda n: {"a": float(n), "b": float(n), "c": 7.0},
        lambda n: {"a": float(n), "b": math.nan if n % 2 else 1e-300 * n, "c": -1.0},
        lambda n: {"a": float(n % 2), "b": float(n % 3), "c": 5.0 + 1e-9 * n},
    ],
    ids=["huge", "constant", "never feasible", "failures", "hopeless"],
)
@pytest.mark.parametrize("objectives", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_strange_values_do_not_stop_it(values, objectives):
    space = SearchSpace({"x": Float(0, 1), "c": Categorical(["u", "v"])})
    limits = {name: "<= 3" for name in ("a", "b", "c") if name not in objectives or name == "c"}
    opt = Optimizer(space, algorithm="gp", objectives=dict.fromkeys(objectives, "minimize"), constraints=limits)
    for _ in range(16):
        trial = opt.ask()
        assert space.contains(trial.params)
        told = values(trial.number)
        opt.tell(trial, {name: told[name] for name in opt.goals.names})


def test_a_small_finite_space_is_searched_whole():
    space = SearchSpace({"x": Categorical(list("abcdef")), "y": Categorical(list("uvw"))})

    def values(p):
        return {"a": float(ord(p["x"])), "b": float(ord(p["y"]) - ord(p["x"]))}

    opt = searched(18, values, space=space)
    assert opt.stop is not None
    assert len({tuple(trial.params.values()) for trial in opt.history}) == 18


def test_past_the_last_fit_at_every_ask_memos_and_rebuilding_agree():
    points = SQUARE.sample(161, seed=4)
    live = Optimizer(SQUARE, algorithm="gp", objectives=BOTH, constraints={"c": "<= 0.9"})
    for number, point in enumerate(points):
        live.tell(point, two(point) | {"c": point["x"]})
        if number in (149, 155, 160):
            rebuilt = Optimizer.from_history(
                SQUARE, live.history, algorithm="gp", objectives=BOTH, constraints={"c": "<= 0.9"}
            )
            assert rebuilt.ask().params == live.ask().params


@pytest.mark.parametrize(("deadline", "work"), [(None, None), (10.0, "full"), (0.1, "light"), (1e-4, "none")])
def test_a_deadline_is_shared_by_the_models(deadline, work):
    """And 450 trials are more than a posterior knows: the same ones stay in all of them."""
    opt = Optimizer(SQUARE, algorithm="gp", objectives=BOTH, constraints={"c": "<= 0.9"})
    for point in SQUARE.sample(450, seed=4):
        opt.tell(point, two(point) | {"c": point["x"]})
    trial = opt.ask(deadline=deadline)
    assert trial.why.get("work") == work
    assert trial.by == ("random" if work == "none" else "gp")
    assert (
        Optimizer.from_history(SQUARE, opt.history[:-1], algorithm="gp", objectives=BOTH, constraints={"c": "<= 0.9"})
        .ask(deadline=deadline)
        .params
        == trial.params
    )


def test_of_many_trials_those_good_in_any_mixture_are_kept():
    problem = Problem(space=SQUARE, goals=Goals.of(BOTH, {"c": "<= 0.9"}))
    x = np.linspace(0, 1, 101)
    points = [{"x": t, "y": u} for u in (0.0, 0.25, 0.5, 0.75, 1.0) for t in x]
    trials = [
        Trial(number=n, params=p).told(
            Outcome.of(problem.goals, {"a": p["x"] ** 2 + p["y"], "b": (1 - p["x"]) ** 2 + p["y"], "c": p["x"]})
        )
        for n, p in enumerate(points)
    ]
    some = Outcomes.empty(problem).extended(problem, trials).best(100)
    assert len(some.numbers) == 100
    on_front = [p for p in some.U if p[1] == 0.0 and p[0] <= 0.9]
    assert len(on_front) > 30
    assert np.ptp([p[0] for p in on_front]) > 0.8
