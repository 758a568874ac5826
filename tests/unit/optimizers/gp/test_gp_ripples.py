"""Losses with ripples: the kernel of two scales, and when the data make it probable."""

import numpy as np
import pytest

from askntell import Categorical, Float, Optimizer, SearchSpace
from askntell.optimizers.gp.kernel import TWO_SCALES
from askntell.optimizers.gp.surrogate import Trials, fitted
from askntell.trial import Problem

SPACE = SearchSpace({"x": Float(-3, 3), "y": Float(-3, 3), "z": Float(-3, 3)})


def bowl(params):
    return sum((v - 0.4) ** 2 for v in params.values())


def ripples(params):
    return bowl(params) + sum(2.0 - 2.0 * np.cos(2 * np.pi * (v - 0.4)) for v in params.values())


def trials(function, count, *, noise=0.0, seed=0):
    """Half of them anywhere, half near the bowl's middle, as a search tells them."""
    rng = np.random.default_rng(seed)
    U = rng.random((count, 3))
    U[count // 2 :] = np.clip(0.57 + 0.12 * rng.standard_normal((count - count // 2, 3)), 0.0, 1.0)
    loss = [function(SPACE.unit.decode(row, {})) + noise * rng.standard_normal() for row in U]
    return Trials(numbers=np.arange(count), U=U, loss=np.array(loss), std=np.full(count, np.nan))


def test_ripples_are_told_from_noise():
    fit = fitted(trials(ripples, 150), Problem(space=SPACE), warp="half-rank", kernel="auto")
    first = fit.members[0]
    assert first.hyper.kernel == TWO_SCALES and first.weight > 0.9
    single = fitted(trials(ripples, 150), Problem(space=SPACE), warp="half-rank", kernel="matern").hyper
    assert first.hyper.noise < 0.2 * single.noise  # one length-scale can only call them noise
    assert np.all(first.hyper.scale / first.hyper.finer < 0.1)  # a ripple is a sixth of the range
    assert np.all(first.hyper.scale > 0.2)


@pytest.mark.parametrize("count", [30, 60, 100])
def test_noise_is_not_taken_for_ripples(count):
    for seed in range(4):
        told = trials(bowl, count, noise=3.0, seed=seed)
        fit = fitted(told, Problem(space=SPACE), warp="half-rank", kernel="auto")
        assert fit.hyper.kernel == "matern"
        assert sum(member.weight for member in fit.members if member.hyper.kernel == TWO_SCALES) < 0.5


def test_levels_have_other_kernels():
    space = SearchSpace({**SPACE.parameters, "c": Categorical(["a", "b"])})
    optimizer = Optimizer(space, algorithm="gp")
    for params in space.sample(60, seed=2):
        optimizer.tell(params, ripples({name: params[name] for name in "xyz"}))
    assert optimizer.ask().why["kernel"] in ("matern", "gauss")


def test_every_second_ask_trusts_one_scale_alone():
    optimizer = Optimizer(SPACE, algorithm="gp", seed=3)
    some = trials(ripples, 150)
    for row, loss in zip(some.U, some.loss, strict=True):
        optimizer.tell(SPACE.unit.decode(row, {}), float(loss))
    asked = [optimizer.ask() for _ in range(4)]
    assert [trial.number for trial in asked] == [150, 151, 152, 153]
    assert [trial.why["kernel"] for trial in asked] == [TWO_SCALES, "matern", TWO_SCALES, "matern"]
    again = Optimizer.from_history(SPACE, optimizer.history[:151], algorithm="gp", seed=3)
    assert again.ask().params == asked[1].params
