"""Checkpoints and the choice of trials once there are many."""

import numpy as np
import pytest

from askntell import Float, SearchSpace
from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.subset import checkpoint, fit_set, label_set, pool, posterior_set

SPACE = SearchSpace({"a": Float(0, 1), "b": Float(0, 1)})
COLUMNS = Columns.of(SPACE.unit.columns, np.zeros((1, 2)))


def test_checkpoints_grow_by_a_twentieth():
    assert [checkpoint(n) for n in (0, 37, 150, 151, 157, 158, 165, 166)] == [0, 37, 150, 150, 150, 158, 158, 166]
    met = sorted({checkpoint(n) for n in range(150, 3000)})
    assert met[1:] == [-(-105 * n // 100) for n in met[:-1]]


@pytest.mark.parametrize("n", [3, 200, 201, 5000])
def test_sets_are_bounded_and_hold_the_best_and_the_latest(n):
    rng = np.random.default_rng(0)
    y, numbers, X = rng.normal(size=n), np.arange(n), rng.random((n, 2))
    best = np.argsort(y)
    fit = fit_set(y, numbers)
    assert len(fit) == min(n, 200) == len(set(fit))
    assert set(best[:50]) <= set(fit) and set(range(max(n - 25, 0), n)) <= set(fit)
    post = posterior_set(y, numbers, X, COLUMNS, np.array([0.2, 0.5]))
    assert len(post) == min(n, 400) == len(set(post))
    assert set(best[:100]) <= set(post) and set(range(max(n - 50, 0), n)) <= set(post)
    near = np.argsort((((X - X[best[0]]) / [0.2, 0.5]) ** 2).sum(axis=1))
    assert set(near[:150]) <= set(post)
    failed = rng.random(n) < 0.5
    labels = label_set(failed, numbers)
    assert len(labels) == min(n, 200) and set(np.flatnonzero(failed)[-100:]) <= set(labels)


def test_the_rest_is_chosen_by_number_alone():
    y = np.arange(1000.0)
    some = set(fit_set(y, np.arange(1000)))
    late = set(fit_set(np.append(y, 2000.0), np.arange(1001)))
    assert len(some & late) >= 198  # one more trial pushes out at most one of each kind


def test_a_lighter_set_has_the_same_composition():
    rng = np.random.default_rng(1)
    y, numbers, X = rng.normal(size=3000), np.arange(3000), rng.random((3000, 2))
    best = np.argsort(y)
    fit, post = fit_set(y, numbers, count=40), posterior_set(y, numbers, X, COLUMNS, np.ones(2), count=100)
    assert len(fit) == 40 and set(best[:10]) <= set(fit) and set(range(2995, 3000)) <= set(fit)
    assert len(post) == 100 and set(best[:25]) <= set(post) and set(range(2988, 3000)) <= set(post)


def test_equal_values_are_taken_by_index():
    y, numbers, X = np.zeros(1000), np.arange(1000), np.zeros((1000, 2))
    assert set(range(50)) <= set(fit_set(y, numbers))
    assert set(range(100)) <= set(posterior_set(y, numbers, X, COLUMNS, np.ones(2)))


def test_the_pool_holds_the_best_and_the_latest_and_bears_failures():
    rng = np.random.default_rng(2)
    loss = np.where(rng.random(5000) < 0.7, np.nan, rng.normal(size=5000))
    chosen = pool(loss, np.arange(5000), 400)
    assert len(chosen) == 400 == len(set(chosen)) and np.all(np.diff(chosen) > 0)
    assert set(np.argsort(loss)[:200]) <= set(chosen) and set(range(4900, 5000)) <= set(chosen)
    assert np.array_equal(pool(loss[:300], np.arange(300), 400), np.arange(300))
    assert len(pool(np.full(900, np.nan), np.arange(900), 400)) == 400
