"""Many similar models tuned side by side: what sharing between segments saves, and whether it ever costs.

    python benchmarks/segments.py                                what is missing on the half "report"
    python benchmarks/segments.py --half tune --families drift,unrelated --seeds 2 --contestants joint,alone --trials 25
    python benchmarks/segments.py --status                       how much is done
    python benchmarks/segments.py --table                        tables of all runs, and results/segments.json
    python benchmarks/segments.py --latency                      CPU time of an ask with 300 segments of 30 trials

Every run is a line: of the half "report" under ``results/segments``, of the half "tune" under ``.bench/segments``,
which git ignores. A second call goes on where the first ended. On the half "tune", `joint` is played again when the
package's code has changed; with --fresh all of our own are.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from functools import cache as remembered
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy: one thread, so that CPU time is comparable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # runs from a checkout, installed or not

import cache  # noqa: E402 -- after the path
from contestants import code_digest  # noqa: E402 -- after the path
from families import FAMILIES, REPORT, Family, Instance, half_of  # noqa: E402 -- after the path
from sharing import BASE, PLAYERS  # noqa: E402 -- after the path
from sharing.playing import play  # noqa: E402 -- after the path
from sharing.tables import Runs, compact, write_tables  # noqa: E402 -- after the path

import askntell  # noqa: E402 -- after the path

FOLDERS = {"report": HERE / "results" / "segments", "tune": HERE.parent / ".bench" / "segments"}
MODES = ("once", "late")
TRIALS = {15: 40, 100: 30, 300: 12}  #: of each segment, by the number of segments
SHARING = "joint"
Job = tuple[Family, int, bool, int, str]  # family, size, late, seed, contestant


@remembered
def instance_of(family: str, size: int, seed: int) -> Instance:
    """The instance, made once."""
    return FAMILIES[family].make(size, seed)


def problem_of(family: str, size: int, late: bool) -> str:
    """The name of a game in the cache."""
    return f"{family}-{size}" + ("-late" if late else "")


def jobs(options: argparse.Namespace) -> Iterator[Job]:
    """Runs in the order of work: seed by seed, `alone` before those that are compared with it or start from it."""
    names = sorted(options.contestants, key=lambda name: name != BASE)
    first = REPORT if options.half == "report" else 0
    for seed in range(first + options.seed0, first + options.seed0 + options.seeds):
        for name in options.families:
            family = FAMILIES[name]
            if half_of(family, seed) != options.half:
                continue
            for size in family.sizes:
                if size in options.sizes or family.sizes == (size,):
                    for mode in options.modes:
                        yield from ((family, size, mode == "late", seed, player) for player in names)


def trials_of(options: argparse.Namespace, family: Family, size: int) -> int:
    return options.trials or family.trials or TRIALS[size]


def label_of(options: argparse.Namespace, player: str) -> str:
    """The name under which runs are kept: settings on trial have a name of their own."""
    return f"{player}@{options.label}" if options.label and player == SHARING else player


def missing(options: argparse.Namespace) -> list[Job]:
    """The jobs without a record that is as long as wanted, of the instance as it is, and of the code as it is."""
    folder, code = FOLDERS[options.half], code_digest()
    kept = {name: cache.read(label_of(options, name), folder) for name in options.contestants}
    wanted = []
    for job in jobs(options):
        family, size, late, seed, player = job
        record = kept[player].get((problem_of(family.name, size, late), seed))
        if record is not None and record["fingerprint"] == instance_of(family.name, size, seed).fingerprint():
            other = PLAYERS[player].own and record.get("code") != code
            again = other and (options.fresh or (options.half == "tune" and player == SHARING))
            if record["budget"] >= trials_of(options, family, size) and not again and "skip" not in record:
                continue
        wanted.append(job)
    return wanted


def work(options: argparse.Namespace) -> None:
    """Play what is missing, one run at a time."""
    folder = FOLDERS[options.half]
    todo = missing(options)
    print(f"{len(todo)} runs to play", flush=True)
    warm_up()
    for k, (family, size, late, seed, name) in enumerate(todo, 1):
        instance, problem = instance_of(family.name, size, seed), problem_of(family.name, size, late)
        base = cache.read(BASE, folder).get((problem_of(family.name, size, False), seed), {})
        found = dict(zip((s.name for s in instance.segments), base.get("found", ()), strict=False))
        record = play(
            instance,
            PLAYERS[name],
            seed=seed,
            trials=trials_of(options, family, size),
            late=late,
            settings=options.settings if name == SHARING else None,
            found=found,
        )
        cache.append(label_of(options, name), {"problem": problem, **record}, folder)
        what = f"skipped: {record['skip']}" if "skip" in record else f"{record['wall_s']:7.1f} s"
        print(f"{k:5}/{len(todo)}  {problem:22} seed {seed:3}  {label_of(options, name):12} {what}", flush=True)


def warm_up() -> None:
    """Load what the algorithms import when they first ask: no ask is to pay for it."""
    optimizer = askntell.Optimizer(FAMILIES["drift"].make(3, 0).space, algorithm="gp")
    for _ in range(12):
        trial = optimizer.ask()
        optimizer.tell(trial, float(str(trial.params["x0"])))


def runs_of(options: argparse.Namespace) -> Runs:
    """The records of these options, by (family, size, late, contestant) and seed; `joint` beside one with a label."""
    folder = FOLDERS[options.half]
    labels = {name: sorted({name, label_of(options, name)}) for name in options.contestants}
    kept = {label: cache.read(label, folder) for some in labels.values() for label in some}
    found: Runs = {}
    for family, size, late, seed, name in jobs(options):
        instance = instance_of(family.name, size, seed)
        for label in labels[name]:
            record = kept[label].get((problem_of(family.name, size, late), seed))
            if record is None or "skip" in record or record["fingerprint"] != instance.fingerprint():
                continue
            found.setdefault((family.name, size, late, label), {})[seed] = (record, instance)
    return found


def status(options: argparse.Namespace) -> None:
    """Runs done and wanted, by contestant."""
    todo, every = missing(options), list(jobs(options))
    for name in options.contestants:
        wanted = [job for job in every if job[4] == name]
        left = sum(job[4] == name for job in todo)
        print(f"{name:14} {len(wanted) - left:5} of {len(wanted):4}")


def listed(allowed: Any) -> Any:
    """A parser of comma-separated names."""

    def parse(text: str) -> list[str]:
        names = [name for name in text.split(",") if name]
        for name in names:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"{name!r}; allowed: {', '.join(allowed)}")
        return names

    return parse


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=["report", "tune"], default="report")
    parser.add_argument("--families", type=listed(FAMILIES), default=list(FAMILIES))
    parser.add_argument("--contestants", type=listed(PLAYERS), default=list(PLAYERS))
    parser.add_argument("--sizes", type=lambda text: [int(s) for s in text.split(",")], default=[15])
    parser.add_argument("--modes", type=listed(MODES), default=["once"], help="results at once, or late: 64 in flight")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default 5)")
    parser.add_argument("--seed0", type=int, default=0, help="the first one, counted from the half's first")
    parser.add_argument("--trials", type=int, help="of each segment, instead of the usual number")
    parser.add_argument("--settings", type=json.loads, default={}, help="of gp, as JSON, for joint")
    parser.add_argument("--label", default="", help="keep joint under a name of its own: for settings on trial")
    parser.add_argument("--fresh", action="store_true", help="play all of our own again if the code has changed")
    parser.add_argument("--status", action="store_true", help="say how much is done, play nothing")
    parser.add_argument("--table", action="store_true", help="Markdown tables of the runs, play nothing")
    parser.add_argument("--latency", action="store_true", help="CPU time of an ask in a large campaign")
    parser.add_argument("--no-output", dest="output", action="store_false", help="write no files of tables")
    options = parser.parse_args()
    if options.settings and not options.label:
        parser.error("--settings needs a --label")
    return options


def main() -> None:
    options = arguments()
    begin = time.process_time()
    if options.latency:
        from sharing.latency import measure

        warm_up()
        measure(options)
    elif options.status:
        status(options)
    elif options.table:
        write_tables(runs_of(options), options)
    else:
        work(options)
        print(compact(runs_of(options), trials=options.trials))
        print(f"{time.process_time() - begin:.0f} s of CPU time here", file=sys.stderr)


if __name__ == "__main__":
    main()
