"""Log expected improvement against constants computed with mpmath 1.3 at 100 digits, and its gradients."""

import numpy as np
import pytest

from askntell.optimizers.gp.acquisition import Acquisition, log_ei, log_ok
from askntell.optimizers.gp.chances import Chance, Weighed
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.ensemble import Ensemble
from askntell.optimizers.gp.kernel import TWO_SCALES
from askntell.optimizers.gp.model import Hyper
from askntell.optimizers.gp.posterior import Posterior

# z, log(phi + z Phi), Phi / (phi + z Phi), phi / (phi + z Phi)
EXACT = [
    (-100000.0, -5000000023.9447894634, 100000.00001999999999, 10000000002.999999999),
    (-10000.0, -50000019.339619307157, 10000.000199999994, 100000002.99999994),
    (-1000.0, -500014.73445209115845, 1000.001999994000042, 1000002.999994000042),
    (-300.0, -45012.326536814554207, 300.0066664444617265, 90002.999933338517951),
    (-100.0, -5010.1295788002497923, 100.01999400419586505, 10002.999400419586505),
    (-50.0, -1258.7441828684608531, 50.039952133872654947, 2502.9976066936327474),
    (-31.0, -488.29002339783721185, 31.06431617810096092, 963.99380152112978853),
    (-30.000001, -457.72468382704468802, 30.066447151962136276, 902.99344462531127115),
    (-30.0, -457.72465376059800405, 30.066446154162418902, 902.99338462487256707),
    (-29.999999, -457.72462369415231788, 30.066445156362701674, 902.99332462443586294),
    (-20.0, -206.91783850942509785, 20.099262811101281775, 402.98525622202563551),
    (-10.0, -55.553122036122355927, 10.194383033412553306, 102.94383033412553306),
    (-5.0, -16.744301162660990143, 5.3618162412880885298, 27.809081206440442649),
    (-2.0, -4.7687835239171141569, 2.6794168839555859839, 6.3588337679111719678),
    (-1.0000001, -2.4851212161397683908, 1.904271305527462158, 2.9042714959545928219),
    (-1.0, -2.4851210257126413368, 1.9042712333296918229, 2.9042712333296918229),
    (-0.9999999, -2.4851208352855217139, 1.9042711611319228024, 2.9042709707048067894),
    (-0.5, -1.6205162643873199193, 1.5598731483480796712, 1.7799365741740398356),
    (0.0, -0.91893853320467274178, 1.2533141373155002512, 1.0),
    (0.5, -0.35982768374506381859, 0.99092271800410996015, 0.50453864099794501993),
    (1.0, 0.080026218849306940029, 0.77663872520173925975, 0.22336127479826074025),
    (3.0, 1.0987396653277077727, 0.33284096845179523558, 0.0014770946446142932501),
    (8.0, 2.0794415416798359377, 0.12499999999999992106, 6.3153388544211153003e-16),
    (20.0, 2.9957322735539909934, 0.05, 2.7604741810798815948e-89),
    (40.0, 3.6888794541139363029, 0.025, 0.0),  # 3.7e-350 is below the smallest float
]
Z, LOG, BELOW, DENSITY = np.array(EXACT).T


@pytest.mark.parametrize("together", [True, False])
def test_log_ei_is_exact_in_every_branch_without_warnings(together):
    with np.errstate(all="raise", under="ignore"):
        parts = [log_ei(Z)] if together else [log_ei(z[None]) for z in Z]
    value, below, density = (np.concatenate([part[k] for part in parts]) for k in range(3))
    np.testing.assert_allclose(value, LOG, rtol=2e-12, atol=2e-12)
    np.testing.assert_allclose(below, BELOW, rtol=1e-11)  # 1 - t M(t) is 1e-3 at t = 30: three digits are lost there
    np.testing.assert_allclose(density, DENSITY, rtol=1e-9, atol=1e-300)


def test_log_ei_grows_with_z():
    z = np.concatenate([-np.logspace(5, -3, 4001), np.logspace(-3, 1.6, 2001), [-30 - 1e-9, -30 + 1e-9, -1 + 1e-9]])
    value = log_ei(np.sort(z))[0]
    assert np.all(np.diff(value) > 0)


def test_log_ok_and_its_derivative():
    s = np.array([-1e4, -40.0, -3.0, -1e-9, 0.0, 1e-9, 2.0, 7.0, 40.0, 1e4])
    with np.errstate(all="raise", under="ignore"):
        value, slope = log_ok(s)
    # log Phi(-3), log Phi(2) and phi/Phi there, mpmath
    np.testing.assert_allclose(value[[2, 6]], [-6.6077262215103495, -0.023012909328963488], rtol=1e-12)
    np.testing.assert_allclose(slope[[2, 6]], [3.2830986549304365, 0.055247862678989959], rtol=1e-12)
    assert np.all(np.isfinite(value)) and np.all(np.diff(value) >= 0)
    assert np.all(slope >= 0) and np.all(np.diff(slope) <= 0)
    assert slope[0] == pytest.approx(1e4, rel=1e-7)


def posterior(n, d, *, seed=0, noise=1e-4, labels=False):
    rng = np.random.default_rng(seed)
    X = rng.random((n, d))
    y = np.sin(5 * X[:, 0]) + X.sum(axis=1) ** 2
    y = np.where(y > np.median(y), 1.0, -1.0) if labels else (y - y.mean()) / y.std()
    scale = 0.3 * np.sqrt(d) * np.exp(rng.normal(0, 0.3, d))
    return Posterior.of(Data.of(X, y), Hyper(scale=scale, noise=noise)), X


@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize("d", [1, 5, 20])
@pytest.mark.parametrize("kind", ["one model", "two models", "failures", "two scales"])
def test_gradient_agrees_with_central_differences(n, d, kind):
    post, X = posterior(n, d)
    acquisition = Acquisition(posterior=post, best=float(post.fitted.min()))
    if kind != "one model":
        kernel = TWO_SCALES if kind == "two scales" else "gauss"
        hyper = Hyper(scale=0.5 * post.hyper.scale, noise=1e-3, kernel=kernel, rough=0.3, finer=2.5)
        smooth = Posterior.of(Data.of(X, post.y), hyper)
        bests = (acquisition.best, float(smooth.fitted.min()))
        acquisition = Ensemble.of((post, smooth), (0.7, 0.3), bests)
    if kind == "failures":
        labels = posterior(n, d, seed=1, noise=0.01, labels=True)[0]
        ok = Chance(posterior=labels, limit=0.0, sign=-1.0, noise=0.01 * labels.sigma2, fixed=True)
        acquisition = Weighed(gain=acquisition, chances=(ok,))
    rng = np.random.default_rng(2)
    points = np.vstack([rng.random((6, d)), np.zeros((1, d)), np.ones((1, d)), np.round(rng.random((3, d)))])
    check_gradient(acquisition, points, step=1e-6)
    # at a data point the posterior changes over a distance of 0.01 l: the step must be far smaller
    check_gradient(acquisition, X[:3] + 1e-3, step=1e-7, tolerance=1e-4)


def check_gradient(acquisition, points, *, step, tolerance=1e-5):
    value, gradient = acquisition.gradients(points)
    np.testing.assert_allclose(acquisition.value(points), value, rtol=1e-9, atol=1e-9)
    for k in range(points.shape[1]):
        shift = np.zeros(points.shape[1])
        shift[k] = step
        numeric = (acquisition.value(points + shift) - acquisition.value(points - shift)) / (2 * step)
        size = np.abs(gradient).max(axis=1) + 1e-2
        assert np.all(np.abs(numeric - gradient[:, k]) <= tolerance * size)


def test_gradient_where_the_improvement_is_hopeless_or_certain():
    post, _ = posterior(40, 5)
    rng = np.random.default_rng(3)
    for best in (-1e4, -30.0, -5.0, 5.0, 40.0):  # z from about -1e5 to 100
        check_gradient(Acquisition(posterior=post, best=best), rng.random((5, 5)), step=1e-6)


def test_gradient_is_finite_at_an_observed_point():
    post, X = posterior(40, 5)
    acquisition = Acquisition(posterior=post, best=float(post.fitted.min()))
    with np.errstate(all="raise", under="ignore"):
        value, gradient = acquisition.gradients(X)
    assert np.all(np.isfinite(value)) and np.all(np.isfinite(gradient))
