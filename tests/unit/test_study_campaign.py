"""Campaigns on disk: sharing, which segment next, stops, segments that wait for their inputs, what is said of them."""

import json
import math
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askntell import Segment
from askntell.allocation import worth
from askntell.errors import SettingsError, SpaceExhausted, StudyMismatch, UnknownTrial
from askntell.space import Float, SearchSpace
from askntell.study import Study

SPACE = SearchSpace({"x": Float(0, 1, default=0.5)})
ABC = [Segment(name) for name in "abc"]


def made(folder, segments=ABC, **settings):
    return Study(folder / "s", SPACE, segments=segments, **({"algorithm": "random"} | settings))


def statuses(study):
    return {s.name: s.status for s in study.segments}


def counts(study):
    return [len(study.trials(s.name)) for s in study.segments]


def payload(tmp_path, text="print('value:', float(sys.argv[1]))"):
    path = tmp_path / "train.py"
    path.write_text(f"import sys\n{text}\n")
    return f"python {path} {{x}} {{segment}}"


def run(study, command, **options):
    return study.run(command, value=r"value: (\S+)", parallel=2, progress=False, **options)


# ---- sharing --------------------------------------------------------------------------------------------------------


def test_share_is_a_setting(tmp_path):
    assert made(tmp_path).share == "auto"
    assert Study(tmp_path / "s", SPACE, share="auto").share == "auto"
    with pytest.raises(StudyMismatch, match="share: the study has 'auto', given 'none'"):
        Study(tmp_path / "s", SPACE, share="none")
    assert Study(tmp_path / "alone", SPACE, share="none").summary()["share"] == "none"
    with pytest.raises(SettingsError, match="share='some'; allowed: auto, none"):
        Study(tmp_path / "t", SPACE, share="some")


def test_a_study_from_before_there_was_a_choice_is_tuned_alone(tmp_path):
    made(tmp_path)
    header = json.loads((tmp_path / "s" / "study.json").read_text())
    del header["share"]
    (tmp_path / "s" / "study.json").write_text(json.dumps(header))
    assert Study(tmp_path / "s").share == "none"


# ---- which segment next ---------------------------------------------------------------------------------------------


def test_without_promises_the_fewest_trials_come_first(tmp_path):
    study = made(tmp_path)
    study.tell({"x": 0.1}, 1.0, segment="a")
    assert [study.ask().segment for _ in range(5)] == ["b", "c", "a", "b", "c"]


def test_the_next_trial_goes_where_it_is_worth_most_in_every_process(tmp_path):
    study = made(tmp_path, algorithm="gp", share="none")
    for _ in range(45):
        trial = study.ask()
        # In "a" the best is found at once; "b" and "c" have many valleys.
        value = trial.params["x"] if trial.segment == "a" else math.sin(40 * trial.params["x"])
        study.tell(trial, value)
    promised = {name: worth(study._books.history(name)) for name in "abc"}
    assert None not in promised.values()
    assert Study(tmp_path / "s")._roster.next() == study._roster.next()
    overdue = [name for name in "abc" if study._books.waited(name) >= 5]
    assert study.ask().segment == (overdue[0] if overdue else max(promised, key=promised.get))
    assert counts(study)[0] < 16, "most trials went where something was to be gained"


class Life:
    """A study to which all may happen, in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.names = ["here", "near", "far", "late"]
        segments = [Segment(name, inputs=[str(folder / name)] if name != "here" else []) for name in self.names]
        self.study = Study(folder / "s", SPACE, segments=segments, algorithm="random", trials=4)
        self.stopped = set()

    def may_be_asked(self, name):
        there = name == "here" or (self.folder / name).exists()
        return name not in self.stopped and there and len(self.study.trials(name)) < 4

    def step(self, kind, name):
        if kind == "stop":
            self.study.stop(name)
            self.stopped.add(name)
        elif kind == "resume":
            self.study.resume(name)
            self.stopped.discard(name)
        elif kind == "deliver":
            (self.folder / name).touch()
        else:
            allowed = {name for name in self.names if self.may_be_asked(name)}
            other = Study(self.folder / "s")
            other._roster.look()
            expected = other._roster.next()
            if allowed:
                trial = self.study.ask()
                assert trial.segment in allowed
                assert trial.segment == expected, "another process chooses the same"
                self.study.tell(trial, trial.params["x"])
            else:
                assert expected is None
                with pytest.raises(SpaceExhausted, match="no segment can be asked: of 4, "):
                    self.study.ask()


@settings(max_examples=12)
@given(
    st.lists(st.tuples(st.sampled_from(["ask"] * 4 + ["stop", "resume", "deliver"]), st.integers(0, 3)), max_size=25)
)
def test_what_is_stopped_waiting_or_complete_is_never_chosen(steps):
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder))
        for kind, place in steps:
            life.step(kind, life.names[place])


def test_a_worker_gets_its_unfinished_trial_back_wherever_it_is(tmp_path):
    study = made(tmp_path)
    mine = study.ask("c", worker="w")
    study.stop("c")
    assert study.ask(worker="w") == mine
    assert study.ask(worker="v").segment == "a"


def test_nothing_is_left(tmp_path):
    study = made(tmp_path, trials=1)
    study.stop("b", why="the detector was off")
    assert {trial.segment for trial in study.ask(count=9)} == {"a", "c"}
    with pytest.raises(SpaceExhausted, match=r"of 3, 2 complete; 1 stopped, such as 'b': the detector was off"):
        study.ask()
    with pytest.raises(SpaceExhausted, match="segment 'a' has its 1 trials"):
        study.ask("a")


def test_with_one_segment_the_message_is_the_segments_own(tmp_path):
    study = Study(tmp_path / "one", SPACE, algorithm="random", trials=1)
    study.ask()
    with pytest.raises(SpaceExhausted, match="segment 'all' has its 1 trials"):
        study.ask()
    study.stop("all")
    with pytest.raises(SpaceExhausted, match="segment 'all' is stopped: by hand"):
        study.ask()


# ---- stops ----------------------------------------------------------------------------------------------------------


def test_a_stop_by_hand_is_durable_and_undone_by_resume(tmp_path):
    study, other = made(tmp_path), Study(tmp_path / "s")
    trial = study.ask("b")
    study.stop("b", why="binning is wrong")
    assert [(s.status, s.stopped) for s in other.segments if s.name == "b"] == [("stopped", "binning is wrong")]
    with pytest.raises(SpaceExhausted, match="segment 'b' is stopped: binning is wrong"):
        other.ask("b")
    assert {other.ask().segment for _ in range(6)} == {"a", "c"}
    assert other.tell(trial, 1.0).value == 1.0, "what is open may be told"
    assert statuses(Study(tmp_path / "s"))["b"] == "stopped"
    other.resume("b")
    other.resume("b")
    assert statuses(study) == {"a": "running", "b": "idle", "c": "running"}
    assert study.ask("b").number == 1
    study.stop("b")
    assert statuses(Study(tmp_path / "s"))["b"] == "stopped"


def test_of_two_processes_the_last_in_the_journals_order_decides(tmp_path):
    one, two = made(tmp_path), Study(tmp_path / "s")
    one.stop("a", why="first")
    two.resume("a")
    one.stop("a", why="third")
    for study in (one, two, Study(tmp_path / "s")):
        assert study.segments[0].stopped == "third"


def test_stops_are_checked(tmp_path):
    study = made(tmp_path)
    for call in (study.stop, study.resume):
        with pytest.raises(UnknownTrial, match="no segment 'd'"):
            call("d")
    with pytest.raises(SettingsError, match="why=''"):
        study.stop("a", why="")


def test_a_run_stops_segments_at_their_target_and_for_want_of_improvement(tmp_path):
    study = made(tmp_path)
    command = payload(tmp_path, "print('value:', {'a': 0.0, 'b': 1.0, 'c': 2.0}[sys.argv[2]])")
    report = run(study, command, trials=8, target=0.5, patience=4)
    assert report.stopped["a"] == "target reached: value = 0 in trial 0"
    assert report.stopped["b"].startswith("no improvement in ")
    assert set(report.stopped) == {"a", "b", "c"}
    assert set(statuses(study).values()) == {"stopped"}
    assert all(n < 8 for n in counts(study))
    assert set(statuses(Study(tmp_path / "s")).values()) == {"idle"}, "they are rules of a run, not of the study"
    assert run(study, command, trials=8, target=0.5, patience=4).finished == 0, "started again, it carries on"
    assert run(study, command, trials=8).finished == 24 - report.finished


# ---- total ----------------------------------------------------------------------------------------------------------


def test_total_counts_what_was_before_and_trials_is_a_cap(tmp_path):
    study = made(tmp_path)
    study.tell({"x": 0.1}, 1.0, segment="a")
    command = payload(tmp_path)
    assert run(study, command, total=5).finished == 4
    assert counts(study) == [2, 2, 1]
    assert run(study, command, total=5).finished == 0
    assert run(study, command, total=100, trials=3).finished == 4
    assert counts(study) == [3, 3, 3]
    assert run(study, command, total=10, trials=8, segments=["a", "b"]).finished == 4
    with pytest.raises(SettingsError, match="give trials=, the number per segment, or total="):
        run(study, command)
    with pytest.raises(SettingsError, match="total=0"):
        run(study, command, total=0)


def test_the_plan_of_a_total(tmp_path):
    plans = []

    class Listener:
        def on_start(self, study, plan):
            plans.append((plan.total, plan.done_before))

        on_ask = on_tell = on_end = lambda *_: None

    study = made(tmp_path)
    study.tell({"x": 0.1}, 1.0, segment="a")
    for options in ({"total": 4}, {"total": 2}, {"total": 99, "trials": 2}):
        study.run(payload(tmp_path), value=r"value: (\S+)", progress=Listener(), parallel=1, **options)
    assert plans == [(4, 1), (4, 4), (6, 4)]


# ---- waiting --------------------------------------------------------------------------------------------------------


def waiting(folder):
    return made(
        folder,
        [
            Segment("a", inputs=["a.txt", "shared.txt"]),
            Segment("b", inputs=["b.txt", "shared.txt"]),
            Segment("far", inputs=["root://host//far.txt"]),
        ],
    )


def test_a_segment_waits_for_its_inputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = waiting(tmp_path)
    (tmp_path / "a.txt").touch()
    assert statuses(study) == {"a": "waiting", "b": "waiting", "far": "new"}
    assert [s.missing for s in study.segments] == [("shared.txt",), ("b.txt", "shared.txt"), ()]
    assert [study.ask().segment for _ in range(3)] == ["far"] * 3
    (tmp_path / "shared.txt").touch()
    assert statuses(study) == {"a": "new", "b": "waiting", "far": "running"}
    assert study.ask().segment == "a"
    assert study.ask("b").segment == "b", "who names it knows what they do"
    study.stop("a")
    study.stop("far")
    with pytest.raises(SpaceExhausted, match=r"2 stopped.*; 1 waiting for inputs, such as 'b' for 'b.txt'"):
        study.ask()


def test_a_run_goes_on_without_the_waiting_ones_and_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = waiting(tmp_path)
    report = run(study, payload(tmp_path), trials=2)
    assert counts(study) == [0, 0, 2]
    assert report.waiting == {"a": ["a.txt", "shared.txt"], "b": ["b.txt", "shared.txt"]}
    for name in ("a.txt", "b.txt", "shared.txt"):
        (tmp_path / name).touch()
    assert run(study, payload(tmp_path), trials=2).waiting == {}
    assert counts(study) == [2, 2, 2]


def test_a_run_picks_up_inputs_that_appear(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = waiting(tmp_path)
    (tmp_path / "shared.txt").touch()

    def deliver():
        time.sleep(1.0)
        (tmp_path / "a.txt").touch()

    delivery = threading.Thread(target=deliver)
    delivery.start()
    report = run(study, payload(tmp_path), trials=1, wait_s=4.0)
    delivery.join()
    assert counts(study) == [1, 0, 1]
    assert report.waiting == {"b": ["b.txt"]}
    assert not report.interrupted
    began = time.monotonic()
    run(study, payload(tmp_path), total=2, wait_s=100.0)
    assert time.monotonic() - began < 50, "it does not wait for what it would not run"
    with pytest.raises(SettingsError, match="wait_s=-1"):
        run(study, payload(tmp_path), trials=1, wait_s=-1)


# ---- what is said ---------------------------------------------------------------------------------------------------


def test_gains_and_shared_trials(tmp_path):
    study = made(tmp_path, algorithm="auto", objectives={"auc": "maximize"})
    for value in (0.5, 0.75):
        study.tell(study.ask("a"), value)
    a, b, _ = study.segments
    assert (a.default_value, a.best.value, a.gain, a.relative_gain, a.shared) == (0.5, 0.75, 0.25, 0.5, 0)
    assert (b.gain, b.relative_gain) == (None, None)
    entry = study.summary()["segments"][0]
    assert (entry["gain"], entry["relative_gain"], entry["shared"]) == (0.25, 0.5, 0)
    assert (entry["stopped"], entry["missing"]) == (None, [])


def test_trials_that_others_taught_are_counted(tmp_path):
    segments = [Segment(f"eta_{n}", features={"eta": n}) for n in range(4)]
    taught = {}
    for share in ("auto", "none"):
        study = Study(tmp_path / share, SPACE, segments=segments, algorithm="gp", share=share)
        for _ in range(28):
            trial = study.ask()
            study.tell(trial, (trial.params["x"] - 0.3) ** 2 + ord(trial.segment[-1]))
        models = [study.explain(trial).get("model") for trial in study.trials()]
        assert sum(s.shared for s in study.segments) == models.count("joint gp")
        taught[share] = models.count("joint gp")
    assert taught["none"] == 0
    assert taught["auto"] > 0


# ---- hundreds of segments -------------------------------------------------------------------------------------------


def test_three_thousand_segments_open_and_list_in_a_second(tmp_path):
    segments = [Segment(f"pid22_eta_{n}", inputs=[f"{n}.tar", "binning.xml"], features={"eta": n}) for n in range(3000)]
    made(tmp_path, segments, algorithm="auto")
    began = time.process_time()
    study = Study(tmp_path / "s")
    table = study.segments
    spent = time.process_time() - began
    assert len(table) == 3000
    assert set(statuses(study).values()) == {"waiting"}
    assert spent < 1.0
