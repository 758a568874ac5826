"""CPU time and memory of asks in a large campaign: 300 segments that have been told 30 trials each."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from _protocol import environment, spread, write_result
from families import FAMILIES, Instance
from families.synthetic import landscapes
from problems.problem import fixed_numbers

from sharing import PLAYERS, Absent, Game
from sharing.ours import Alone

__all__ = ["filled", "measure"]

FAMILY, SEGMENTS, TOLD = "drift", 300, 30
MEASURED = ("alone", "joint")


def filled(tuning: Alone, instance: Instance, told: int) -> None:
    """Tell every segment so many trials, round by round: random points first, then ever nearer to its optimum."""
    places = [function.place for function in landscapes(instance.family, instance.size, instance.seed)]
    d = len(places[0])
    drawn = fixed_numbers(77, told, instance.size, d)
    for n in range(told):
        near = min(1.0, 0.8**n * 2.0)
        for k, segment in enumerate(instance.segments):
            x = np.clip(near * drawn[n, k] + (1.0 - near) * places[k], 0.0, 1.0)
            params = {f"x{j}": float(u) for j, u in enumerate(x)}
            tuning.take(segment.name, params, instance.evaluate(k, params))


def _mebibytes() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096 / 2**20


def _measured(name: str, instance: Instance, told: int) -> dict[str, Any]:
    before = _mebibytes()
    tuning = PLAYERS[name].make(Game(instance=instance, seed=0, trials=told + 1))
    assert isinstance(tuning, Alone)
    filled(tuning, instance, told)
    full = _mebibytes()
    ask_ms, tell_ms = [], []
    for k, segment in enumerate(instance.segments):
        begin = time.process_time()
        number, params = tuning.ask(segment.name)
        asked = time.process_time()
        tuning.tell(segment.name, number, instance.evaluate(k, params))
        ask_ms.append(1e3 * (asked - begin))
        tell_ms.append(1e3 * (time.process_time() - asked))
    return {
        "first_ask_ms": float(f"{ask_ms[0]:.3g}"),
        "ask_ms": spread(ask_ms[1:]) | {"maximum": float(f"{max(ask_ms[1:]):.4g}")},
        "tell_ms": float(f"{statistics.median(tell_ms):.3g}"),
        "mebibytes": {"trials": round(full - before, 1), "asks": round(_mebibytes() - full, 1)},
    }


def measure(options: argparse.Namespace) -> None:
    """Print a table and write ``results/segments_latency.json``. The first ask, from no memo at all, stands apart."""
    instance = FAMILIES[FAMILY].make(SEGMENTS, 0)
    told = options.trials or TOLD
    print(f"{SEGMENTS} segments x {told} trials told; CPU ms of one ask in every segment, each told before the next")
    print(f"{'':10} {'first':>8} {'median':>8} {'worst':>8} {'tell':>8} {'MiB trials':>12} {'MiB asks':>9}")
    result: dict[str, Any] = environment() | {"family": FAMILY, "segments": SEGMENTS, "told": told, "contestants": {}}
    for name in MEASURED:
        if name not in options.contestants:
            continue
        try:
            row = _measured(name, instance, told)
        except Absent as why:
            print(f"{name:10} skipped: {why}", file=sys.stderr)
            continue
        result["contestants"][name] = row
        ask, memory = row["ask_ms"], row["mebibytes"]
        print(
            f"{name:10} {row['first_ask_ms']:8.1f} {ask['median']:8.1f} {ask['maximum']:8.1f} {row['tell_ms']:8.3f} "
            f"{memory['trials']:12.1f} {memory['asks']:9.1f}",
            flush=True,
        )
    if options.output:
        write_result("segments_latency", result)
