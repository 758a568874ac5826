"""Work by deadline: the table, and what an ask with little time still does."""

from itertools import pairwise

import numpy as np
import pytest
from gp_samples import MIXED, SQUARE, bowl, mixed_loss

from askntell import Categorical, Float, Optimizer, SearchSpace
from askntell.optimizers.gp import GP, cholesky, effort
from askntell.optimizers.gp.effort import FULL, LEVELS, Work
from askntell.optimizers.gp.posterior import Posterior


def chosen(deadline, *, trials=100, pending=0, columns=10):
    return Work.of(deadline, trials=trials, pending=pending, columns=columns).name


def test_the_table_grows_with_the_problem_and_falls_with_the_level():
    tables = [np.array(effort.MILLISECONDS[work.name]) for work in LEVELS[:-1]]
    for table in tables:
        assert table.shape == (len(effort.TRIALS), len(effort.COLUMNS))
        assert np.all(np.diff(table, axis=0) >= 0) and np.all(np.diff(table, axis=1) > 0)
    for more, less in pairwise(tables):
        assert np.all(more[3:] > less[3:])  # with few trials a light fit costs what the full one does


def test_less_time_never_means_more_work():
    order = [work.name for work in LEVELS]
    for trials in (0, 6, 100, 151, 5_000, 99_999, 10**6):
        for columns in (1, 6, 60, 150, 500):
            for pending in (0, 20, 500):
                made = [
                    order.index(chosen(t, trials=trials, pending=pending, columns=columns))
                    for t in (60.0, 1.0, 0.3, 0.1, 0.05, 0.02, 0.01, 0.002, 1e-9)
                ]
                assert made == sorted(made)
                assert made[-1] == made[-2] == len(LEVELS) - 1
    assert chosen(None, trials=10**9, columns=10**4) == "full"
    assert Work.of(None, trials=1, pending=0, columns=1) is FULL
    assert chosen(3600.0, trials=10**5, columns=200) == "full"


def test_fifty_milliseconds_leave_a_model_up_to_sixty_parameters_and_any_number_of_trials():
    for trials in (0, 20, 150, 10_000, 100_000):
        for columns in (1, 5, 20, 60):
            assert chosen(0.05, trials=trials, columns=columns) != "none"
            assert chosen(0.05, trials=trials, columns=columns, pending=10_000) != "none"


@pytest.mark.parametrize("space, function", [(SQUARE, bowl), (MIXED, mixed_loss)])
def test_every_level_proposes_new_points_of_the_space_and_a_rebuilt_optimizer_agrees(space, function):
    live = Optimizer(space, algorithm="gp", seed=2)
    names = set()
    for k in range(30):
        deadline = (None, 0.08, 0.045, 0.02, 0.001)[k % 5]
        rebuilt = Optimizer.from_history(space, live.history, algorithm="gp", seed=2)
        trial = live.ask(deadline=deadline)
        assert trial.params == rebuilt.ask(deadline=deadline).params
        assert space.contains(trial.params)
        if k >= 8:
            names.add(trial.why.get("work"))
            assert ("work" in trial.why) == (deadline is not None)
        if k % 7 != 6:
            live.tell(trial, function(trial.params))
        elif k % 2:
            live.tell(trial, failed="crash")
    assert names >= {None, "full", "light", "none"}
    assert len({space.key(t.params) for t in live.history}) == 30


def test_little_time_means_few_factorisations_and_kernels(monkeypatch):
    """Deterministic counts stand in for times."""
    space = SearchSpace({f"x{k}": Float(0, 1) for k in range(6)})
    count = {"factor": 0, "points": 0}
    dpotrf, predict, gradients = cholesky.dpotrf, Posterior.predict, Posterior.gradients

    def counted_factor(*given, **how):
        count["factor"] += 1
        return dpotrf(*given, **how)

    def counted(original):
        def call(self, X):
            count["points"] += len(X) * len(self.y)
            return original(self, X)

        return call

    monkeypatch.setattr(cholesky, "dpotrf", counted_factor)
    monkeypatch.setattr(Posterior, "predict", counted(predict))
    monkeypatch.setattr(Posterior, "gradients", counted(gradients))
    spent = {}
    for work in LEVELS:
        optimizer = Optimizer(space, algorithm="gp", seed=0)
        for params in space.sample(300, seed=1):
            optimizer.tell(params, sum((v - 0.4) ** 2 for v in params.values()))
        monkeypatch.setattr(Work, "of", staticmethod(lambda *_, work=work, **__: work))
        count.update(factor=0, points=0)
        trial = optimizer.ask(deadline=1.0)
        spent[work.name] = dict(count)
        assert trial.why["work"] == work.name
        assert trial.why.get("used") == (min(300, work.posterior) or None)
    assert spent["none"] == {"factor": 0, "points": 0}
    assert spent["light"]["factor"] == 1 and spent["light"]["points"] < 120_000
    assert spent["medium"]["factor"] <= 60 and spent["medium"]["points"] < 250_000
    assert spent["full"]["points"] > 2 * spent["medium"]["points"]


def test_a_light_ask_is_far_better_than_none():
    """On a bowl in four dimensions, from the same 40 random points: the mean of 12 asks at each level."""
    space = SearchSpace({f"x{k}": Float(0, 1) for k in range(4)})

    def function(params):
        return sum((v - 0.3 - 0.1 * k) ** 2 for k, v in enumerate(params.values()))

    reached = {}
    for deadline in (0.02, 0.001):
        optimizer = Optimizer(space, algorithm="gp", seed=0)
        for params in space.sample(40, seed=3):
            optimizer.tell(params, function(params))
        for _ in range(12):
            trial = optimizer.ask(deadline=deadline)
            optimizer.tell(trial, function(trial.params))
        reached[trial.why["work"]] = optimizer.best.value
    assert reached["light"] < 0.2 * reached["none"]


def test_many_pending_trials_and_failures_with_little_time():
    optimizer = Optimizer(MIXED, algorithm="gp", seed=0)
    for k, params in enumerate(MIXED.sample(60, seed=1)):
        if k % 3:
            optimizer.tell(params, mixed_loss(params))
        else:
            optimizer.tell(params, failed="memory")
    batch = optimizer.ask(40, deadline=0.03)
    assert {t.why["work"] for t in batch} == {"light"}
    assert max(t.why["pending"] for t in batch) == 16  # the latest ones
    assert len({MIXED.key(t.params) for t in batch}) == 40 and all(MIXED.contains(t.params) for t in batch)


def test_a_finite_space_is_exhausted_with_no_time_at_all():
    space = SearchSpace({"a": Categorical(["p", "q", "r"]), "b": Categorical([1, 2, 3])})
    optimizer = Optimizer(space, algorithm=GP(initial=3), seed=0)
    for _ in range(9):
        trial = optimizer.ask(deadline=1e-6)
        optimizer.tell(trial, float(len(optimizer.history) % 4))
    assert optimizer.stop is not None


def test_settings_smaller_than_a_level_stay():
    work = LEVELS[2]
    assert work.part(512, 32) == 128 and work.part(40, 32) == 32 and work.part(5, 32) == 5
    assert FULL.part(6, 2) == 6 and work.part(6, 2) == 2 and work.part(0, 32) == 0
