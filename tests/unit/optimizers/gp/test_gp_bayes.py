"""The algorithm `gp` as a whole: a pure function of the trials that survives everything it may be told."""

import warnings

import numpy as np
import pytest
from gp_samples import MIXED, SQUARE, bowl, mixed_loss, propose, told

from askntell import Categorical, Constant, Float, Int, Optimizer, Ordinal, SearchSpace, Trial
from askntell.errors import SettingsError, SpaceExhausted
from askntell.goals import Goals
from askntell.optimizers import Request
from askntell.optimizers.gp import GP, model
from askntell.optimizers.gp.posterior import Posterior
from askntell.trial import Outcome, Problem

# ---- the law ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("space, function", [(SQUARE, bowl), (MIXED, mixed_loss)])
def test_a_live_optimizer_and_a_rebuilt_one_agree(space, function):
    """Also past the last fit at every ask (150) and past the whole posterior (400); asks in between fill memos."""
    points = iter(space.sample(430, seed=1))
    live = Optimizer(space, algorithm="gp", seed=3)
    check = {0, 4, 5, 9, 10, 37, 150, 151, 157, 158, 420}
    number = 0
    while number <= 420:
        if number in check or number in {36, 149}:
            rebuilt = Optimizer.from_history(space, live.history, algorithm="gp", seed=3)
            a, b = live.ask(), rebuilt.ask()
            assert a.params == b.params and a.by == b.by
            if number >= 10:
                assert a.by == "gp"
            value = function(a.params)
            live.tell(a, failed="crash") if number in {36, 151} else live.tell(a, value)
        else:
            params = next(points)
            live.tell(params, function(params))
        number += 1


def test_learning_in_parts_is_learning_at_once():
    trials = told(MIXED, mixed_loss, 40)
    trials[7] = Trial(number=7, params=trials[7].params).told(Outcome(failure="crash"))
    algorithm, problem = GP(), Problem(space=MIXED)
    whole = algorithm.learn(algorithm.start(problem), trials)
    parts = algorithm.start(problem)
    for k in (0, 5, 20, 38, 39):
        parts = algorithm.learn(parts, trials[len(parts.outcomes.numbers) : k + 1])
        if len(parts.outcomes.numbers) > 5:
            assert parts.improvement  # fills the memos that must not matter
    request = Request(number=40, seed=0, segment="all", taken={MIXED.key(t.params) for t in trials})
    assert algorithm.propose(whole, request) == algorithm.propose(parts, request)
    assert algorithm.propose(whole, request) == algorithm.propose(whole, request)


@pytest.mark.parametrize(("kernel", "expected"), [("matern", 2), ("gauss", 2), ("auto", 3)])
def test_a_batch_is_asks_one_by_one_with_one_fit(monkeypatch, kernel, expected):
    live = Optimizer.from_history(SQUARE, told(SQUARE, bowl, 12), algorithm=GP(kernel=kernel), seed=1)
    single = Optimizer.from_history(SQUARE, told(SQUARE, bowl, 12), algorithm=GP(kernel=kernel), seed=1)
    fits = []
    original = model.Objective.__init__
    monkeypatch.setattr(model.Objective, "__init__", lambda *a: (fits.append(1), original(*a))[1])
    batch = live.ask(6)
    assert len(fits) == expected  # one for each warp, and one for the second kernel
    assert [t.params for t in batch] == [single.ask().params for _ in range(6)]
    keys = {SQUARE.key(t.params) for t in batch}
    assert len(keys) == 6
    # fantasies push the points apart
    points = SQUARE.unit.encode_many([t.params for t in batch])
    apart = np.abs(points[:, None] - points).max(axis=2) + np.eye(6)
    assert apart.min() > (1e-3 if kernel == "matern" else 1e-4)  # the smooth model is surer of a bowl


def test_the_seed_and_the_number_matter_and_the_settings_do():
    trials = told(SQUARE, bowl, 12)
    assert propose(SQUARE, trials, seed=1) != propose(SQUARE, trials, seed=2)
    with pytest.raises(SettingsError, match="warp='best'"):
        GP(warp="best")
    with pytest.raises(SettingsError, match="starts=1"):
        GP(starts=1)
    with pytest.raises(SettingsError, match="initial=True"):
        GP(initial=True)


# ---- invariances -----------------------------------------------------------------------------------------------------


def unit(space, proposal):
    return space.unit.encode(proposal.params)


@pytest.mark.parametrize("scale, offset", [(1000.0, 0.0), (0.25, 0.0), (3.0, -7.0)])
def test_shift_and_scale_of_the_loss(scale, offset):
    plainly = propose(SQUARE, told(SQUARE, bowl, 15))
    moved = propose(SQUARE, told(SQUARE, lambda p: scale * bowl(p) + offset, 15))
    np.testing.assert_allclose(unit(SQUARE, moved), unit(SQUARE, plainly), atol=1e-5)


def test_maximising_is_minimising_the_negative():
    down = propose(MIXED, told(MIXED, mixed_loss, 25))
    up = propose(MIXED, told(MIXED, lambda p: -mixed_loss(p), 25), goals=Goals.of(direction="maximize"))
    assert up == down


def test_the_range_of_a_float_does_not_matter():
    wide = SearchSpace({"x": Float(-1000, 3000), "y": Float(0, 1e-6)})
    trials = told(SQUARE, bowl, 15)
    moved = [
        Trial(number=t.number, params={"x": -1000 + 4000 * t.params["x"], "y": (t.params["y"] + 5) * 1e-7}).told(
            t.outcome
        )
        for t in trials
    ]
    np.testing.assert_allclose(unit(wide, propose(wide, moved)), unit(SQUARE, propose(SQUARE, trials)), atol=1e-5)


def test_names_of_categories_do_not_matter():
    def space(names):
        return SearchSpace({"x": Float(0, 1), "kind": Categorical(names)})

    one, other = space(["a", "b", "c"]), space(["z", "q", "m"])
    rename = dict(zip("abc", "zqm", strict=True))
    trials = told(one, lambda p: p["x"] ** 2 + "abc".index(p["kind"]), 12)
    renamed = [
        Trial(number=t.number, params={**t.params, "kind": rename[t.params["kind"]]}).told(t.outcome) for t in trials
    ]
    a, b = propose(one, trials), propose(other, renamed)
    assert {**a.params, "kind": rename[a.params["kind"]]} == b.params


def test_order_of_the_data_does_not_matter_to_the_posterior():
    rng = np.random.default_rng(0)
    X, y = rng.random((30, 3)), rng.normal(size=30)
    hyper = model.Hyper(scale=np.array([0.3, 0.5, 0.9]), noise=1e-3)
    order, points = rng.permutation(30), rng.random((8, 3))
    for a, b in zip(
        Posterior.of(model.Data.of(X, y), hyper).predict(points),
        Posterior.of(model.Data.of(X[order], y[order]), hyper).predict(points),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, atol=1e-10)


# ---- what is asked for is kept ---------------------------------------------------------------------------------------


def test_every_proposal_is_in_the_space_and_new():
    optimizer = Optimizer(MIXED, algorithm="gp", seed=0)
    for k in range(45):
        trial = optimizer.ask()
        assert MIXED.contains(trial.params)
        optimizer.tell(trial, mixed_loss(trial.params))
        assert trial.by == ("default" if k == 0 else "sobol" if k < 8 else "gp")
    assert len({MIXED.key(t.params) for t in optimizer.history}) == 45


@pytest.mark.parametrize(
    "fixed", [{"solver": "sgd"}, {"solver": "adam", "layers": 6}, {"lr": 1e-4, "momentum": 0.5, "solver": "sgd"}]
)
def test_fixed_parameters_are_held(fixed):
    optimizer = Optimizer.from_history(MIXED, told(MIXED, mixed_loss, 20), algorithm="gp", seed=0)
    for trial in optimizer.ask(4, fixed=fixed):
        assert trial.by == "gp" and MIXED.contains(trial.params)
        assert {name: trial.params[name] for name in fixed} == fixed


def test_everything_fixed_leaves_one_point():
    point = MIXED.default()
    held = {name: value for name, value in point.items() if name != "epochs"}
    trials = [t for t in told(MIXED, mixed_loss, 12) if t.params != point]
    assert propose(MIXED, trials, fixed=held).params == point
    last = Trial(number=len(trials), params=point).told(Outcome(values={"value": 1.0}))
    assert propose(MIXED, [*trials, last], fixed=held) is None


FINITE = {
    "one": {"c": Constant(1)},
    "two": {"a": Categorical(["p", "q"])},
    "single": {"a": Categorical(["p"]), "b": Constant(2)},
    "grid": {"a": Int(1, 4), "b": Categorical(["p", "q", "r"]), "c": Float(0, 1, step=0.5)},
    "conditional": {"a": Categorical(["p", "q"]), "b": Int(1, 5, when={"a": "p"}), "c": Int(1, 3)},
    "larger": {"a": Int(1, 40), "b": Ordinal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096])},
}


@pytest.mark.parametrize("name", FINITE)
def test_a_finite_space_is_exhausted_without_repetition(name):
    space = SearchSpace(FINITE[name], constraints=["a + b >= 30"] if name == "larger" else [])
    optimizer = Optimizer(space, algorithm="gp", seed=0)
    points = {space.key(p) for p in space.points()}
    if name == "larger":  # size 520: searched, not listed; most of it is told, not asked
        for params in list(space.points())[:-30]:
            optimizer.tell(params, float(params["a"]))
    while True:
        try:
            trial = optimizer.ask()
        except SpaceExhausted:
            break
        optimizer.tell(trial, float(len(str(trial.params))))
    asked = [space.key(t.params) for t in optimizer.history]
    assert len(asked) == len(set(asked)) and set(asked) == points


# ---- robustness ------------------------------------------------------------------------------------------------------

VALUES = {
    "constant": lambda k, p: 1.0,
    "two values": lambda k, p: float(k % 2),
    "huge": lambda k, p: 1e300 * (p["x"] - 0.5),
    "tiny": lambda k, p: 5e-324 * (k % 3),
    "diverging": lambda k, p: 10.0 ** (30 * p["x"]),
    "mixed magnitudes": lambda k, p: [1e308, -1e308, 0.0, 1e-300, 1.0][k % 5],
}


@pytest.mark.parametrize("values", VALUES)
def test_strange_values(values):
    optimizer = Optimizer(SQUARE, algorithm="gp", seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(14):
            trial = optimizer.ask()
            assert SQUARE.contains(trial.params)
            optimizer.tell(trial, VALUES[values](k, trial.params))
    assert (optimizer.history[-1].by == "gp") == (values != "constant")


@pytest.mark.parametrize("failing", ["all", "half", "two", "all but two"])
def test_failures(failing):
    optimizer = Optimizer(SQUARE, algorithm="gp", seed=0)
    for k in range(16):
        trial = optimizer.ask()
        assert SQUARE.contains(trial.params)
        fails = {"all": True, "half": k % 2 == 0, "two": k in (1, 9), "all but two": k not in (2, 5)}[failing]
        if fails:
            optimizer.tell(trial, failed="crash")
        else:
            optimizer.tell(trial, bowl(trial.params))
    # three values are needed for a model
    assert (optimizer.history[-1].by == "gp") == (failing in ("half", "two"))


def test_failures_teach_where_trials_fail():
    """The minimum of the values lies where every trial fails; the best that remains is on the edge of that region."""

    def fails(params):
        return params["x"] < 0.5

    optimizer = Optimizer(SQUARE, algorithm="gp", seed=0)
    for _ in range(40):
        trial = optimizer.ask()
        if fails(trial.params):
            optimizer.tell(trial, failed="memory")
        else:
            optimizer.tell(trial, bowl(trial.params))
    assert optimizer.best.params["x"] < 0.53 and abs(optimizer.best.params["y"] - 1) < 0.3
    algorithm = GP()
    state = algorithm.learn(algorithm.start(Problem(space=SQUARE)), optimizer.history)
    points = SQUARE.sample(400, seed=3)
    label, _ = state.chances[-1].posterior.predict(state.any_fit.columns.transform(SQUARE.unit.encode_many(points)))
    assert np.mean((label < 0) == [fails(p) for p in points]) > 0.75


def test_one_failure_does_not_spoil_the_model():
    """A failed trial must not pull up the model's mean: the crash may have nothing to do with the params."""
    trials = told(SQUARE, bowl, 20)
    best = min(range(20), key=lambda k: trials[k].value)
    crashed = Trial(number=20, params={k: v + 1e-3 for k, v in trials[best].params.items()})
    crashed = crashed.told(Outcome(failure="crash"))
    algorithm = GP()
    start = algorithm.start(Problem(space=SQUARE))
    before, after = (
        algorithm.learn(start, closed).improvement[0].members[0] for closed in (trials, [*trials, crashed])
    )
    points = np.random.default_rng(0).random((20, 2))
    (mean, std), (mean_after, std_after) = (a.posterior.predict(points) for a in (before, after))
    np.testing.assert_allclose(mean_after, mean, atol=1e-9)
    assert np.all(std_after <= std + 1e-12) and after.best == pytest.approx(before.best, abs=1e-9)


def test_the_same_point_told_fifty_times():
    point = {"x": 0.5, "y": 0.0}
    rng = np.random.default_rng(0)
    trials = told(SQUARE, bowl, 6)
    trials += [
        Trial(number=6 + k, params=point).told(Outcome(values={"value": 0.1 + 0.01 * float(rng.normal())}))
        for k in range(50)
    ]
    proposal = propose(SQUARE, trials)
    assert proposal.by == "gp" and SQUARE.contains(proposal.params)
    assert proposal.params != point


@pytest.mark.parametrize("std", [0.0, 0.05, 1e200])
def test_known_noise(std):
    trials = [
        Trial(number=t.number, params=t.params).told(Outcome(values=t.values, std=std if t.number % 3 else None))
        for t in told(SQUARE, bowl, 15)
    ]
    proposal = propose(SQUARE, trials)
    assert proposal.by == "gp" and SQUARE.contains(proposal.params)


def test_noise_free_values_are_believed():
    def fitted(std):
        trials = [
            Trial(number=t.number, params=t.params).told(Outcome(values=t.values, std=std))
            for t in told(SQUARE, bowl, 15)
        ]
        algorithm = GP()
        state = algorithm.learn(algorithm.start(Problem(space=SQUARE)), trials)
        return state.any_fit

    exact, unknown = fitted(0.0), fitted(None)
    assert exact.exact and not unknown.exact
    assert exact.hyper.noise < 0.3 * unknown.hyper.noise


def test_pending_trials_that_nobody_modelled():
    """Many pending, the same point pending twice, and a pending trial at a told point."""
    trials = told(SQUARE, bowl, 8)
    pending = [Trial(number=8 + k, params=trials[0].params) for k in range(2)]
    pending += [Trial(number=10 + k, params=p) for k, p in enumerate(SQUARE.sample(40, seed=5))]
    proposal = propose(SQUARE, trials, pending=pending)
    assert proposal.by == "gp" and SQUARE.contains(proposal.params)


def test_only_pending_trials_and_no_value():
    pending = [Trial(number=k, params=p) for k, p in enumerate(SQUARE.sample(20, seed=5))]
    assert propose(SQUARE, [], pending=pending).by == "sobol"


def test_many_rows():
    trials = told(SQUARE, bowl, 20000)
    proposal = propose(SQUARE, trials)
    assert proposal.by == "gp" and SQUARE.contains(proposal.params)
