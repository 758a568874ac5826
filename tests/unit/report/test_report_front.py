"""What the report and the progress displays show of several objectives and of constraints."""

from __future__ import annotations

import io
import json
import re

import pytest
from report_samples import HOSTILE, NOW, Structure, plan

from askntell import Float, SearchSpace, Segment, Study
from askntell.goals import Goals
from askntell.report.figures import best_so_far, front_of_two
from askntell.report.page import page, plotly_script
from askntell.report.progress import PlainProgress
from askntell.report.text import printable
from askntell.report.view import view_of

SPACE = SearchSpace({"x": Float(0, 1)})
TOLD = [(3, 3, 1), (1, 1, 4096), (4, 2, 1), (0, 9, 5000)]


def studied(folder, *, objectives=("chi2", "speed"), limit="memory_mib", segments=None, told=TOLD):
    """A study that minimises the first objective and maximises the others."""
    directions = {name: "minimize" if place == 0 else "maximize" for place, name in enumerate(objectives)}
    segments = None if segments is None else [Segment(name) for name in segments]
    study = Study(
        folder,
        SPACE,
        objectives=directions,
        constraints={limit: "<= 4096"},
        algorithm="random",
        segments=segments,
        seed=2,
    )
    for summary in study.segments:
        for values in told:
            named = dict(zip([*objectives[:2], limit], values, strict=True))
            study.tell(study.ask(summary.name), named | dict.fromkeys(objectives[2:], 1.0))
    return study


def shown(study):
    return page(view_of(study), script=plotly_script(), written=NOW)


def test_the_front_is_a_table_and_a_picture(tmp_path):
    view = view_of(studied(tmp_path / "calo"))
    assert [trial.number for trial in view.segments[0].front] == [0, 1]
    figure = front_of_two(view)
    feasible, infeasible, front = figure.data
    assert list(zip(feasible["x"], feasible["y"], strict=True)) == [(3, 3), (1, 1), (4, 2)]
    assert list(zip(infeasible["x"], infeasible["y"], strict=True)) == [(0, 9)]
    assert list(zip(front["x"], front["y"], strict=True)) == [(1, 1), (3, 3)]
    assert front["mode"] == "markers", "the third value may decide, so no line is drawn"
    assert figure.layout["yaxis"]["title"]["text"] == "speed (larger is better)"
    assert "memory_mib <= 4096" in figure.caption
    assert best_so_far(view) is None
    text = shown(studied(tmp_path / "other"))
    seen = Structure(text)
    assert "Trials on the front" in seen.text("th")
    assert "chi2, minimize; speed, maximize" in seen.text("dd")
    assert re.search(r"2 trials that no other feasible one of the segment beats", seen.text("caption"))


def test_segments_have_fronts_of_their_own(tmp_path):
    view = view_of(studied(tmp_path / "calo", segments=["a", "b"]))
    figure = front_of_two(view)
    assert [trace["name"] for trace in figure.data] == ["a", "b"]
    many = view_of(studied(tmp_path / "many", segments=[f"s{n}" for n in range(17)], told=TOLD[:1]))
    assert len(front_of_two(many).data) == 15
    assert "The first 15 of 17 segments" in front_of_two(many).caption


def test_no_front_no_picture(tmp_path):
    study = studied(tmp_path / "calo", told=TOLD[3:])
    assert front_of_two(view_of(study)) is None
    assert "No feasible trial has its values yet" in shown(study)


def test_one_objective_marks_what_is_infeasible(tmp_path):
    view = view_of(studied(tmp_path / "calo", objectives=("chi2",), told=[(3, 1), (1, 1), (0, 5000), (2, 1)]))
    segment = view.segments[0]
    assert (segment.steps, segment.infeasible) == ([(1, 3.0), (2, 1.0), (4, 1.0)], [(3, 0.0)])
    figure = best_so_far(view)
    assert [trace["name"] for trace in figure.data][:2] == ["measured", "infeasible"]
    assert "Crosses violate a constraint (memory_mib <= 4096)" in figure.caption


def test_a_default_that_is_infeasible_gives_no_gain(tmp_path):
    study = Study(tmp_path / "calo", SPACE, constraints={"m": "<= 1"})
    study.tell(study.ask(), {"value": 1.0, "m": 2.0})
    study.tell(study.ask(), {"value": 3.0, "m": 0.0})
    (segment,) = view_of(study).segments
    assert (segment.best.value, segment.default_value, segment.gain) == (3.0, None, None)


@pytest.mark.parametrize("hostile", [name for name in HOSTILE if name.isprintable()])
def test_hostile_names_are_text(tmp_path, hostile):
    plain = Structure(shown(studied(tmp_path / "plain")))
    text = shown(studied(tmp_path / "nasty", objectives=(f"{hostile}1", f"{hostile}2"), limit=f"{hostile}3"))
    seen = Structure(text)
    assert [tag for tag, _ in seen.elements] == [tag for tag, _ in plain.elements]
    assert seen.comments == 0
    assert printable(f"{hostile}1", limit=40) in seen.text("th")
    if plotly_script() is not None:
        data = json.loads(re.search(r'id="figures">(.*?)</script>', text)[1])
        assert "<img" not in json.dumps(data)


def test_progress_counts_the_front(tmp_path):
    study = studied(tmp_path / "calo", told=TOLD[:1])
    stream = io.StringIO()
    display = PlainProgress(stream)
    display.on_start(study, plan(5, "all", done_before=1))
    for chi2, speed, memory in (*TOLD[1:], (0.5, 4, 1)):
        trial = study.ask()
        display.on_ask(trial)
        display.on_tell(study.tell(trial, {"chi2": chi2, "speed": speed, "memory_mib": memory}))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "calo: chi2 minimize, speed maximize, memory_mib <= 4096: 5 trials in 1 segment, 1 closed before"
    assert lines[1] == "[2/5] all 1: chi2=1 speed=1 memory_mib=4096 on the front"
    assert lines[2] == "[3/5] all 2: chi2=4 speed=2 memory_mib=1"
    assert lines[3] == "[4/5] all 3: chi2=0 speed=9 memory_mib=5000 infeasible"
    assert lines[4].endswith("on the front")
    segment = display._tally.segments["all"]
    assert (segment.best, segment.front) == (None, [(0.5, -4.0)])
    assert study.goals == Goals.of({"chi2": "minimize", "speed": "maximize"}, {"memory_mib": "<= 4096"})
