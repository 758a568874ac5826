"""Searches the smallest loss of every real segment: one core, about ten minutes in all.

    python benchmarks/families/search_minima.py [FAMILY ...]

Needs scikit-learn. A segment gets 60 random points, of which the median is the unit of regret, then 60 trials of `auto`,
then the ends of the ten segments before and after it. Writes ``minima.json``; what is there already is kept, unless its
family is named.
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

RANDOM, TRIALS, AROUND = 60, 60, 5


def search(instance: Instance, index: int) -> tuple[float, float, dict[str, Any]]:
    """Smallest loss found, median of random points, and the params of the former."""
    drawn = instance.space.sample(RANDOM, seed=31)
    losses = [instance.evaluate(index, params) for params in drawn]
    best = int(np.argmin(losses))
    found = (losses[best], dict(drawn[best]))
    optimizer = askntell.Optimizer(instance.space, seed=index)
    optimizer.tell(drawn[best], losses[best])
    for _ in range(TRIALS):
        trial = optimizer.ask()
        loss = instance.evaluate(index, dict(trial.params))
        optimizer.tell(trial, loss)
        found = min(found, (loss, dict(trial.params)), key=lambda pair: pair[0])
    return found[0], float(np.median(losses)), found[1]


def main(names: list[str]) -> None:
    table = {name: rows for name, rows in kept().items() if name not in names}
    for family in (family for family in FAMILIES.values() if family.real):
        rows = table.setdefault(family.name, {})
        for size in family.sizes:
            instance = family.make(size, 100)
            if all(segment.name in rows for segment in instance.segments):
                continue
            ends: list[dict[str, Any]] = []
            for index, segment in enumerate(instance.segments):
                begin = time.process_time()
                lowest, middle, params = search(instance, index)
                rows[segment.name] = [lowest, middle]
                ends.append(params)
                print(
                    f"{segment.name:24} {lowest:10.5g} {middle:10.5g} {time.process_time() - begin:6.1f} s", flush=True
                )
            for index, segment in enumerate(instance.segments):
                around = [*range(max(index - AROUND, 0), index), *range(index + 1, index + 1 + AROUND)]
                others = [instance.evaluate(index, ends[k]) for k in around if k < instance.size]
                lowest, middle = rows[segment.name]
                rows[segment.name] = [float(f"{min(lowest, *others):.7g}"), float(f"{middle:.5g}")]
            PATH.write_text(json.dumps(table, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
