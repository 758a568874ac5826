"""A program in any language drives a study through `ask` and `tell`; a person looks at it."""

from __future__ import annotations

import json
import re

import pytest
from cli_tools import SEGMENTS, SPACE, askntell, made

from askntell.space import Categorical, Int, SearchSpace

RECORD = {"number", "segment", "params", "status", "attempt", "value", "values", "failed", "message", "std", "by"}
RECORD |= {"worker"}
PLAIN = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f]*\Z")


def test_init_says_what_it_made_and_may_be_repeated(tmp_path):
    SPACE.save(tmp_path / "space.json")
    arguments = ["init", "runs/calo", "--space", "space.json", "--objective", "val:loss:maximize", "--trials", "8"]
    first = askntell(*arguments, cwd=tmp_path)
    assert first.status == 0
    assert first.out == (
        "runs/calo created: 3 parameters, 1 segment, 8 trials planned in each, "
        "val:loss maximize, algorithm auto, seed 0\n"
    )
    assert "is already there" in askntell(*arguments, cwd=tmp_path).out
    summary = askntell(*arguments, "--json", cwd=tmp_path).json()
    assert (summary["objectives"], summary["constraints"], summary["planned"]) == ({"val:loss": "maximize"}, {}, 8)
    assert summary == askntell("status", "runs/calo", "--json", cwd=tmp_path).json()


def test_ask_and_tell_by_arguments(tmp_path):
    study = made(tmp_path, "--objective", "chi2")
    trial = askntell("ask", study, cwd=tmp_path).json()
    assert set(trial) == RECORD
    assert (trial["number"], trial["segment"], trial["status"], trial["value"]) == (0, "all", "pending", None)
    assert SPACE.contains(trial["params"])
    done = askntell("tell", study, 0, "-1e-3", "--std", "1e-4", "--message", "quick", cwd=tmp_path)
    assert (done.status, done.out) == (0, "all 0: chi2 = -0.001, best so far\n")
    again = askntell("tell", study, 0, "-1e-3", "--std", "1e-4", "--message", "quick", "--json", cwd=tmp_path).json()
    assert (again["value"], again["std"], again["message"], again["status"]) == (-0.001, 1e-4, "quick", "finished")
    askntell("ask", study, cwd=tmp_path)
    done = askntell("tell", study, 1, "--failed", "memory", "--message", "CUDA\nout", cwd=tmp_path)
    assert (done.status, done.out) == (0, "all 1: failed (memory)\n")
    askntell("ask", study, cwd=tmp_path)
    assert askntell("tell", study, 2, "nan", "--json", cwd=tmp_path).json()["failed"] == "nan"
    askntell("ask", study, cwd=tmp_path)
    assert askntell("tell", study, 3, "-inf", "--json", cwd=tmp_path).json()["failed"] == "nan"


def test_ask_and_tell_by_json(tmp_path):
    study = made(tmp_path, "--trials", "5", segments=SEGMENTS)
    batch = askntell("ask", study, "--count", 7, "--worker", "node17", cwd=tmp_path).json()
    assert len({(trial["segment"], trial["number"]) for trial in batch}) == 7
    assert {trial["worker"] for trial in batch} == {"node17"}
    # The objects that were asked come back with a value, as the simplest program would do it.
    for trial in batch:
        trial["value"] = trial["params"]["lr"]
    told = askntell("tell", study, "--from", "-", cwd=tmp_path, stdin=json.dumps(batch)).json()
    assert [trial["status"] for trial in told] == ["finished"] * 7
    assert [trial["value"] for trial in told] == [trial["params"]["lr"] for trial in batch]
    assert askntell("tell", study, "--from", "-", cwd=tmp_path, stdin=json.dumps(batch)).json() == told
    rest = askntell("ask", study, "--count", 7, cwd=tmp_path).json()
    assert len(rest) == 3
    failed = {"number": rest[0]["number"], "segment": rest[0]["segment"], "failed": "crash", "message": "boom"}
    (tmp_path / "told.json").write_text(json.dumps(failed), "utf-8")
    one = askntell("tell", study, "--from", "told.json", cwd=tmp_path).json()
    assert (one["failed"], one["message"], one["value"]) == ("crash", "boom", None)
    spent = askntell("ask", study, cwd=tmp_path)
    assert (spent.status, spent.out, len(spent.err.splitlines())) == (1, "", 1)


def test_a_point_measured_elsewhere(tmp_path):
    study = made(tmp_path)
    params = {"lr": 1e-3, "width": 64, "solver": "64"}
    told = askntell(
        "tell", study, "--from", "-", cwd=tmp_path, stdin=json.dumps([{"params": params, "value": 0.5}])
    ).json()
    assert (told[0]["params"], told[0]["by"]) == (params, "told")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not strict JSON"),
        ("[1]", r"\$\[0\]: an outcome is a JSON object, got 1"),
        ('{"value": 1}', r"\$\[0\]: names no trial"),
        ('{"number": 0}', r"\$\[0\]: needs either value or failed"),
        ('{"number": 0, "value": 1, "failed": "crash"}', "either value or failed"),
        ('{"number": "0", "value": 1}', "number must be an integer, got '0'"),
        ('{"number": true, "value": 1}', "number must be an integer"),
        ('{"number": 0, "vaule": 1}', "unknown key 'vaule'; allowed: number, params"),
        ('{"number": 0, "value": NaN}', "NaN is not a JSON number"),
        ('{"number": 0, "value": 1e999}', "too large"),
        ('{"number": 0, "value": "small"}', r"\$\[0\]: .*must be a number, got 'small'"),
        ('{"number": 0, "value": true}', "must be a number"),
        ('{"number": 0, "value": 1, "params": {"lr": 1}}', "leave params out"),
        ('{"number": 0, "value": 1, "segment": "pid22"}', "'pid22'"),
        ('[{"number": 0, "value": 1}, {"number": 5, "value": 1}]', r"\$\[1\]: .*no trial 5"),
        ('{"params": {"lr": 7.0, "width": 64, "solver": "adam"}, "value": 1}', "lr"),
        ("[" * 100 + "]" * 100, "nested deeper"),
        ('{"number": 0, "value": 1, "value": 2}', "stands twice"),
    ],
)
def test_wrong_json_is_one_clear_line(asked, text, expected):
    line = askntell("tell", "calo", "--from", "-", cwd=asked, stdin=text).mistake()
    assert re.search(expected, line), line


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    made(folder)
    askntell("ask", "calo", cwd=folder)
    return folder


def test_a_worker_gets_its_own_trial_back(tmp_path):
    study = made(tmp_path)
    first = askntell("ask", study, "--worker", "a", cwd=tmp_path).json()
    assert askntell("ask", study, "--worker", "b", cwd=tmp_path).json()["number"] == 1
    assert askntell("ask", study, "--worker", "a", cwd=tmp_path).json() == first


def test_fixed_values_have_the_type_of_the_parameter(tmp_path):
    study = made(tmp_path)
    trial = askntell("ask", study, "--fixed", "solver=64", "width=64", "--fixed", "lr=1e-3", cwd=tmp_path).json()
    assert trial["params"] == {"lr": 1e-3, "width": 64, "solver": "64"}


def test_nothing_to_give_is_status_1(tmp_path):
    study = made(tmp_path, space=SearchSpace({"n": Int(1, 2), "c": Categorical(["x"])}))
    best = askntell("best", study, cwd=tmp_path)
    assert (best.status, best.out, best.err) == (1, "", "askntell: best: no trial has a value yet\n")
    assert len(askntell("ask", study, "--count", 9, cwd=tmp_path).json()) == 2
    assert askntell("ask", study, cwd=tmp_path).status == 1


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """Two segments with three trials each, one of them failed."""
    folder = tmp_path_factory.mktemp("campaign")
    study = made(folder, "--objective", "chi2", "--trials", "4", segments=SEGMENTS)
    told = askntell("ask", study, "--count", 6, cwd=folder).json()
    for place, trial in enumerate(told):
        trial.update({"failed": "memory", "message": "CUDA\nout"} if place == 3 else {"value": 6.0 - place})
    askntell("tell", study, "--from", "-", cwd=folder, stdin=json.dumps(told)).json()
    return folder, told


def test_status(campaign):
    folder, _ = campaign
    done = askntell("status", "calo", cwd=folder)
    assert done.status == 0
    assert PLAIN.match(done.out)
    head, titles, first, _, end = done.out.splitlines()
    assert head == "calo: chi2 minimize, algorithm random, seed 0, 2 segments, 4 trials planned in each"
    assert titles.split()[:6] == ["segment", "status", "finished", "failed", "pending", "best"]
    assert first.split()[:6] == ["pid22_eta_0_5", "idle", "3", "0", "0", "2"]
    assert end == "5 trials finished, 1 failed, 0 pending"
    summary = askntell("status", "calo", "--json", cwd=folder).json()
    assert (summary["finished"], summary["failed"], len(summary["segments"])) == (5, 1, 2)


def test_best(campaign):
    folder, told = campaign
    table = askntell("best", "calo", cwd=folder)
    assert PLAIN.match(table.out)
    assert len(table.out.splitlines()) == 3
    records = askntell("best", "calo", "--json", cwd=folder).json()
    assert [record["segment"] for record in records] == [entry["name"] for entry in SEGMENTS]
    for record in records:
        values = [t["value"] for t in told if t["segment"] == record["segment"] and t["value"] is not None]
        assert record["value"] == min(values)
        assert f"lr={record['params']['lr']!r} " in table.out, "a table to copy from needs every digit"
    one = askntell("best", "calo", "--segment", "pid11_eta_0_5", "--json", cwd=folder).json()
    assert one == records[1]
    assert askntell("best", "calo", "--segment", "pid11_eta_0_5", cwd=folder).out.count("\n") == 2


def test_trials(campaign):
    folder, told = campaign
    records = askntell("trials", "calo", "--json", cwd=folder).json()
    assert sorted((r["segment"], r["number"]) for r in records) == sorted((t["segment"], t["number"]) for t in told)
    (failed,) = askntell("trials", "calo", "--status", "failed", "--json", cwd=folder).json()
    assert failed["message"] == "CUDA\nout"
    assert len(askntell("trials", "calo", "--segment", "pid22_eta_0_5", "--json", cwd=folder).json()) == 3
    lines = askntell("trials", "calo", cwd=folder).out
    assert PLAIN.match(lines)
    assert len(lines.splitlines()) == 7
    assert "failed (memory)" in lines
    assert "CUDA\\nout" in lines


def test_report(campaign):
    folder, _ = campaign
    done = askntell("report", "calo", cwd=folder)
    assert (done.status, done.out) == (0, "calo/report.html\n")
    text = (folder / "calo" / "report.html").read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "pid11_eta_0_5" in text
    other = askntell("report", "calo", "-o", "other.html", "--json", cwd=folder).json()
    assert other == {"report": "other.html"}
    assert (folder / "other.html").exists()


def test_a_reader_that_leaves_is_no_traceback(campaign):
    import subprocess
    import sys

    from cli_tools import ENV

    folder, _ = campaign
    process = subprocess.Popen(
        [sys.executable, "-m", "askntell", "trials", "calo"],
        cwd=folder,
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


def test_a_terminal_without_utf8_gets_escapes(tmp_path):
    made(tmp_path, segments=[{"name": "η_電子"}])
    done = askntell("status", "calo", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.status == 0
    assert "\\u03b7_\\u96fb\\u5b50" in done.out
    name = askntell("status", "calo", "--json", cwd=tmp_path, PYTHONIOENCODING="ascii").json()["segments"][0]["name"]
    assert name == "η_電子"


def test_ask_takes_a_deadline(tmp_path):
    study = made(tmp_path)
    assert askntell("ask", study, "--deadline", "0.05", cwd=tmp_path).json()["number"] == 0
    wrong = askntell("ask", study, "--deadline", "-1", cwd=tmp_path)
    assert (wrong.status, "deadline=-1.0; allowed: seconds" in wrong.err) == (2, True)
