"""The tree-structured Parzen estimator: the algorithm `tpe`.

One ask: split the trials into a good and a bad group, draw candidates from the density of the good ones, and take the
one where it is largest in proportion to the density of the bad ones (`parzen`). In a conditional space the parents
are chosen first, by their own densities, and then everything else in the branch that they open.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from askntell.errors import SettingsError
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.design import fresh, initial
from askntell.optimizers.tpe.parzen import Layout, Mixture
from askntell.optimizers.tpe.records import Records
from askntell.space import Scalar
from askntell.space.columns import Array
from askntell.trial import Problem, Proposal, Trial

__all__ = ["TPE", "TPEState"]

_ROUNDS = 4  #: times that candidates are drawn where constraints or taken points leave none
_BRANCH = 8  #: a branch with so many values is modelled by its own trials alone
_GOLDEN = 2654435769  #: 2^32 over the golden ratio: its multiples spread evenly [Knuth, TAOCP 3, 6.4]


class _Group(NamedTuple):
    """Trials to split, and those whose outcome is not known."""

    U: Array  #: unit points, (n, d)
    ranks: Array  #: violation and loss, infinite for failed ones, (n, 2)
    numbers: NDArray[np.int64]  #: (n,)
    pending: Array  #: unit points, (m, d)


class _Pair(NamedTuple):
    """Densities of the good and of the bad trials."""

    good: Mixture
    bad: Mixture
    num_good: int

    def score(self, rows: Array) -> Array:
        """Logarithm of the ratio of the two densities at rows (m, d)."""
        return self.good.log_density(rows) - self.bad.log_density(rows)


@final
@dataclass(frozen=True, eq=False)
class TPEState:
    """Closed trials as arrays; the cached properties follow from the space alone."""

    problem: Problem
    records: Records

    @cached_property
    def layout(self) -> Layout:
        """All columns."""
        columns = self.problem.space.unit.columns
        return Layout.of(columns, range(len(columns)))

    @cached_property
    def parents(self) -> NDArray[np.intp]:
        """Columns of the parameters on which conditions depend."""
        space = self.problem.space
        names = {parent for parameter in space.parameters.values() for parent, _ in parameter.conditions()}
        return np.array([i for i, name in enumerate(space.unit.names) if name in names], dtype=np.intp)

    @cached_property
    def branching(self) -> Layout:
        """The columns of the parents."""
        return Layout.of(self.problem.space.unit.columns, self.parents.tolist())


@final
@dataclass(frozen=True, kw_only=True)
class TPE(Algorithm[TPEState]):
    """Multivariate Parzen estimators of good and bad trials; milliseconds an ask, also after 100,000 trials.

    Bergstra et al. 2011 for the method, Watanabe 2023 (arXiv 2304.11127) for its parts: product kernels over all
    parameters, a uniform prior as one more kernel, weights of the good trials that fall with their rank, widths from
    the neighbours' distance. Failed and pending trials belong to the bad group; those that violate a constraint come
    after those that do not, by their violation. Of a large bad group, `kernels` trials
    spread evenly over the search stand for all.

    Attributes:
        initial: Trials before the first model; None for min(max(5, d + 1), 10) with d parameters.
        candidates: Points drawn from the good density, of which the best is proposed.
        good: Share of the trials that are good, above 0 and at most 1.
        most_good: Largest number of good trials.
        kernels: Largest number of bad trials in a density, beside the pending ones.
    """

    name: ClassVar[str] = "tpe"
    several: ClassVar[bool] = False
    initial: int | None = None
    candidates: int = 24
    good: float = 0.1
    most_good: int = 25
    kernels: int = 500

    def __post_init__(self) -> None:
        share = self.good
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 < share <= 1.0:
            raise SettingsError(f"tpe: good={share!r}; allowed: a number above 0 and at most 1")
        for label in ("initial", "candidates", "most_good", "kernels"):
            given = getattr(self, label)
            if label == "initial" and given is None:
                continue
            if isinstance(given, bool) or not isinstance(given, int) or given < 1:
                raise SettingsError(f"tpe: {label}={given!r}; allowed: an integer >= 1")

    def start(self, problem: Problem) -> TPEState:
        """No trials yet."""
        return TPEState(problem, Records.empty(problem.space.unit.d))

    def learn(self, state: TPEState, closed: Sequence[Trial]) -> TPEState:
        """The trials with these added, in time proportional to their number. Cancelled ones teach nothing."""
        return TPEState(state.problem, state.records.extended(state.problem, closed))

    def propose(self, state: TPEState, request: Request) -> Proposal | None:
        """The best candidate that is not taken; points of the initial design before there is a model."""
        space, records = state.problem.space, state.records
        unit = space.unit
        needed = min(max(5, unit.d + 1), 10) if self.initial is None else self.initial
        if unit.d == 0 or len(records) + len(request.pending) < needed or np.isinf(records.ranks[:, 0]).all():
            return initial(state.problem, request)
        facts: dict[str, Scalar] = {"model": "tpe", "trials": len(records)}
        for row in self._ranked(state, request, facts):
            params = unit.decode(row, request.fixed)
            if space.key(params) not in request.taken:
                return Proposal(params=params, by=self.name, why=facts)
        return fresh(space, request, "random")

    def _ranked(self, state: TPEState, request: Request, facts: dict[str, Scalar]) -> Iterator[Array]:
        """Feasible rows (d,), from the most to the least worth trying, round after round."""
        unit, records = state.problem.space.unit, state.records
        pending = unit.encode_many([t.params for t in request.pending])
        group = _Group(records.U, records.ranks, records.numbers, pending)
        held = unit.encode(request.fixed)
        rng = request.rng("tpe")
        if len(state.parents):
            branch = self._branch(state, request, group, held, rng)
            if branch is not None:
                held[state.parents] = branch
                group = _inside(group, state.parents, branch)
                facts["branch"] = len(group.U)
        pair = self._pair(state.layout, group)
        facts["good"] = pair.num_good
        for _ in range(_ROUNDS):
            drawn = pair.good.draw(rng, self.candidates, unit.d, held)
            rows = unit.snap(np.where(np.isnan(held), drawn, held), request.fixed)
            rows = rows[unit.feasible(rows)]
            if len(rows):
                yield from rows[np.argsort(-pair.score(rows), kind="stable")]

    def _branch(
        self, state: TPEState, request: Request, group: _Group, held: Array, rng: np.random.Generator
    ) -> Array | None:
        """Unit points of the parents, NaN where a parent is inactive; None if no candidate is feasible.

        Within a joint density the sharp kernels of the numbers would decide alone, and a branch that began well would
        never be left. The ratio of the parents is followed in proportion, not strictly, for the same reason.
        """
        unit = state.problem.space.unit
        pair = self._pair(state.branching, group)
        rows = unit.snap(pair.good.draw(rng, self.candidates, unit.d, held), request.fixed)
        rows = rows[unit.feasible(rows)]
        if not len(rows):
            return None
        scores = pair.score(rows) + rng.gumbel(size=len(rows))
        branch: Array = rows[np.argmax(scores), state.parents]
        return branch

    def _pair(self, layout: Layout, group: _Group) -> _Pair:
        """Densities over the columns of a layout."""
        good, bad = self._split(group)
        order = np.argsort(np.lexsort(group.ranks[good].T[::-1]))
        weight = (len(good) - order).astype(np.float64) * (2.0 / (len(good) + 1.0))
        rows = np.vstack([group.U[bad], group.pending])
        return _Pair(
            good=Mixture.of(layout, group.U[good], weight),
            bad=Mixture.of(layout, rows, np.ones(len(rows))),
            num_good=len(good),
        )

    def _split(self, group: _Group) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Indices of the good and of the bad trials, each in number order."""
        key = _order(group.ranks)
        count = min(math.ceil(self.good * len(key)), self.most_good, int(np.count_nonzero(key < np.inf)))
        good = np.zeros(len(key), dtype=np.bool_)
        if count:
            border = np.partition(key, count - 1)[count - 1]
            good[key < border] = True
            good[np.flatnonzero(key == border)[: count - np.count_nonzero(good)]] = True
        bad = np.flatnonzero(~good)
        if len(bad) > self.kernels:
            # the same trials whatever comes later, but for the few that the newest ones push out
            turn = group.numbers[bad] * _GOLDEN % 2**32
            bad = np.sort(bad[np.argpartition(turn, self.kernels)[: self.kernels]])
        return np.flatnonzero(good), bad


def _order(ranks: Array) -> Array:
    """Numbers (n,) in the order of the ranks (n, 2), infinite if failed; the losses if all others are feasible."""
    failed = np.isinf(ranks[:, 0])
    if not np.any(ranks[~failed, 0]):
        return ranks[:, 1]
    key = np.empty(len(ranks))
    key[np.lexsort((ranks[:, 1], ranks[:, 0]))] = np.arange(len(ranks))
    key[failed] = np.inf
    return key


def _inside(group: _Group, parents: NDArray[np.intp], branch: Array) -> _Group:
    """The trials of a branch alone if there are enough values among them, else all."""

    def same(rows: Array) -> NDArray[np.bool_]:
        at = rows[:, parents]
        made: NDArray[np.bool_] = np.all((at == branch) | (np.isnan(at) & np.isnan(branch)), axis=1)
        return made

    mine = same(group.U)
    if np.count_nonzero(group.ranks[mine, 0] < np.inf) < _BRANCH:
        return group
    return _Group(group.U[mine], group.ranks[mine], group.numbers[mine], group.pending[same(group.pending)])
