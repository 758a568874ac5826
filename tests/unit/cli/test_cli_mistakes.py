"""A user's mistake is one clear line on standard error and status 2, never a traceback."""

from __future__ import annotations

import json
import os
import re

import pytest
from cli_tools import ENV, SEGMENTS, SPACE, askntell, made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes")
    study = made(folder, "--objective", "chi2", "--trials", "40", segments=SEGMENTS)
    assert askntell("tell", study, 0, 1.0, "--segment", "pid22_eta_0_5", cwd=folder).status == 2  # nobody asked
    assert askntell("ask", study, "--segment", "pid22_eta_0_5", cwd=folder).json()["number"] == 0
    assert askntell("tell", study, 0, 1.0, "--segment", "pid22_eta_0_5", cwd=folder).status == 0
    (folder / "broken.json").write_text('{"parameters": ', "utf-8")
    (folder / "double.json").write_text('{"a": 1, "a": 2}', "utf-8")
    (folder / "one.json").write_text(json.dumps([{"name": "a/b"}]), "utf-8")
    (folder / "empty").mkdir()
    return folder


MISTAKES = [
    ([], "no command; allowed: quickstart, init"),
    (["frobnicate"], "invalid choice: 'frobnicate'"),
    (["status"], "status: .*PATH"),
    (["status", "calo", "--jsn"], "unrecognized arguments: --jsn"),
    (["status", "calo", "--js"], "unrecognized arguments: --js"),
    (["status", "nowhere"], "nowhere: there is no study here"),
    (["status", "empty"], "empty: there is no study here"),
    (["status", "space.json"], "there is no study here"),
    (["init", "new"], "init: .*--space"),
    (["init", "new", "--space", "nowhere.json"], "nowhere.json"),
    (["init", "new", "--space", "broken.json"], "broken.json"),
    (["init", "new", "--space", "double.json"], "'a' stands twice"),
    (["init", "new", "--space", "empty"], "empty"),
    (["init", "new", "--space", "space.json", "--segments", "one.json"], r"one.json: \$\[0\]: .*'a/b'"),
    (["init", "new", "--space", "space.json", "--segments", "nowhere.json"], "nowhere.json"),
    (["init", "new", "--space", "space.json", "--objective", "chi2:best"], "'best'; allowed: minimize, maximize"),
    (["init", "new", "--space", "space.json", "--algorithm", "magic"], "'magic'.*allowed: .*random"),
    (["init", "new", "--space", "space.json", "--trials", "0"], "'0' is not an integer >= 1"),
    (["init", "new", "--space", "space.json", "--seed", "-1"], "seed"),
    (["init", "new", "--space", "space.json", "--seed", "x"], "invalid int value: 'x'"),
    (["init", "calo", "--space", "space.json", "--seed", "1"], "seed: the study has 0, given 1"),
    (["ask", "calo", "--segment", "pid22"], "'pid22'"),
    (["ask", "calo", "--count", "many"], "'many' is not an integer >= 1"),
    (["ask", "calo", "--fixed", "lr"], "'lr' is not of the form name=value"),
    (["ask", "calo", "--fixed", "lr=1", "lr=2"], "'lr' twice"),
    (["ask", "calo", "--fixed", "lr=7"], "lr"),
    (["ask", "calo", "--fixed", "depth=7"], "depth.*width"),
    (["ask", "calo", "--fixed", "solver=rmsprop"], "rmsprop.*adam"),
    (["tell", "calo"], "no trial"),
    (["tell", "calo", "0"], "neither a value nor failed"),
    (["tell", "calo", "0", "1.0"], "segment"),
    (["tell", "calo", "0", "small", "--segment", "pid22_eta_0_5"], "'small' is no value"),
    (["tell", "calo", "zero", "1"], "invalid int value: 'zero'"),
    (["tell", "calo", "7", "1.0", "--segment", "pid22_eta_0_5"], "no trial 7"),
    (["tell", "calo", "0", "2.0", "--segment", "pid22_eta_0_5"], "0"),
    (["tell", "calo", "0", "--failed", "boredom", "--segment", "pid22_eta_0_5"], "boredom.*crash, timeout"),
    (["tell", "calo", "0", "1.0", "--failed", "crash", "--segment", "pid22_eta_0_5"], "both"),
    (["tell", "calo", "0", "--from", "-"], "--from"),
    (["tell", "calo", "--from", "nowhere.json"], "nowhere.json"),
    (["tell", "calo", "--from", "broken.json"], "broken.json: not strict JSON"),
    (["run", "calo"], "no command.*--"),
    (["run", "calo", "--"], "no command"),
    (["run", "calo", "--timeout", "0", "--", "true"], "'0' is not a number of seconds > 0"),
    (["run", "calo", "--segment", "pid22", "--", "true"], "'pid22'"),
    (["run", "calo", "--", "true", "{depth}"], "depth"),
    (["run", "calo", "--value", "(", "--", "true"], "value"),
    (["run", "calo", "--file", "config.json", "--", "true"], "not of the form name=value"),
    (["run", "calo", "--cwd", "nowhere", "--", "true"], "nowhere"),
    (["best", "calo", "--segment", "pid22"], "'pid22'"),
    (["trials", "calo", "--status", "asleep"], "'asleep'.*pending"),
    (["trials", "calo", "--segment", "pid22"], "'pid22'"),
    (["report", "calo", "-o", "nowhere/report.html"], "nowhere/report.html: .*existing folder"),
    (["report", "calo", "-o", "empty"], "empty"),
]


@pytest.mark.parametrize(("arguments", "expected"), MISTAKES, ids=[" ".join(a) or "nothing" for a, _ in MISTAKES])
def test_one_clear_line(folder, arguments, expected):
    line = askntell(*arguments, cwd=folder).mistake()
    assert re.search(expected, line), line


def test_mistakes_change_nothing(folder):
    assert not (folder / "new").exists()
    assert [trial["value"] for trial in askntell("trials", "calo", "--json", cwd=folder).json()] == [1.0]


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "\u202eb", "\udcff"])
def test_what_was_typed_is_shown_escaped(folder, name):
    if name == "\udcff":  # how Python holds a byte of an argument that is no UTF-8
        assert os.fsencode(name) == b"\xff"
    for arguments in (["status", name], ["best", "calo", "--segment", name], [name], ["status", "calo", "--" + name]):
        assert len(askntell(*arguments, cwd=folder).mistake()) > 20


def test_a_damaged_study_is_a_clear_error(tmp_path):
    study = made(tmp_path)
    (study / "study.json").write_text("{}", "utf-8")
    for command in ("status", "ask", "best", "trials", "report"):
        assert "study.json" in askntell(command, study, cwd=tmp_path).mistake()


def test_a_damaged_record_is_one_warning_and_the_rest_is_shown(tmp_path):
    study = made(tmp_path)
    for number in range(3):
        askntell("ask", study, cwd=tmp_path)
        assert askntell("tell", study, number, number, cwd=tmp_path).status == 0
    for journal in sorted((study / "journal").iterdir()):
        data = journal.read_bytes()
        if b'"value":1.0' in data or b":1.0" in data:
            journal.write_bytes(data.replace(b":1.0", b":7.0"))
    done = askntell("trials", study, "--json", cwd=tmp_path)
    assert [trial["value"] for trial in json.loads(done.out)] == [0.0, None, 2.0]
    (line,) = done.err.splitlines()
    assert line.startswith("askntell: warning: ")
    assert done.status == 0


def without(module, folder):
    """Settings under which a module cannot be imported."""
    hidden = folder / "hidden" / module
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text(f"raise ImportError('no {module}')", "utf-8")
    return {"PYTHONPATH": f"{hidden.parent}{os.pathsep}{ENV['PYTHONPATH']}"}


def test_quickstart_without_scikit_learn_names_the_extra(tmp_path):
    line = askntell("quickstart", cwd=tmp_path, **without("sklearn", tmp_path)).mistake()
    assert 'pip install "askntell[demo]"' in line
    assert not (tmp_path / "quickstart").exists()


def test_a_report_without_plotly_is_written_and_names_the_extra(tmp_path):
    study = made(tmp_path)
    done = askntell("report", study, cwd=tmp_path, **without("plotly", tmp_path))
    assert (done.status, done.out) == (0, f"{study}/report.html\n")
    (line,) = done.err.splitlines()
    assert 'pip install "askntell[report]"' in line
    assert (study / "report.html").stat().st_size < 100_000


def test_an_unwritable_folder_is_a_clear_error(tmp_path):
    SPACE.save(tmp_path / "space.json")
    (tmp_path / "file").write_text("", "utf-8")
    line = askntell("init", "file/calo", "--space", "space.json", cwd=tmp_path).mistake()
    assert "file" in line
