"""What the commands share: the parser, one-line messages, JSON and tables on standard output."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, final

from askntell.report.text import printable, visible_json

if TYPE_CHECKING:
    from askntell.space import Scalar, SearchSpace

__all__ = [
    "NOTHING",
    "Commands",
    "Parser",
    "add_json",
    "add_path",
    "pairs",
    "positive",
    "print_json",
    "print_line",
    "print_table",
    "say",
    "scalars",
]

NOTHING = 1
"""Exit status of a command that was right but has nothing to give."""

NUMBER = re.compile(r"-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$|-(inf|infinity|nan)$", re.IGNORECASE)


@final
class Parser(argparse.ArgumentParser):
    """Options in full only, and a mistake is one line on standard error and status 2."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        # argparse alone takes -1e-3 for an option; a value told may well be that.
        self._negative_number_matcher = NUMBER

    def error(self, message: str) -> NoReturn:
        """End with one line instead of argparse's usage block."""
        command = self.prog.partition(" ")[2]
        say(f"{command}: {message}; see {self.prog} --help" if command else f"{message}; see {self.prog} --help")
        self.exit(2)


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001 -- argparse gives it no public name


def add_path(parser: argparse.ArgumentParser) -> None:
    """The folder of an existing study."""
    parser.add_argument("path", metavar="PATH", help="folder of the study")


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help=f"print {what} as one JSON document")


def positive(text: str) -> int:
    """An integer >= 1, for argparse."""
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer >= 1")
    return count


def pairs(entries: Iterable[str] | None, option: str) -> dict[str, str]:
    """``name=value`` arguments as a dict.

    Raises:
        SettingsError: an entry has no "=" or no name, or a name stands twice.
    """
    from askntell.errors import SettingsError

    found: dict[str, str] = {}
    for entry in entries or ():
        name, equals, value = entry.partition("=")
        if not equals or not name:
            raise SettingsError(f"{option} {entry!r} is not of the form name=value")
        if name in found:
            raise SettingsError(f"{option} names {name!r} twice")
        found[name] = value
    return found


def scalars(texts: dict[str, str], space: SearchSpace) -> dict[str, Scalar]:
    """Typed values of ``name=value`` arguments: what the parameter allows decides between 64 and "64".

    Raises:
        ParamsError: a name or value that the space does not have.
    """
    from askntell.errors import ParamsError

    found: dict[str, Scalar] = {}
    for name, text in texts.items():
        candidates: list[Scalar] = [text]
        try:
            value = json.loads(text)
        except ValueError:
            pass
        else:
            if not isinstance(value, dict | list):
                candidates.insert(0, value)
        found[name] = candidates[0]
        for candidate in candidates[1:]:
            try:
                space.check_fixed({name: candidates[0]})
            except ParamsError:
                found[name] = candidate
    return found


def say(message: object) -> None:
    """One line on standard error, whatever the message contains."""
    sys.stderr.write(f"askntell: {printable(message)}\n")


def print_line(line: str) -> None:
    """One line on standard output; texts from outside must have passed `printable`."""
    sys.stdout.write(f"{line}\n")


def print_json(value: object) -> None:
    """One strict JSON document in ASCII: it survives any encoding and moves no cursor."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    sys.stdout.write(f"{visible_json(text)}\n")


def print_table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output: drawn by rich on a terminal, aligned plain lines elsewhere.

    Args:
        columns: Heading and "left" or "right".
        rows: Cells that have passed `printable`.
    """
    from askntell.report.progress import is_terminal

    if is_terminal(sys.stdout):
        _draw(columns, rows)
        return
    lines = [[heading for heading, _ in columns], *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        cells = [
            cell.rjust(width) if side == "right" else cell.ljust(width)
            for cell, width, (_, side) in zip(line, widths, columns, strict=True)
        ]
        print_line("  ".join(cells).rstrip())


def _draw(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, side in columns:
        table.add_column(Text(heading), justify="right" if side == "right" else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, markup=False, emoji=False).print(table)
