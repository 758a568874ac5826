"""One run: a contestant in its own process, a problem in this one, and the record of both."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
import time
from typing import Any

import numpy as np
from contestants import Entry, code_digest
from problems import BenchmarkProblem
from problems.problem import fixed_numbers
from problems.tables import area

__all__ = ["CHECKPOINTS", "Broken", "Process", "fingerprint", "judge", "play"]

CHECKPOINTS = (30, 60, 100, 200)


class Broken(Exception):
    """The contestant's process ended, or answered nonsense, or took too long."""


def fingerprint(problem: BenchmarkProblem) -> str:
    """Twelve hex digits that change when the problem does: its space, and its values at three points."""
    parameters = problem.space.parameters
    digest = hashlib.sha256(json.dumps(json.loads(problem.space.to_json()), sort_keys=True).encode())
    for row in fixed_numbers(5, 3, len(parameters)):
        point = {name: p.at(float(u)) for u, (name, p) in zip(row, parameters.items(), strict=True)}
        digest.update(
            repr([f"{v:.5g}" for v in np.atleast_1d(_numbers(problem.true(_active(problem, point))))]).encode()
        )
    digest.update(f"{problem.noise:.4g} {problem.batch}".encode())
    return digest.hexdigest()[:12]


def _active(problem: BenchmarkProblem, point: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, parameter in problem.space.parameters.items():
        if all(parent in kept and kept[parent] in allowed for parent, allowed in (parameter.when or {}).items()):
            kept[name] = point[name]
    return kept


def _numbers(value: Any) -> list[float]:
    return list(value.values()) if isinstance(value, dict) else [float(value)]


class Process:
    """A contestant's process: one message, one answer."""

    def __init__(self, entry: Entry) -> None:
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
        self._child = subprocess.Popen(
            entry.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **threads, "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"},
        )
        self._errors: list[str] = []
        threading.Thread(target=self._drain, daemon=True).start()
        self._timer = threading.Timer(entry.limit_s, self._child.kill)
        self._timer.start()

    def _drain(self) -> None:
        assert self._child.stderr is not None
        for line in self._child.stderr:
            self._errors = [*self._errors[-20:], line]

    def say(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(json.dumps(message) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            time.sleep(0.2)  # the last words arrive
            raise Broken("".join(self._errors[-1:]).strip()[-300:] or "no answer")  # paths stand in the lines before
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        self._timer.cancel()
        self._child.kill()
        self._child.communicate()


class _Score:
    """What a run has reached so far; only changes are kept."""

    def __init__(self, problem: BenchmarkProblem) -> None:
        self._problem = problem
        self._found: list[list[float]] = []
        self._lowest = np.inf
        self.curve: list[list[float]] = []  # [evaluations, value or area]
        self.best_params: dict[str, Any] | None = None

    def add(self, n: int, params: dict[str, Any], seen: Any) -> None:
        if self._problem.reference is not None:
            self._found.append(_numbers(seen))
            reached = area(np.array(self._found), np.array(list(self._problem.reference.values())))
            self._found = [
                row for row in self._found if all(row[0] < o[0] or row[1] < o[1] or row == o for o in self._found)
            ]
            changed = not self.curve or reached > self.curve[-1][1]
        else:
            changed = seen < self._lowest
            self._lowest = min(self._lowest, seen)
            reached = float(self._problem.true(params))  # type: ignore[arg-type] -- one value
            if changed:
                self.best_params = params
        if changed:
            self.curve.append([n, _six(reached)])


def _six(value: float) -> float:
    return float(f"{value:.6g}")


def judge(problem: BenchmarkProblem, process: Process, score: _Score) -> float:
    """The noise-free value of the point that the contestant recommends now."""
    params = process.say({"do": "recommend"})["params"]
    params = score.best_params if params is None else problem.space.check(params)
    assert params is not None
    return _six(float(problem.true(params)))  # type: ignore[arg-type] -- one value


def play(problem: BenchmarkProblem, entry: Entry, seed: int, budget: int) -> dict[str, Any]:
    """One run as a record for the cache.

    Raises:
        Broken: the contestant did not finish.
    """
    record: dict[str, Any] = {"problem": problem.name, "contestant": entry.name, "seed": seed, "budget": budget}
    record |= {"fingerprint": fingerprint(problem)} | ({"code": code_digest()} if entry.own else {})
    settings = {
        "name": entry.plays or entry.name,
        "seed": seed,
        "budget": budget,
        "batch": problem.batch,
        "noisy": problem.noise > 0,
        "objectives": None if problem.objectives is None else list(problem.objectives),
    }
    process = Process(entry)
    begin = time.monotonic()
    try:
        hello = process.say({"do": "start", "space": json.loads(problem.space.to_json()), "settings": settings})
        if "skip" in hello:
            return record | {"skip": hello["skip"]}
        score, cpu_ms, recommended = _rounds(problem, process, seed, budget)
    finally:
        process.close()
    cpu = np.array(cpu_ms)
    return record | {
        "best": score.curve,
        **({"recommended": recommended} if problem.noise else {}),
        "cpu_ms": {str(n): _three(cpu[:n].mean()) for n in CHECKPOINTS if n <= budget},
        "cpu_ms_tenths": [_three(part.mean()) for part in np.array_split(cpu, min(10, budget))],
        "wall_s": _three(time.monotonic() - begin),
        "versions": hello["versions"],
    }


def _three(value: float) -> float:
    return float(f"{value:.3g}")


def _rounds(
    problem: BenchmarkProblem, process: Process, seed: int, budget: int
) -> tuple[_Score, list[float], list[list[float]]]:
    score, cpu_ms, recommended = _Score(problem), [], []
    n = 0
    while n < budget:
        count = min(problem.batch, budget - n)
        asked = process.say({"do": "ask", "count": count})
        if not asked["trials"]:
            raise Broken(f"asked for nothing after {n} evaluations")
        told = []
        for token, raw in asked["trials"]:
            params = problem.space.check(raw)  # a point outside the space is the adapter's mistake
            n += 1
            seen = problem.function(params, np.random.default_rng([seed, n]))
            score.add(n, params, seen)
            told.append([token, seen])
        spent = asked["cpu_ms"] + process.say({"do": "tell", "trials": told})["cpu_ms"]
        cpu_ms += [spent / len(told)] * len(told)
        if problem.noise and n in CHECKPOINTS:
            recommended.append([n, judge(problem, process, score)])
    return score, cpu_ms, recommended
