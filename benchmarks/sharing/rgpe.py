"""RGPE: a ranking-weighted ensemble of Gaussian processes [Feurer, Letham, Bakshy 2018, arXiv:1802.02219].

Each segment has a process of its own, with the package's kernel, priors, warp and search. A segment's trials are
proposed by expected improvement under the weighted sum of its own process and of other segments': weights are the
shares of posterior samples in which a process orders the segment's own trials best (its own one left-one-out), after
sources were dropped that order worse than the segment's own process nearly always does.

Bounded, so that an ask does not grow with the number of segments: of at most 40 other segments, drawn once for each
segment, the 10 that order its trials best enter the ensemble.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from families.instance import Array
from numpy.typing import NDArray

from askntell._rng import stream
from askntell.optimizers.algorithm import Request
from askntell.optimizers.design import initial
from askntell.optimizers.gp.acquisition import log_ei
from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.data import Data, merged
from askntell.optimizers.gp.model import Hyper, Objective, Prior, cold_starts, minimised
from askntell.optimizers.gp.posterior import Posterior, leave_one_out
from askntell.optimizers.gp.search import Effort, Region, ranked
from askntell.optimizers.gp.warp import WARPS
from askntell.space import Params
from askntell.trial import Problem
from sharing.tuning import Game, Tuning

__all__ = ["RGPE", "misranked", "weights"]

DESIGN = 3  #: first trials of every segment, from a space-filling sequence
DRAWN, SOURCES = 40, 10
SAMPLES = 64
EFFORT = Effort(scattered=256, perturbed=128, starts=4, evaluations=16)


def misranked(samples: Array, y: Array) -> NDArray[np.int64]:
    """Wrongly ordered pairs of each sample, shape (b, n) -> (b,)."""
    order = y[:, None] < y
    found: NDArray[np.int64] = ((samples[:, :, None] < samples[:, None, :]) != order).sum(axis=(1, 2))
    return found


def weights(losses: NDArray[np.int64]) -> Array:
    """Weights of the processes, the segment's own one last; sum 1.

    Args:
        losses: Misranked pairs of each process and sample, shape (k + 1, b).
    """
    own = losses[-1]
    dropped = np.median(losses[:-1], axis=1) > np.quantile(own, 0.95)
    losses = np.where(np.append(dropped, False)[:, None], np.iinfo(np.int64).max, losses)
    best = losses == losses.min(axis=0)
    best[:-1] &= ~best[-1]  # among equals the own process wins: no weight for sources that are not better
    made: Array = (best / best.sum(axis=0)).mean(axis=1)
    return made


@final
@dataclass(frozen=True)
class _Sum:
    """Log expected improvement under a weighted sum of processes."""

    members: tuple[Posterior, ...]
    shares: Array
    best: float

    @property
    def posterior(self) -> Posterior:
        return self.members[int(np.argmax(self.shares))]

    def mean(self, X: Array) -> Array:
        found: Array = np.tensordot(self.shares, [member.predict(X)[0] for member in self.members], 1)
        return found

    def value(self, X: Array) -> Array:
        pairs = [member.predict(X) for member in self.members]
        mean = np.tensordot(self.shares, [m for m, _ in pairs], 1)
        std = np.sqrt(np.tensordot(self.shares**2, [s * s for _, s in pairs], 1))
        found: Array = np.log(std) + log_ei((self.best - mean) / std)[0]
        return found

    def gradients(self, X: Array) -> tuple[Array, Array]:
        parts = [member.gradients(X) for member in self.members]
        mean, slope = (np.tensordot(self.shares, [part[k] for part in parts], 1) for k in (0, 2))
        std = np.sqrt(np.tensordot(self.shares**2, [part[1] ** 2 for part in parts], 1))
        bend = np.tensordot(self.shares**2, [part[1][:, None] * part[3] for part in parts], 1) / std[:, None]
        value, below, density = log_ei((self.best - mean) / std)
        return value + np.log(std), (density / std)[:, None] * bend - (below / std)[:, None] * slope


@final
class _Segment:
    """Trials of one segment and its process."""

    def __init__(self, columns: Columns, problem: Problem) -> None:
        self._columns, self.problem = columns, problem
        self.U = np.empty((0, columns.d))
        self.losses: list[float] = []
        self.pending: dict[int, Array] = {}
        self.asked = 0
        self.taken: set[Any] = set()
        self._hyper: Hyper | None = None
        self._fitted = 0
        self._posterior: Posterior | None = None
        self._conditioned = 0

    def add(self, row: Array, loss: float) -> None:
        self.U = np.vstack([self.U, row])
        self.losses.append(loss)

    @property
    def y(self) -> Array:
        return np.array(self.losses)

    def posterior(self) -> Posterior | None:
        """The process given all trials; hyperparameters are fitted anew when a tenth more are there."""
        n = len(self.losses)
        if n < DESIGN or min(self.losses) == max(self.losses):
            return None
        if self._conditioned < n:
            X, z = self._columns.transform(self.U), WARPS["half-rank"](self.y)
            data, _ = merged(X, z, np.full(n, np.nan))
            if self._hyper is None or n > 1.1 * self._fitted:
                self._hyper, self._fitted = self._fit(data), n
            self._posterior, self._conditioned = Posterior.of(data, self._hyper), n
        return self._posterior

    def _fit(self, data: Data) -> Hyper:
        groups = self._columns.groups
        objective = Objective(data, groups, Prior.of(self._columns.d))
        return objective.hyper(minimised(objective, cold_starts(self._columns.d, int(groups.max()) + 1)).theta)


@final
class RGPE(Tuning):
    """The ensemble for every segment; the others' trials so far are its sources."""

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        space = game.instance.space
        rows = space.unit.encode_many([dict(p) for p in space.sample(200, seed=0)])
        self._columns = Columns.of(space.unit.columns, rows)  # of all segments: their processes are added up
        self._region = Region(space.unit, {}, restricted=bool(space.constraints or space.forbidden))
        base = Problem(space=space, goals=_goals(), trials=None, segments=game.instance.segments)
        self._segments = {name: _Segment(self._columns, base) for name in game.names}
        self._sources = {name: self._drawn(name) for name in game.names}

    def _drawn(self, name: str) -> list[str]:
        others = [other for other in self.game.names if other != name]
        order = stream(self.game.seed, "rgpe-sources", name).permutation(len(others))
        return [others[int(k)] for k in order[:DRAWN]]

    def ask(self, segment: str) -> tuple[int, Params]:
        mine = self._segments[segment]
        number, space = mine.asked, self.game.instance.space
        request = Request(number=number, seed=self.game.seed, segment=segment, taken=mine.taken)
        params: Params | None = None
        if number >= DESIGN and mine.posterior() is not None:
            params = self._modelled(segment, request)
        if params is None:
            proposal = initial(mine.problem, request)
            assert proposal is not None
            params = dict(proposal.params)
        mine.asked += 1
        mine.taken.add(space.key(params))
        mine.pending[number] = space.unit.encode(params)
        return number, params

    def tell(self, segment: str, token: int, loss: float) -> None:
        mine = self._segments[segment]
        mine.add(mine.pending.pop(token), loss)

    def _modelled(self, segment: str, request: Request) -> Params | None:
        mine, space = self._segments[segment], self.game.instance.space
        members, shares = self._ensemble(segment, request.rng("rgpe"))
        for row in mine.pending.values():
            x = self._columns.transform(row[None])[0]
            members = tuple(member.append(x) for member in members)
        score = _Sum(members, shares, 0.0)
        means = score.mean(self._columns.transform(mine.U))
        score = _Sum(members, shares, float(means.min()))
        own = mine.U[np.argsort(means, kind="stable")[:3]]
        others = [self._segments[name] for name in self._sources[segment][:SOURCES]]
        theirs = [s.U[int(np.argmin(s.losses))] for s in others if s.losses]
        incumbents = np.vstack([own, *theirs])
        rows = ranked(
            self._region, self._columns, score, incumbents=incumbents, effort=EFFORT, rng=request.rng("gp-search")
        )
        for row in rows:
            params = space.unit.decode(row)
            if space.key(params) not in mine.taken:
                return params
        return None

    def _ensemble(self, segment: str, rng: np.random.Generator) -> tuple[tuple[Posterior, ...], Array]:
        """The processes that count, the own one last, and their weights."""
        mine = self._segments[segment]
        own = mine.posterior()
        assert own is not None
        X, y = self._columns.transform(mine.U), mine.y
        found = [p for name in self._sources[segment] if (p := self._segments[name].posterior()) is not None]
        if not found:
            return (own,), np.ones(1)
        predicted = [p.predict(X) for p in found]
        order = np.argsort([int(misranked(mean[None], y)[0]) for mean, _ in predicted], kind="stable")[:SOURCES]
        noise = rng.standard_normal((len(order) + 1, SAMPLES, len(y)))
        losses = [misranked(predicted[k][0] + predicted[k][1] * noise[i], y) for i, k in enumerate(order)]
        losses.append(misranked(_left_out(own, X, noise[-1]), y))
        shares = weights(np.array(losses))
        kept = np.flatnonzero(shares > 0.0)
        members = [*(found[k] for k in order), own]
        return tuple(members[int(k)] for k in kept), shares[kept]


def _left_out(own: Posterior, X: Array, noise: Array) -> Array:
    """Samples of the own process at its trials, each predicted from all others; shape (b, n)."""
    place = [int(np.argmin(((own.Z - z) ** 2).sum(axis=1))) for z in (X - own.centre) / own.hyper.scale]
    std = np.sqrt(own.sigma2 / np.einsum("ij,ij->j", own.Linv, own.Linv))
    found: Array = leave_one_out(own)[place] + std[place] * noise
    return found


def _goals() -> Any:
    from askntell.goals import Goals

    return Goals.of(None, None, None)
