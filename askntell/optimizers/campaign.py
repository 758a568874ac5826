"""`Campaign`: one algorithm asked about all segments of a study, with memos of what was learnt.

A campaign holds no trials: everything it knows derives from the ledger it is given, and its memos may be dropped at any
moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, final

from askntell.errors import SettingsError, UnknownTrial
from askntell.history import Ledger
from askntell.optimizers.algorithm import Algorithm, Sharing
from askntell.optimizers.proposer import Proposer
from askntell.space import Scalar
from askntell.trial import Problem, Proposal, Segment

__all__ = ["Campaign", "checked_share"]

_SHARES = ("auto", "none")
_KEPT = 16  #: asks; between two looks at the journals few results of others come in


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
        self._joints: list[tuple[int, Any]] = []  # what was learnt of so many closings, of the last asks
        self._epoch = 0

    def add_segment(self, segment: Segment) -> None:
        """Take in one more segment."""
        self._segments[segment.name] = segment
        self._joints.clear()

    def arrange(self, segments: Iterable[Segment]) -> None:
        """Put other segments, or the same in another order, in the place of those before."""
        before, self._segments = self._segments, {segment.name: segment for segment in segments}
        for name, segment in self._segments.items():
            if before.get(name) is not segment:
                self._proposers.pop(name, None)
        self._joints.clear()

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
        pending = {name: ledger[name].pending for name in self._segments if ledger[name].pending}
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
        """What is learnt of all segments.

        A result of another process that is seen late has its place before younger ones. What was learnt at earlier asks
        is kept for a while, so that only the few results from that place on are learnt again.
        """
        assert self._sharing is not None
        untouched, self._epoch = ledger.untouched(self._epoch), ledger.epoch
        while self._joints and self._joints[-1][0] > untouched:
            self._joints.pop()
        if not self._joints:
            self._joints.append((0, self._fresh()))
        folded, joint = self._joints[-1]
        new = ledger.closings[folded:]
        if new:
            names = sorted({name for name, _ in new})
            states = {name: self._proposer(name).learnt(ledger[name]) for name in names}
            joint = self._sharing.learn_among(joint, states, new)
            self._joints.append((len(ledger.closings), joint))
            del self._joints[:-_KEPT]
        return joint

    def _fresh(self) -> Any:
        """What is known before any trial."""
        assert self._sharing is not None
        return self._sharing.join(self._problem, tuple(self._segments.values()))
