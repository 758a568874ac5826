"""The showers obey the formulas that they come from, and what everybody knows of calorimeters."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell._rng import stream
from askntell.demo import showers

MANY = 20_000


def drawn(particle, energy=65.536, eta=0.025, count=MANY):
    return showers.simulate(particle, energy, eta, count, rng=stream(0, "test", particle))


def resolution(particle, energy, eta=0.025):
    total = drawn(particle, energy, eta).sum(axis=1)
    return total.std() / total.mean()


def fine_profile(particle, energy, deepest=60.0):
    """Mean share of the energy in slices of 0.1 X0, and their centres."""
    edges = np.linspace(0.0, deepest, int(10 * deepest) + 1)
    shares = showers._electromagnetic(particle, energy, edges, 5000, stream(0, "fine", particle))
    return shares, (edges[:-1] + edges[1:]) / 2


def test_lead_argon_mix_by_hand():
    # 1.737 g/cm2 of lead and 0.586 g/cm2 of argon in 5.73 mm: 74.76 % lead by mass.
    assert pytest.approx(1 / (0.7476 / 6.37 + 0.2524 / 19.55), rel=1e-3) == showers._X0_MIX
    assert pytest.approx(1.89, rel=5e-3) == showers._X0_MIX / 4.054  # cm
    assert pytest.approx(9.51, rel=5e-3) == showers._CRITICAL_GEV * 1e3


def test_electron_profile_by_hand():
    depth, shape, depth_width, shape_width, correlation = showers.electron_profile(50.0)
    ln_y = math.log(50.0 / 0.00951)
    assert depth == pytest.approx(ln_y - 0.812 - 0.55 / 3.305 - 0.69 * 0.3094, abs=0.01)
    assert shape == pytest.approx(0.81 + (0.458 + 2.26 / 65.85) * ln_y - 0.476 / 3.305, abs=0.01)
    assert (depth_width, shape_width, correlation) == pytest.approx((0.1218, 0.1681, 0.5870), abs=2e-3)


@pytest.mark.parametrize("energy", showers.ENERGIES)
def test_mean_profile_peaks_where_the_formula_says(energy):
    shares, depth = fine_profile("electron", energy)
    assert depth[shares.mean(axis=0).argmax()] == pytest.approx(showers.electron_profile(energy)[0], abs=0.5)


def test_maximum_moves_with_the_logarithm_of_the_energy():
    depths = [showers.electron_profile(energy)[0] for energy in (10.0, 100.0, 1000.0)]
    assert np.diff(depths) == pytest.approx([math.log(10)] * 2)


def test_photons_start_nine_sevenths_of_a_radiation_length_later():
    centre = {}
    for particle in ("photon", "electron"):
        shares, depth = fine_profile(particle, 65.536)
        centre[particle] = (shares.mean(axis=0) * depth).sum()
    assert centre["photon"] - centre["electron"] == pytest.approx(9 / 7, abs=0.1)


def test_depth_and_shape_fluctuate_together():
    # Each shower is a gamma distribution, so its first two moments give back its T and alpha.
    shares, depth = fine_profile("electron", 65.536)
    mean = shares @ depth
    alpha = mean**2 / (shares @ depth**2 - mean**2)
    T = (alpha - 1) * mean / alpha
    middle, shape, middle_width, shape_width, correlation = showers.electron_profile(65.536)
    assert (np.median(T), np.median(alpha)) == pytest.approx((middle, shape), rel=0.02)
    assert np.log(T).std() == pytest.approx(middle_width, rel=0.05)
    assert np.log(alpha).std() == pytest.approx(shape_width, rel=0.05)
    assert np.corrcoef(np.log(T), np.log(alpha))[0, 1] == pytest.approx(correlation, abs=0.04)


@given(st.sampled_from(["photon", "electron"]), st.floats(2.0, 1000.0), st.floats(0.0, 1.0))
def test_electromagnetic_shares_are_shares(particle, energy, eta):
    shares = showers._electromagnetic(particle, energy, showers.path(eta)[0], 50, stream(0, "shares"))
    assert shares.shape == (50, 5)
    assert (shares >= 0).all()
    assert (shares.sum(axis=1) <= 1 + 1e-12).all()


@pytest.mark.parametrize("particle", ["photon", "electron"])
def test_energy_is_conserved_in_a_deep_calorimeter(particle):
    shares, _ = fine_profile(particle, 65.536, deepest=90.0)
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(shares)), abs=1e-3)


def test_energy_of_pions_is_conserved_in_a_deep_calorimeter():
    deep = np.linspace(0.0, 60.0, 6)  # lambda
    light, heavy = showers._pion(65.536, 20 * deep, deep, 2000, stream(0, "deep"))
    assert (light + heavy).sum(axis=1) == pytest.approx(np.full(2000, 65.536), rel=1e-3)


def test_sampling_keeps_the_mean_and_gives_the_stochastic_term():
    energy = np.full(200_000, 30.0)
    signal = showers._sampled(energy, 0.10, stream(0, "sampling"))
    assert signal.mean() == pytest.approx(30.0, rel=1e-3)
    assert signal.std() == pytest.approx(0.10 * math.sqrt(30.0), rel=0.02)
    assert signal.min() > 0
    assert showers._sampled(np.zeros(3), 0.10, stream(0, "nothing")).tolist() == [0.0, 0.0, 0.0]


def test_electron_resolution_scales_with_the_root_of_the_energy():
    # 10 % sampling, 0.2 % constant, 30 MeV noise in each of four layers.
    for energy in showers.ENERGIES[1:]:
        expected = math.hypot(0.10 / math.sqrt(energy), 0.002, 0.06 / energy)
        assert resolution("electron", energy) == pytest.approx(expected, rel=0.10)
    assert resolution("electron", showers.ENERGIES[0]) / resolution("electron", showers.ENERGIES[2]) == pytest.approx(
        4.0, rel=0.15
    )


def test_pions_as_measured():
    assert showers.electromagnetic_fraction(1.0) == 0.0
    assert showers.electromagnetic_fraction(100.0) == pytest.approx(0.543, abs=1e-3)
    responses = [drawn("pion", energy).sum(axis=1).mean() / energy for energy in showers.ENERGIES]
    assert responses == sorted(responses)  # the electromagnetic share grows
    assert 0.6 < responses[0] < responses[2] < 0.95  # and the rest is seen with h/e < 1
    assert 0.06 < resolution("pion", 65.536) < 0.09
    assert resolution("pion", 65.536) > 4 * resolution("electron", 65.536)


def test_most_pions_pass_the_electromagnetic_layers_without_showering():
    inner = drawn("pion")[:, 0]
    assert 0.5 < np.mean(inner < 1.0) < 0.9  # a track leaves 0.04 GeV in the strips
    assert np.mean(drawn("electron")[:, 0] < 1.0) < 0.01


@given(st.floats(0.0, 2.0))
def test_path_grows_with_cosh_eta(eta):
    for straight, slanted in zip(showers.path(0.0), showers.path(eta), strict=True):
        assert slanted == pytest.approx(straight * math.cosh(eta))
        assert (np.diff(slanted) > 0).all()


def test_inner_layers_see_more_at_larger_eta():
    shares = [drawn("electron", eta=eta)[:, 0].mean() for eta in (0.025, 0.425, 0.825)]
    assert shares == sorted(shares)


@pytest.mark.parametrize("particle", showers.PARTICLES)
def test_equal_generators_give_equal_showers(particle):
    first, again = drawn(particle, count=100), drawn(particle, count=100)
    assert first.tobytes() == again.tobytes()
    assert first.shape == (100, len(showers.LAYERS))
    assert np.isfinite(first).all()
    other = showers.simulate(particle, 65.536, 0.025, 100, rng=stream(1, "test", particle))
    assert not np.array_equal(first, other)
