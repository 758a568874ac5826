from __future__ import annotations

import json

import pytest
from report_samples import HOSTILE, SAMPLES, study_view

from askntell.goals import Objective
from askntell.report.features import features_against_best
from askntell.report.figures import COLOURS, MUTE_ABOVE, best_so_far, label

FIGURES = [
    pytest.param(figure, id=f"{name}-{figure.key}")
    for name, view in SAMPLES.items()
    for figure in (best_so_far(view), features_against_best(view))
    if figure is not None
]


@pytest.mark.parametrize("figure", FIGURES)
def test_plotly_accepts_it(figure):
    go = pytest.importorskip("plotly.graph_objects", reason="plotly checks every key and value of a figure")
    go.Figure(data=figure.data, layout=figure.layout)


@pytest.mark.parametrize("figure", FIGURES)
def test_it_is_strict_json_and_every_trace_has_a_colour(figure):
    spec = figure.spec()
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec
    assert all(trace["meta"]["colour"] in range(-2, COLOURS) for trace in spec["data"])
    assert all(len(trace["x"]) == len(trace["y"]) > 0 for trace in spec["data"])


def test_nothing_to_show():
    assert best_so_far(SAMPLES["empty"]) is None
    assert features_against_best(SAMPLES["empty"]) is None
    assert features_against_best(SAMPLES["one with features"]) is None


def test_one_segment_shows_every_value():
    cloud, stair = best_so_far(SAMPLES["one"]).data
    assert len(cloud["x"]) == SAMPLES["one"].segments[0].finished
    assert min(stair["y"]) == SAMPLES["one"].segments[0].best.value


def test_few_segments_are_lines_of_their_own():
    figure = best_so_far(SAMPLES["no features"])
    assert [trace["name"] for trace in figure.data] == [segment.name for segment in SAMPLES["no features"].segments]
    assert not figure.choices
    looks = [(trace["meta"]["colour"], trace["line"]["dash"]) for trace in figure.data]
    assert len(set(looks)) == len(looks)


def test_many_segments_are_muted_with_a_choice():
    view = SAMPLES["three hundred"]
    figure = best_so_far(view)
    grey, dotted, chosen = figure.data
    assert len(view.segments) > MUTE_ABOVE
    assert [name for name, _, _ in figure.choices] == [segment.name for segment in view.segments]
    assert {place for place in grey["customdata"] if place is not None} == set(range(300))
    assert chosen["y"] == figure.choices[0][2]
    finals = sorted(segment.steps[-1][1] for segment in view.segments)
    assert dotted["y"][-1] == pytest.approx((finals[149] + finals[150]) / 2)


def test_a_line_for_each_text_value():
    figure = features_against_best(SAMPLES["numeric and text"])
    lines = [trace for trace in figure.data if trace["line"]["dash"] == "solid"]
    assert {trace["name"] for trace in lines} == {"photon", "electron", "pion"}
    for trace in lines:
        members = [s for s in SAMPLES["numeric and text"].segments if s.features["particle"] == trace["name"]]
        assert trace["x"] == sorted(s.features["eta"] for s in members)
        assert dict(zip(trace["x"], trace["y"], strict=True)) == {s.features["eta"]: s.best.value for s in members}


def test_a_second_numeric_feature_with_few_values_makes_lines():
    names = {trace["name"] for trace in features_against_best(SAMPLES["few of two numeric"]).data}
    assert {"depth 0", "depth 1"} <= names


def test_several_numeric_features_get_panels():
    figure = features_against_best(SAMPLES["several numeric"])
    assert {trace.get("xaxis") for trace in figure.data} == {"x", "x2"}
    assert figure.layout["xaxis"]["title"]["text"] == "eta"
    assert figure.layout["xaxis2"]["type"] == "log"  # energies double from step to step
    assert "type" not in figure.layout["xaxis"]


@pytest.mark.parametrize("name", ["no features", "text", "some without", "three hundred names"])
def test_without_a_number_in_every_segment_there_are_rows(name):
    view = SAMPLES[name]
    figure = features_against_best(view)
    assert figure.layout["yaxis"]["type"] == "category"
    ranked = figure.layout["yaxis"]["categoryarray"]
    assert sorted(ranked) == sorted(segment.name for segment in view.segments)
    best = min(view.segments, key=lambda segment: segment.best.value)
    assert ranked[-1] == best.name  # plotly draws the last category on top


def test_the_best_row_is_on_top_when_larger_is_better():
    view = study_view(4, objective=Objective("accuracy", "maximize"))
    ranked = features_against_best(view).layout["yaxis"]["categoryarray"]
    assert ranked[-1] == max(view.segments, key=lambda segment: segment.best.value).name


@pytest.mark.parametrize("text", HOSTILE)
def test_labels_are_plain_text_for_plotly(text):
    shown = label(text)
    assert "<" not in shown
    assert ">" not in shown
    assert shown.isprintable()


@pytest.mark.parametrize("hostile", ["<a href='https://evil.example'>x</a>", "<i>"])
def test_no_name_reaches_plotly_as_markup(hostile):
    view = study_view(
        20, lambda n: {hostile: f"{hostile}{n % 2}", "eta": n}, objective=Objective(hostile), name=hostile + "#"
    )
    for figure in (best_so_far(view), features_against_best(view)):
        spec = figure.spec()
        spec.pop("choices")  # become options of a list by textContent, never plotly's text
        assert hostile not in json.dumps(spec)
