"""The language of contestants: JSON lines on standard input and output. Standard library alone.

A contestant is a program of its own, so that every library lives in its own environment and a crash loses one run.

    {"do": "start", "space": ..., "settings": {...}}  ->  {"ready": true, "versions": {...}} or {"skip": "why"}
    {"do": "ask", "count": 8}                         ->  {"trials": [[token, params], ...], "cpu_ms": 1.2}
    {"do": "tell", "trials": [[token, value], ...]}   ->  {"cpu_ms": 0.1}
    {"do": "recommend"}                               ->  {"params": {...} or null}

A message may name a "segment": every segment that was started has a search of its own, which knows of no other.

CPU time is that of the contestant's own ask and tell: imports, reading and writing are outside.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["Contestant", "Skip", "Variable", "active", "serve", "variables", "versions"]

Params = dict[str, Any]


class Skip(Exception):
    """This contestant cannot play this game; the text says why."""


class Variable:
    """One parameter of the space, as the file format has it.

    Attributes:
        kind: float, int, ordinal, categorical or constant.
        low, high, log: Of float and int.
        levels: All values in order, of everything but floats without a step and integers without one.
        when: Parents and their values under which it is active.
    """

    def __init__(self, name: str, entry: dict[str, Any]) -> None:
        self.name = name
        self.kind = entry["type"]
        self.low, self.high = entry.get("low"), entry.get("high")
        self.log = bool(entry.get("log"))
        self.when: dict[str, list[Any]] = {
            parent: allowed if isinstance(allowed, list) else [allowed]
            for parent, allowed in entry.get("when", {}).items()
        }
        self.levels: list[Any] | None = entry.get("values") or entry.get("choices")
        if self.kind == "constant":
            self.levels = [entry["value"]]
        step = entry.get("step")
        if step is not None:
            count = round((self.high - self.low) / step) + 1
            self.levels = [self.low + k * step for k in range(count)]
            if self.kind == "float":
                self.levels = [round(value, 10) for value in self.levels]

    @property
    def ordered(self) -> bool:
        """Whether it is a list of values in order: a stepped number or an ordinal."""
        return self.levels is not None and self.kind not in ("categorical", "constant")

    @property
    def categorical(self) -> bool:
        return self.kind in ("categorical", "constant")

    def at(self, u: float) -> Any:
        """The value at a position in [0, 1]; integers and levels have cells of equal width."""
        u = min(max(u, 0.0), 1.0)
        if self.levels is not None:
            return self.levels[min(int(u * len(self.levels)), len(self.levels) - 1)]
        if self.kind == "float":
            if self.log:
                value = math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
                return min(max(value, self.low), self.high)
            return self.low + u * (self.high - self.low)
        if self.log:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            return min(max(round(math.exp(low + u * (high - low))), self.low), self.high)
        return min(self.low + int(u * (self.high - self.low + 1)), self.high)


def variables(space: dict[str, Any]) -> list[Variable]:
    """The parameters of a space, parents before children."""
    return [Variable(name, entry) for name, entry in space["parameters"].items()]


def active(found: list[Variable], params: Params) -> Params:
    """Only those params whose conditions hold: how a flat optimizer plays on a conditional space."""
    kept: Params = {}
    for variable in found:
        if all(parent in kept and kept[parent] in allowed for parent, allowed in variable.when.items()):
            kept[variable.name] = params[variable.name]
    return kept


def versions(*packages: str) -> dict[str, str]:
    """Installed versions, and Python's."""
    made = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            made[package] = version(package)
        except PackageNotFoundError:
            made[package] = "absent"
    return made


class Contestant:
    """What a contestant implements; `settings` has name, seed, budget, batch, noisy and objectives (names or None)."""

    def __init__(self, space: dict[str, Any], settings: dict[str, Any]) -> None:
        raise NotImplementedError

    def ask(self, count: int) -> list[tuple[Any, Params]]:
        """Trials as (token, params); the token comes back with the value and is JSON."""
        raise NotImplementedError

    def tell(self, trials: list[tuple[Any, Any]]) -> None:
        """Values: numbers, or ``{objective: number}``."""
        raise NotImplementedError

    def recommend(self) -> Params | None:
        """The point it would hand over now; None: the best value it was told."""
        return None


def _die(kind: type[BaseException], error: BaseException, where: Any) -> None:
    """End at once: a library's own threads must not keep a broken contestant alive."""
    sys.__excepthook__(kind, error, where)
    sys.stderr.flush()
    os._exit(1)


def serve(make: Callable[[dict[str, Any], dict[str, Any]], Contestant], *packages: str) -> None:
    """Answer messages until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not become an answer

    def answer(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    contestants: dict[str, Contestant] = {}
    sys.excepthook = _die
    for line in sys.stdin:
        message = json.loads(line)
        segment = message.get("segment", "")
        begin = time.process_time()
        if message["do"] == "start":
            try:
                contestants[segment] = make(message["space"], message["settings"])
            except Skip as why:
                answer({"skip": str(why)})
                continue
            answer({"ready": True, "versions": versions(*packages)})
            continue
        contestant = contestants[segment]
        if message["do"] == "ask":
            trials = contestant.ask(message["count"])
            spent = 1e3 * (time.process_time() - begin)
            answer({"trials": [[token, params] for token, params in trials], "cpu_ms": spent})
        elif message["do"] == "tell":
            contestant.tell([(token, value) for token, value in message["trials"]])
            answer({"cpu_ms": 1e3 * (time.process_time() - begin)})
        else:
            answer({"params": contestant.recommend()})
