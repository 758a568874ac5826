"""What an algorithm is: frozen settings plus three pure functions of the history.

``start`` gives the empty state of a problem, ``learn`` folds closed trials into it in number order, ``propose``
gives the params of one numbered ask. None of them may read a clock, a file, the environment or a global random
generator, or change its arguments: a proposal is a function of (space, settings, seed, history, ask number) alone.
`askntell.testing.AlgorithmLaws` holds every algorithm to it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, final

from askntell._rng import digest, stream
from askntell.trial import Problem, Proposal, Segment, Trial

if TYPE_CHECKING:
    import numpy as np

    from askntell.goals import Goals
    from askntell.space import Scalar

__all__ = ["Algorithm", "Request", "Sharing"]

State = TypeVar("State")
Joint = TypeVar("Joint")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One ask: everything a proposal may depend on beside the learnt state.

    Attributes:
        number: The number that the trial will get.
        seed: Seed of the optimizer or study, >= 0.
        segment: Name of the segment.
        pending: Open trials of the segment in number order, those of the same batch included.
        taken: `SearchSpace.key` of all trials of the segment, open and closed. A proposal must not be among them
            while anything else is left.
        fixed: Parameters held at a value, by name; already checked against the space.
        deadline: Seconds of CPU time that the ask may take on ordinary hardware, or None. An algorithm that can be
            slow picks a limit of its work from a fixed table by this number and the sizes of the problem; it reads no
            clock, so that the proposal stays a function of the request.
        place: Where segments share one initial design: how many trials of all segments were asked before. None where
            the segment has a design of its own.
    """

    number: int
    seed: int
    segment: str
    pending: Collection[Trial] = ()
    taken: AbstractSet[Hashable] = frozenset()
    fixed: Mapping[str, Scalar] = field(default_factory=dict)
    deadline: float | None = None
    place: int | None = None

    def rng(self, purpose: str) -> np.random.Generator:
        """A generator keyed by (seed, segment, number, purpose)."""
        return stream(self.seed, self.segment, self.number, purpose)

    def block_seed(self, purpose: str) -> list[int]:
        """Entropy keyed by (seed, segment, purpose), the same for every number: for sequences drawn by index."""
        return [self.seed, digest(self.segment), digest(purpose)]


class Algorithm(ABC, Generic[State]):
    """Frozen settings and the three functions. Subclass as a frozen keyword-only dataclass, marked final."""

    name: ClassVar[str]
    """Name by which users choose it and by which a study's header records it."""
    several: ClassVar[bool] = True
    """Whether it takes several objectives; if not, `Optimizer` and `Study` refuse them before `start` is called."""

    @abstractmethod
    def start(self, problem: Problem) -> State:
        """The state before any trial. States are values: no function changes one."""

    @abstractmethod
    def learn(self, state: State, closed: Sequence[Trial]) -> State:
        """The state after these closed trials, given in number order.

        Law: ``learn(learn(s, a), b)`` proposes what ``learn(s, a + b)`` proposes, bit for bit.
        """

    @abstractmethod
    def propose(self, state: State, request: Request) -> Proposal | None:
        """The params for one ask, or None if every point (with ``request.fixed``) is taken.

        MUST NOT change the state. Asking for a batch is asking one by one with the earlier ones pending.
        """

    @final
    def check(self, goals: Goals) -> None:
        """Check that this algorithm can search for these goals.

        Raises:
            SettingsError: there are several objectives, and it is for one.
        """
        if not self.several:
            goals.single(f"algorithm {self.name!r}")

    def sharing(self, problem: Problem) -> Sharing[Any, Any] | None:  # noqa: ARG002 -- for algorithms that can
        """What proposes where the segments of this problem may learn from each other; None: each is searched alone."""
        return None

    def recommend(self, state: State) -> int | None:  # noqa: ARG002 -- for algorithms that have a model
        """The number of the finished trial that the model believes to be best; None: no model, the best observed."""
        return None


class Sharing(Algorithm[State], Generic[State, Joint]):
    """An algorithm whose segments can learn from each other.

    Each segment has its own state; `Joint` is what is learnt of all of them, a value as the states are.
    """

    @abstractmethod
    def join(self, problem: Problem, segments: Sequence[Segment]) -> Joint:
        """What is known of the segments before any trial."""

    @abstractmethod
    def learn_among(self, joint: Joint, states: Mapping[str, State], closings: Sequence[tuple[str, int]]) -> Joint:
        """What is known after more trials were closed.

        Law: as for `learn`, cutting the closings into parts changes no proposal.

        Args:
            joint: What was known before.
            states: The states of the segments in `closings`, with these trials in them.
            closings: (segment, number) of the trials that were closed, in that order.
        """

    @abstractmethod
    def propose_among(
        self, joint: Joint, segment: str, request: Request, pending: Mapping[str, Collection[Trial]]
    ) -> Proposal | None:
        """The params for one ask of a segment, or None if every point is taken.

        Args:
            joint: What is known of all segments.
            segment: Which one is asked about.
            request: The ask; ``request.place`` counts all segments' asks.
            pending: Open trials of all segments that have some, by name.
        """
