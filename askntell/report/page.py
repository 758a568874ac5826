"""The report: one HTML file that needs no network, no other file and, to be read, no script.

What came from outside is escaped where it is written, and a Content-Security-Policy by hash lets run exactly the
scripts that ship with askntell and plotly: a name that broke out of its cell would still execute nothing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from askntell import __version__
from askntell._files import write_atomic
from askntell.errors import StudyFileError
from askntell.report.features import features_against_best
from askntell.report.figures import Figure, best_so_far, front_of_two
from askntell.report.text import gain_text, number, params_text, plural, printable, visible_json
from askntell.report.view import SegmentView, StudyView, view_of
from askntell.trial import FAILURES

if TYPE_CHECKING:
    import os

    from askntell.study import Study
    from askntell.trial import Trial

__all__ = ["page", "plotly_script", "write_report"]

MAX_FAILURES = 200
"""Failed trials listed one by one; all are counted."""

MAX_FRONT = 500
"""Trials of Pareto fronts listed one by one."""

FEATURE_COLUMNS = 4
"""Features of the segments shown as columns of their own."""


NO_PICTURES = (
    '<p class="note">The pictures are left out because plotly is not installed; '
    '<code>pip install "askntell[report]"</code> brings it.</p>'
)


def write_report(study: Study, path: str | os.PathLike[str]) -> Path:
    """Write the report of a study as one self-contained HTML file (mode 0600) and return its path.

    Pictures need plotly; without it the report says how to get them and holds everything else.

    Args:
        study: An open study.
        path: File to write; its folder must exist.

    Raises:
        StudyFileError: the file cannot be written.
    """
    target = Path(path)
    text = page(view_of(study), script=plotly_script(), written=datetime.now(UTC))
    try:
        write_atomic(target, text.encode("utf-8"))
    except OSError as error:
        raise StudyFileError(
            f"the report cannot be written: {error.strerror or error}",
            hint="name a file in an existing folder that you may write to",
            path=str(target),
        ) from error
    return target


def plotly_script() -> str | None:
    """Plotly's script, or None where plotly is not installed."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        return None
    return str(get_plotlyjs())


def page(view: StudyView, *, script: str | None, written: datetime) -> str:
    """The report as text.

    Args:
        view: What is shown.
        script: Plotly's script, or None to leave the pictures out.
        written: Time that the footer names.
    """
    figures = [
        figure for figure in (best_so_far(view), front_of_two(view), features_against_best(view)) if figure is not None
    ]
    pictured = figures if script is not None else []
    scripts = [_closed(script)] if pictured and script is not None else []
    scripts.append(_asset("page.js"))
    style = _asset("page.css")
    body = "\n".join(
        [
            _header(view),
            *_damage(view),
            _segments(view),
            *_pictures(figures, drawn=script is not None),
            _failures(view),
            _front(view) if view.goals.several else _best_params(view),
            f"<footer>Written by askntell {_text(__version__)} on {_text(_time(written))}.</footer>",
        ]
    )
    data = _json_for_script([figure.spec() for figure in pictured])
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{_text(view.name)} - askntell report</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            f"<main>\n{body}\n</main>",
            *([f'<script type="application/json" id="figures">{data}</script>'] if pictured else []),
            *(f"<script>{code}</script>" for code in scripts),
            "</body>",
            "</html>",
            "",
        ]
    )


def _policy(scripts: Sequence[str]) -> str:
    """Nothing from anywhere; scripts by hash. Plotly sets style attributes, hence inline styles are allowed."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(code.encode('utf-8')).digest()).decode('ascii')}'"
        for code in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _asset(name: str) -> str:
    return resources.files("askntell.report").joinpath(name).read_text(encoding="utf-8")


def _closed(script: str) -> str:
    """A script that no parser can leave or nest early, whatever strings it contains."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--").replace("<script", "\\x3cscript")


def _json_for_script(value: object) -> str:
    """JSON whose text holds no markup; beyond ASCII everything is escaped, U+2028 and U+2029 with it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(value: object, limit: int | None = None) -> str:
    return html.escape(printable(value, limit=limit))


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _header(view: StudyView) -> str:
    planned = None if view.planned is None else view.planned * len(view.segments)
    closed = view.total("finished") + view.total("failed") + view.total("cancelled")
    facts = [
        (
            "Objectives" if view.goals.several else "Objective",
            "; ".join(f"{goal.name}, {goal.direction}" for goal in view.goals.objectives),
        ),
        *([("Constraints", "; ".join(map(" ".join, view.goals.limits.items())))] if view.goals.constraints else []),
        ("Segments", len(view.segments)),
        ("Closed trials", closed if planned is None else f"{closed} of {planned}"),
        ("Failed", view.total("failed")),
        ("Pending", view.total("pending")),
    ]
    about = f"created {view.created}, algorithm {view.algorithm}, seed {view.seed}"
    entries = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in facts)
    return (
        f"<header><h1>{_text(view.name)}</h1>"
        f'<p class="sub">Hyperparameter study, {_text(about)}. Report of askntell {_text(__version__)}.</p>'
        f'<dl class="facts">{entries}</dl></header>'
    )


def _damage(view: StudyView) -> list[str]:
    if not view.damage:
        return []
    entries = "".join(f"<li>{_text(line)}</li>" for line in view.damage)
    return [f'<div class="note bad"><p>Some records could not be read and are not counted:</p><ul>{entries}</ul></div>']


def _segments(view: StudyView) -> str:
    names = list(dict.fromkeys(name for segment in view.segments for name in segment.features))[:FEATURE_COLUMNS]
    shared, noted = view.total("shared") > 0, any(segment.note for segment in view.segments)
    heads = [
        ("Segment", "text"),
        *((name, "text") for name in names),
        ("Status", "text"),
        ("Trials", "num"),
        ("Failed", "num"),
    ]
    if shared:
        heads.append(("Shared", "num"))
    if view.goals.several:
        heads.append(("Trials on the front", "num"))
        caption = "The front: trials that no other feasible one beats in every objective."
    else:
        heads += [(f"Best {view.objective.name}", "num"), ("Default", "num"), ("Gain over default", "num")]
        heads.append(("Best params", "text"))
        better = "Smaller" if view.objective.direction == "minimize" else "Larger"
        caption = (
            f"{better} {view.objective.name} is better. Gain: how much better the best trial is than the default "
            "params, in percent of the default's value in brackets."
        )
    if shared:
        caption += " Shared: trials that were proposed by what other segments taught."
    if noted:
        heads.append(("Note", "text"))
    rows = [_segment_row(view, segment, names, shared=shared, noted=noted) for segment in view.segments]
    return f'<section><h2 id="segments">Segments</h2>{_table("segments", heads, rows, caption)}</section>'


def _row_head(name: str) -> str:
    kind = "long" if len(name) > 40 else "short"
    return f'<th scope="row" class="{kind}">{_text(name)}</th>'


def _segment_row(view: StudyView, segment: SegmentView, names: Sequence[str], *, shared: bool, noted: bool) -> str:
    closed = segment.finished + segment.failed + segment.cancelled
    cells = [_row_head(segment.name)]
    for name in names:
        value = segment.features.get(name)
        cells.append(f"<td>{_text(value)}</td>" if isinstance(value, str) else _number_cell(value))
    cells += [
        f"<td>{_text(segment.status)}</td>",
        _number_cell(closed, str(closed) if view.planned is None else f"{closed}/{view.planned}"),
        _number_cell(segment.failed, bad=segment.failed > 0),
        *([_number_cell(segment.shared)] if shared else []),
        *([_number_cell(len(segment.front))] if view.goals.several else _best_cells(segment)),
        *([f'<td class="text">{_text(segment.note, 200)}</td>'] if noted else []),
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _best_cells(segment: SegmentView) -> list[str]:
    params = "-" if segment.best is None else f"<code>{_text(params_text(segment.best.params))}</code>"
    return [
        _number_cell(None if segment.best is None else segment.best.value),
        _number_cell(segment.default_value),
        _number_cell(segment.gain, gain_text(segment.gain, segment.default_value)),
        f'<td class="text">{params}</td>',
    ]


def _number_cell(value: float | None, shown: str | None = None, *, bad: bool = False) -> str:
    """A cell that sorts by `value` and shows `shown`, or the value itself."""
    key = "" if value is None else repr(value)
    return (
        f'<td class="num{" bad" if bad else ""}" data-v="{key}">{_text(number(value) if shown is None else shown)}</td>'
    )


def _table(key: str, heads: Iterable[tuple[str, str]], rows: Sequence[str], caption: str) -> str:
    """A table in a box that scrolls and that the keyboard can reach."""
    columns = "".join(f'<th scope="col" class="{kind}">{_text(name, 40)}</th>' for name, kind in heads)
    tall = " tall" if len(rows) > 12 else ""
    return (
        f'<div class="scroll{tall}" tabindex="0" role="region" aria-labelledby="{key}">'
        f'<table class="sortable"><caption>{_text(caption)}</caption><thead><tr>{columns}</tr></thead>'
        f"<tbody>\n{chr(10).join(rows)}\n</tbody></table></div>"
    )


def _pictures(figures: Sequence[Figure], *, drawn: bool) -> list[str]:
    if not figures:
        return []
    if not drawn:
        return [NO_PICTURES]
    script_off = "<noscript><p>This picture needs JavaScript; its numbers are in the table above.</p></noscript>"
    return [
        f'<section><h2 id="{figure.key}-title">{_text(figure.title)}</h2>'
        f'<figure aria-labelledby="{figure.key}-title"><div class="plot" id="{figure.key}"></div>{script_off}'
        f"<figcaption>{_text(figure.caption)}</figcaption></figure></section>"
        for figure in figures
    ]


def _failures(view: StudyView) -> str:
    title = '<section><h2 id="failures">Failures</h2>'
    if not view.failures:
        return f"{title}<p>No trial failed.</p></section>"
    kinds = Counter(trial.failure or "crash" for trial in view.failures)
    counts = "".join(
        f"<li><strong>{_text(kind)}</strong>: {plural(count, 'trial')} ({_text(FAILURES.get(kind, ''))})</li>"
        for kind, count in kinds.most_common()
    )
    heads = [("Segment", "text"), ("Trial", "num"), ("Kind", "text"), ("Reason", "text"), ("Params", "text")]
    rows = [_failure_row(trial) for trial in view.failures[:MAX_FAILURES]]
    caption = plural(len(view.failures), "failed trial")
    if len(view.failures) > MAX_FAILURES:
        caption += f", the first {MAX_FAILURES} of them here; `askntell trials --status failed` lists all."
    return f"{title}<ul>{counts}</ul>{_table('failures', heads, rows, caption)}</section>"


def _failure_row(trial: Trial) -> str:
    return (
        f"<tr>{_row_head(trial.segment)}{_number_cell(trial.number)}<td>{_text(trial.failure)}</td>"
        f'<td class="text">{_text(trial.message or "-", 400)}</td>'
        f'<td class="text"><code>{_text(params_text(trial.params))}</code></td></tr>'
    )


def _best_params(view: StudyView) -> str:
    best = {segment.name: dict(segment.best.params) for segment in view.segments if segment.best is not None}
    title = '<section><h2 id="best">Best params as JSON</h2>'
    if not best:
        return f"{title}<p>No trial has a value yet.</p></section>"
    text = json.dumps(best, allow_nan=False, ensure_ascii=False, indent=2)
    shown = "\n".join(visible_json(line) for line in text.split("\n"))
    return (
        f'{title}<pre data-copy tabindex="0" aria-labelledby="best"><code>{html.escape(shown)}</code></pre></section>'
    )


def _front(view: StudyView) -> str:
    title = '<section><h2 id="best">Pareto front</h2>'
    trials = [trial for segment in view.segments for trial in segment.front]
    if not trials:
        return f"{title}<p>No feasible trial has its values yet.</p></section>"
    names = view.goals.names
    heads = [("Segment", "text"), ("Trial", "num"), *((name, "num") for name in names), ("Params", "text")]
    rows = [_front_row(trial, names) for trial in trials[:MAX_FRONT]]
    caption = f"{plural(len(trials), 'trial')} that no other feasible one of the segment beats in every objective"
    if len(trials) > MAX_FRONT:
        caption += f", the first {MAX_FRONT} of them here; `askntell best` lists all"
    return f"{title}{_table('best', heads, rows, caption + '.')}</section>"


def _front_row(trial: Trial, names: Sequence[str]) -> str:
    values = trial.values or {}
    return (
        f"<tr>{_row_head(trial.segment)}{_number_cell(trial.number)}"
        f"{''.join(_number_cell(values.get(name)) for name in names)}"
        f'<td class="text"><code>{_text(params_text(trial.params, exact=True))}</code></td></tr>'
    )
