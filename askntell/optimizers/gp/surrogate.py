"""From closed trials to fitted models: targets, hyperparameters and posteriors as pure functions of the trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.data import Data, merged
from askntell.optimizers.gp.fitting import Regression, Solved, noise_ratio
from askntell.optimizers.gp.growing import grown
from askntell.optimizers.gp.kernel import TWO_SCALES, Array
from askntell.optimizers.gp.looks import QUIET
from askntell.optimizers.gp.model import FINER, ROUGH, Hyper, Objective, Prior, cold_starts, minimised
from askntell.optimizers.gp.posterior import Posterior, leave_one_out
from askntell.optimizers.gp.subset import FIT, POSTERIOR, checkpoint, fit_set, label_set, posterior_set
from askntell.optimizers.gp.warp import WARPS, slopes
from askntell.trial import Problem, Trial

__all__ = ["Fit", "Member", "Trials", "conditioned", "fitted", "label_fit", "label_posterior", "misordered"]

_REAL = ("matern", TWO_SCALES)  #: the kernels that are weighed where all parameters are real
_LEVELS = ("matern", "gauss")  #: and where some have levels
_FIRST = "half-rank"  #: the warp that is taken unless plain targets predict better
_AGAINST = 5.0  #: log odds against ripples beforehand: noise looks like ripples, mostly by up to 4 nats
_HARDLY = 0.05  #: a model that is less probable than this costs more time than it is worth
_MARGIN = 0.01  #: share of pairs by which plain targets must predict better than half-rank ones


@final
@dataclass(frozen=True, kw_only=True)
class Trials:
    """Finished and failed trials of one segment in number order.

    Attributes:
        numbers: Trial numbers, shape (n,).
        U: Unit points, shape (n, d), NaN where inactive.
        loss: Finite, or NaN for a failed trial, shape (n,).
        std: Known standard deviation of the loss, NaN where unknown, shape (n,).
    """

    numbers: NDArray[np.int64]
    U: Array
    loss: Array
    std: Array

    @classmethod
    def empty(cls, d: int) -> Trials:
        """No trials over d parameters."""
        return cls(numbers=np.empty(0, dtype=np.int64), U=np.empty((0, d)), loss=np.empty(0), std=np.empty(0))

    def extended(self, problem: Problem, trials: Sequence[Trial]) -> Trials:
        """These trials and then those."""
        if not trials:
            return self
        loss = np.array([np.nan if t.value is None else problem.loss(t) for t in trials], dtype=np.float64)
        loss[~np.isfinite(loss)] = np.nan
        std = np.array([np.nan if t.std is None else t.std for t in trials], dtype=np.float64)
        U = problem.space.unit.encode_many([t.params for t in trials])
        return Trials(
            numbers=grown(self.numbers, np.array([t.number for t in trials], dtype=np.int64)),
            U=grown(self.U, U),
            loss=grown(self.loss, loss),
            std=grown(self.std, std),
        )

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which trials gave no value, shape (n,)."""
        return np.isnan(self.loss)

    @property
    def informative(self) -> bool:
        """Whether there are three values and two different ones."""
        values = self.loss[~self.failed]
        return len(values) >= 3 and bool(values.min() < values.max())

    def valued(self) -> Self:
        """The trials that gave a value."""
        failed = self.failed
        return self.where(np.flatnonzero(~failed)) if failed.any() else self

    def first(self, count: int) -> Self:
        """The first `count` of these trials."""
        if count >= len(self.numbers):
            return self
        return type(self)(numbers=self.numbers[:count], U=self.U[:count], loss=self.loss[:count], std=self.std[:count])

    def where(self, index: NDArray[np.intp]) -> Self:
        """Some of these trials."""
        return type(self)(numbers=self.numbers[index], U=self.U[index], loss=self.loss[index], std=self.std[index])


@final
@dataclass(frozen=True, kw_only=True)
class Member:
    """One model of a fit.

    Attributes:
        hyper: Its hyperparameters.
        amplitude: sigma2 of the fit, in whose units known noise is expressed.
        weight: Its probability among the members.
    """

    hyper: Hyper
    amplitude: float
    weight: float = 1.0


@final
@dataclass(frozen=True, kw_only=True)
class Fit:
    """What stays fixed between two checkpoints.

    Attributes:
        columns: Model columns.
        warp: "half-rank" or "plain".
        exact: All values were told with std=0.
        members: One model or several, the most probable first.
        hedge: The model of one scale where that of two is the most probable, else None.
    """

    columns: Columns
    warp: str
    exact: bool
    members: tuple[Member, ...]
    hedge: Member | None = None

    @property
    def hyper(self) -> Hyper:
        """Hyperparameters of the most probable model."""
        return self.members[0].hyper


def fitted(trials: Trials, problem: Problem, *, warp: str, kernel: str, count: int = FIT) -> Fit:
    """The fit that belongs to these trials: a function of their first `checkpoint` values.

    Args:
        trials: `Trials.informative`.
        problem: Gives the space.
        warp: "auto", "half-rank" or "plain".
        kernel: The name of one, or "auto": several, weighed by evidence: see `_REAL` and `_LEVELS`.
        count: At most so many trials are fitted to; 0 for the mode of the prior.
    """
    valued = trials.valued()
    some = valued.first(checkpoint(len(valued.numbers)))
    columns = Columns.of(problem.space.unit.columns, some.U)
    exact = bool(np.all(some.std == 0.0))
    names: tuple[str, ...] = (kernel,)
    if kernel == "auto":
        real = all(column.levels is None for column in problem.space.unit.columns)
        names = _REAL if real else _LEVELS
    prior = replace(Prior.of(columns.d, exact=exact), kernel=names[0])
    if count == 0:
        mode = Member(hyper=prior.mode(columns.count), amplitude=1.0)
        return Fit(columns=columns, warp=_FIRST if warp == "auto" else warp, exact=exact, members=(mode,))
    chosen = fit_set(some.loss, some.numbers, count=count)
    X = columns.transform(some.U[chosen])

    def task(warp: str, kernel: str) -> Regression:
        z = WARPS[warp](some.loss)
        noise = _noise(some, z, exact=exact)[chosen]
        return Regression(groups=columns.groups, prior=replace(prior, kernel=kernel), X=X, z=z[chosen], noise=noise)

    name = _FIRST if warp == "auto" else warp
    begin = _extended(cold_starts(columns.d, int(columns.groups.max(initial=-1)) + 1), names[0])
    first = task(name, names[0]).solved(begin)
    if warp == "auto":
        other = task("plain", names[0])
        plain = other.near(first)
        margin = _MARGIN if first.posterior.look < QUIET else -_MARGIN
        if plain is not None and _misjudged(plain) < _misjudged(first) - margin:
            name, first = "plain", other.finished(plain)
    found = [first]
    for more in names[1:]:
        other = task(name, more)
        promising = other.near(first, hopeless=0.0 if more == TWO_SCALES else -np.log(_HARDLY))
        if promising is not None:
            found.append(other.finished(promising))
    members = _weighed(found)
    hedge = None
    if kernel == "auto" and members[0].hyper.kernel == TWO_SCALES:
        hedge = Member(hyper=first.posterior.hyper, amplitude=first.posterior.sigma2)
    return Fit(columns=columns, warp=name, exact=exact, members=members, hedge=hedge)


def _extended(starts: list[Array], kernel: str) -> list[Array]:
    """The starts with what a kernel has beside length-scales and noise."""
    return [np.append(start, np.log([ROUGH, FINER])) for start in starts] if kernel == TWO_SCALES else starts


def _weighed(found: list[Solved]) -> tuple[Member, ...]:
    """The models with their probabilities, the most probable first; those that hardly count are left out.

    The kernels share their hyperparameters and priors, so the heights of their posteriors' peaks stand for their
    evidence [MacKay 1992, without the widths of the peaks]. The kernel of two scales must make up for its lower odds.
    """
    against = np.array([_AGAINST if one.objective.prior.kernel == TWO_SCALES else 0.0 for one in found])
    loss = np.array([one.optimum.loss for one in found]) + (against - against.min())
    odds = np.exp(loss.min() - loss)
    kept = [k for k in np.argsort(-odds, kind="stable") if odds[k] > _HARDLY * odds.sum()]
    total = float(odds[kept].sum())
    return tuple(
        Member(hyper=found[k].posterior.hyper, amplitude=found[k].posterior.sigma2, weight=float(odds[k]) / total)
        for k in kept
    )


def _noise(trials: Trials, z: Array, *, exact: bool) -> Array:
    """Known standard deviations in units of the targets z, NaN where unknown (or none, and so said); shape (n,)."""
    if exact or np.isnan(trials.std).all():
        return np.full(len(z), np.nan)
    return trials.std * slopes(trials.loss, z)


def _misjudged(found: Solved) -> float:
    return misordered(leave_one_out(found.posterior), found.posterior.y)


def misordered(predicted: Array, y: Array) -> float:
    """Share of wrongly ordered pairs among the pairs of different targets with a member in the better half."""
    good = y <= np.median(y)
    weight = np.where(good, 1, 2)  # of the ordered pairs only those whose first member is good are looked at
    first, guess = y[good, None], predicted[good, None]
    below, above = first < y, first > y
    wrong = (below & ~(guess < predicted)) | (above & ~(guess > predicted))
    pairs = int(np.count_nonzero(below | above, axis=0) @ weight)
    return float(np.count_nonzero(wrong, axis=0) @ weight) / max(pairs, 1)


def conditioned(trials: Trials, fit: Fit, *, count: int = POSTERIOR) -> tuple[tuple[Posterior, ...], Array]:
    """The posterior of each model given at most `count` of the valued trials, and their distinct unit points (n, d)."""
    valued = trials.valued()
    z = WARPS[fit.warp](valued.loss)
    noise = _noise(valued, z, exact=fit.exact)
    chosen = posterior_set(valued.loss, valued.numbers, valued.U, fit.columns, fit.hyper.scale, count=count)
    U = valued.U[chosen]
    X = fit.columns.transform(U)
    made = []
    for member in fit.members:
        data, first = merged(X, z[chosen], noise_ratio(noise[chosen], member.amplitude))
        made.append(Posterior.of(data, member.hyper))
    return tuple(made), U[first]


def label_fit(trials: Trials, fit: Fit, *, count: int = FIT) -> Hyper:
    """Hyperparameters of the labels +1 (gave a value) and -1 (failed), from the first `checkpoint` trials."""
    some = trials.first(checkpoint(len(trials.numbers)))
    columns = fit.columns
    if count == 0:
        return Prior.of(columns.d).mode(columns.count)
    objective = Objective(_labels(some, fit, count), columns.groups, Prior.of(columns.d))
    starts = cold_starts(columns.d, int(columns.groups.max()) + 1)
    return objective.hyper(minimised(objective, starts).theta)


def label_posterior(trials: Trials, fit: Fit, hyper: Hyper, *, count: int = FIT) -> Posterior:
    """Least-squares classification: the posterior of the labels."""
    return Posterior.of(_labels(trials, fit, count), hyper)


def _labels(trials: Trials, fit: Fit, count: int) -> Data:
    some = trials.where(label_set(trials.failed, trials.numbers, count=count))
    labels = np.where(some.failed, -1.0, 1.0)
    return merged(fit.columns.transform(some.U), labels, np.full(len(labels), np.nan))[0]
