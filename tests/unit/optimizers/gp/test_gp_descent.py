"""The descent of hyperparameter fits on functions whose minima are known, and what it carries over."""

import numpy as np
import pytest

from askntell.optimizers.gp.descent import descended, sharpened

FAR = np.full(3, 50.0)


def bowl(weight, centre):
    calls = []

    def function(x):
        calls.append(x)
        return float(0.5 * weight @ (x - centre) ** 2), weight * (x - centre)

    return function, calls


def test_a_bowl_inside_and_at_the_border_of_a_box():
    weight, centre = np.array([1.0, 40.0, 5.0]), np.array([0.3, -0.2, 2.0])
    function, _ = bowl(weight, centre)
    low, high = np.array([-1.0, -1.0, -1.0]), np.array([1.0, 1.0, 1.0])
    found = descended(function, np.array([-0.9, 0.9, 0.0]), low, high, gain=1e-9, evaluations=100)
    np.testing.assert_allclose(found.x, [0.3, -0.2, 1.0], atol=1e-3)
    assert found.value == function(found.x)[0]


def test_it_ends_in_time_is_never_worse_and_stops_where_it_is_told():
    function, calls = bowl(np.array([1.0, 1000.0, 30.0]), np.zeros(3))
    start = np.array([3.0, 2.0, -4.0])
    before = function(start)[0]
    calls.clear()
    found = descended(function, start, -FAR, FAR, gain=1e-12, evaluations=5)
    assert len(calls) == 5 and found.value <= before
    early = descended(function, start, -FAR, FAR, gain=1e-12, evaluations=50, enough=lambda x: x[0] < 2.9)
    assert 1e-6 < early.value < before


def test_a_known_curvature_saves_evaluations():
    weight = np.array([1.0, 300.0, 30.0])
    function, calls = bowl(weight, np.array([0.5, 0.1, -0.2]))
    first = descended(function, np.zeros(3), -FAR, FAR, gain=1e-6, evaluations=100)
    cold = len(calls)
    calls.clear()
    again = descended(function, np.zeros(3), -FAR, FAR, H=np.diag(1.0 / weight), gain=1e-6, evaluations=100)
    assert len(calls) <= 3 < cold
    assert again.value <= first.value + 1e-6


def test_places_without_a_value_are_left():
    def function(x):
        if x[0] > 1.0:
            return 1e10, np.zeros(3)
        return float(x @ x - 8.0 * x[0]), 2.0 * x - np.array([8.0, 0.0, 0.0])

    found = descended(function, np.array([-3.0, 1.0, 1.0]), -FAR, FAR, gain=1e-9, evaluations=100)
    assert 0.5 < found.x[0] <= 1.0 and np.isfinite(found.value)


@pytest.mark.parametrize("times", [1.0, 3.125])
def test_curvature_of_more_data(times):
    """Prior plus likelihood: of `times` as many data the likelihood's part grows, the prior's does not."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(4, 4))
    likelihood = A @ A.T
    H = sharpened(np.linalg.inv(np.eye(4) + likelihood), times)
    np.testing.assert_allclose(H, np.linalg.inv(np.eye(4) + times * likelihood), atol=1e-9)
