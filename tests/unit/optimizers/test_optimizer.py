"""The shell: numbers, tells of every kind, budgets, batches, foreign points."""

import math
import pickle

import numpy as np
import pytest

import askntell as ant
from askntell.errors import (
    ParamsError,
    SettingsError,
    SpaceExhausted,
    TellConflict,
    TellError,
    UnknownTrial,
)

SPACE = ant.SearchSpace({"x": ant.Float(0, 1), "solver": ant.Categorical(["adam", "sgd"])})


@pytest.fixture
def opt():
    return ant.Optimizer(SPACE, algorithm="random")


def test_asks_are_numbered_and_tells_close(opt):
    trials = [opt.ask() for _ in range(3)]
    assert [t.number for t in trials] == [0, 1, 2]
    assert all(t.status == "pending" and t.value is None for t in trials)
    told = opt.tell(trials[1], 0.5)
    assert (told.number, told.status, told.value, told.values) == (1, "finished", 0.5, {"value": 0.5})
    assert trials[1].status == "pending", "a trial is a value; telling makes a new one"
    assert [t.status for t in opt.history] == ["pending", "finished", "pending"]


def test_tell_by_number_and_numpy_scalars(opt):
    opt.ask(5)
    assert opt.tell(2, np.float32(0.5)).value == 0.5
    assert opt.tell(3, np.array(0.25)).value == 0.25
    assert opt.tell(4, 0).value == 0.0
    assert opt.best.number == 4, "a value of zero is a value"


class Tensor:
    """As torch has it: `size` is a method, `numel` counts."""

    def __init__(self, *values):
        self.values = values

    def size(self):
        return (len(self.values),)

    def numel(self):
        return len(self.values)

    def item(self):
        return self.values[0]


def test_tell_a_tensor_of_one_number(opt):
    assert opt.tell(opt.ask(), Tensor(0.5)).value == 0.5
    with pytest.raises(TellError, match="must be a number"):
        opt.tell(opt.ask(), Tensor(0.5, 0.6))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.nan])
def test_not_finite_is_failed(opt, value):
    told = opt.tell(opt.ask(), value)
    assert (told.status, told.failure, told.value) == ("failed", "nan", None)
    assert opt.best is None


@pytest.mark.parametrize("kind", ["crash", "timeout", "memory", "nan", "infeasible"])
def test_failures_by_kind(opt, kind):
    told = opt.tell(opt.ask(), failed=kind, message="why")
    assert (told.status, told.failure, told.message) == ("failed", kind, "why")


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({}, "neither a value nor failed="),
        ({"value": 1.0, "failed": "crash"}, "both a value"),
        ({"failed": "boom"}, "allowed: crash, timeout, memory, nan, infeasible"),
        ({"value": "0.3"}, r"must be a number, got '0.3' \(str\)"),
        ({"value": True}, "must be a number, got True"),
        ({"value": [0.3]}, "must be a number"),
        ({"value": np.zeros(2)}, "must be a number"),
        ({"value": {"loss": 1.0}}, "expected 'value'"),
        ({"value": 1.0, "std": -0.1}, "std must be finite and >= 0"),
        ({"value": 1.0, "std": math.nan}, "std must be finite"),
        ({"value": 1.0, "message": 3}, "message must be a text"),
    ],
)
def test_malformed_tells_change_nothing(opt, kwargs, match):
    trial = opt.ask()
    with pytest.raises(TellError, match=match):
        opt.tell(trial, **kwargs)
    assert opt.history == [trial]


def test_telling_again(opt):
    trial = opt.ask()
    told = opt.tell(trial, 0.5, message="first")
    assert opt.tell(trial, 0.5, message="again") == told
    for again in ({"value": 0.6}, {"failed": "crash"}, {"value": 0.5, "std": 0.1}):
        with pytest.raises(TellConflict, match="trial 0 is finished"):
            opt.tell(trial, **again)
    assert opt.history == [told]


def test_unknown_numbers_and_other_peoples_trials(opt):
    with pytest.raises(UnknownTrial, match="no trial 0; known numbers: none yet"):
        opt.tell(0, 1.0)
    opt.ask(2)
    for number in (2, -1):
        with pytest.raises(UnknownTrial, match="known numbers: 0 to 1"):
            opt.tell(number, 1.0)
    for wrong in ("0", 1.0, True, None):
        with pytest.raises(TellError, match="neither a trial, nor a number, nor params"):
            opt.tell(wrong, 1.0)
    stranger = ant.Optimizer(SPACE, algorithm="random", seed=9).ask()
    with pytest.raises(TellError, match="belongs to another optimizer"):
        opt.tell(stranger, 1.0)


def test_points_measured_elsewhere(opt):
    told = opt.tell({"solver": "sgd", "x": 0.25}, 0.125)
    assert (told.number, told.by, told.params) == (0, "told", {"x": 0.25, "solver": "sgd"})
    assert opt.ask().number == 1
    for params, match in [
        ({"x": 2.0, "solver": "sgd"}, "x"),
        ({"x": 0.5, "solver": "rms"}, "solver"),
        ({"x": 0.5}, "solver"),
        ({"x": 0.5, "solver": "sgd", "lr": 1}, "lr"),
        ({"x": "0.5", "solver": "sgd"}, "x"),
    ]:
        with pytest.raises(ParamsError, match=match):
            opt.tell(params, 1.0)
    assert len(opt.history) == 2


def test_budget_and_stop(opt):
    opt = ant.Optimizer(SPACE, algorithm="random", trials=5)
    assert opt.stop is None
    assert len(opt.ask(3)) == 3
    assert len(opt.ask(3)) == 2
    assert opt.stop == "the 5 planned trials are spent"
    with pytest.raises(SpaceExhausted, match="the 5 planned trials are spent"):
        opt.ask()
    with pytest.raises(SpaceExhausted):
        opt.ask(2)
    opt.tell(4, 0.1)
    assert opt.best.number == 4


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "3"])
def test_counts_must_be_positive_integers(opt, count):
    with pytest.raises(SettingsError, match="allowed: an integer >= 1"):
        opt.ask(count)
    assert opt.history == []


def test_enqueue_comes_first_in_order(opt):
    opt.enqueue({"x": 0.5, "solver": "sgd"})
    opt.enqueue({"x": 0.75, "solver": "adam"})
    first, second, third = opt.ask(3)
    assert (first.params["x"], second.params["x"]) == (0.5, 0.75)
    assert (first.by, second.by, third.by) == ("enqueued", "enqueued", "random")
    with pytest.raises(ParamsError, match="x"):
        opt.enqueue({"x": 7, "solver": "sgd"})


@pytest.mark.parametrize(("fixed", "match"), [({"lr": 1}, "lr"), ({"x": 3}, "x"), ({"solver": 1}, "solver")])
def test_fixed_is_checked(opt, fixed, match):
    with pytest.raises(ParamsError, match=match):
        opt.ask(fixed=fixed)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"algorithm": "genetic"}, "'genetic' is not known; allowed: auto, ax, cmaes, gp, grid, random, sobol, tpe"),
        ({"algorithm": "sobl"}, "did you mean 'sobol'"),
        ({"algorithm": 3}, "neither a name nor an Algorithm"),
        ({"seed": -1}, "seed=-1; allowed"),
        ({"seed": 1.5}, "seed=1.5; allowed"),
        ({"trials": 0}, "trials=0; allowed"),
        ({"direction": "up"}, "allowed: minimize, maximize"),
        ({"objectives": {}}, "0 objectives were given; 1 to 4"),
        ({"objectives": dict.fromkeys("abcde", "minimize")}, "5 objectives were given.*5 or more are not supported"),
        ({"objectives": {"a": "minimize"}, "direction": "minimize"}, "both given"),
    ],
)
def test_settings_are_checked(settings, match):
    with pytest.raises(SettingsError, match=match):
        ant.Optimizer(SPACE, **settings)


def test_named_objective_and_maximising():
    opt = ant.Optimizer(SPACE, algorithm="random", objectives={"accuracy": "maximize"})
    for value in (0.5, 0.9, 0.7):
        opt.tell(opt.ask(), {"accuracy": value})
    assert opt.best.values == {"accuracy": 0.9}
    assert opt.best.number == 1


def test_of_equal_values_the_lowest_number_is_best(opt):
    opt.ask(4)
    for number in (3, 1, 2):
        opt.tell(number, 0.5)
    assert opt.best.number == 1


def test_minimize_and_maximize():
    best = ant.minimize(lambda p: (p["x"] - 0.3) ** 2, SPACE, trials=25)
    assert abs(best.params["x"] - 0.3) < 0.05
    best = ant.maximize(lambda p: p["x"], SPACE, trials=5, algorithm="sobol")
    assert best.value == best.params["x"]

    def sometimes(params):
        if params["solver"] == "sgd":
            raise RuntimeError("diverged")
        return params["x"]

    best = ant.minimize(sometimes, SPACE, trials=20, algorithm="random", catch=(RuntimeError,))
    assert best.params["solver"] == "adam"
    with pytest.raises(RuntimeError, match="diverged"):
        ant.minimize(sometimes, SPACE, trials=20, algorithm="random")


def test_from_history_keeps_numbers_and_gaps(opt):
    trials = opt.ask(6)
    opt.tell(trials[4], 0.5)
    kept = [t for t in opt.history if t.number != 2]
    again = ant.Optimizer.from_history(SPACE, reversed(kept), algorithm="random")
    assert again.history == kept
    assert again.ask().params == opt.ask().params


@pytest.mark.parametrize("kind", ["SpaceError", "TellConflict", "UnknownTrial", "StudyFileError", "MissingExtra"])
def test_errors_cross_process_boundaries(kind):
    import askntell.errors

    error = getattr(askntell.errors, kind)("what came", hint="what to do", path="$.x")
    again = pickle.loads(pickle.dumps(error))  # how multiprocessing and concurrent.futures carry them
    assert type(again) is type(error)
    assert str(again) == str(error) == "$.x: what came; what to do"


@pytest.mark.parametrize("algorithm", ["tpe", "cmaes", "ax"])
def test_what_is_for_one_objective_refuses_when_it_is_made(algorithm, tmp_path):
    goals = {"error": "minimize", "size": "minimize"}
    said = f"algorithm '{algorithm}' is for one objective; there are 2: error, size"
    with pytest.raises(SettingsError, match=said):
        ant.Optimizer(SPACE, algorithm=algorithm, objectives=goals)
    with pytest.raises(SettingsError, match=said):
        ant.Study(tmp_path / "study", SPACE, algorithm=algorithm, objectives=goals)
    assert not (tmp_path / "study").exists()
    ant.Study(tmp_path / "study", SPACE, algorithm=algorithm, objectives={"error": "minimize"})
