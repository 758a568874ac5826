"""Searches the smallest loss of every real segment: one core, about ten minutes in all.

    python benchmarks/families/search_minima.py [FAMILY ...]

Needs scikit-learn. A segment gets 40 random points, of which the median is the unit of regret, the ends of the five
segments before it, 60 trials of `auto` that know these (15 in the larger campaigns).
Writes ``minima.json``. Searches what is missing, or the named families anew.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent)]

import numpy as np  # noqa: E402 -- after the path

import askntell  # noqa: E402 -- after the path
from families import FAMILIES, Instance  # noqa: E402 -- after the path
from families.searched import PATH, kept  # noqa: E402 -- after the path

RANDOM, AROUND = 40, 5


def search(instance: Instance, index: int, ends: list[dict[str, Any]]) -> tuple[float, float, dict[str, Any]]:
    """Smallest loss found, median of random points, and the params of the former."""
    drawn = instance.space.sample(RANDOM, seed=31)
    losses = [instance.evaluate(index, params) for params in drawn]
    best = int(np.argmin(losses))
    optimizer = askntell.Optimizer(instance.space, seed=index)
    optimizer.tell(drawn[best], losses[best])
    for params in ends[-AROUND:]:
        optimizer.tell(params, instance.evaluate(index, params))
    for _ in range(60 if instance.size == 15 else 15):
        trial = optimizer.ask()
        optimizer.tell(trial, instance.evaluate(index, dict(trial.params)))
    found = optimizer.best
    assert found is not None
    assert found.value is not None
    return found.value, float(np.median(losses)), dict(found.params)


def main(names: list[str]) -> None:
    table = {name: rows for name, rows in kept().items() if name not in names}
    for family in (f for f in FAMILIES.values() if f.real and (not names or f.name in names)):
        rows = table.setdefault(family.name, {})
        for size in family.sizes:
            instance = family.make(size, 100)
            if all(segment.name in rows for segment in instance.segments):
                continue
            ends: list[dict[str, Any]] = []
            for index, segment in enumerate(instance.segments):
                begin = time.process_time()
                lowest, middle, params = search(instance, index, ends)
                rows[segment.name] = [float(f"{lowest:.5g}"), float(f"{middle:.5g}")]
                ends.append(params)
                print(
                    f"{segment.name:24} {lowest:10.5g} {middle:10.5g} {time.process_time() - begin:6.1f} s", flush=True
                )
            PATH.write_text(json.dumps(table, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
