"""Several values from one job: by return, by files, by lines of output."""

from __future__ import annotations

import json
import re

import pytest

import askntell as ant
from askntell.errors import PayloadError
from askntell.goals import Goals
from askntell.payload import read_outcome
from askntell.trial import Outcome

GOALS = Goals.of({"chi2": "minimize", "speed": "maximize"}, {"memory_mib": "<= 4096"})
ALL = {"chi2": 1.0, "speed": 2.0, "memory_mib": 3.0}
PATTERN = re.compile(r"chi2=(?P<chi2>\S+)|speed=(?P<speed>\S+)|memory=(?P<memory_mib>\d+)")


@pytest.fixture
def outcome(tmp_path):
    def read(goals=GOALS, value=PATTERN, **files):
        for key, content in ({"exit_json": {"v": 1, "status": 0, "seconds": 1.0}} | files).items():
            (tmp_path / key.replace("_", ".")).write_text(content if isinstance(content, str) else json.dumps(content))
        return read_outcome(tmp_path, goals, value)

    return read


def test_result_json_names_them(outcome):
    told = {"memory_mib": 3, "chi2": 1, "speed": 2, "epochs": 9}
    found = outcome(result_json={"v": 1, "values": told})
    assert list(found.values.items()) == list(ALL.items())
    assert outcome(result_json={"v": 1, "values": told | {"speed": "inf"}}).failure == "nan"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"v": 1, "value": 1.0}, "result.json: told 1.0; expected values named 'chi2', 'speed', 'memory_mib'"),
        ({"v": 1, "values": {"chi2": 1.0}}, "result.json names 'chi2', not 'speed', 'memory_mib'"),
        ({"v": 1, "values": ALL | {"speed": "fast"}}, "value of 'speed' must be a number, got 'fast'"),
    ],
)
def test_what_is_missing_is_said(outcome, result, message):
    found = outcome(result_json=result)
    assert (found.failure, message in found.message) == ("crash", True), found.message


@pytest.mark.parametrize(
    "output",
    [
        {"loss": 1.0, "speed": 2.0, "memory_mib": 3.0},
        {"loss": 7.0, **ALL},
        {"status": 0, **ALL, "other": "text"},
        {"loss": ALL},
    ],
)
def test_output_json_has_them_beside_the_loss(outcome, output):
    assert outcome(output_json=output) == Outcome(values=ALL)


def test_output_json_without_all_of_them(outcome):
    found = outcome(output_json={"loss": 1.0, "speed": 2.0})
    assert (found.failure, "not 'memory_mib'" in found.message) == ("crash", True)


def test_lines_of_output_are_matched_by_name_and_the_last_counts(outcome):
    text = "chi2=9\nspeed=8 memory=7\nspeed=2 chi2=1\nmemory=3 done\n"
    assert outcome(stdout_txt=text) == Outcome(values=ALL)
    found = outcome(stdout_txt="chi2=1 speed=2")
    assert (found.failure, "not 'memory_mib'" in found.message) == ("crash", True)
    found = outcome(stdout_txt="chi2=one speed=2 memory=3")
    assert "which is no number" in found.message


def test_one_group_with_a_name_is_one_value(outcome):
    found = outcome(Goals(), re.compile(r"loss=(?P<any>\S+)"), stdout_txt="loss=4")
    assert found == Outcome(values={"value": 4.0})


def test_groups_are_one_or_all_have_names(tmp_path):
    study = ant.Study(tmp_path / "s", ant.SearchSpace({"x": ant.Float(0, 1)}), algorithm="random")
    with pytest.raises(PayloadError, match="has 2 groups; allowed: one, around the number, or several with names"):
        study.run("true {x}", value=r"(a)(?P<b>c)", trials=1)


def several(params):
    return {"chi2": params["x"], "speed": 2.0, "memory_mib": 5000 * params["x"], "epochs": 3}


def test_a_callable_returns_them(tmp_path):
    study = ant.Study(
        tmp_path / "s",
        ant.SearchSpace({"x": ant.Float(0, 1)}),
        objectives=GOALS.directions,
        constraints=GOALS.limits,
        algorithm="random",
    )
    report = study.run(several, trials=4, progress=False)
    assert (report.finished, report.failed) == (4, 0)
    for trial in study.trials():
        x = trial.params["x"]
        assert trial.values == {"chi2": x, "speed": 2.0, "memory_mib": 5000 * x}
