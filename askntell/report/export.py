"""Trials and segments as CSV and JSON, for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["as_csv", "as_json"]

# A spreadsheet runs a cell that begins with one of these as a formula, also when the cell came from a name.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV (RFC 4180, UTF-8) with one column for every key that any of them has, in the order of their first.

    Numbers have all their digits. A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in names])
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return target.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else value


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as one strict JSON list, a row a line, ASCII only."""
    lines = (json.dumps(dict(row), allow_nan=False) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]\n"
