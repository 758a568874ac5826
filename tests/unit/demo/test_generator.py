"""The generator learns what it is shown, everywhere in its search space."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askntell._rng import stream
from askntell.demo import showers
from askntell.demo.campaign import space

pytest.importorskip("sklearn", reason="the generator is made of scikit-learn")

from askntell.demo.generator import chi2, generate

PLAIN = {"variables": "layers", "transform": "linear", "components": 1, "covariance": "full", "reg_covar": 1e-6}
LEVELS = np.arange(1, 10) / 10


def sample(particle, count, *key, energy=65.536):
    return showers.simulate(particle, energy, 0.425, count, rng=stream(0, particle, *key)) / energy


TRAINING = {particle: sample(particle, 400) for particle in showers.PARTICLES}


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from(sorted(showers.PARTICLES)))
def test_every_point_of_the_space_makes_showers(seed, particle):
    (params,) = space().sample(1, seed=seed)
    made = generate(TRAINING[particle], params, 200, seed=3)
    assert made.shape == (200, 4)
    assert np.isfinite(made).all()
    total, freedom = chi2(made, TRAINING[particle][:200], LEVELS)
    assert np.isfinite(total)
    assert freedom == 45


@pytest.mark.parametrize("variables", ["layers", "total"])
@pytest.mark.parametrize("more", [{}, {"transform": "asinh", "scale": 100.0}])
def test_one_gaussian_keeps_means_and_correlations(variables, more):
    # An asinh far below its scale is a straight line.
    made = generate(TRAINING["electron"], PLAIN | {"variables": variables} | more, 50_000, seed=1)
    assert made.mean(axis=0) == pytest.approx(TRAINING["electron"].mean(axis=0), abs=2e-3)
    assert np.cov(made.T) == pytest.approx(np.cov(TRAINING["electron"].T, bias=True), abs=2e-4)


def test_quantiles_keep_the_range():
    training = TRAINING["pion"]
    made = generate(training, PLAIN | {"transform": "quantile"}, 2000, seed=1)
    assert (made >= training.min(axis=0) - 1e-9).all()
    assert (made <= training.max(axis=0) + 1e-9).all()


def test_equal_arguments_give_equal_showers():
    for params in space().sample(5, seed=1):
        first, again = (generate(TRAINING["pion"], params, 100, seed=7) for _ in range(2))
        assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, generate(TRAINING["pion"], params, 100, seed=8))


def test_chi2_of_a_sample_with_itself_is_nothing():
    assert chi2(TRAINING["pion"], TRAINING["pion"], LEVELS) == (0.0, 45)


def test_chi2_of_two_samples_of_one_distribution_is_about_one():
    one, other = (sample("electron", 20_000, key) for key in ("one", "other"))
    total, freedom = chi2(one, other, np.arange(1, 30) / 30)
    assert freedom == 29 * 5
    assert 0.6 < total / freedom < 1.5


def test_chi2_sees_a_shift_of_one_layer_and_of_the_sum():
    one, other = (sample("electron", 20_000, key) for key in ("one", "other"))
    shifted = one.copy()
    shifted[:, 0] += 0.02
    total, freedom = chi2(shifted, other, LEVELS)
    assert total / freedom > 20
    swapped = one + np.array([0.02, -0.02, 0.0, 0.0])  # the total is right, the layers are not
    assert chi2(swapped, other, LEVELS)[0] / freedom > 5


def test_chi2_sees_lost_correlations_in_the_total():
    reference = sample("electron", 20_000, "one")
    shuffled = stream(0, "shuffle").permuted(reference, axis=0)  # every layer as it was, showers mixed up
    total, freedom = chi2(shuffled, reference, LEVELS)
    assert total / freedom > 20


def test_chi2_counts_what_lies_outside():
    outside = sample("electron", 1000, "one") + 10.0
    total, _ = chi2(outside, sample("electron", 1000, "other"), LEVELS)
    assert np.isfinite(total)
    assert total > 5 * 900  # five histograms: all in the last bin against a tenth in each of ten


def test_tuning_matters():
    training, reference = sample("pion", 3000, "training"), sample("pion", 8000, "reference")

    def ratio(**changes):
        total, freedom = chi2(generate(training, PLAIN | changes, 8000, seed=1), reference, np.arange(1, 30) / 30)
        return total / freedom

    default = ratio(components=4)
    good = ratio(components=32, transform="asinh", scale=3e-3)
    assert good < 0.5 * default
