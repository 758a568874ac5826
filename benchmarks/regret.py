"""Regret of optimizers on problems with known optima: plays the runs that are missing, and makes the tables.

    python benchmarks/regret.py                                  what is missing, cheapest contestants first
    python benchmarks/regret.py --contestants askntell --problems branin-2 --seeds 1 --fresh
    python benchmarks/regret.py --status                         how much is done
    python benchmarks/regret.py --table                          tables of all runs, and results/regret.json

Every run is a line under ``results/regret``; a second call goes on where the first ended. Peers live in environments
of their own, made by ``make bench-peers``; a contestant whose environment is not there is left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy: one thread, so that CPU time is comparable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # runs from a checkout, installed or not

import cache  # noqa: E402 -- after the path
from contestants import CONTESTANTS, Entry, code_digest  # noqa: E402 -- after the path
from playing import Broken, fingerprint, play  # noqa: E402 -- after the path
from problems import PROBLEMS, SUITES, BenchmarkProblem  # noqa: E402 -- after the path

from askntell.errors import AskntellError  # noqa: E402 -- after the path

Job = tuple[Entry, BenchmarkProblem, int]


def jobs(options: argparse.Namespace) -> Iterator[Job]:
    """Runs in the order of work: the report half, the first seed and the cheap contestants before all others."""
    chosen = [entry for name in options.contestants if (entry := CONTESTANTS[name]).python.exists()]
    problems = in_turn([p for p in PROBLEMS.values() if p.name in options.problems and p.suite in options.suites])
    for half in options.halves:
        here = [p for p in problems if p.half == half]
        for seed in range(options.seeds):
            entries = [entry for entry in chosen if seed < entry.seeds]
            yield from ((entry, p, seed) for entry in entries if entry.cheap for p in here)
            # problem by problem, so that at any moment the dear ones have been on the same problems
            yield from ((entry, p, seed) for p in here for entry in entries if not entry.cheap)


def in_turn(problems: list[BenchmarkProblem]) -> list[BenchmarkProblem]:
    """The problems in an order that takes the suites in turn."""
    place = {p.name: (k, SUITES.index(s)) for s in SUITES for k, p in enumerate(q for q in problems if q.suite == s)}
    return sorted(problems, key=lambda p: place[p.name])


def missing(options: argparse.Namespace) -> list[Job]:
    """The jobs without a record that is as long as wanted and of the problem as it is now."""
    kept = {name: cache.read(name) for name in options.contestants}
    prints = {problem.name: fingerprint(problem) for problem in PROBLEMS.values()}
    code = code_digest()
    wanted = []
    for entry, problem, seed in jobs(options):
        record = kept[entry.name].get((problem.name, seed))
        if record is not None and record["fingerprint"] == prints[problem.name]:
            stale = entry.own and record.get("code") != code and (options.fresh or "skip" in record)
            budget = options.budget or entry.budget_on(problem.suite)
            if not stale and (record["budget"] >= budget or ("broken" in record and not options.retry)):
                continue
        wanted.append((entry, problem, seed))
    return wanted


def work(options: argparse.Namespace) -> None:
    """Play what is missing, one run at a time."""
    todo = missing(options)
    print(f"{len(todo)} runs to play", flush=True)
    for k, (entry, problem, seed) in enumerate(todo, 1):
        budget = options.budget or entry.budget_on(problem.suite)
        begin = time.monotonic()
        try:
            record = play(problem, entry, seed, budget)
        except (Broken, AskntellError) as why:  # the latter: it asked for a point outside the space
            record = {"problem": problem.name, "contestant": entry.name, "seed": seed, "budget": budget}
            record |= {"fingerprint": fingerprint(problem), "broken": str(why)}
        cache.append(entry.name, record)
        print(f"{k:5}/{len(todo)} {time.monotonic() - begin:7.1f} s  {said(record)}", flush=True)


def said(record: dict[str, Any]) -> str:
    """One line about a run."""
    name = f"{record['contestant']:17} {record['problem']:26} seed {record['seed']}"
    if "skip" in record or "broken" in record:
        return (
            f"{name} {'skipped' if 'skip' in record else 'BROKEN'}: {(record.get('skip') or record['broken'])[-200:]}"
        )
    return f"{name} {record['best'][-1][1]:12.6g} {record['cpu_ms_tenths'][-1]:9.3g} ms"


def status(options: argparse.Namespace) -> None:
    """Runs done and wanted, by contestant and half."""
    todo, every = missing(options), list(jobs(options))
    print(f"{'contestant':18} {'report':>14} {'tune':>14}  broken")
    for name in options.contestants:
        cells = []
        for half in ("report", "tune"):
            wanted = sum(e.name == name and p.half == half for e, p, _ in every)
            left = sum(e.name == name and p.half == half for e, p, _ in todo)
            cells.append(f"{wanted - left:6} of {wanted:4}")
        broken = sum("broken" in record for record in cache.read(name).values())
        note = "" if CONTESTANTS[name].python.exists() else "  environment missing: make bench-peers"
        print(f"{name:18} {cells[0]:>14} {cells[1]:>14}  {broken:5}{note}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", choices=sorted(PROBLEMS), default=list(PROBLEMS))
    parser.add_argument("--suites", nargs="+", choices=SUITES, default=list(SUITES))
    parser.add_argument("--halves", nargs="+", choices=["report", "tune"], default=["report", "tune"])
    parser.add_argument("--contestants", nargs="+", choices=list(CONTESTANTS), default=list(CONTESTANTS))
    parser.add_argument("--seeds", type=int, default=5, help="at most so many seeds (default 5)")
    parser.add_argument("--budget", type=int, help="evaluations of each run instead of the contestant's own number")
    parser.add_argument("--fresh", action="store_true", help="play our own algorithms again if their code has changed")
    parser.add_argument("--status", action="store_true", help="say how much is done, play nothing")
    parser.add_argument(
        "--table", action="store_true", help="tables and results/regret.json from the runs, play nothing"
    )
    parser.add_argument("--retry", action="store_true", help="play runs again in which a contestant broke down")
    parser.add_argument("--no-output", dest="output", action="store_false", help="with --table: write no files")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.table:
        from summary import write_tables

        write_tables(options)
    elif options.status:
        status(options)
    else:
        work(options)


if __name__ == "__main__":
    main()
