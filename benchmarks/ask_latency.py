"""CPU time of ask and tell against the number of trials, and peak memory.

    python benchmarks/ask_latency.py                          ours, with a Cholesky factorisation as yardstick
    python benchmarks/ask_latency.py --gp                     only gp, on reals and with levels; the rest is kept
    python benchmarks/ask_latency.py --peers .bench           also the peers that have an environment there
    python benchmarks/ask_latency.py --calibrate              prints the table of askntell/optimizers/gp/effort.py

"live" is an optimizer that has asked before and was told one more value: ask and tell together. "rebuilt" is the first
ask of an optimizer made from its history, without any memo; what reading the history costs stands beside it. Imports
are never counted. The history is a random sample of a shifted bowl with waves.
"""

from __future__ import annotations

import _protocol  # isort: skip -- sets the number of threads before numpy is loaded

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import askntell as ant
from askntell.errors import SettingsError
from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.gp import GP, effort
from askntell.optimizers.gp.outcomes import Outcomes
from askntell.optimizers.gp.state import State
from askntell.optimizers.registry import algorithm_from
from askntell.trial import Outcome, Problem

HERE = Path(__file__).resolve().parent
COUNTS = (10, 50, 100, 200, 500, 1_000, 10_000, 100_000)
DIMENSIONS = (5, 20)
PEER_COUNTS = (10, 100, 500)
PEERS = {
    "optuna-tpe": ("optuna", 3),
    "optuna-gp": ("optuna", 3),
    "ax": ("ax", 3),
    "hebo": ("hebo", 3),
    "smac": ("smac", 16),  # it trains its model every eighth ask
}  #: peer: its environment, and how many asks are averaged
LARGEST = {"random": 100_000, "tpe": 10_000, "cmaes": 10_000}
GOALS_MS = {"rebuilt n=100": 30.0, "rebuilt n=500": 60.0, "live n=100000": 50.0, "memory MB n=10000": 60.0}


def value(params: Any) -> float:
    numbers = (float(v) if not isinstance(v, str) else 1.0 + ord(v) % 3 for v in params.values())
    return sum((v - 1.3) ** 2 + 3 * math.sin(2 * v) for v in numbers)


def space_of(d: int) -> ant.SearchSpace:
    return ant.SearchSpace({f"x{k}": ant.Float(-5, 5) for k in range(d)})


def levels_of(d: int) -> ant.SearchSpace:
    """Reals, a fifth whole numbers, and two categories."""
    parameters: dict[str, Any] = {f"x{k}": ant.Float(-5, 5) for k in range(d - 2 - d // 5)}
    parameters |= {f"n{k}": ant.Int(-10, 9) for k in range(d // 5)}
    return ant.SearchSpace(parameters | {"a": ant.Categorical(list("pqrs")), "b": ant.Categorical(list("uvw"))})


def history(space: ant.SearchSpace, count: int) -> list[ant.Trial]:
    return [
        ant.Trial(number=k, params=p).told(Outcome(values={"value": value(p)}))
        for k, p in enumerate(space.sample(count, seed=1))
    ]


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """The result of a call and its milliseconds of CPU time."""
    begin = time.process_time()
    made = call()
    return made, 1e3 * (time.process_time() - begin)


def available(name: str) -> bool:
    try:
        algorithm_from(name)
    except SettingsError:
        return False
    return True


def ours(
    name: str, d: int, count: int, repeats: int, kind: Callable[[int], ant.SearchSpace] = space_of
) -> dict[str, Any]:
    """Milliseconds of one algorithm at one size."""
    space = kind(d)
    told = history(space, count)
    algorithm: Algorithm[Any] = algorithm_from(name)
    times: dict[str, list[float]] = {k: [] for k in ("read", "arrays", "first", "live")}
    problem = Problem(space=space)
    for seed in range(repeats):
        optimizer, ms = timed(partial(ant.Optimizer.from_history, space, told, algorithm=name, seed=seed))
        times["read"].append(ms)
        times["arrays"].append(timed(partial(algorithm.learn, algorithm.start(problem), told))[1])
        trial, ms = timed(optimizer.ask)
        times["first"].append(ms)
        optimizer.tell(trial, value(trial.params))
        for _ in range(3):
            trial, ms = timed(optimizer.ask)
            times["live"].append(ms + timed(partial(optimizer.tell, trial, value(trial.params)))[1])
    first, arrays = np.array(times["first"]), np.array(times["arrays"])
    return {
        "live": _protocol.spread(times["live"]),
        "rebuilt": _protocol.spread(times["first"]),
        "rebuilt_without_arrays": _protocol.spread(np.maximum(first - arrays, 0.0).tolist()),
        "reading_the_history": _protocol.spread(times["read"]),
    }


def cholesky(count: int, repeats: int) -> dict[str, float]:
    """Milliseconds of one factorisation."""
    X = np.random.default_rng(0).random((count, 5))
    C = np.exp(-((X[:, None] - X) ** 2).sum(axis=2)) + 0.1 * np.eye(count)
    np.linalg.cholesky(C)
    loops = max(1, 2000 // count)
    return _protocol.spread(
        [timed(lambda: [np.linalg.cholesky(C) for _ in range(loops)])[1] / loops for _ in range(repeats)]
    )


def peer(name: str, python: Path, d: int, count: int, repeats: int) -> dict[str, Any] | str:
    """What `latency_peers.py` prints in the peer's own environment; a reason where it fails."""
    command = [str(python), str(HERE / "latency_peers.py"), name, str(d), str(count), str(repeats)]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return "more than 900 s"
    if done.returncode:
        return f"failed: {done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else done.returncode}"
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    mean = float(f"{np.mean(found['ms']):.4g}")
    return {"ask_tell": {"mean": mean} | _protocol.spread(found["ms"]), "versions": found["versions"]}


_MEMORY = """
import sys
import numpy, scipy.linalg, scipy.optimize, scipy.special, scipy.stats
def peak():  # not ru_maxrss: that one remembers the process that started this one
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
before = peak()
sys.path.insert(0, {here!r})
import askntell as ant
space = ant.SearchSpace({{f"x{{k}}": ant.Float(-5, 5) for k in range({d})}})
optimizer = ant.Optimizer(space, algorithm="gp")
for params in space.sample({count}, seed=1):
    optimizer.tell(params, sum((v - 1.3) ** 2 for v in params.values()))
for trial in optimizer.ask(3):
    optimizer.tell(trial, 1.0)
optimizer.ask()
print(peak() - before)
"""


def memory_mb(d: int, count: int) -> float:
    """Peak resident memory above numpy and scipy of a search that has seen `count` trials."""
    code = _MEMORY.format(here=str(HERE.parent), d=d, count=count)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return round(float(done.stdout), 1)


def calibrate(repeats: int) -> None:
    """Print `MILLISECONDS` and `FANTASY_MS` of effort.py: twice the larger of the medians of two kinds of space."""
    for work in effort.LEVELS[:-1]:
        print(f'    "{work.name}": (')
        for count in effort.TRIALS:
            row = [max(light_ms(kind, work, count, c, repeats) for kind in KINDS) for c in effort.COLUMNS]
            print("        (" + ", ".join(f"{2 * ms:.2g}" for ms in row) + "),", flush=True)
        print("    ),")
        few, many = (light_ms("numbers", work, 450, 20, repeats, pending=k) for k in (0, 16))
        print(f"    each fantasy: {2 * (many - few) / 16:.2g}", flush=True)


def mixed(columns: int) -> ant.SearchSpace:
    """A space of about this many columns: numbers, whole numbers, categories, some of them conditional."""
    parameters: dict[str, Any] = {"switch": ant.Categorical(["on", "off"])}
    left = columns - 2
    for k in range(columns):
        kinds: list[tuple[int, Any]] = [
            (1, ant.Float(-5, 5)),
            (6, ant.Categorical([f"c{j}" for j in range(6)])),
            (1, ant.Int(1, 12)),
            (2, ant.Float(-5, 5, when={"switch": "on"})),
        ]
        cost, parameter = kinds[k % 4]
        if cost > left:
            break
        parameters[f"p{k}"] = parameter
        left -= cost
    return ant.SearchSpace(parameters)


KINDS: dict[str, Callable[[int], ant.SearchSpace]] = {"numbers": space_of, "mixed": mixed}


def light_ms(kind: str, work: effort.Work, count: int, columns: int, repeats: int, pending: int = 0) -> float:
    """Milliseconds of one proposal at a level of work, from arrays, without memos."""
    space = KINDS[kind](columns)
    rng = np.random.default_rng(0)
    U = space.unit.draw(rng, count)
    X = np.where(np.isnan(U), 0.0, U)
    loss = ((X - 0.6) ** 2).sum(axis=1) + np.sin(9 * X[:, 0]) + 0.01 * rng.normal(size=count)
    unknown = np.full((count, 1), np.nan)
    outcomes = Outcomes(numbers=np.arange(count), U=U, values=loss[:, None], noise=unknown, objectives=1)
    algorithm, problem = GP(), Problem(space=space)
    open_ = [ant.Trial(number=count + k, params=p) for k, p in enumerate(space.sample(pending, seed=2))]
    times = []
    for seed in range(repeats):
        request = Request(number=count, seed=seed, segment="all", pending=open_)
        state = State(problem, algorithm.warp, algorithm.kernel, outcomes)
        times.append(timed(partial(algorithm.propose_at, state, request, work))[1])
    return float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--largest", type=int, default=COUNTS[-1])
    parser.add_argument("--peers", type=Path, help="folder of environments, one for each peer")
    parser.add_argument("--gp", action="store_true", help="only gp; the rest stays as it was measured before")
    parser.add_argument("--dry", action="store_true", help="measure, but write no result")
    parser.add_argument("--calibrate", action="store_true")
    given = parser.parse_args()
    ours("gp", 3, 12, 1)  # loads modules
    if given.calibrate:
        calibrate(3)
        return
    before = json.loads((HERE / "results" / "ask_latency.json").read_text()) if given.gp else {}
    results: dict[str, Any] = before.get("results", {}) | {
        "cholesky": {str(n): cholesky(n, given.repeats) for n in COUNTS if n <= 1000}
    }
    names = [
        name for name in ("gp", "auto", "random", "tpe", "cmaes") if available(name) and (name == "gp" or not given.gp)
    ]
    for name in names:
        for d in DIMENSIONS:
            table = results.setdefault(name, {}).setdefault(f"d={d}", {})
            for count in COUNTS:
                if count <= min(given.largest, LARGEST.get(name, COUNTS[-1])):
                    found = table[str(count)] = ours(name, d, count, given.repeats if count <= 1000 else 3)
                    print(name, d, count, *(f"{k} {v['median']:.2f}" for k, v in found.items()), flush=True)
    for d in DIMENSIONS:
        table = results.setdefault("gp with levels", {}).setdefault(f"d={d}", {})
        for count in (n for n in COUNTS if n <= given.largest):
            found = table[str(count)] = ours("gp", d, count, given.repeats if count <= 1000 else 3, levels_of)
            print("gp with levels", d, count, *(f"{k} {v['median']:.2f}" for k, v in found.items()), flush=True)
    for name, (folder, asks) in () if given.gp else PEERS.items():
        python = None if given.peers is None else given.peers / folder / "bin" / "python"
        if python is None or not python.exists():
            results[name] = "absent"
            continue
        for d in DIMENSIONS:
            for count in PEER_COUNTS:
                got = peer(name, python.absolute(), d, count, asks)
                results.setdefault(name, {}).setdefault(f"d={d}", {})[str(count)] = got
                print(name, d, count, got if isinstance(got, str) else got["ask_tell"]["mean"], flush=True)
    memory = {f"d={d}": memory_mb(d, 10_000) for d in DIMENSIONS}
    reached = goals(results, memory)
    for goal, (measured, met) in reached.items():
        print(f"goal {goal}: {measured:.1f} {'reached' if met else 'MISSED'}")
    if given.dry:
        return
    _protocol.write_result(
        "ask_latency",
        {
            "environment": _protocol.environment(),
            "others_measured_before": before.get("environment"),
            "command": "python " + " ".join(["benchmarks/ask_latency.py", *sys.argv[1:]]),
            "unit": "ms of CPU time; MB",
            "goals": {goal: {"measured": round(m, 2), "reached": met} for goal, (m, met) in reached.items()},
            "memory_mb_above_numpy_and_scipy_at_10000": memory,
            "results": results,
        },
    )


def goals(results: dict[str, Any], memory: dict[str, float]) -> dict[str, tuple[float, bool]]:
    """Each goal with the worst of the dimensions and kinds of space."""
    made = {}
    for goal, limit in GOALS_MS.items():
        kind, n = goal.split(" n=")
        if kind.startswith("memory"):
            measured = max(memory.values())
        else:
            cells = [table.get(n) for name in ("gp", "gp with levels") for table in results[name].values()]
            if None in cells:
                continue
            measured = max(cell[kind]["median"] for cell in cells)
        made[f"{goal} <= {limit:g}"] = (measured, measured <= limit)
    return made


if __name__ == "__main__":
    main()
