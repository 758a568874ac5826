"""The joint model of segments: features, frames, objective, posterior."""

import numpy as np
import pytest

from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.data import Data
from askntell.optimizers.gp.joint.frames import Frame, rescaled
from askntell.optimizers.gp.joint.objective import JointHyper, JointObjective, Rows
from askntell.optimizers.gp.joint.process import Joined
from askntell.optimizers.gp.joint.tasks import Tasks
from askntell.optimizers.gp.kernel import KERNELS, squared_distances
from askntell.optimizers.gp.model import Hyper, Objective, Prior
from askntell.trial import Segment

FEATURES = [
    {"particle": "abc"[k % 3], "eta": k / 7.0, "same": 1.0, **({"layers": 12 + k} if k % 2 else {})} for k in range(7)
]
TASKS = Tasks.of([Segment(f"s{k}", features=features) for k, features in enumerate(FEATURES)])
NO_FEATURES = Tasks.of([Segment(f"s{k}") for k in range(7)])


def rows(n, c, *, seed=0, known=True):
    rng = np.random.default_rng(seed)
    told = rng.random(n) < 0.2 if known else np.zeros(n, dtype=bool)
    return Rows(
        X=rng.random((n, c)),
        segment=rng.integers(7, size=n),
        y=rng.standard_normal(n),
        known=np.where(told, 0.01, np.nan),
    )


def covariance(hyper, tasks, X, segment, other, other_segment):
    """C of two sets of rows, element by element, from the formula."""
    K = KERNELS["matern"].value(squared_distances(X / hyper.point.scale, other / hyper.point.scale))
    C = np.empty_like(K)
    for i, s in enumerate(segment):
        for j, t in enumerate(other_segment):
            near = np.exp(
                -hyper.rate * tasks.differing(np.array([s]), np.array([t]))[0, 0]
                - tasks.squared(np.array([s]), np.array([t]))[0, 0] / (2 * hyper.reach**2)
            )
            C[i, j] = (hyper.common + hyper.alike * near + (s == t)) * K[i, j] + hyper.level * (s == t)
    return C


# ---- features ------------------------------------------------------------------------------------------------------


def test_features_that_are_the_same_everywhere_do_not_count():
    assert TASKS.codes.shape == (7, 1)
    assert TASKS.numbers.shape == (7, 2)


def test_numeric_features_span_zero_to_one():
    np.testing.assert_allclose(np.nanmin(TASKS.numbers, axis=0), 0.0)
    np.testing.assert_allclose(np.nanmax(TASKS.numbers, axis=0), 1.0)


def test_a_feature_that_one_of_two_segments_lacks_parts_them_as_far_as_can_be():
    tasks = Tasks.of([Segment("a", features={"x": 1.0}), Segment("b", features={"x": 2.0}), Segment("c"), Segment("d")])
    every = np.arange(4)
    apart = tasks.squared(every, every)
    assert apart[0, 1] == apart[0, 2] == apart[1, 3] == 1.0
    assert apart[2, 3] == apart[0, 0] == 0.0


def test_a_feature_of_numbers_and_texts_is_categorical():
    tasks = Tasks.of([Segment("a", features={"x": 1.0}), Segment("b", features={"x": "one"}), Segment("c")])
    every = np.arange(3)
    np.testing.assert_array_equal(tasks.differing(every, every), 1.0 - np.eye(3))
    assert not tasks.squared(every, every).any()


def test_segments_without_features_are_equally_near():
    every = np.arange(7)
    assert not NO_FEATURES.differing(every, every).any()
    assert not NO_FEATURES.squared(every, every).any()


# ---- hyperparameters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tasks", [TASKS, NO_FEATURES], ids=["features", "none"])
@pytest.mark.parametrize(("n", "groups"), [(3, [0]), (40, [0, 1, 1]), (40, [0, 1, 2, 3, 4])])
def test_the_gradient_of_the_objective(tasks, n, groups):
    objective = JointObjective(rows(n, len(groups)), np.array(groups), Prior.of(len(groups)), tasks)
    theta = objective.start + 0.3 * np.random.default_rng(1).standard_normal(len(objective.start))
    value, gradient = objective(theta)
    assert np.isfinite(value)
    step = 1e-5
    numeric = [
        (objective(theta + step * e)[0] - objective(theta - step * e)[0]) / (2 * step) for e in np.eye(len(theta))
    ]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-6)


def test_without_features_there_is_no_parameter_for_them():
    names = JointObjective(rows(20, 2), np.array([0, 1]), Prior.of(2), NO_FEATURES).names
    assert names == ["common", "level"]
    assert JointObjective(rows(20, 2), np.array([0, 1]), Prior.of(2), TASKS).names == [
        "common",
        "alike",
        "level",
        "rate",
        "reach",
    ]


def test_the_objective_of_independent_segments_is_the_sum_of_theirs():
    # w0 = w1 = w_b -> 0: C is block diagonal, and its determinant and quadratic form are sums over segments
    some = rows(30, 2, known=False)
    objective = JointObjective(some, np.array([0, 1]), Prior.of(2), NO_FEATURES)
    theta = objective.start
    theta[3:] = np.log(1e-4)
    hyper = objective.hyper(theta)
    C = covariance(hyper, NO_FEATURES, some.X, some.segment, some.X, some.segment) + hyper.point.noise * np.eye(30)
    different = some.segment[:, None] != some.segment
    assert np.abs(C[different]).max() <= 1e-4
    log_det = sum(
        np.linalg.slogdet(C[np.ix_(some.segment == s, some.segment == s)])[1] for s in np.unique(some.segment)
    )
    np.testing.assert_allclose(np.linalg.slogdet(C)[1], log_det, rtol=1e-3)


# ---- posterior -----------------------------------------------------------------------------------------------------


def hyper_of(**given):
    base = {"common": 0.7, "alike": 1.3, "level": 0.4, "rate": 0.8, "reach": 0.6}
    return JointHyper(point=Hyper(scale=np.array([0.5, 0.9]), noise=1e-3), **base | given)


def joined(hyper, some, X, places):
    return Joined.of(some, hyper, TASKS, X, np.array(places, dtype=np.intp))


def test_the_posterior_is_that_of_the_formula():
    hyper, some = hyper_of(), rows(25, 2)
    view = joined(hyper, some, np.empty((0, 2)), []).seen_from(3, some.y)
    X = np.random.default_rng(5).random((6, 2))
    here = np.full(6, 3)
    noise = np.where(np.isnan(some.known), 1e-3, some.known)
    C = covariance(hyper, TASKS, some.X, some.segment, some.X, some.segment) + np.diag(noise)
    k = covariance(hyper, TASKS, X, here, some.X, some.segment)
    prior = covariance(hyper, TASKS, X, here, X, here).diagonal()
    mean, std = view.predict(X)
    np.testing.assert_allclose(mean, k @ np.linalg.solve(C, some.y), rtol=1e-9)
    left = prior - np.einsum("ij,ji->i", k, np.linalg.solve(C, k.T))
    np.testing.assert_allclose(std, np.sqrt(view.sigma2 * left), rtol=1e-7)


def test_gradients_of_the_posterior():
    hyper, some = hyper_of(), rows(25, 2)
    view = joined(hyper, some, np.random.default_rng(2).random((3, 2)), [0, 3, 3]).seen_from(3, some.y)
    X = np.vstack([np.random.default_rng(5).random((5, 2)), some.X[:1]])
    mean, std, slope, bend = view.gradients(X)
    np.testing.assert_allclose(view.predict(X)[0], mean, rtol=1e-10)
    for j, e in enumerate(1e-6 * np.eye(2)):
        above, below = view.predict(X + e), view.predict(X - e)
        np.testing.assert_allclose(slope[:, j], (above[0] - below[0]) / 2e-6, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(bend[:, j], (above[1] - below[1]) / 2e-6, rtol=1e-4, atol=1e-6)
    assert np.all(std > 0.0)


def test_believed_points_leave_the_mean_and_lower_the_doubt():
    hyper, some = hyper_of(), rows(25, 2)
    X, pending = np.random.default_rng(5).random((6, 2)), np.random.default_rng(6).random((4, 2))
    before = joined(hyper, some, np.empty((0, 2)), []).seen_from(3, some.y)
    after = joined(hyper, some, pending, [0, 3, 3, 5]).seen_from(3, some.y)
    np.testing.assert_allclose(after.predict(X)[0], before.predict(X)[0], rtol=1e-8)
    assert np.all(after.predict(X)[1] < before.predict(X)[1])
    # the belief is worth most at the point itself, in the segment that it is pending in
    doubt = after.predict(pending)[1] / before.predict(pending)[1]
    assert doubt[1] < 0.5
    assert doubt[2] < 0.5
    assert min(doubt[0], doubt[3]) > max(doubt[1], doubt[2])


def test_a_point_appended_to_the_view_is_a_believed_one_of_its_segment():
    hyper, some = hyper_of(), rows(25, 2, known=False)
    x = np.array([0.31, 0.77])
    X = np.random.default_rng(5).random((6, 2))
    base = joined(hyper, some, np.empty((0, 2)), []).seen_from(3, some.y)
    appended, believed = base.append(x), joined(hyper, some, x[None], [3]).seen_from(3, some.y)
    np.testing.assert_allclose(appended.predict(X)[0], believed.predict(X)[0], rtol=1e-6)
    scale = np.sqrt(believed.sigma2 / appended.sigma2)  # one more row counts for the amplitude
    np.testing.assert_allclose(appended.predict(X)[1] * scale, believed.predict(X)[1], rtol=1e-6)
    assert appended.y[-1] == pytest.approx(base.predict(x[None])[0][0])


def test_unrelated_segments_are_processes_of_their_own():
    hyper, some = hyper_of(common=0.0, alike=0.0, level=0.0), rows(40, 2, known=False)
    X = np.random.default_rng(5).random((6, 2))
    mine = some.segment == 3
    together = joined(hyper, some, np.empty((0, 2)), []).seen_from(3, some.y)
    alone = joined(hyper, some.where(np.flatnonzero(mine)), np.empty((0, 2)), []).seen_from(3, some.y[mine])
    np.testing.assert_allclose(together.predict(X)[0], alone.predict(X)[0], rtol=1e-8)
    ratio = together.predict(X)[1] / alone.predict(X)[1]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-8)  # they share the amplitude and nothing else


def test_with_one_segment_the_objective_is_that_of_a_process_with_a_common_level():
    # T = w0 + 1, C = (w0 + 1) K + w_b + v: the same as a process of amplitude w0 + 1 whose mean has a wide prior
    rng = np.random.default_rng(3)
    X, y = rng.random((20, 2)), rng.standard_normal(20)
    some = Rows(X=X, segment=np.zeros(20, dtype=np.intp), y=y - y.mean(), known=np.full(20, np.nan))
    hyper = JointHyper(
        point=Hyper(scale=np.array([0.5, 0.9]), noise=2e-3), common=1.0, alike=0.0, level=1e6, rate=1.0, reach=0.5
    )
    one = Joined.of(some, hyper, Tasks.of([Segment("all")]), np.empty((0, 2)), np.empty(0, dtype=np.intp))
    view = one.seen_from(0, some.y)
    objective = Objective(Data.of(X, y - y.mean()), np.array([0, 1]), Prior.of(2))
    from askntell.optimizers.gp.posterior import Posterior

    alone = Posterior.of(objective.data, Hyper(scale=np.array([0.5, 0.9]), noise=1e-3))
    at = rng.random((5, 2))
    np.testing.assert_allclose(view.predict(at)[0], alone.predict(at)[0], rtol=1e-4, atol=1e-5)


# ---- offsets and scales --------------------------------------------------------------------------------------------


def values_of(scales, offsets, n=12, seed=0):
    rng = np.random.default_rng(seed)
    shape = rng.standard_normal(n)
    return [offset + scale * shape for scale, offset in zip(scales, offsets, strict=True)]


def test_scales_and_levels_are_found():
    scales, offsets = np.array([0.1, 1.0, 10.0, 100.0]), np.array([-500.0, 3.0, 40.0, 9000.0])
    values = values_of(scales, offsets, n=40)
    frame = Frame.of(values)
    assert not frame.logarithmic
    z = np.array([frame.targets(v, k) for k, v in enumerate(values)])
    assert np.abs(z.std(axis=1) - 1.0).max() < 0.3
    assert np.abs(np.median(z, axis=1)).max() < 0.2


def test_positive_values_over_decades_are_compared_by_their_logarithms():
    values = [np.exp(v) for v in values_of(np.ones(4), np.array([0.0, 2.0, 4.0, -3.0]))]
    frame = Frame.of(values)
    assert frame.logarithmic
    assert not Frame.of(values, limited=True).logarithmic
    z = [frame.targets(v, k) for k, v in enumerate(values)]
    for other in z[1:]:
        np.testing.assert_allclose(np.diff(z[0]), np.diff(other), rtol=0.3)


def test_segments_with_few_values_take_the_scale_of_the_others():
    values = [*values_of(np.full(5, 7.0), np.zeros(5), n=20), np.array([1.0]), np.empty(0), np.array([2.0, 2.001])]
    frame = Frame.of(values)
    np.testing.assert_allclose(frame.scale[5:], np.median(frame.scale[:5]), rtol=0.2)


def test_a_segment_in_other_units_changes_nothing_for_the_others():
    base = values_of(np.linspace(1.0, 3.0, 9), np.linspace(-1.0, 1.0, 9), n=8)
    changed = [*base[:4], base[4] * 1000.0, *base[5:]]
    before, after = Frame.of(base), Frame.of(changed)
    others = [0, 1, 2, 3, 5, 6, 7, 8]
    np.testing.assert_allclose(after.scale[others], before.scale[others], rtol=0.1)
    np.testing.assert_allclose(after.level[others], before.level[others], atol=0.5)


def test_a_diverged_value_keeps_its_place_and_flattens_nothing():
    values = values_of(np.ones(4), np.zeros(4), n=12)
    diverged = [np.append(values[0], 1e300), *values[1:]]
    before, after = Frame.of(values), Frame.of(diverged)
    z = after.targets(diverged[0], 0)
    assert np.isfinite(z).all()
    assert z[-1] == z.max() < 1e3
    np.testing.assert_allclose(after.scale, before.scale, rtol=0.6)


def test_targets_keep_the_order_of_values():
    values = [np.sort(np.random.default_rng(1).standard_cauchy(200)), np.arange(5.0)]
    z = Frame.of(values).targets(values[0], 0)
    assert np.all(np.diff(z) > 0.0)


def test_the_scale_of_a_warm_started_segment_comes_from_what_the_others_predict():
    # segment 0 saw only points near the optimum of the common function; its scale is 10 times too small for the frame
    rng = np.random.default_rng(0)
    X = rng.random((60, 1))
    segment = np.repeat(np.arange(4), 15)
    X[:15] = 0.5 + 0.1 * (X[:15] - 0.5)
    y = 4.0 * ((X[:, 0] - 0.5) ** 2 - 0.1)
    wrong = y.copy()
    wrong[:15] *= 0.1
    some = Rows(X=X, segment=segment, y=wrong, known=np.full(60, np.nan))
    hyper = JointHyper(
        point=Hyper(scale=np.array([0.4]), noise=1e-4), common=5.0, alike=0.0, level=1e-3, rate=1, reach=1
    )
    one = Joined.of(some, hyper, NO_FEATURES, np.empty((0, 1)), np.empty(0, dtype=np.intp))
    frame = Frame(logarithmic=False, unit=1.0, level=np.zeros(7), middle=np.zeros(7), scale=np.ones(7), spread=2.0)
    factor = rescaled(wrong, segment, one.inner, one.amplitude(wrong), frame)
    assert factor[0] > 4.0
    assert np.abs(np.log(factor[15:])).max() < 0.3
    assert len(set(factor[:15])) == 1


def test_columns_of_the_joint_model_are_those_of_the_space():
    from askntell.space import Categorical, Float, SearchSpace

    space = SearchSpace({"x": Float(0, 1), "c": Categorical(["a", "b", "c"])})
    U = space.unit.encode_many(list(space.sample(5, seed=0)))
    assert Columns.of(space.unit.columns, U).count == 4
