"""Smallest losses of real segments, found once by long searches and kept in `minima.json`."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np

from families.instance import Array

__all__ = ["PATH", "kept", "searched"]

PATH = Path(__file__).parent / "minima.json"


@functools.cache
def kept() -> dict[str, dict[str, Any]]:
    """``{family: {segment: [smallest loss, median of random points]}}``; empty before the first search."""
    return json.loads(PATH.read_text(encoding="utf-8")) if PATH.is_file() else {}


def searched(family: str, names: list[str]) -> tuple[Array, Array]:
    """Smallest loss, and a random point's median above it, of these segments; (0, 1) of one not searched yet."""
    found = kept().get(family, {})
    rows = np.array([found.get(name, [0.0, 1.0]) for name in names])
    return rows[:, 0], rows[:, 1] - rows[:, 0]
