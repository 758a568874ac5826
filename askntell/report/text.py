"""How numbers, names and params are written for people: on a terminal, in a log and in the report.

Every text that came from outside (names, messages, values of categorical parameters) goes through `printable`
before it reaches a screen, so that no name can move a cursor, start a new line or reverse the reading order.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["duration", "gain_text", "number", "params_text", "plural", "printable", "visible_json"]


def printable(text: object, *, limit: int | None = None) -> str:
    r"""One line of visible characters: controls, line ends and direction marks become escapes such as ``\x1b``.

    Args:
        text: Anything; its `str`.
        limit: Cut to that many characters, the last one an ellipsis; None keeps all.
    """
    shown = str(text)
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in shown)
    if limit is not None and len(shown) > limit:
        shown = shown[: max(limit - 1, 0)] + "…"
    return shown


def visible_json(line: str) -> str:
    r"""One line of JSON with every invisible character as ``\uXXXX``, which inside its strings means the same."""
    if line.isprintable():
        return line
    units = (char if char.isprintable() else char.encode("utf-16-be", "surrogatepass") for char in line)
    return "".join(
        unit
        if isinstance(unit, str)
        else "".join(f"\\u{unit[at]:02x}{unit[at + 1]:02x}" for at in range(0, len(unit), 2))
        for unit in units
    )


def number(value: float | None) -> str:
    """A value with five significant digits, "-" for none."""
    return "-" if value is None else f"{value:.5g}"


def params_text(params: Mapping[str, object], *, exact: bool = False) -> str:
    """Params as ``lr=0.001 solver=adam`` in their own order; floats with five significant digits unless `exact`."""
    parts = []
    for name, value in params.items():
        shown = number(value) if isinstance(value, float) and not exact else printable(value)
        parts.append(f"{printable(name)}={shown}")
    return " ".join(parts)


def gain_text(gain: float | None, default_value: float | None) -> str:
    """A gain in the objective's units and, where the default's value is not 0, in percent of that value."""
    if gain is None:
        return "-"
    percent = f" ({100 * gain / abs(default_value):.1f} %)" if default_value else ""
    return f"{number(gain)}{percent}"


def duration(seconds: float) -> str:
    """A time span in the two largest units that matter: ``42 s``, ``3 min 20 s``, ``5 h 12 min``, ``3 d 4 h``."""
    whole = max(round(seconds), 0)
    for size, unit, below, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            large, rest = divmod(whole, size)
            return f"{large} {unit} {rest // below} {smaller}" if rest >= below else f"{large} {unit}"
    return f"{whole} s"


def plural(count: int, noun: str) -> str:
    """``1 trial``, ``3 trials``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
