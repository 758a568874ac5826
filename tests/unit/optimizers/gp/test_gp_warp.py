"""Output warps: order, moments, and what they do not depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell.optimizers.gp.surrogate import misordered
from askntell.optimizers.gp.warp import WARPS, half_rank, mean_ranks, plain, slopes

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=1, max_size=30), st.sampled_from(sorted(WARPS)))
def test_targets_are_finite_standard_and_in_order(values, warp):
    y = np.array(values)
    with np.errstate(all="raise", under="ignore"):
        z = WARPS[warp](y)
    assert np.all(np.isfinite(z))
    assert abs(z.mean()) < 1e-9
    assert np.std(z) == pytest.approx(1.0) or np.std(z) == 0.0
    order = np.argsort(y, kind="stable")
    assert np.all(np.diff(z[order]) >= -1e-12)


def test_mean_ranks_share_ties():
    np.testing.assert_array_equal(mean_ranks(np.array([3.0, 1.0, 3.0, 2.0])), [2.5, 0.0, 2.5, 1.0])
    np.testing.assert_array_equal(mean_ranks(np.full(3, 7.0)), [1.0, 1.0, 1.0])


def test_half_rank_ignores_how_bad_the_bad_half_is():
    y = np.random.default_rng(0).normal(size=21)
    bad = y > np.median(y)
    for worse in (lambda v: np.exp(3 * v), lambda v: 1e280 * (v + 4), lambda v: v + 1e-9 * v**3):
        moved = y.copy()
        moved[bad] = np.median(y) + np.abs(worse(y[bad]) - worse(np.median(y)))
        assert np.array_equal(half_rank(moved), half_rank(y))


def test_half_rank_keeps_distances_of_the_good_half():
    y = np.random.default_rng(0).exponential(size=20) ** 3
    z = half_rank(y)
    good = y <= np.median(y)
    ratio = (z[good] - z[good][0])[1:] / (y[good] - y[good][0])[1:]
    np.testing.assert_allclose(ratio, ratio[0])


@pytest.mark.parametrize("warp", sorted(WARPS))
def test_shift_and_scale_do_not_matter(warp):
    y = np.random.default_rng(0).normal(size=30)
    np.testing.assert_allclose(WARPS[warp](1e6 * y - 3e4), WARPS[warp](y), atol=1e-9)
    np.testing.assert_array_equal(WARPS[warp](2.0**-40 * y), WARPS[warp](y))


def test_a_huge_value_does_not_flatten_the_good_half():
    z = half_rank(np.array([1.0, 2.0, 3.0, 4.0, 1e300, 1e305, 1.7e308]))
    assert np.diff(z)[:3] == pytest.approx(np.diff(z)[0])
    assert np.diff(z)[0] > 0.1
    assert np.ptp(plain(np.array([-1.7e308, 0.0, 1.7e308]))) > 1


def test_slopes_are_local_derivatives():
    y = np.linspace(0, 1, 50)
    np.testing.assert_allclose(slopes(y, 3 * y), 3.0)
    np.testing.assert_array_equal(slopes(np.ones(4), np.zeros(4)), np.zeros(4))
    assert np.all(np.isfinite(slopes(np.array([0.0, 5e-324, 1.0]), np.array([-1.0, 0.0, 1.0]))))


def test_misordered_counts_only_pairs_that_matter():
    y = np.arange(6.0)
    assert misordered(y, y) == 0.0
    assert misordered(-y, y) == 1.0
    worse_half_swapped = np.array([0.0, 1.0, 2.0, 5.0, 4.0, 3.0])
    assert misordered(worse_half_swapped, y) == 0.0
    assert misordered(np.zeros(3), np.zeros(3)) == 0.0
