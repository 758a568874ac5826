"""What a picture of the report is, and the first of them: the best value so far.

A figure is a plotly figure as a plain JSON object, made without importing plotly. Colours are left to the page (it
knows whether it is light or dark): a trace names a place in the palette as ``meta.colour``, -1 for the muted grey
or -2 for the colour of text. Names pass `label`, because plotly reads a small HTML dialect in every text.
"""

from __future__ import annotations

import html
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, final

from askntell.report.text import number, printable
from askntell.report.view import SegmentView, StudyView

if TYPE_CHECKING:
    from askntell.goals import Objective
    from askntell.trial import Trial

__all__ = [
    "COLOURS",
    "DASHES",
    "MUTE_ABOVE",
    "Figure",
    "Trace",
    "axis",
    "best_so_far",
    "front_of_two",
    "goal_title",
    "label",
    "layout_of",
    "listed",
    "value_title",
]

COLOURS = 6
"""Colours of the page's palette; further traces repeat them with another dash and marker."""

MUTE_ABOVE = 15
"""With more segments than this, lines are drawn grey and one is chosen to stand out."""

DASHES = ("solid", "dash", "dot")

Trace = dict[str, Any]


@final
@dataclass(frozen=True, kw_only=True)
class Figure:
    """One picture.

    Attributes:
        key: Short name, unique on the page, used as an element id.
        title: Heading above it.
        caption: What is seen, in one or two sentences; plain text.
        data: Plotly traces.
        layout: Plotly layout without colours.
        choices: Lines that the reader may pick to stand out, name to (x, y); the last trace shows the pick.
    """

    key: str
    title: str
    caption: str
    data: Sequence[Trace]
    layout: Mapping[str, Any]
    choices: Sequence[tuple[str, Sequence[float], Sequence[float]]] = field(default=())

    def spec(self) -> dict[str, Any]:
        """The part that the page's script reads."""
        choices = [{"name": name, "x": list(x), "y": list(y)} for name, x, y in self.choices]
        return {"key": self.key, "data": list(self.data), "layout": dict(self.layout), "choices": choices}


def label(text: object) -> str:
    """A name that plotly shows as it is, whatever tags or controls it contains."""
    return html.escape(printable(text, limit=60))


def layout_of(x_title: str, y_title: str, values: Sequence[float]) -> dict[str, Any]:
    """Size, margins, legend and axes that all pictures have; `values` decide whether y is logarithmic."""
    layout: dict[str, Any] = {
        "height": 420,
        "margin": {"l": 70, "r": 45, "t": 40, "b": 50},
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "xaxis": axis(x_title),
        "yaxis": axis(y_title, values),
    }
    return layout


def axis(title: str, values: Iterable[object] = ()) -> dict[str, Any]:
    """An axis; logarithmic where positive values span much and crowd at the lower end."""
    made: dict[str, Any] = {"title": {"text": title}, "automargin": True}
    numbers = sorted({float(value) for value in values if isinstance(value, int | float)})
    if numbers and numbers[0] > 0 and numbers[-1] > 50 * numbers[0]:
        middle = median(numbers)
        geometric, arithmetic = math.sqrt(numbers[0]) * math.sqrt(numbers[-1]), numbers[0] / 2 + numbers[-1] / 2
        if abs(math.log(middle / geometric)) < abs(math.log(middle / arithmetic)):
            made["type"] = "log"
    return made


def value_title(view: StudyView) -> str:
    """Title of an axis of values of the first objective."""
    return goal_title(view.objective)


def goal_title(objective: Objective) -> str:
    """Title of an axis of an objective's values."""
    better = "smaller is better" if objective.direction == "minimize" else "larger is better"
    return f"{html.escape(printable(objective.name, limit=30))} ({better})"


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    shown = [printable(name) for name in names]
    if not shown:
        return "the features"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def best_so_far(view: StudyView) -> Figure | None:
    """The best value so far against the number of closed trials; None while no trial has a value."""
    shown = [segment for segment in view.segments if segment.steps]
    if not shown:
        return None
    objective = view.objective
    choices: list[tuple[str, Sequence[float], Sequence[float]]] = []
    if len(shown) > MUTE_ABOVE:
        data, choices = _muted(shown)
        caption = (
            f"Best {printable(objective.name)} so far in each of {len(shown)} segments, in grey; dotted: their median. "
            "Choose a segment above the picture, or click on its line, to make it stand out."
        )
    elif len(view.segments) == 1:
        data = [*_cloud(shown[0]), _stair(shown[0], 0)]
        caption = f"Every measured {printable(objective.name)} as a dot; the line is the best value so far."
        if view.goals.constraints:
            caption += f" Crosses violate a constraint ({_limits(view)}) and do not count."
    else:
        data = [_stair(segment, place) for place, segment in enumerate(shown)]
        caption = f"Best {printable(objective.name)} so far in each segment. A click on a name hides or shows its line."
    values = [value for segment in shown for _, value in (*segment.steps, *segment.values, *segment.infeasible)]
    layout = layout_of("closed trials of the segment", value_title(view), values)
    layout["showlegend"] = 1 < len(shown) <= MUTE_ABOVE
    return Figure(
        key="best-so-far", title="Best value so far", caption=caption, data=data, layout=layout, choices=choices
    )


def _stair(segment: SegmentView, place: int) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(segment.name),
        "x": [x for x, _ in segment.steps],
        "y": [y for _, y in segment.steps],
        "line": {"shape": "hv", "dash": DASHES[place // COLOURS % len(DASHES)], "width": 2.5},
        "hovertemplate": "%{y:.5g} after %{x} trials",
        "meta": {"colour": place % COLOURS},
    }


def _cloud(segment: SegmentView) -> list[Trace]:
    clouds = [_dots(segment.values, "measured", "circle")]
    return [*clouds, _dots(segment.infeasible, "infeasible", "x-thin-open")] if segment.infeasible else clouds


def _dots(points: Sequence[tuple[float, float]], name: str, symbol: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "marker": {"size": 6, "symbol": symbol},
        "hovertemplate": "%{y:.5g}",
        "meta": {"colour": -1},
    }


def _limits(view: StudyView) -> str:
    return ", ".join(f"{printable(goal.name)} {goal}" for goal in view.goals.constraints)


def front_of_two(view: StudyView) -> Figure | None:
    """The first two objectives against each other, with the Pareto front; None with one objective or no front."""
    shown = [segment for segment in view.segments if segment.front]
    if not view.goals.several or not shown:
        return None
    first, second = view.goals.objectives[:2]
    data: list[Trace] = []
    if len(view.segments) == 1:
        outcomes = shown[0].outcomes
        for name, symbol, wanted in (("feasible", "circle", True), ("infeasible", "x-thin-open", False)):
            some = [(x, y) for x, y, feasible in outcomes if feasible is wanted]
            if some and (wanted or view.goals.constraints):
                data.append(_dots(some, name, symbol) | {"hovertemplate": "%{x:.5g}, %{y:.5g}"})
    data += [_front(segment, place, first.name, second.name) for place, segment in enumerate(shown[:MUTE_ABOVE])]
    axes = [_ends(data, "x"), _ends(data, "y")]
    layout = layout_of("", goal_title(second), axes[1])
    layout["xaxis"] = axis(goal_title(first), axes[0])
    layout["showlegend"] = len(data) > 1
    more = len(view.goals.objectives) - 2
    caption = f"{printable(second.name)} against {printable(first.name)}; the marked trials are beaten by no other one"
    caption += f" in all {more + 2} objectives." if more else "."
    if view.goals.constraints:
        caption += f" Constraints: {_limits(view)}."
    if len(shown) > MUTE_ABOVE:
        caption += f" The first {MUTE_ABOVE} of {len(shown)} segments."
    return Figure(key="front", title="Pareto front", caption=caption, data=data, layout=layout)


def _front(segment: SegmentView, place: int, x: str, y: str) -> Trace:
    trials = sorted(segment.front, key=lambda trial: (trial.values or {})[x])
    many = len(trials[0].values or {}) > 2  # more objectives may hide behind these two: no line
    return {
        "type": "scatter",
        "mode": "markers" if many else "lines+markers",
        "name": label(segment.name),
        "x": [(trial.values or {})[x] for trial in trials],
        "y": [(trial.values or {})[y] for trial in trials],
        "line": {"dash": DASHES[place // COLOURS % len(DASHES)], "width": 1.5},
        "marker": {"size": 8},
        "hovertext": ["<br>".join([f"<b>trial {t.number}</b>", *map(label, _said(t))]) for t in trials],
        "hoverinfo": "text",
        "meta": {"colour": place % COLOURS},
    }


def _said(trial: Trial) -> list[str]:
    return [f"{printable(name)} {number(value)}" for name, value in (trial.values or {}).items()]


def _ends(data: Sequence[Trace], key: str) -> list[float]:
    return [value for trace in data for value in trace[key]]


def _muted(
    segments: Sequence[SegmentView],
) -> tuple[list[Trace], list[tuple[str, Sequence[float], Sequence[float]]]]:
    """All stairs as one grey trace with gaps, an empty trace for the chosen one, and the choices."""
    x: list[float | None] = []
    y: list[float | None] = []
    owner: list[int | None] = []
    choices: list[tuple[str, Sequence[float], Sequence[float]]] = []
    for place, segment in enumerate(segments):
        stair_x, stair_y = [x for x, _ in segment.steps], [y for _, y in segment.steps]
        choices.append((printable(segment.name, limit=100), stair_x, stair_y))
        x += [*stair_x, None]
        y += [*stair_y, None]
        owner += [*[place] * len(stair_x), None]
    grey = {
        "type": "scatter",
        "mode": "lines",
        "name": "all segments",
        "x": x,
        "y": y,
        "customdata": owner,
        "line": {"shape": "hv", "width": 1},
        "opacity": 0.7 if len(segments) <= 60 else 0.3,
        "hoverinfo": "none",
        "meta": {"colour": -1},
    }
    middle = _median([segment.steps for segment in segments])
    dotted = {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _ in middle],
        "y": [y for _, y in middle],
        "line": {"shape": "hv", "width": 2, "dash": "dot"},
        "hovertemplate": "median %{y:.5g} after %{x} trials<extra></extra>",
        "meta": {"colour": -2},
    }
    chosen = _stair(segments[0], 0) | {"hovertemplate": "%{y:.5g} after %{x} trials<extra></extra>"}
    chosen["line"] = chosen["line"] | {"width": 3.5}
    return [grey, dotted, chosen], choices


def _median(stairs: Sequence[Sequence[tuple[int, float]]]) -> list[tuple[int, float]]:
    """The median over all stairs that have begun, at up to 200 places."""
    last = max(stair[-1][0] for stair in stairs)
    places = sorted({1 + at * (last - 1) // 199 for at in range(200)})
    middle = []
    for place in places:
        heights = [
            stair[bisect_right(stair, place, key=lambda step: step[0]) - 1][1]
            for stair in stairs
            if stair[0][0] <= place
        ]
        if heights:
            middle.append((place, median(heights)))
    return middle
