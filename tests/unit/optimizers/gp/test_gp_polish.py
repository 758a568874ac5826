"""The batched local search on functions whose maxima are known."""

import numpy as np
import pytest

from askntell.optimizers.gp.polish import maximise


def free(start):
    return np.ones(start.shape, dtype=bool)


def test_a_quadratic_in_the_box_and_on_its_border():
    centre = np.array([0.3, 1.4, -0.5, 0.8])
    weight = np.array([1.0, 30.0, 3.0, 300.0])

    def function(x, rows):
        return -(weight * (x - centre) ** 2).sum(axis=1), -2 * weight * (x - centre)

    start = np.random.default_rng(0).random((5, 4))
    found, value = maximise(function, start, free=free(start), scale=np.full(4, 0.5), evaluations=40)
    np.testing.assert_allclose(found, np.tile([0.3, 1.0, 0.0, 0.8], (5, 1)), atol=1e-3)
    np.testing.assert_array_equal(value, function(found, None)[0])


def test_a_curved_valley():
    def function(x, rows):
        a, b = 4 * x[:, 0] - 2, 4 * x[:, 1] - 1
        value = -((1 - a) ** 2 + 10 * (b - a**2) ** 2)
        return value, np.stack([4 * (2 * (1 - a) + 40 * a * (b - a**2)), -80 * (b - a**2)], axis=1)

    for start in ([0.1, 0.9], [0.5, 0.5], [0.9, 0.0]):
        rows = np.array([start])
        found, _ = maximise(function, rows, free=free(rows), scale=np.ones(2), evaluations=150)
        np.testing.assert_allclose(found, [[0.75, 0.5]], atol=5e-3)


def test_rows_that_cannot_overtake_the_best_one_stop():
    """Two hills: a row on the way up the lower one is left where the higher one is out of its reach."""
    seen = []

    def function(x, rows):
        seen.append(set(rows.tolist()))
        high = np.where(x[:, 0] > 0.5, 100.0, 0.0)
        top = np.where(x[:, 0] > 0.5, 0.8, 0.3)
        return high - (x[:, 0] - top) ** 4, -4 * (x - top[:, None]) ** 3

    start = np.array([[0.05], [0.55]])
    found, _ = maximise(function, start, free=free(start), scale=np.ones(1), evaluations=40)
    assert seen[0] == {0, 1} and seen[-1] == {1}
    assert abs(found[1, 0] - 0.8) < 0.1 and found[0, 0] < 0.3


def test_frozen_coordinates_and_hopeless_rows_stay():
    def function(x, rows):
        value = -((x - 0.5) ** 2).sum(axis=1)
        value[rows == 2] = np.nan
        value[x[:, 1] > 0.8] = -np.inf
        return value, -2 * (x - 0.5)

    start = np.array([[0.1, 0.2], [0.9, 0.2], [0.3, 0.3], [0.1, 0.9]])
    moves = np.array([[True, False], [False, False], [True, True], [True, True]])
    found, value = maximise(function, start, free=moves, scale=np.ones(2), evaluations=30)
    np.testing.assert_allclose(found[0], [0.5, 0.2], atol=1e-3)
    np.testing.assert_array_equal(found[1:], start[1:])
    assert value[0] > -0.091


def test_never_worse_and_within_the_given_evaluations():
    calls = []

    def function(x, rows):
        calls.append(len(x))
        return np.sin(40 * x[:, 0]) * np.cos(31 * x[:, 1]), np.stack(
            [40 * np.cos(40 * x[:, 0]) * np.cos(31 * x[:, 1]), -31 * np.sin(40 * x[:, 0]) * np.sin(31 * x[:, 1])],
            axis=1,
        )

    start = np.random.default_rng(1).random((6, 2))
    before = function(start, None)[0]
    calls.clear()
    found, value = maximise(function, start, free=free(start), scale=np.ones(2), evaluations=12)
    assert np.all(value >= before) and np.all((found >= 0) & (found <= 1))
    assert calls[0] == 6 and calls == sorted(calls, reverse=True) and len(calls) <= 12
    np.testing.assert_allclose(function(found, None)[0], value)


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_leaves_a_border_that_the_gradient_points_away_from(start):
    found, _ = maximise(
        lambda x, _: (-((x - 0.4) ** 2)[:, 0], -2 * (x - 0.4)),
        np.array([[start]]),
        free=np.array([[True]]),
        scale=np.ones(1),
        evaluations=30,
    )
    np.testing.assert_allclose(found, [[0.4]], atol=1e-3)
