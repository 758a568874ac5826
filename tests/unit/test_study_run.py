"""Whole round trips on the local backend: ask, job, result, tell, and what happens when something goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from askntell._process import start_token
from askntell.errors import PayloadError, SettingsError, UnknownTrial
from askntell.space import Categorical, Float, SearchSpace
from askntell.study import Study

SPACE = SearchSpace({"x": Float(0, 1), "mode": Categorical(["good", "bad"])})


def script(folder: Path, text: str) -> str:
    path = folder / "train.py"
    path.write_text(text)
    return f"python {path}"


def run(study, command, **options):
    options = {"trials": 4, "parallel": 2, "progress": False} | options
    return study.run(command, **options)


def test_a_command_with_placeholders_and_a_value_line(tmp_path):
    study = Study(tmp_path / "s", SPACE, algorithm="random")
    command = script(tmp_path, "import sys; print('epoch 1'); print('loss:', float(sys.argv[1]) * 2)") + " {x} {mode}"
    report = run(study, command, value=r"loss: (\S+)")
    assert (report.finished, report.failed, report.interrupted) == (4, 0, False)
    assert [t.value for t in study.trials()] == [t.params["x"] * 2 for t in study.trials()]
    assert run(study, command, value=r"loss: (\S+)").finished == 0, "the study has its trials"
    assert run(study, command, value=r"loss: (\S+)", trials=6).finished == 2


def test_everything_that_can_go_wrong_is_a_failed_trial_and_the_campaign_goes_on(tmp_path):
    study = Study(tmp_path / "s", SearchSpace({"case": Categorical(list("abcdefgh"))}), algorithm="grid")
    command = script(
        tmp_path,
        """
import sys, time, os, signal
case = sys.argv[1]
if case == 'a': print('value: 1.5')
if case == 'b': sys.exit(3)
if case == 'c': print('no number here')
if case == 'd': time.sleep(600)
if case == 'e': raise ValueError('bad learning rate')
if case == 'f': print('value: nan')
if case == 'g': raise MemoryError('x')
if case == 'h': os.kill(os.getpid(), signal.SIGSEGV)
""",
    )
    report = run(study, command + " {case}", value=r"value: (\S+)", trials=8, parallel=4, timeout_s=3)
    got = {t.params["case"]: t for t in study.trials()}
    assert (report.finished, report.failed) == (1, 7)
    assert got["a"].value == 1.5
    assert {case: got[case].failure for case in "bcdefgh"} == {
        "b": "crash",
        "c": "crash",
        "d": "timeout",
        "e": "crash",
        "f": "nan",
        "g": "memory",
        "h": "crash",
    }
    assert "3" in got["b"].message
    assert "value" in got["c"].message
    assert "ValueError: bad learning rate" in got["e"].message
    folder = tmp_path / "s" / "trials" / "all" / str(got["e"].number) / "1"
    assert "bad learning rate" in (folder / "stderr.txt").read_text()


def test_a_payload_that_never_works_is_stopped(tmp_path):
    study = Study(tmp_path / "s", SPACE, algorithm="random")
    with pytest.raises(PayloadError, match=r"the first 20 trials failed and none gave a value; the last: .*no_such"):
        run(study, "no_such_program_at_all {x}", trials=50)
    assert 20 <= len(study.trials(status="failed")) <= 21


def test_segments_get_their_inputs_and_features(tmp_path):
    for name in ("a.txt", "b.txt", "shared.txt"):
        (tmp_path / name).write_text(name[0])
    (tmp_path / "segments.json").write_text(
        json.dumps(
            [
                {"name": "photon", "files": ["a.txt", "shared.txt"], "features": {"eta": 0.5}},
                {"name": "pion", "files": ["b.txt", "shared.txt"], "features": {"eta": 1.5}},
            ]
        )
    )
    study = Study(tmp_path / "s", SPACE, algorithm="random", segments=tmp_path / "segments.json")
    command = script(
        tmp_path,
        """
import json, pathlib, sys
from askntell import worker
job = worker.current()
assert [pathlib.Path(p).read_text() for p in job.inputs] == [{'photon': 'a', 'pion': 'b'}[job.segment], 's']
assert json.load(open('input_ds.json')) == job.inputs == sys.argv[2:]
assert json.load(open('input.json')) == job.params
job.finish(job.features['eta'])
""",
    )
    report = run(study, command + " {eta} {inputs}", trials=2)
    assert (report.finished, report.failed) == (4, 0), [t.message for t in study.trials(status="failed")]
    assert {s.name: s.best.value for s in study.segments} == {"photon": 0.5, "pion": 1.5}
    with pytest.raises(UnknownTrial, match="segments: photon, pion"):
        run(study, command, segments=["kaon"])
    assert run(study, command + " {eta}", trials=3, segments=["pion"]).failed == 1


def test_the_grid_contract(tmp_path):
    study = Study(tmp_path / "s", SPACE, algorithm="random")
    command = script(
        tmp_path,
        """
import json
x = json.load(open('input.json'))['x']
json.dump({'status': 0, 'loss': x, 'message': 'ok'}, open('output.json', 'w'))
""",
    )
    assert run(study, command).finished == 4
    assert all(t.value == t.params["x"] for t in study.trials())


MODULE = """
import os
from askntell import worker
STARTED = os.urandom(4).hex()
def train(params):
    print("process", STARTED)
    if params["mode"] == "bad":
        raise ValueError("bad mode")
    return params["x"]
"""


def test_a_callable_runs_in_warm_processes(tmp_path, monkeypatch):
    (tmp_path / "payload_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import payload_module

    study = Study(tmp_path / "s", SPACE, algorithm="random")
    report = run(study, payload_module.train, trials=12)
    assert report.finished + report.failed == 12
    for trial in study.trials():
        if trial.params["mode"] == "good":
            assert trial.value == trial.params["x"]
        else:
            assert trial.message.endswith("ValueError: bad mode")
    printed = {p.read_text() for p in (tmp_path / "s").rglob("stdout.txt")}
    assert 1 <= len(printed) <= 2, "imports are paid once per process"


DRIVER = """
import sys
from askntell.study import Study
from askntell.space import SearchSpace, Float, Categorical
space = SearchSpace({"x": Float(0, 1), "mode": Categorical(["good", "bad"])})
study = Study(sys.argv[1], space, algorithm="gp", seed=3)
study.run(sys.argv[2], trials=8, parallel=2, progress=False, value=r"loss: (\\S+)")
"""


def start_driver(path: Path, command: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(path), command], stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for_trials(path: Path, count: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (path / "study.json").exists() and len(Study(path).trials(status="finished")) >= count:
            return
        time.sleep(0.05)
    raise AssertionError("the driver makes no progress")


SLOW = """
import os, sys, time, pathlib
with open(sys.argv[2], "a") as log:
    log.write(f"{os.getpid()}\\n")
time.sleep(0.4)
print("loss:", sys.argv[1])
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_driver_that_ends_in_the_middle_is_carried_on(tmp_path, how):
    path, log = tmp_path / "s", tmp_path / "log"
    command = script(tmp_path, SLOW) + " {x} " + str(log)
    driver = start_driver(path, command)
    wait_for_trials(path, 3)
    driver.send_signal(how)
    driver.communicate(timeout=30)
    if how is signal.SIGINT:
        assert driver.returncode != 0
        assert not any(start_token(int(pid)) for pid in log.read_text().split()), "Ctrl-C leaves no process behind"
    before = Study(path).trials(status="finished")
    again = start_driver(path, command)
    _, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    trials = Study(path).trials()
    assert [t.number for t in trials] == list(range(8))
    assert all(t.value == t.params["x"] for t in trials), "every trial has the result of its own params"
    assert [t for t in trials if t.number in {b.number for b in before}] == before
    assert not any(start_token(int(pid)) for pid in log.read_text().split())


def test_pending_trials_of_others_are_left_alone(tmp_path):
    study = Study(tmp_path / "s", SPACE, algorithm="random")
    mine = study.ask()
    report = run(study, script(tmp_path, "print('v 1')"), value=r"v (\S+)", trials=3)
    assert (report.finished, report.elsewhere) == (2, 1)
    assert study.trials(status="pending") == [mine]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"trials": None}, "no number of trials"),
        ({"trials": 0}, "trials=0"),
        ({"trials": 9}, "trials=9 is more than the 8 that the study plans"),
        ({"parallel": 0}, "parallel=0; allowed"),
    ],
)
def test_run_options_are_checked(tmp_path, options, match):
    study = Study(tmp_path / "s", SPACE, algorithm="random", trials=8 if options.get("trials") == 9 else None)
    with pytest.raises(SettingsError, match=match):
        run(study, "python -V", **options)
    assert study.trials() == []


def test_listeners_hear_everything(tmp_path):
    heard = []

    class Ears:
        def on_start(self, study, plan):
            heard.append(("start", plan.total, plan.done_before, plan.segments))

        def on_ask(self, trial):
            heard.append(("ask", trial.number))

        def on_tell(self, trial):
            heard.append(("tell", trial.number, trial.value))

        def on_end(self, report):
            heard.append(("end", report.finished))

    study = Study(tmp_path / "s", SPACE, algorithm="random")
    study.tell(study.ask(), 5.0)
    run(study, script(tmp_path, "print('v 1')"), value=r"v (\S+)", trials=2, progress=Ears())
    assert heard == [("start", 2, 1, ("all",)), ("ask", 1), ("tell", 1, 1.0), ("end", 1)]


def test_the_environment_and_the_launch_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helper.py").write_text("NUMBER = 42.0\n")
    (tmp_path / "train.py").write_text(
        "import os, helper; print('v', helper.NUMBER if os.environ['MODE'] == 'on' else 0)"
    )
    study = Study("s", SPACE, algorithm="random")
    run(study, "python train.py", value=r"v (\S+)", trials=1, env={"MODE": "on"})
    assert study.best().value == 42.0, "words of the command that name files are found from the launch folder"
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "__pycache__") == ["helper.py", "s", "train.py"]
    run(study, "python train.py", value=r"v (\S+)", trials=2, env={"MODE": "on"}, cwd=os.fspath(tmp_path))
    assert len(study.trials(status="finished")) == 2
