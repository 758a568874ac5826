"""Simple regret and CPU time an ask, on problems with known optima.

    python benchmarks/regret.py                       all problems, 5 seeds, our algorithms (and Optuna's if installed)
    python benchmarks/regret.py --problems branin-2 training-8 --algorithms gp random --seeds 3 --trials 40

Asks are sequential: each value is told before the next ask. Regret is the best value so far minus the problem's
minimum. Writes JSON to --output and a table to the terminal.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy: one thread, so that CPU time is comparable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # runs from a checkout, installed or not

import numpy as np  # noqa: E402 -- after the thread settings
import peers  # noqa: E402 -- after the path
from problems import PROBLEMS, BenchmarkProblem  # noqa: E402 -- after the path

import askntell  # noqa: E402 -- after the path

ALGORITHMS = ("random", "sobol", "gp", "optuna-tpe", "optuna-gp")
FLOOR = 1e-10  # regrets below are rounding


def run(problem: BenchmarkProblem, algorithm: str, seed: int, trials: int) -> dict[str, Any] | None:
    """One run: regret after each trial and CPU milliseconds of each ask + tell; None if the algorithm is absent."""
    peer = peers.make(algorithm, problem.space, seed)
    if peer is None:
        return None
    best, regrets, asks = math.inf, [], []
    for _ in range(trials):
        begin = time.process_time()
        token, params = peer.ask()
        asks.append(time.process_time() - begin)
        value = problem.function(params)
        begin = time.process_time()
        peer.tell(token, value)
        asks[-1] += time.process_time() - begin
        best = min(best, value)
        regrets.append(max(best - problem.minimum, FLOOR))
    return {"seed": seed, "regret": regrets, "cpu_ms": [1e3 * second for second in asks]}


def summary(runs: list[dict[str, Any]], checkpoints: list[int]) -> dict[str, Any]:
    """Spread over the seeds at each checkpoint, and the CPU time of the last tenth of the asks."""
    curves = np.array([r["regret"] for r in runs])
    late = np.concatenate([r["cpu_ms"][-max(len(r["cpu_ms"]) // 10, 1) :] for r in runs])
    at = {}
    for n in checkpoints:
        here = curves[:, n - 1]
        at[str(n)] = {
            "median": float(np.median(here)),
            "quartiles": [float(q) for q in np.quantile(here, [0.25, 0.75])],
            "smallest": float(here.min()),
            "largest": float(here.max()),
            "mean_log10": float(np.mean(np.log10(here))),
            "by_seed": [float(f"{r:.4g}") for r in here],
        }
    return {
        "seeds": [r["seed"] for r in runs],
        "regret_after": at,
        "cpu_ms_ask_tell": {
            "all_mean": float(np.mean([r["cpu_ms"] for r in runs])),
            "last_tenth_median": float(np.median(late)),
            "last_tenth_p95": float(np.quantile(late, 0.95)),
        },
    }


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "askntell": askntell.__version__}
    for name in ("numpy", "scipy", "optuna", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", choices=sorted(PROBLEMS), default=list(PROBLEMS))
    parser.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=list(ALGORITHMS))
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default 5)")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=60, help="evaluations of each run (default 60)")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "regret.json")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    checkpoints = sorted({n for n in (10, 20, 30, 40, 60, 100, 200) if n < options.trials} | {options.trials})
    results: dict[str, dict[str, Any]] = {}
    print(
        f"{'problem':14} {'algorithm':11} median regret after " + " ".join(f"{n:>9}" for n in checkpoints) + "  CPU ms"
    )
    for name in options.problems:
        problem = PROBLEMS[name]
        results[name] = {"source": problem.source, "algorithms": {}}
        for algorithm in options.algorithms:
            seeds = range(options.first_seed, options.first_seed + options.seeds)
            runs = [made for seed in seeds if (made := run(problem, algorithm, seed, options.trials)) is not None]
            if not runs:
                results[name]["algorithms"][algorithm] = "absent"
                print(f"{name:14} {algorithm:11} absent")
                continue
            found = summary(runs, checkpoints)
            results[name]["algorithms"][algorithm] = found
            medians = " ".join(f"{found['regret_after'][str(n)]['median']:9.2e}" for n in checkpoints)
            print(f"{name:14} {algorithm:11} {'':20}{medians} {found['cpu_ms_ask_tell']['last_tenth_median']:7.1f}")
            sys.stdout.flush()
    record = {
        "what": "simple regret and CPU time of ask + tell; sequential, one BLAS thread",
        "command": "python " + " ".join(["benchmarks/regret.py", *sys.argv[1:]]),
        "versions": versions(),
        "machine": f"{platform.system()} {platform.machine()}",
        "trials": options.trials,
        "problems": results,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    print(f"written: {options.output}")


if __name__ == "__main__":
    main()
