"""How a search space shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from askntell.space.parameter import Parameter

__all__ = ["as_html"]


def as_html(
    parameters: Mapping[str, Parameter], constraints: Sequence[str], forbidden: Sequence[Mapping[str, object]]
) -> str:
    """A table of the parameters, and a list of what holds between them. All text is escaped."""
    rows = []
    for name, parameter in parameters.items():
        when = " and ".join(f"{parent} = {' or '.join(map(str, values))}" for parent, values in parameter.conditions())
        scale = "log" if getattr(parameter, "log", False) else ""
        rows.append(_row("td", name, parameter.kind, parameter.allowed(), scale, str(parameter.start()), when))
    head = _row("th", "parameter", "kind", "allowed", "scale", "default", "active when")
    rules = [*constraints, *(f"never {dict(entry)}" for entry in forbidden)]
    items = "".join(f"<li><code>{escape(rule)}</code></li>" for rule in rules)
    after = f"<ul>{items}</ul>" if items else ""
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>{after}"


def _row(tag: str, *texts: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(text)}</{tag}>' for text in texts)}</tr>"
