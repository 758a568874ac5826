"""The picture that shows how the best value depends on the segments' features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from askntell.report.figures import (
    COLOURS,
    DASHES,
    MUTE_ABOVE,
    Figure,
    Trace,
    axis,
    label,
    layout_of,
    listed,
    value_title,
)
from askntell.report.text import number, printable
from askntell.report.view import SegmentView, StudyView

__all__ = ["features_against_best"]

MANY = 100
"""With more segments than this, markers are small and the default's values wait behind a click on their name."""

PANELS = 4
"""Numeric features shown at most when each gets its own panel."""

SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x")


def features_against_best(view: StudyView) -> Figure | None:
    """The best value of each segment against the segments' features; None for fewer than two segments with a value.

    A numeric feature lies on x, with one line per combination of the other features. Where that would be too many
    lines, every numeric feature gets a panel of its own; without numeric features, each segment gets a row.
    """
    shown = [segment for segment in view.segments if segment.best is not None]
    if len(shown) < 2:
        return None
    numeric, texts = _kinds(shown)
    if not numeric:
        return _rows(view, shown, texts)
    by_spread = sorted(numeric, key=lambda name: -len({segment.features[name] for segment in shown}))
    across = by_spread[0]
    others = [name for name in (*texts, *numeric) if name != across]
    if len({_group(segment, others) for segment in shown}) <= MUTE_ABOVE:
        return _lines(view, shown, across, others)
    return _panels(view, shown, by_spread[:PANELS], texts)


def _kinds(segments: Sequence[SegmentView]) -> tuple[list[str], list[str]]:
    """Names of the features that are numbers in every segment, and of all others that at least one segment has."""
    names = list(dict.fromkeys(name for segment in segments for name in segment.features))
    numeric = [n for n in names if all(isinstance(segment.features.get(n), int | float) for segment in segments)]
    return numeric, [name for name in names if name not in numeric]


def _group(segment: SegmentView, names: Iterable[str]) -> str:
    """The name of the line that a segment lies on: ``photon`` for a text, ``depth 3`` for a number."""
    parts = []
    for name in names:
        value = segment.features.get(name)
        if value is not None:
            parts.append(printable(value) if isinstance(value, str) else f"{printable(name)} {number(value)}")
    return ", ".join(parts)


def _lines(view: StudyView, segments: Sequence[SegmentView], across: str, others: Sequence[str]) -> Figure:
    groups: dict[str, list[SegmentView]] = {}
    for segment in sorted(segments, key=lambda s: (_group(s, others), s.features[across])):
        groups.setdefault(_group(segment, others), []).append(segment)
    data: list[Trace] = []
    for place, (name, members) in enumerate(groups.items()):
        x = [segment.features[across] for segment in members]
        data.append(_points(view, members, x, name or "best value", place, mode="lines+markers"))
        if any(segment.default_value is not None for segment in members):
            data.append(_defaults(view, members, x, name, place))
    said = f", one line for each value of {listed(others)}" if len(groups) > 1 else ""
    values = _numbers(segments)
    layout = layout_of("", value_title(view), values)
    layout["xaxis"] = axis(label(across), (segment.features[across] for segment in segments))
    layout["showlegend"] = len(data) > 1
    return _features_figure(
        data,
        layout,
        f"Best {printable(view.objective.name)} of each segment against {printable(across)}{said}. "
        "Dotted lines with open markers: the value of the default params.",
    )


def _panels(view: StudyView, segments: Sequence[SegmentView], across: Sequence[str], texts: Sequence[str]) -> Figure:
    first = texts[:1]
    groups: dict[str, list[SegmentView]] = {}
    for segment in segments:
        groups.setdefault(_group(segment, first), []).append(segment)
    if len(groups) > MUTE_ABOVE:
        groups, first = {"": list(segments)}, []
    data: list[Trace] = []
    layout = layout_of("", value_title(view), _numbers(segments))
    layout |= {"grid": {"rows": len(across), "columns": 1, "pattern": "independent", "ygap": 0.25}}
    layout["height"] = 120 + 260 * len(across)
    yaxis = layout.pop("yaxis")
    for row, feature in enumerate(across):
        suffix = "" if row == 0 else str(row + 1)
        for place, (name, members) in enumerate(groups.items()):
            x = [segment.features[feature] for segment in members]
            trace = _points(view, members, x, name or "best value", place, mode="markers")
            data.append(
                trace
                | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}", "showlegend": row == 0, "legendgroup": trace["name"]}
            )
        layout[f"xaxis{suffix}"] = axis(label(feature), (segment.features[feature] for segment in segments))
        layout[f"yaxis{suffix}"] = dict(yaxis)
    layout["showlegend"] = len(groups) > 1
    coloured = f"; colours tell {printable(first[0])} apart" if first else ""
    return _features_figure(
        data,
        layout,
        f"Best {printable(view.objective.name)} of each segment against {listed(across)}{coloured}.",
    )


def _rows(view: StudyView, segments: Sequence[SegmentView], texts: Sequence[str]) -> Figure:
    """No numeric feature: one row per segment, ordered by its best value, coloured by the first text feature."""
    objective = view.objective
    ranked = sorted(segments, key=lambda s: -objective.loss(s.best.value) if s.best and s.best.value is not None else 0)
    groups: dict[str, list[SegmentView]] = {}
    for segment in ranked:
        groups.setdefault(_group(segment, texts[:1]), []).append(segment)
    if len(groups) > MUTE_ABOVE:
        groups = {"": ranked}
    data: list[Trace] = []
    for place, (name, members) in enumerate(groups.items()):
        trace = _points(view, members, [label(segment.name) for segment in members], name or "best value", place)
        data.append(_turned(trace))
    with_default = [segment for segment in ranked if segment.default_value is not None]
    if with_default:
        trace = _defaults(view, with_default, [label(segment.name) for segment in with_default], "", -1)
        data.insert(0, _turned(trace | {"mode": "markers"}))
    layout = layout_of("", value_title(view), _numbers(segments))
    layout["xaxis"], layout["yaxis"] = layout["yaxis"], axis("")
    # Names that look like numbers or dates must stay names.
    layout["yaxis"] |= {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": [label(segment.name) for segment in ranked],
        "tickmode": "linear" if len(ranked) <= 60 else "auto",
    }
    layout["height"] = min(max(320, 90 + 18 * len(ranked)), 1400)
    layout["showlegend"] = len(data) > 1
    reason = (
        ""
        if texts
        else " The segments have no features; with features, the picture shows how the best depends on them."
    )
    return _features_figure(
        data,
        layout,
        f"Best {printable(objective.name)} of each segment, best on top; open markers: the default params.{reason}",
    )


def _features_figure(data: Sequence[Trace], layout: Mapping[str, Any], caption: str) -> Figure:
    return Figure(key="features", title="Best value by segment", caption=caption, data=data, layout=layout)


def _points(
    view: StudyView,
    members: Sequence[SegmentView],
    x: Sequence[object],
    name: str,
    place: int,
    *,
    mode: str = "markers",
) -> Trace:
    objective = label(view.objective.name)
    many = len(view.segments) > MANY
    text = []
    for segment in members:
        lines = [f"<b>{label(segment.name)}</b>", f"{objective} {number(segment.best.value if segment.best else None)}"]
        if segment.default_value is not None:
            lines.append(f"default {number(segment.default_value)}")
        lines += [f"{label(key)} {label(value)}" for key, value in segment.features.items()]
        text.append("<br>".join(lines))
    return {
        "type": "scatter",
        "mode": mode,
        "name": label(name),
        "x": list(x),
        "y": [segment.best.value if segment.best else None for segment in members],
        "hovertext": text,
        "hoverinfo": "text",
        "line": {"dash": DASHES[place // COLOURS % len(DASHES)], "width": 2 if many else 2.5},
        "marker": {"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 4 if many else 8},
        "meta": {"colour": place % COLOURS},
    }


def _defaults(view: StudyView, members: Sequence[SegmentView], x: Sequence[object], name: str, place: int) -> Trace:
    title = label(f"{name}, default" if name else "default")
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": title,
        "visible": "legendonly" if len(view.segments) > MANY else True,
        "x": list(x),
        "y": [segment.default_value for segment in members],
        "hovertext": [f"<b>{label(s.name)}</b><br>default {number(s.default_value)}" for s in members],
        "hoverinfo": "text",
        "line": {"dash": "dot", "width": 1.2},
        "marker": {"symbol": f"{SYMBOLS[place % len(SYMBOLS)]}-open", "size": 7},
        "meta": {"colour": place if place < 0 else place % COLOURS},
    }


def _turned(trace: Trace) -> Trace:
    return trace | {"x": trace["y"], "y": trace["x"], "orientation": "h"}


def _numbers(segments: Sequence[SegmentView]) -> list[float]:
    """Best and default values of all segments."""
    best = [segment.best.value for segment in segments if segment.best is not None and segment.best.value is not None]
    return best + [segment.default_value for segment in segments if segment.default_value is not None]
