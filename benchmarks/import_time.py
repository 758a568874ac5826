"""What `import askntell` costs: CPU time of `python -c "import askntell"` over that of `python -c pass`.

    python benchmarks/import_time.py [--repeats 60]

Interpreters take turns, so that a change of the machine's load meets all of them; the ratio is taken turn by turn.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from _protocol import environment, spread, version, write_result

GOAL = 1.3
STATEMENTS = {
    "pass": "pass",
    "askntell": "import askntell",
    "askntell.worker": "import askntell.worker",
    "Study": "from askntell import Study",
    "numpy": "import numpy",
    "optuna": "import optuna",
}


def cpu_seconds(statement: str) -> float:
    """CPU time (user and system) of a fresh interpreter that runs one statement."""
    process = subprocess.Popen([sys.executable, "-c", statement])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{statement!r} failed")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=60)
    repeats = parser.parse_args().repeats
    statements = {name: s for name, s in STATEMENTS.items() if name != "optuna" or version("optuna") != "absent"}
    for statement in statements.values():  # compiles and caches what is imported
        cpu_seconds(statement)
    times = {name: [] for name in statements}
    for _ in range(repeats):
        for name, statement in statements.items():
            times[name].append(cpu_seconds(statement))
    ratios = {
        name: spread([t / base for t, base in zip(taken, times["pass"], strict=True)]) for name, taken in times.items()
    }
    for name, ratio in ratios.items():
        seconds = spread(times[name])["median"]
        print(f"{name:16} {1e3 * seconds:7.1f} ms   ratio {ratio['median']:.3f}", end="")
        print(f"   [{ratio['lower_quartile']:.3f}, {ratio['upper_quartile']:.3f}]")
    reached = ratios["askntell"]["median"] <= GOAL
    print(f"goal: ratio of askntell at most {GOAL}: {'reached' if reached else 'MISSED'}")
    result = {
        "environment": environment("optuna"),
        "goal": {"ratio of import askntell": GOAL, "reached": reached},
        "cpu_seconds": {name: spread(taken) for name, taken in times.items()},
        "ratio_to_pass": ratios,
    }
    if "optuna" not in statements:
        result["ratio_to_pass"]["optuna"] = "absent"
    write_result("import_time", result)


if __name__ == "__main__":
    main()
