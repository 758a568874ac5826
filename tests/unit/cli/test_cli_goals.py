"""Several objectives and constraints on the command line."""

from __future__ import annotations

import json

import pytest
from cli_tools import askntell, made

GOALS = ["--objective", "chi2", "--objective", "speed:maximize", "--constraint", "memory_mib<=4096"]


@pytest.fixture
def study(tmp_path):
    """Four trials told: two on the front, one beaten, one infeasible."""
    folder = made(tmp_path, *GOALS)
    batch = askntell("ask", folder, "--count", 4, cwd=tmp_path).json()
    for trial, (chi2, speed, memory) in zip(batch, [(3, 3, 1), (1, 1, 4096), (4, 2, 1), (0, 9, 5000)], strict=True):
        trial["values"] = {"memory_mib": memory, "speed": speed, "chi2": chi2}
    told = askntell("tell", folder, "--from", "-", cwd=tmp_path, stdin=json.dumps(batch))
    assert told.status == 0, told
    assert told.json()[1]["values"] == {"chi2": 1.0, "speed": 1.0, "memory_mib": 4096.0}
    assert askntell("tell", folder, "--from", "-", cwd=tmp_path, stdin=json.dumps(told.json())).json() == told.json()
    return folder


def test_init_names_the_goals_and_may_be_repeated(tmp_path):
    made(tmp_path)
    arguments = ["init", "many", "--space", "space.json", *GOALS, "--constraint", "size >= 1"]
    first = askntell(*arguments, cwd=tmp_path)
    assert "chi2 minimize, speed maximize, memory_mib <= 4096, size >= 1, algorithm auto" in first.out
    summary = askntell(*arguments, "--json", cwd=tmp_path).json()
    assert summary["objectives"] == {"chi2": "minimize", "speed": "maximize"}
    assert summary["constraints"] == {"memory_mib": "<= 4096", "size": ">= 1"}
    other = askntell(*arguments[:-1], "size >= 2", cwd=tmp_path)
    assert other.status == 2
    assert "constraints: the study has" in other.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--objective", "a", "--objective", "a:maximize"], "--objective names 'a' twice"),
        (["--constraint", "a<=1", "--constraint", "a>=0"], "--constraint names 'a' twice"),
        (["--constraint", "a=1"], "--constraint 'a=1' is not of the form 'NAME<=LIMIT'"),
        (["--constraint", "<=1"], "is not of the form"),
        (["--constraint", "a<=one"], "constraint on 'a' is '<= one'"),
        ([word for name in "abcde" for word in ("--objective", name)], "5 objectives were given"),
    ],
)
def test_wrong_goals_are_one_line(tmp_path, options, message):
    made(tmp_path)
    done = askntell("init", "new", "--space", "space.json", *options, cwd=tmp_path)
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert message in done.err
    assert not (tmp_path / "new").exists()


def test_values_are_told_by_name(tmp_path):
    folder = made(tmp_path, *GOALS)
    askntell("ask", folder, "--count", 3, cwd=tmp_path)
    first = askntell("tell", folder, 0, "chi2=1.5", "speed=2", "memory_mib=10", cwd=tmp_path)
    assert first.out == "all 0: chi2 = 1.5, speed = 2, memory_mib = 10, on the front\n"
    second = askntell("tell", folder, 1, "memory_mib=5000", "chi2=-1e-3", "speed=-2", cwd=tmp_path)
    assert second.out == "all 1: chi2 = -0.001, speed = -2, memory_mib = 5000, infeasible\n"
    third = askntell("tell", folder, 2, "memory_mib=nan", "chi2=1", "speed=2", cwd=tmp_path)
    assert third.out == "all 2: failed (nan)\n"
    for words, message in (
        (["1.0"], "expected values named 'chi2', 'speed', 'memory_mib'"),
        (["chi2=1"], "missing 'speed', 'memory_mib'"),
        (["chi2=1", "chi2=2"], "names 'chi2' twice"),
        (["chi2=one"], "'chi2=one' is no value"),
        (["1", "2"], "not of the form name=value"),
    ):
        done = askntell("tell", folder, 2, *words, cwd=tmp_path)
        assert (done.status, len(done.err.splitlines())) == (2, 1)
        assert message in done.err


def test_a_value_beside_values_must_be_one_of_them(study, tmp_path):
    entry = {"number": 0, "value": 7.0, "values": {"chi2": 3, "speed": 3, "memory_mib": 1}}
    done = askntell("tell", study, "--from", "-", cwd=tmp_path, stdin=json.dumps(entry))
    assert (done.status, "value 7.0 is none of the values" in done.err) == (2, True)


def test_best_is_the_front(study, tmp_path):
    front = askntell("best", study, "--json", cwd=tmp_path).json()
    assert [(entry["segment"], entry["number"]) for entry in front] == [("all", 0), ("all", 1)]
    assert front[0]["values"] == {"chi2": 3.0, "speed": 3.0, "memory_mib": 1.0}
    lines = askntell("best", study, cwd=tmp_path).out.splitlines()
    assert lines[0].split() == ["segment", "trial", "chi2", "speed", "memory_mib", "params"]
    assert [line.split()[:5] for line in lines[1:]] == [
        ["all", "0", "3.0", "3.0", "1.0"],
        ["all", "1", "1.0", "1.0", "4096.0"],
    ]


def test_best_without_a_feasible_trial(tmp_path):
    folder = made(tmp_path, "--constraint", "memory_mib<=4096")
    askntell("ask", folder, cwd=tmp_path)
    assert askntell("best", folder, cwd=tmp_path).err == "askntell: best: no trial has a value yet\n"
    askntell("tell", folder, 0, "value=1", "memory_mib=5000", cwd=tmp_path)
    done = askntell("best", folder, cwd=tmp_path)
    assert (done.status, done.err) == (1, "askntell: best: no trial is feasible yet\n")


def test_status_and_trials(study, tmp_path):
    lines = askntell("status", study, cwd=tmp_path).out.splitlines()
    assert lines[0].startswith("calo: chi2 minimize, speed maximize, memory_mib <= 4096, algorithm random")
    assert lines[1].split("  ")[-1].strip() == "trials on the front"
    assert lines[2].split() == ["all", "idle", "4", "0", "0", "2"]
    summary = askntell("status", study, "--json", cwd=tmp_path).json()
    assert (summary["segments"][0]["best"], summary["segments"][0]["front"]) == (None, 2)
    rows = askntell("trials", study, cwd=tmp_path).out.splitlines()
    assert rows[0].split()[:6] == ["segment", "trial", "status", "chi2", "speed", "memory_mib"]
    assert rows[4].split()[:7] == ["all", "3", "finished", "(infeasible)", "0", "9", "5000"]


def test_a_run_reads_all_values_and_writes_the_report(tmp_path):
    folder = made(tmp_path, *GOALS, "--trials", "5")
    code = "import sys; x = float(sys.argv[1]); print('chi2', x); print('speed', 2 * x, 'memory', 5000 * x)"
    pattern = r"chi2 (?P<chi2>\S+)|speed (?P<speed>\S+) memory (?P<memory_mib>\S+)"
    done = askntell("run", folder, "--value", pattern, "--", "python3", "-c", code, "{lr}", cwd=tmp_path)
    assert done.status == 0, done
    assert "speed=" in done.err
    assert "on the front" in done.err
    for trial in askntell("trials", folder, "--json", cwd=tmp_path).json():
        lr = trial["params"]["lr"]
        assert trial["values"] == {"chi2": lr, "speed": 2 * lr, "memory_mib": 5000 * lr}
    report = askntell("report", folder, cwd=tmp_path)
    text = (tmp_path / report.out.strip()).read_text("utf-8")
    assert "Pareto front" in text
    assert "memory_mib &lt;= 4096" in text
