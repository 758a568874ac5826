"""The laws of a store, whatever keeps a study's books. `StoreLaws` needs one fixture: a place for a study."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from askntell.errors import (
    ParamsError,
    SettingsError,
    SpaceExhausted,
    StudyMismatch,
    TellConflict,
    TellError,
    UnknownTrial,
)
from askntell.space import Categorical, Float, SearchSpace
from askntell.study import Study
from askntell.trial import Segment, Trial, TrialStatus

__all__ = ["SPACE", "StoreLaws"]

SPACE = SearchSpace({"x": Float(0, 1), "c": Categorical(["a", "b"])})

_ASKER = """
import sys
from askntell.study import Study
with Study(sys.argv[1]) as study:
    for _ in range(int(sys.argv[2])):
        trial = study.ask()
        study.tell(trial, trial.params["x"])
        print(trial.segment, trial.number, flush=True)
"""


class StoreLaws:
    """Subclass and give a fixture ``place`` with the path or address of a study that does not exist yet."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> str | Path:
        """Where the study is to be."""
        raise NotImplementedError("give a fixture `place`")

    @pytest.fixture
    def study(self, place: str | Path) -> Study:
        """A new study with one segment."""
        return Study(place, SPACE, algorithm="random", seed=1)

    # ---- what is told is kept --------------------------------------------------------------------------------------

    def test_a_tell_is_seen_by_every_later_reader(self, study: Study, place: str | Path) -> None:
        trial = study.ask()
        study.tell(trial, 0.5, message="good", std=0.1)
        again = Study(place).trials()
        assert again == study.trials()
        assert (again[0].value, again[0].message, again[0].std) == (0.5, "good", 0.1)
        assert again[0].params == trial.params

    def test_an_open_reader_sees_what_another_process_tells(self, study: Study, place: str | Path) -> None:
        other = Study(place)
        trial = study.ask()
        assert other.trials() == [trial]
        other.tell(trial.number, 0.25)
        best = study.best()
        assert best is not None
        assert best.value == 0.25

    def test_values_are_kept_bit_for_bit(self, study: Study, place: str | Path) -> None:
        values = [0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, math.pi, -1e-17]
        for value in values:
            study.tell(study.ask(), value)
        assert [repr(trial.value) for trial in Study(place).trials()] == [repr(value) for value in values]

    def test_failures_are_kept_with_their_kind(self, study: Study, place: str | Path) -> None:
        study.tell(study.ask(), failed="memory", message="CUDA out of memory")
        study.tell(study.ask(), math.nan)
        assert [(t.status, t.failure) for t in Study(place).trials()] == [
            (TrialStatus.FAILED, "memory"),
            (TrialStatus.FAILED, "nan"),
        ]
        assert study.best() is None

    def test_several_values_are_kept_in_the_order_of_the_goals(self, place: str | Path) -> None:
        goals: dict[str, Any] = {
            "objectives": {"size": "minimize", "accuracy": "maximize"},
            "constraints": {"memory_mib": "<= 4096", "accuracy": ">= 0.5"},
        }
        study = Study(place, SPACE, algorithm="random", **goals)
        told = [
            study.tell(study.ask(), {"memory_mib": memory, "accuracy": accuracy, "size": size}, std={"size": 0.5})
            for size, accuracy, memory in ((3.0, 0.9, 100.0), (4.0, 0.8, 10.0), (1.0, 0.7, 5000.0), (2.0, 0.6, 4096.0))
        ]
        again = Study(place)
        assert again.trials() == told
        assert list(again.trials()[0].values or {}) == ["size", "accuracy", "memory_mib"]
        assert (again.trials()[0].value, again.trials()[0].std) == (3.0, {"size": 0.5})
        assert [trial.number for trial in again.pareto_front()] == [0, 3]
        assert (again.segments[0].best, again.segments[0].front) == (None, 2)
        assert again.hypervolume({"size": 5.0, "accuracy": 0.0}) == pytest.approx(2 * 0.9 + 1 * 0.6)
        with pytest.raises(SettingsError, match="pareto_front"):
            again.best()
        for wrong in (1.0, {"size": 1.0}, {"size": 1.0, "accuracy": 1.0, "memory_mib": 1.0, "speed": 1.0}):
            with pytest.raises(TellError, match="'size', 'accuracy', 'memory_mib'"):
                again.tell(again.ask(worker="w"), wrong)
        assert Study(place, SPACE, **goals).uuid == study.uuid
        others: list[dict[str, Any]] = [
            {"constraints": {"memory_mib": "<= 2048"}},
            {"constraints": {}},
            {"objectives": {"size": "minimize"}},
        ]
        for other in others:
            with pytest.raises(StudyMismatch, match=f"{next(iter(other))}: the study has .*, given "):
                Study(place, **other)

    def test_the_best_keeps_the_constraints(self, place: str | Path) -> None:
        study = Study(place, SPACE, algorithm="random", constraints={"memory_mib": "<= 4096"})
        study.tell(study.ask(), {"value": 1.0, "memory_mib": 5000})
        assert (study.best(), study.recommended(), study.pareto_front()) == (None, None, [])
        best = study.tell(study.ask(), {"value": 3.0, "memory_mib": 4000})
        study.tell(study.ask(), {"value": 2.0, "memory_mib": math.inf})
        assert (Study(place).best(), Study(place).pareto_front()) == (best, [best])
        assert study.trials()[2].failure == "nan"

    # ---- telling again, telling wrongly ----------------------------------------------------------------------------

    def test_the_same_tell_again_changes_nothing(self, study: Study, place: str | Path) -> None:
        trial = study.ask()
        first = study.tell(trial, 0.5)
        assert study.tell(trial, 0.5) == first
        assert Study(place).tell(trial.number, 0.5) == first
        assert len(study.trials()) == 1

    def test_another_outcome_is_a_conflict_and_the_first_stays(self, study: Study, place: str | Path) -> None:
        trial = study.tell(study.ask(), 0.5)
        for who in (study, Study(place)):
            with pytest.raises(TellConflict, match=r"0\.5.*0\.6"):
                who.tell(trial.number, 0.6)
            with pytest.raises(TellConflict):
                who.tell(trial.number, failed="crash")
        assert Study(place).trials() == [trial]

    def test_wrong_tells_change_nothing(self, study: Study, place: str | Path) -> None:
        trial = study.ask()
        with pytest.raises(UnknownTrial, match="known numbers: 0 to 0"):
            study.tell(7, 0.5)
        with pytest.raises(UnknownTrial, match="there is no segment 'moon'"):
            study.tell(0, 0.5, segment="moon")
        for wrong in ("0.5", None, True, [1.0], {"other": 1.0}):
            with pytest.raises(TellError):
                study.tell(trial, wrong)
        with pytest.raises(TellError, match="crash, timeout, memory, nan, infeasible"):
            study.tell(trial, failed="boom")
        with pytest.raises(ParamsError):
            study.tell({"x": 2.0, "c": "a"}, 0.5)
        assert Study(place).trials() == [trial]

    def test_points_measured_elsewhere_are_trials(self, study: Study, place: str | Path) -> None:
        told = study.tell({"c": "a", "x": 0.125}, 0.5)
        assert (told.number, told.by, told.value) == (0, "told", 0.5)
        assert Study(place).trials() == [told]
        assert study.ask().number == 1

    # ---- numbers ---------------------------------------------------------------------------------------------------

    def test_numbers_are_dense_and_never_shared(self, study: Study, place: str | Path) -> None:
        others = [study, Study(place), Study(place)]
        numbers = [other.ask().number for _ in range(5) for other in others]
        assert numbers == list(range(15))

    def test_processes_at_the_same_time_share_no_number(self, place: str | Path) -> None:
        study = Study(place, SPACE, algorithm="random", segments=[Segment("s"), Segment("t")])
        count, asks = 4, 20
        askers = [
            subprocess.Popen([sys.executable, "-c", _ASKER, str(place), str(asks)], stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        acknowledged = Counter(line for asker in askers for line in asker.communicate()[0].splitlines())
        assert all(asker.returncode == 0 for asker in askers)
        assert len(acknowledged) == count * asks, "no line stands twice"
        kept = study.trials(status="finished")
        assert Counter(f"{t.segment} {t.number}" for t in kept) == acknowledged
        assert len({(t.segment, t.params["x"]) for t in kept}) == count * asks, "no point was given out twice"

    def test_a_worker_gets_its_unfinished_trial_back(self, study: Study, place: str | Path) -> None:
        mine, yours = study.ask(worker="node1:1"), study.ask(worker="node2:7")
        assert mine != yours
        assert Study(place).ask(worker="node1:1") == mine
        study.tell(mine, 0.1)
        assert Study(place).ask(worker="node1:1").number == 2

    def test_planned_trials_are_exact(self, place: str | Path) -> None:
        study = Study(place, SPACE, algorithm="random", trials=5)
        others = [study, Study(place)]
        for number in range(5):
            assert others[number % 2].ask().number == number
        for other in others:
            with pytest.raises(SpaceExhausted, match="has its 5 trials"):
                other.ask()
        assert len(Study(place).trials()) == 5

    # ---- proposals -------------------------------------------------------------------------------------------------

    def test_reopened_at_every_ask_it_proposes_the_same(self, place: str | Path, tmp_path: Path) -> None:
        one = Study(place, SPACE, algorithm="gp", seed=4)
        asked = []
        for number in range(12):
            trial = one.ask() if number % 2 else Study(place).ask()
            asked.append(trial.params)
            one.tell(trial, _x(trial))
        unbroken = Study(tmp_path / "unbroken", SPACE, algorithm="gp", seed=4)
        for params in asked:
            trial = unbroken.ask()
            assert trial.params == params
            unbroken.tell(trial, _x(trial))

    def test_enqueued_params_come_next_and_once(self, study: Study, place: str | Path) -> None:
        study.enqueue({"x": 0.75, "c": "b"})
        study.enqueue({"x": 0.25, "c": "a"})
        first, second, third = Study(place).ask(), study.ask(), Study(place).ask()
        assert [t.params["x"] for t in (first, second)] == [0.75, 0.25]
        assert (first.by, second.by, third.by) == ("enqueued", "enqueued", "random")
        with pytest.raises(ParamsError):
            study.enqueue({"x": 0.75})

    # ---- segments --------------------------------------------------------------------------------------------------

    def test_segments_have_books_of_their_own(self, place: str | Path) -> None:
        segments = [Segment("photon", ("a.tar",), {"eta": 0.1}), Segment("pion", ("b.tar",), {"eta": 0.3})]
        study = Study(place, SPACE, algorithm="random", objectives={"chi2": "minimize"}, segments=segments)
        photon, pion = study.ask("photon"), study.ask("pion")
        assert (photon.number, pion.number) == (0, 0)
        assert photon.params != pion.params, "each segment has a random stream of its own"
        study.tell(photon, 2.0)
        study.tell(pion, 1.0)
        again = Study(place)
        assert [(s.name, s.finished, s.best and s.best.value) for s in again.segments] == [
            ("photon", 1, 2.0),
            ("pion", 1, 1.0),
        ]
        assert again.best("photon") == study.trials("photon")[0]
        best = again.best()
        assert best is not None
        assert best.segment == "pion"
        with pytest.raises(SettingsError, match="2 segments"):
            study.tell(0, 3.0)

    def test_adding_a_segment_disturbs_no_other(self, place: str | Path, tmp_path: Path) -> None:
        small = Study(tmp_path / "small", SPACE, algorithm="random", segments=[Segment("a")])
        grown = Study(place, SPACE, algorithm="random", segments=[Segment("a")])
        reader = Study(place)
        grown.add_segment(Segment("b", (), {"eta": 2.5}))
        assert [grown.ask("a").params for _ in range(3)] == [small.ask("a").params for _ in range(3)]
        assert [s.name for s in reader.segments] == ["a", "b"]
        assert reader.ask().segment == "b"
        with pytest.raises(SettingsError, match="same name"):
            reader.add_segment(Segment("A"))

    # ---- reopening -------------------------------------------------------------------------------------------------

    def test_reopening_with_the_same_settings_or_none(self, study: Study, place: str | Path) -> None:
        study.ask()
        for again in (Study(place), Study(place, SPACE), Study(place, SPACE, algorithm="random", seed=1)):
            assert len(again.trials()) == 1
            assert again.uuid == study.uuid

    def test_other_settings_are_refused_one_by_one(self, study: Study, place: str | Path) -> None:
        changes: dict[str, dict[str, Any]] = {
            "space": {"space": SearchSpace({"x": Float(0, 2)})},
            "seed": {"seed": 2},
            "algorithm": {"algorithm": "sobol"},
            "objectives": {"direction": "maximize"},
            "trials": {"trials": 9},
            "segments": {"segments": [Segment("a")]},
        }
        for key, settings in changes.items():
            with pytest.raises(StudyMismatch, match=f"^[^:]*: {key}: the study has .*, given "):
                Study(place, **settings)
        assert study.seed == 1


def _x(trial: Trial) -> float:
    value = trial.params["x"]
    assert isinstance(value, float)
    return value
