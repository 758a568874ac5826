"""`Campaign`: one algorithm asked about all segments of a study, with memos of what was learnt.

A campaign holds no trials: everything it knows derives from the ledger it is given, and its memos may be dropped at any
moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from askntell.errors import SettingsError, UnknownTrial
from askntell.history import Ledger
from askntell.optimizers.algorithm import Algorithm, Sharing
from askntell.optimizers.proposer import Proposer
from askntell.space import Scalar
from askntell.trial import Problem, Proposal, Segment

__all__ = ["Campaign", "checked_share"]

_SHARES = ("auto", "none")


def checked_share(share: object) -> None:
    """Check the setting.

    Raises:
        SettingsError: there is no such way to share.
    """
    if share not in _SHARES:
        raise SettingsError(f"share={share!r}; allowed: {', '.join(_SHARES)}")


@final
class Campaign:
    """Asks an algorithm about the segments of a study.

    Args:
        problem: What is searched, with all segments.
        algorithm: What proposes.
        seed: Key of every random stream.
        share: "auto": segments learn from each other if the algorithm can; "none": each is searched alone.

    Raises:
        SettingsError: no such share, or a wrong seed.
    """

    def __init__(self, problem: Problem, algorithm: Algorithm[Any], seed: int, *, share: str = "auto") -> None:
        checked_share(share)
        self._problem = problem
        self._segments = {segment.name: segment for segment in problem.segments}
        self._seed = seed
        self._sharing: Sharing[Any, Any] | None = algorithm.sharing(problem) if share == "auto" else None
        self._algorithm = algorithm if self._sharing is None else self._sharing
        self._proposers: dict[str, Proposer] = {}
        self._joint: Any = None
        self._folded = 0
        self._epoch = -1

    def add_segment(self, segment: Segment) -> None:
        """Take in one more segment."""
        self._segments[segment.name] = segment
        self._joint = None

    def propose(
        self,
        ledger: Ledger,
        segment: str,
        number: int,
        fixed: Mapping[str, Scalar],
        *,
        deadline: float | None = None,
    ) -> Proposal | None:
        """The proposal for trial `number` of a segment, or None if every point is taken.

        With a deadline the segment is asked alone: the table by which work is cut is that of one segment.
        """
        proposer = self._proposer(segment)
        sharing = self._sharing
        if sharing is None or len(self._segments) == 1:
            return proposer.propose(ledger[segment], number, fixed, deadline=deadline)
        request = proposer.request(ledger[segment], number, fixed, deadline=deadline, place=ledger.asked)
        if deadline is not None:
            return proposer.answer(ledger[segment], request)
        pending = {name: history.pending for name, history in ledger.items() if history.pending}
        return sharing.propose_among(self._among(ledger), segment, request, pending)

    def recommend(self, ledger: Ledger, segment: str) -> int | None:
        """The number of the trial of a segment that is best by its own model, or None without a model."""
        return self._proposer(segment).recommend(ledger[segment])

    def proposer(self, segment: str) -> Proposer:
        """Asks about one segment alone."""
        return self._proposer(segment)

    def _proposer(self, segment: str) -> Proposer:
        if segment not in self._proposers:
            if segment not in self._segments:
                raise UnknownTrial(f"there is no segment {segment!r}")
            problem = self._problem.at(self._segments[segment])
            self._proposers[segment] = Proposer(problem, self._algorithm, self._seed)
        return self._proposers[segment]

    def _among(self, ledger: Ledger) -> Any:
        """What is learnt of all segments, kept as long as the closings only grew at their end."""
        assert self._sharing is not None
        if self._joint is None or self._epoch != ledger.epoch:
            self._joint = self._sharing.join(self._problem, tuple(self._segments.values()))
            self._folded, self._epoch = 0, ledger.epoch
        new = ledger.closings[self._folded :]
        if new:
            names = sorted({name for name, _ in new})
            states = {name: self._proposer(name).learnt(ledger[name]) for name in names}
            self._joint = self._sharing.learn_among(self._joint, states, new)
            self._folded = len(ledger.closings)
        return self._joint
