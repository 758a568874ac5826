"""The runs that were made: one JSON line each, in one file for each contestant. A torn line is skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["FOLDER", "append", "read"]

FOLDER = Path(__file__).resolve().parent / "results" / "regret"
Key = tuple[str, int]  # problem, seed


def append(contestant: str, record: dict[str, Any], folder: Path | None = None) -> None:
    """Add one run: a single write, on a line of its own whatever the file ends with."""
    folder = FOLDER if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{contestant}.jsonl"
    torn = path.is_file() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * torn + json.dumps(record, separators=(",", ":")) + "\n")


def read(contestant: str, folder: Path = FOLDER) -> dict[Key, dict[str, Any]]:
    """The latest record of each problem and seed."""
    path = folder / f"{contestant}.jsonl"
    found: dict[Key, dict[str, Any]] = {}
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
            found[record["problem"], record["seed"]] = record
        except (ValueError, KeyError, TypeError):
            continue  # torn by a kill: that run is made again
    return found
