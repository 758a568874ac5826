"""The laws of many segments. `CampaignLaws` needs one fixture: an algorithm, whether or not its segments can share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from askntell._rng import stream
from askntell.goals import Goals
from askntell.history import Ledger
from askntell.optimizers.algorithm import Algorithm
from askntell.optimizers.campaign import Campaign
from askntell.optimizers.optimizer import Optimizer
from askntell.space import Params, Scalar, SearchSpace
from askntell.testing.algorithms import SPACES, loss
from askntell.trial import Outcome, Problem, Proposal, Segment, Trial

__all__ = ["CampaignLaws", "Tuning", "family"]


def family(count: int) -> list[Segment]:
    """Segments with a text, a number, and a feature that every second one lacks."""
    return [
        Segment(
            f"s{k}",
            features={
                "particle": ("photon", "pion")[k % 2],
                "eta": k / 10.0,
                **({"layers": 12.0 + k} if k % 2 else {}),
            },
        )
        for k in range(count)
    ]


def _value(params: Params, place: int) -> float:
    """The loss of a segment: alike in all, with an offset, a scale and a shift of its own."""
    return 10.0 * place + (1.0 + place) * (loss(params) + 0.02 * place * len(params))


class Tuning:
    """Ask and tell for many segments in memory.

    Args:
        algorithm: What proposes.
        segments: What is tuned.
        space, seed, share, goals: As for a study.
    """

    def __init__(
        self,
        algorithm: Algorithm[Any],
        segments: Sequence[Segment],
        *,
        space: SearchSpace = SPACES["mixed"],
        seed: int = 3,
        share: str = "auto",
        goals: Goals | None = None,
    ) -> None:
        self._settings: dict[str, Any] = {"space": space, "seed": seed, "share": share, "goals": goals}
        self._algorithm = algorithm
        self.goals = goals or Goals()
        self._problem = Problem(space=space, goals=self.goals, segment=segments[0], segments=tuple(segments))
        self.segments = list(segments)
        self.ledger = Ledger(self._problem)
        self._campaign = Campaign(self._problem, algorithm, seed, share=share)

    def look(self, segment: str, fixed: Mapping[str, Scalar] | None = None) -> Proposal:
        """What the next ask of a segment would propose."""
        number = self.ledger[segment].next_number
        proposal = self._campaign.propose(self.ledger, segment, number, fixed or {})
        assert proposal is not None
        return proposal

    def ask(self, segment: str, fixed: Mapping[str, Scalar] | None = None) -> Trial:
        """The next trial of a segment."""
        number, proposal = self.ledger[segment].next_number, self.look(segment, fixed)
        trial = Trial(number=number, segment=segment, params=proposal.params, by=proposal.by, why=proposal.why)
        self.ledger.add(trial)
        return trial

    def tell(self, trial: Trial, value: Any = None, *, failed: str | None = None) -> None:
        """Record an outcome."""
        self.ledger.close(trial.segment, trial.number, Outcome.of(self.goals, value, failed=failed))

    def round(self, skip: Iterable[str] = ()) -> list[Trial]:
        """One trial of every segment, told at once."""
        made = []
        for place, segment in enumerate(self.segments):
            if segment.name not in skip:
                made.append(self.ask(segment.name))
                self.tell(made[-1], _value(made[-1].params, place))
        return made

    def add_segment(self, segment: Segment) -> None:
        """One more segment."""
        self.segments.append(segment)
        self.ledger.add_segment(segment)
        self._campaign.add_segment(segment)

    def rebuilt(self) -> Tuning:
        """The same trials in new objects: what another process would have."""
        made = Tuning(self._algorithm, self.segments, **self._settings)
        for history in self.ledger.values():
            for trial in history:
                made.ledger.add(
                    Trial(number=trial.number, segment=trial.segment, params=trial.params, by=trial.by, why=trial.why)
                )
        for name, number in self.ledger.closings:
            outcome = self.ledger[name].get(number).outcome
            assert outcome is not None
            made.ledger.close(name, number, outcome)
        return made


class CampaignLaws:
    """Subclass and give a fixture ``algorithm`` that returns an `Algorithm`; every test below is a law.

    Class attributes:
        rounds: How many trials each segment gets; more than the initial design, so that models are seen.
        shares: Whether its segments learn from each other.
    """

    rounds: ClassVar[int] = 7
    shares: ClassVar[bool] = False

    @pytest.fixture
    def algorithm(self) -> Algorithm[Any]:
        """The algorithm under test."""
        raise NotImplementedError("give a fixture `algorithm`")

    @pytest.mark.parametrize("name", sorted(SPACES))
    def test_proposals_are_in_the_space_and_distinct(self, algorithm: Algorithm[Any], name: str) -> None:
        space = SPACES[name]
        tuning = Tuning(algorithm, family(4), space=space)
        for _ in range(self.rounds):
            for trial in tuning.round():
                assert space.contains(trial.params)
                assert space.check(trial.params) == trial.params, "params are in canonical form"
        for history in tuning.ledger.values():
            assert len({space.key(trial.params) for trial in history}) == self.rounds

    def test_fixed_parameters_hold(self, algorithm: Algorithm[Any]) -> None:
        tuning = Tuning(algorithm, family(3))
        for _ in range(self.rounds):
            tuning.round()
            trial = tuning.ask("s1", fixed={"c": "b", "x": 0.25})
            assert trial.params["c"] == "b"
            assert trial.params["x"] == 0.25
            tuning.tell(trial, 1.0)

    @pytest.mark.parametrize("name", ["mixed", "conditional", "constrained"])
    def test_rebuilt_at_every_ask_it_proposes_the_same(self, algorithm: Algorithm[Any], name: str) -> None:
        """Live against rebuilt, with many in flight, late and out-of-order results, and failures."""
        live = Tuning(algorithm, family(4), space=SPACES[name])
        rng = stream(0, "campaign-laws")
        flying: list[Trial] = []
        for ask in range(4 * self.rounds):
            segment = f"s{ask % 4}"
            expected = live.rebuilt().ask(segment)
            trial = live.ask(segment)
            assert (trial.params, trial.by, trial.why) == (expected.params, expected.by, expected.why), f"at ask {ask}"
            flying.append(trial)
            while len(flying) > rng.integers(1, 6):
                late = flying.pop(int(rng.integers(len(flying))))
                if late.number % 6 == 5:
                    live.tell(late, failed="crash")
                else:
                    live.tell(late, _value(late.params, int(late.segment[1:])))

    def test_a_result_that_is_seen_late_has_its_place(self, algorithm: Algorithm[Any]) -> None:
        """Another writer's record arrives after younger ones: the fold is that of a reader who saw them in order."""

        def filled(order: Sequence[int]) -> Tuning:
            tuning = Tuning(algorithm, family(3))
            trials = [tuning.ask(f"s{k % 3}") for k in range(18)]
            for place in order[:9]:
                self._close(tuning, trials[place], place)
            tuning.look("s0")  # folds what is there
            for place in order[9:]:
                self._close(tuning, trials[place], place)
            return tuning

        in_order, late = filled(range(18)), filled([*range(9, 18), *range(9)])
        assert in_order.ledger.closings == late.ledger.closings
        for name in ("s0", "s1", "s2"):
            assert in_order.look(name) == late.look(name)

    @staticmethod
    def _close(tuning: Tuning, trial: Trial, place: int) -> None:
        value = _value(trial.params, int(trial.segment[1:]))
        tuning.ledger.close(trial.segment, trial.number, Outcome.of(tuning.goals, value), order=(place,))

    def test_one_segment_is_an_ordinary_search(self, algorithm: Algorithm[Any]) -> None:
        segment = Optimizer(SPACES["mixed"]).ask().segment
        tuning = Tuning(algorithm, [Segment(segment)])
        alone = Optimizer(SPACES["mixed"], algorithm=algorithm, seed=3)
        for _ in range(2 * self.rounds):
            mine, other = tuning.ask(segment), alone.ask()
            assert mine.params == other.params
            tuning.tell(mine, loss(mine.params))
            alone.tell(other, loss(other.params))

    def test_without_sharing_no_segment_disturbs_another(self, algorithm: Algorithm[Any]) -> None:
        few, many = (Tuning(algorithm, family(count), share="none") for count in (2, 5))
        for _ in range(self.rounds):
            for tuning in (few, many):
                tuning.round()
        for name in ("s0", "s1"):
            assert [t.params for t in few.ledger[name]] == [t.params for t in many.ledger[name]]

    def test_segments_share_or_do_not(self, algorithm: Algorithm[Any]) -> None:
        alone, together = (Tuning(algorithm, family(4), share=share) for share in ("none", "auto"))
        for _ in range(self.rounds):
            for tuning in (alone, together):
                tuning.round()
        same = all(
            alone.ledger[s].get(k).params == together.ledger[s].get(k).params for s in alone.ledger for k in (5, 6)
        )
        assert same is not self.shares

    def test_a_segment_may_be_added_late(self, algorithm: Algorithm[Any]) -> None:
        tuning = Tuning(algorithm, family(3))
        for _ in range(self.rounds):
            tuning.round()
        tuning.add_segment(family(4)[3])
        for _ in range(3):
            expected = tuning.rebuilt().ask("s3").params
            trial = tuning.ask("s3")
            assert trial.params == expected
            tuning.tell(trial, _value(trial.params, 3))
        tuning.round()

    def test_all_may_be_pending(self, algorithm: Algorithm[Any]) -> None:
        tuning = Tuning(algorithm, family(3))
        for _ in range(3):
            tuning.round()
        flying = [tuning.ask(f"s{k % 3}") for k in range(24)]
        for name in tuning.ledger:
            keys = [SPACES["mixed"].key(trial.params) for trial in flying if trial.segment == name]
            assert len(set(keys)) == 8

    @pytest.mark.parametrize("told", ["constant", "failed", "huge", "nan", "one"])
    def test_strange_results_do_not_stop_it(self, algorithm: Algorithm[Any], told: str) -> None:
        tuning = Tuning(algorithm, family(3))
        for _ in range(self.rounds):
            for segment in tuning.segments:
                trial = tuning.ask(segment.name)
                if told == "failed" or (told == "one" and segment.name != "s1"):
                    tuning.tell(trial, failed="crash")
                else:
                    value = {"constant": 1.0, "huge": (-1) ** trial.number * 1e300, "nan": float("nan")}.get(told, 0.5)
                    tuning.tell(trial, value)

    def test_several_values(self, algorithm: Algorithm[Any]) -> None:
        goals = Goals.of({"loss": "minimize"}, {"time": "<= 0.6"})
        live = Tuning(algorithm, family(3), goals=goals)
        for _ in range(self.rounds):
            for place, segment in enumerate(live.segments):
                expected = live.rebuilt().ask(segment.name).params
                trial = live.ask(segment.name)
                assert trial.params == expected
                live.tell(trial, {"loss": _value(trial.params, place), "time": abs(loss(trial.params)) * (1 + place)})
