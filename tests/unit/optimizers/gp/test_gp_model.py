"""The Gaussian process: kernel, hyperparameter objective, posterior, leave-one-out, duplicates."""

import numpy as np
import pytest

from askntell.optimizers.gp.cholesky import factor, gram, invert
from askntell.optimizers.gp.data import Data, merged
from askntell.optimizers.gp.kernel import KERNELS, squared_distances
from askntell.optimizers.gp.model import (
    RATE,
    SHAPE,
    Hyper,
    Objective,
    Posterior,
    Prior,
    cold_starts,
    leave_one_out,
    minimised,
)


def sample(n, d, *, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, d))
    y = np.sin(4 * X[:, 0]) + (X**2).sum(axis=1) + 0.1 * rng.normal(size=n)
    return X, (y - y.mean()) / y.std()


def unknown(n):
    return np.full(n, np.nan)


def test_kernels_at_known_distances():
    D = np.array([[0.0, 1.0, 4e6]])
    s = np.sqrt(5.0)
    K, H = KERNELS["matern"].both(D)
    np.testing.assert_allclose(K, [[1.0, (1 + s + 5 / 3) * np.exp(-s), 0.0]], rtol=1e-15)
    np.testing.assert_allclose(H, [[5 / 3, 5 / 3 * (1 + s) * np.exp(-s), 0.0]], rtol=1e-15)
    K, H = KERNELS["gauss"].both(D)
    np.testing.assert_allclose(K, [[1.0, np.exp(-0.5), 0.0]], rtol=1e-15)
    np.testing.assert_allclose(H, K, rtol=1e-15)


@pytest.mark.parametrize("name", list(KERNELS))
def test_kernel_values_and_their_derivative_factor(name):
    D = np.array([[1e-8, 0.3, 2.0, 50.0]])
    K, H = KERNELS[name].both(D)
    np.testing.assert_allclose(KERNELS[name].value(D.copy()), K, rtol=1e-13)
    step = 1e-6 * D
    slope = (KERNELS[name].value(D + step) - KERNELS[name].value(D - step)) / (2 * step)
    np.testing.assert_allclose(H[0, 1:], -2 * slope[0, 1:], rtol=1e-5)
    out = np.empty_like(D), np.empty_like(D)
    assert [id(part) for part in KERNELS[name].both(D, out)] == [id(part) for part in out]


def test_distances_are_never_negative():
    A = np.full((5, 3), 0.1) + 1e-9 * np.arange(15).reshape(5, 3)
    D = squared_distances(A, A)
    assert np.all(D >= 0)
    np.testing.assert_allclose(squared_distances(np.eye(2), np.zeros((1, 2))), [[1.0], [1.0]])


@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize("d", [1, 5, 20])
@pytest.mark.parametrize("kind", ["plain", "duplicates", "known", "groups"])
def test_gradient_of_the_objective(n, d, kind):
    X, y = sample(n, d)
    known = unknown(n)
    groups = np.arange(d)
    if kind == "duplicates":
        X[1] = X[0]
        X[n // 2 :] = X[-1]
    elif kind == "known":
        known[::2] = 0.05
    elif kind == "groups":
        groups = groups // 2
    objective = Objective(merged(X, y, known)[0], groups, Prior.of(d))
    rng = np.random.default_rng(1)
    lower, upper = objective.bounds.T
    thetas = [cold_starts(d, int(groups.max()) + 1)[0]]
    thetas += [t + rng.normal(0, 0.7, len(t)) for t in thetas]
    thetas += [np.append(np.full(int(groups.max()) + 1, np.log(0.3)), lower[-1]), upper, np.append(lower[:-1], 0.0)]
    for theta in thetas:
        _, gradient = objective(theta)
        for k in range(len(theta)):
            shift = np.zeros(len(theta))
            shift[k] = 1e-5
            numeric = (objective(theta + shift)[0] - objective(theta - shift)[0]) / 2e-5
            assert numeric == pytest.approx(gradient[k], rel=1e-5, abs=2e-5 * (1 + np.abs(gradient).max()))


def test_objective_is_the_marginal_likelihood_written_out():
    X, y = sample(12, 2)
    prior = Prior.of(2)
    theta = np.log([0.5, 0.8, 1e-3])
    r = np.sqrt(5.0 * (((X[:, None] - X) / [0.5, 0.8]) ** 2).sum(axis=2))
    C = (1 + r + r**2 / 3) * np.exp(-r) + 1e-3 * np.eye(12)
    inverse, one = np.linalg.inv(C), np.ones(12)
    beta = one @ inverse @ y / (one @ inverse @ one)
    q = (y - beta) @ inverse @ (y - beta)
    expected = (SHAPE + 6) * np.log(RATE + q / 2) + np.linalg.slogdet(C)[1] / 2
    expected += (((theta[:2] - prior.scale_mean) / prior.scale_std) ** 2).sum() / 2
    expected += ((theta[2] - prior.noise_mean) / prior.noise_std) ** 2 / 2
    assert Objective(Data.of(X, y), np.arange(2), prior)(theta)[0] == pytest.approx(expected, rel=1e-10)


def test_merging_duplicates_loses_nothing():
    X, y = sample(20, 3)
    X[5], X[6:9], X[19] = X[4], X[10], X[0]
    together, first = merged(X, y, unknown(20))
    apart = Data.of(X, y)
    assert len(together.y) == 15 and np.array_equal(X[first], together.X)
    prior = Prior.of(3)
    one, other = (Objective(data, np.arange(3), prior) for data in (together, apart))
    theta = np.log([0.5, 0.7, 1.1, 1e-2])
    base = np.log([0.4, 0.9, 1.0, 3e-2])
    # the constant sum(log count) is dropped, so differences of F are compared
    assert one(theta)[0] - one(base)[0] == pytest.approx(other(theta)[0] - other(base)[0], rel=1e-9)
    np.testing.assert_allclose(one(theta)[1], other(theta)[1], rtol=1e-7, atol=1e-9)
    hyper = one.hyper(theta)
    points = np.random.default_rng(1).random((7, 3))
    for a, b in zip(
        Posterior.of(together, hyper).predict(points), Posterior.of(apart, hyper).predict(points), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-8)


def test_known_noise_is_averaged_by_precision():
    X = np.zeros((3, 1))
    data, _ = merged(X, np.array([1.0, 4.0, 9.0]), np.array([0.1, 0.2, np.nan]))
    np.testing.assert_allclose(data.y, [2.0, 9.0])
    np.testing.assert_allclose(data.known, [1 / 15, 0.0])
    np.testing.assert_allclose(data.share, [0.0, 1.0])


def test_posterior_equals_scikit_learn():
    pytest.importorskip("sklearn", reason="scikit-learn is the independent implementation")
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    X, y = sample(40, 5)
    scale = np.array([0.3, 0.6, 1.0, 2.0, 5.0])
    post = Posterior.of(Data.of(X, y), Hyper(scale=scale, noise=1e-3))
    kernel = ConstantKernel(post.sigma2) * Matern(length_scale=scale, nu=2.5)
    oracle = GaussianProcessRegressor(kernel, alpha=post.sigma2 * 1e-3, optimizer=None).fit(X, y - post.beta)
    points = np.vstack([np.random.default_rng(1).random((50, 5)), X[:3]])
    mean, std = oracle.predict(points, return_std=True)
    ours = post.predict(points)
    np.testing.assert_allclose(ours[0], mean + post.beta, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours[1], std, rtol=0, atol=1e-10)


def test_gradients_of_the_posterior():
    X, y = sample(40, 5)
    post = Posterior.of(Data.of(X, y), Hyper(scale=np.array([0.3, 0.6, 1.0, 2.0, 5.0]), noise=1e-2))
    points = np.vstack([np.random.default_rng(1).random((5, 5)), X[:3], np.zeros((1, 5))])
    mean, std, slope, bend = post.gradients(points)
    np.testing.assert_allclose((mean, std), post.predict(points), rtol=1e-12)
    for k in range(5):
        shift = np.zeros(5)
        shift[k] = 1e-6
        above, below = post.predict(points + shift), post.predict(points - shift)
        np.testing.assert_allclose(slope[:, k], (above[0] - below[0]) / 2e-6, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(bend[:, k], (above[1] - below[1]) / 2e-6, rtol=1e-5, atol=1e-7)


def test_fitted_is_the_prediction_at_the_data():
    X, y = sample(30, 3)
    post = Posterior.of(Data.of(X, y), Hyper(scale=np.full(3, 0.7), noise=0.1))
    np.testing.assert_allclose(post.fitted, post.predict(X)[0], atol=1e-12)


@pytest.mark.parametrize("value", [None, 2.5])
def test_appended_factor_equals_a_fresh_one(value):
    X, y = sample(40, 5)
    hyper = Hyper(scale=np.full(5, 0.8), noise=1e-4)
    post = Posterior.of(Data.of(X[:36], y[:36]), hyper)
    grown, targets = post, list(y[:36])
    for x in X[36:]:
        targets.append(float(grown.predict(x[None])[0][0]) if value is None else value)
        grown = grown.append(x, value=value)
    fresh = Posterior.of(Data.of(X, np.array(targets)), hyper)
    np.testing.assert_allclose(grown.Linv, fresh.Linv, atol=1e-8 * np.abs(fresh.Linv).max())
    np.testing.assert_allclose(grown.y, targets, atol=1e-9)
    e = np.array(targets) - post.beta  # beta is held when fantasies come
    np.testing.assert_allclose(grown.alpha, fresh.Linv.T @ (fresh.Linv @ e), atol=1e-7 * np.abs(grown.alpha).max())
    points = np.random.default_rng(1).random((9, 5))
    if value is None:
        np.testing.assert_allclose(grown.predict(points)[0], post.predict(points)[0], atol=1e-9)
    assert np.all(grown.predict(points)[1] <= post.predict(points)[1] + 1e-12)


def test_appending_the_same_point_again_and_again():
    X, y = sample(10, 2)
    post = Posterior.of(Data.of(X, y), Hyper(scale=np.full(2, 0.8), noise=1e-8))
    for _ in range(60):
        post = post.append(X[3])
    assert all(np.all(np.isfinite(part)) for part in post.predict(X))


def test_leave_one_out_equals_n_refits():
    X, y = sample(25, 3)
    hyper = Hyper(scale=np.array([0.4, 0.9, 1.5]), noise=1e-2)
    expected = []
    for i in range(25):
        rest = np.arange(25) != i
        expected.append(Posterior.of(Data.of(X[rest], y[rest]), hyper).predict(X[i : i + 1])[0][0])
    np.testing.assert_allclose(leave_one_out(Posterior.of(Data.of(X, y), hyper)), expected, atol=1e-9)


def test_singular_matrix_gets_the_smallest_jitter_that_works():
    L, jitter = factor(np.ones((4, 4)))
    assert 0 < jitter <= 1e-6
    np.testing.assert_allclose(L @ L.T, np.ones((4, 4)) + jitter * np.eye(4), atol=1e-12)
    with pytest.raises(np.linalg.LinAlgError):
        factor(np.full((3, 3), np.nan))
    with pytest.raises(np.linalg.LinAlgError):
        factor(-np.eye(3))


@pytest.mark.parametrize("n", [1, 2, 64, 65, 130, 261])
def test_inverse_of_a_factor_by_halves(n):
    A = np.random.default_rng(0).normal(size=(n, n + 5))
    C = A @ A.T / n + 0.1 * np.eye(n)
    L, _ = factor(C)
    Linv = invert(L.copy(order="F"))
    np.testing.assert_allclose(Linv @ L, np.eye(n), atol=1e-10)
    assert not np.triu(Linv, 1).any()
    np.testing.assert_allclose(gram(Linv.copy(order="F")), np.tril(np.linalg.inv(C)), atol=1e-9)


def test_objective_that_cannot_be_computed_is_large_and_flat():
    X, _ = sample(5, 2)
    objective = Objective(Data.of(X, np.full(5, 1e200)), np.arange(2), Prior.of(2))
    with np.errstate(all="ignore"):
        objective(np.log([0.5, 0.5, 1e-3]))
        value, gradient = Objective(Data.of(X, np.full(5, np.nan)), np.arange(2), Prior.of(2))(np.zeros(3))
    assert value == 1e10 and not gradient.any()


def test_fit_finds_which_column_matters():
    rng = np.random.default_rng(0)
    X = rng.random((60, 3))
    y = np.sin(6 * X[:, 1])
    objective = Objective(Data.of(X, (y - y.mean()) / y.std()), np.arange(3), Prior.of(3))
    found = minimised(objective, cold_starts(3, 3))
    theta = found.theta
    assert found.loss == objective(theta)[0]
    scale = objective.hyper(theta).scale
    assert scale[1] < 0.5 * min(scale[0], scale[2])
    assert np.abs(objective(theta)[1][:3]).max() < 0.5  # v lies on its bound
    assert np.array_equal(theta, minimised(objective, cold_starts(3, 3)).theta)
