from __future__ import annotations

import json

import pytest
from report_samples import trial

from askntell.goals import Goals, Objective
from askntell.report.view import SegmentView, best_record, gain, steps, trial_record


def test_steps_are_improvements_and_the_end():
    told = [trial(0, 3.0), trial(1, failure="crash"), trial(2, 4.0), trial(3, 1.0), trial(4, 1.0), trial(5)]
    assert steps(Goals(), told) == [(1, 3.0), (4, 1.0), (5, 1.0)]


def test_steps_follow_the_direction():
    told = [trial(0, 3.0), trial(1, 4.0), trial(2, 1.0)]
    assert steps(Goals.of(direction="maximize"), told) == [(1, 3.0), (2, 4.0), (3, 4.0)]


def test_steps_without_a_value():
    assert steps(Goals(), [trial(0, failure="crash"), trial(1)]) == []


@pytest.mark.parametrize(
    ("direction", "best", "default", "expected"),
    [
        ("minimize", 1.0, 3.0, 2.0),
        ("maximize", 3.0, 1.0, 2.0),
        ("minimize", 0.0, 0.0, 0.0),
        ("minimize", None, 1.0, None),
        ("minimize", 1.0, None, None),
    ],
)
def test_gain(direction, best, default, expected):
    assert gain(Objective(direction=direction), best, default) == expected


def test_records_are_strict_json():
    record = trial_record(trial(3, 0.25))
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record["number"], record["segment"], record["value"], record["failed"]) == (3, "all", 0.25, None)
    assert trial_record(trial(4, failure="memory"))["failed"] == "memory"
    assert best_record(SegmentView(name="x"))["params"] is None
