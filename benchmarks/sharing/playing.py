"""One run: a contestant over all segments of an instance, results at once or late."""

from __future__ import annotations

import heapq
import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from contestants import code_digest
from families import Instance
from problems.problem import fixed_numbers

from askntell.space import Params
from sharing import BASE, Absent, Game, Player, Tuning

__all__ = ["FLYING", "play"]

FLYING = 64  #: trials in flight over all segments, where results are late
Step = tuple[str, int]  # "ask" or "tell", and the number of an ask over all segments


def steps(size: int, trials: int, flying: int, seed: int) -> Iterator[Step]:
    """What happens when: asks go round the segments, ask k is of segment k % size.

    With one in flight each trial is told before the next is asked. Otherwise `flying` workers take the next trial as
    soon as they are free, and trials last 0.3 to 3 units of time, whoever plays.
    """
    total = size * trials
    if flying == 1:
        for k in range(total):
            yield "ask", k
            yield "tell", k
        return
    lasting = 0.3 * 10.0 ** fixed_numbers(7_000_000 + seed, total)
    running: list[tuple[float, int]] = []
    now, asked = 0.0, 0
    while asked < total or running:
        while asked < total and len(running) < flying:
            yield "ask", asked
            heapq.heappush(running, (now + float(lasting[asked]), asked))
            asked += 1
        now, done = heapq.heappop(running)
        yield "tell", done


def play(
    instance: Instance,
    player: Player,
    *,
    seed: int,
    trials: int,
    late: bool = False,
    settings: Mapping[str, Any] | None = None,
    found: Mapping[str, Params] | None = None,
) -> dict[str, Any]:
    """One run as a record for the cache; "best" has each segment's [trials told, loss] where its best loss fell."""
    record: dict[str, Any] = {
        "contestant": player.name,
        "seed": seed,
        "budget": trials,
        "fingerprint": instance.fingerprint(),
    } | ({"code": code_digest()} if player.own else {})
    game = Game(
        instance=instance,
        seed=seed,
        trials=trials,
        flying=FLYING if late else 1,
        settings=settings or {},
        found=found or {},
    )
    begin = time.monotonic()
    try:
        tuning = player.make(game)
    except Absent as why:
        return record | {"skip": str(why)}
    try:
        curves, ask_ms, tell_ms, last = _rounds(tuning, game)
    finally:
        tuning.close()
    halves = [ask_ms[: len(ask_ms) // 2], ask_ms[len(ask_ms) // 2 :]]
    return record | {
        "best": curves,
        "ask_ms": {
            "median": _digits(statistics.median(ask_ms)),
            "median_second_half": _digits(statistics.median(halves[1])),
            "mean": _digits(statistics.fmean(ask_ms)),
            "worst": _digits(max(ask_ms)),
        },
        "tell_ms": _digits(statistics.fmean(tell_ms)),
        "wall_s": _digits(time.monotonic() - begin),
        **({"versions": tuning.versions} if tuning.versions else {}),
        **({"found": last} if player.name == BASE else {}),
    }


def _rounds(tuning: Tuning, game: Game) -> tuple[list[Any], list[float], list[float], list[Params]]:
    instance, names = game.instance, game.names
    size = instance.size
    curves: list[list[list[float]]] = [[] for _ in names]
    told, last = [0] * size, [dict[str, Any]() for _ in names]
    lowest = np.full(size, np.inf)
    open_trials: dict[int, tuple[Any, Params]] = {}
    ask_ms, tell_ms = [], []
    for what, k in steps(size, game.trials, game.flying, game.seed):
        place = k % size
        before = tuning.clock_ms()
        if what == "ask":
            open_trials[k] = tuning.ask(names[place])
            ask_ms.append(tuning.clock_ms() - before)
            continue
        token, params = open_trials.pop(k)
        loss = instance.evaluate(place, params)
        before = tuning.clock_ms()
        tuning.tell(names[place], token, loss)
        tell_ms.append(tuning.clock_ms() - before)
        told[place] += 1
        if loss < lowest[place]:
            lowest[place] = loss
            curves[place].append([told[place], float(f"{loss:.7g}")])
            last[place] = {name: _short(value) for name, value in params.items()}
    return curves, ask_ms, tell_ms, last


def _short(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _digits(value: float) -> float:
    return float(f"{value:.3g}")
