"""A study and its segments as HTML, for notebooks: tables without scripts, every text escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from askntell.report.columns import columns_of
from askntell.report.text import plural, printable

if TYPE_CHECKING:
    from askntell.study import SegmentTable, Study

__all__ = ["segments_html", "study_html"]

MOST_ROWS = 60  # a notebook keeps every output; `Study.to_dataframe` and the report show all


def study_html(study: Study) -> str:
    """What a study is and the table of its segments."""
    table = study.segments
    planned = "" if study.planned is None else f", {plural(study.planned, 'trial')} planned in each"
    shares = f", share {study.share}" if len(table) > 1 else ""
    about = (
        f"{printable(study.goals)}, algorithm {printable(study.algorithm)}, seed {study.seed}{shares}, "
        f"{plural(len(table), 'segment')}{planned}"
    )
    return f"<div><b>{_text(study.path.name)}</b>: {_text(about)}{segments_html(table)}</div>"


def segments_html(table: SegmentTable) -> str:
    """The table of a study's segments; of very many the first."""
    columns = columns_of(table)
    head = "".join(f'<th style="text-align:{column.side}">{_text(column.heading)}</th>' for column in columns)
    rows = []
    for summary in list(table)[:MOST_ROWS]:
        cells = (f'<td style="text-align:{column.side}">{_text(column.cell(summary))}</td>' for column in columns)
        rows.append(f"<tr>{''.join(cells)}</tr>")
    hidden = len(table) - len(rows)
    rest = f"<p>... and {plural(hidden, 'more segment')}</p>" if hidden else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{rest}"


def _text(value: object) -> str:
    return html.escape(printable(value))
