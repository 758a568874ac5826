"""The tables of the regret benchmark: normalised regret, mean rank, win rates, CPU time."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import cache
import numpy as np
from _protocol import RESULTS, environment, write_result
from contestants import OURS, code_digest
from numpy.typing import NDArray
from playing import CHECKPOINTS, fingerprint
from problems import PROBLEMS, SUITES, BenchmarkProblem
from reference import references, regret_of

__all__ = ["write_tables"]

Curves = dict[tuple[str, int], list[float | None]]  # (problem, seed): normalised regret at each checkpoint
RESAMPLES = 2000


def write_tables(options: argparse.Namespace) -> None:
    """Print Markdown tables and write ``results/regret.json``."""
    problems = [p for p in PROBLEMS.values() if p.suite in options.suites and p.name in options.problems]
    units = references(problems)
    names, curves, cpu, versions, absent = _load(options.contestants, problems, units)
    result: dict[str, Any] = environment("ioh", "scikit-learn")
    result |= {
        "what": "regret: 0 is the best there is, 1 the median of random search at the same budget",
        "command": "python " + " ".join(["benchmarks/regret.py", *sys.argv[1:]]),
        "made": time.strftime("%Y-%m-%d", time.gmtime()),
        "contestants": {name: {"versions": versions[name], "runs": len(curves[name])} for name in names},
        "skipped_or_broken": absent,
        "halves": {},
    }
    pages: dict[str, str] = {}
    for half in options.halves:
        members = [p for p in problems if p.half == half]
        result["halves"][half] = _half(members, names, curves, cpu)
        pages[half] = "\n".join(_page(half, members, names, result["halves"][half]))
        print(pages[half])
    if options.output:
        write_result("regret", result)
        # the page in the documentation shows the half on which no setting was chosen
        (RESULTS / "regret.md").write_text(pages[options.halves[0]], encoding="utf-8")


def _load(chosen: list[str], problems: list[BenchmarkProblem], units: dict[str, dict[str, float]]) -> tuple[Any, ...]:
    by_name, prints = {p.name: p for p in problems}, {p.name: fingerprint(p) for p in problems}
    curves: dict[str, Curves] = {}
    cpu: dict[str, dict[tuple[str, int], dict[str, float]]] = {}
    versions: dict[str, dict[str, str]] = {}
    absent: dict[str, list[str]] = {}
    code = code_digest()
    for name in chosen:
        curves[name], cpu[name] = {}, {}
        old = 0
        for (problem, seed), record in cache.read(name).items():
            if problem not in by_name or record["fingerprint"] != prints[problem]:
                continue
            if "skip" in record or "broken" in record:
                why = record.get("skip") or record["broken"]
                absent.setdefault(name, []).append(f"{problem}, seed {seed}: {why[-120:]}")
                continue
            old += "code" in record and record["code"] != code
            curves[name][problem, seed] = _normalised(by_name[problem], record, units[problem])
            cpu[name][problem, seed] = record["cpu_ms"]
            versions[name] = record["versions"]
        if old:
            print(
                f"{name}: {old} of {len(curves[name])} runs are of other code; --fresh plays them again",
                file=sys.stderr,
            )
    return [name for name in chosen if curves[name]], curves, cpu, versions, absent


def _normalised(problem: BenchmarkProblem, record: dict[str, Any], unit: dict[str, float]) -> list[float | None]:
    """Regret over random search's, at each checkpoint that the run reached."""
    judged = dict(map(tuple, record.get("recommended", [])))
    found: list[float | None] = []
    for n in CHECKPOINTS:
        if n > record["budget"] or (problem.noise and n not in judged):
            found.append(None)
            continue
        reached = judged[n] if problem.noise else [value for k, value in record["best"] if k <= n][-1]
        found.append(regret_of(problem, reached) / unit[str(n)])
    return found


def _half(problems: list[BenchmarkProblem], names: list[str], curves: dict[str, Curves], cpu: Any) -> dict[str, Any]:
    groups = _groups(problems)
    result: dict[str, Any] = {"regret": {}, "common": {}, "rank": {}, "wins": {}, "cpu_ms": {}}
    for at, n in enumerate(CHECKPOINTS):
        result["regret"][str(n)] = {name: _means(curves[name], groups, at) for name in names}
        result["common"][str(n)] = _common(curves, names, groups, at)
        result["rank"][str(n)] = _ranks({name: curves[name] for name in names}, groups, at)
        if OURS in names:
            result["wins"][str(n)] = {
                name: made for name in names if name != OURS and (made := _wins(curves[OURS], curves[name], groups, at))
            }
    inside = set(groups["all"])
    for name in names:
        rows = [row for (problem, _), row in cpu[name].items() if problem in inside]
        result["cpu_ms"][name] = {
            str(n): float(f"{np.mean([row[str(n)] for row in rows if str(n) in row]):.3g}")
            for n in CHECKPOINTS
            if any(str(n) in row for row in rows)
        }
    return result


def _groups(problems: list[BenchmarkProblem]) -> dict[str, list[str]]:
    """Names of problems by suite, and all of them."""
    suites = [suite for suite in SUITES if any(p.suite == suite for p in problems)]
    return {"all": [p.name for p in problems]} | {s: [p.name for p in problems if p.suite == s] for s in suites}


def _by_problem(curves: Curves, names: list[str], at: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for (problem, _), row in curves.items():
        if problem in names and row[at] is not None:
            found.setdefault(problem, []).append(float(row[at]))  # type: ignore[arg-type] -- not None
    return found


def _means(curves: Curves, groups: dict[str, list[str]], at: int) -> dict[str, Any]:
    """Mean over problems of the mean over seeds, its standard error over problems, and how many problems and runs."""
    made: dict[str, Any] = {}
    for group, names in groups.items():
        found = _by_problem(curves, names, at)
        if found:
            values = np.array([np.mean(v) for v in found.values()])
            error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
            made[group] = {
                "mean": round(float(values.mean()), 4),
                "error": round(float(error), 4),
                "median": round(float(np.median(values)), 4),
                "problems": f"{len(values)} of {len(names)}",
                "runs": sum(map(len, found.values())),
            }
    return made


def _common(curves: dict[str, Curves], names: list[str], groups: dict[str, list[str]], at: int) -> dict[str, Any]:
    """Means over the problems that all have played who have played some; None where all have played all."""
    made: dict[str, Any] = {}
    for group, members in groups.items():
        found = {name: rows for name in names if (rows := _by_problem(curves[name], members, at))}
        shared = [p for p in members if all(p in rows for rows in found.values())]
        if found and shared and any(len(rows) < len(members) for rows in found.values()):
            means = {n: round(float(np.mean([np.mean(rows[p]) for p in shared])), 4) for n, rows in found.items()}
            made[group] = {"problems": len(shared), "mean": means}
    return made


def _ranks(curves: dict[str, Curves], groups: dict[str, list[str]], at: int) -> dict[str, dict[str, float]]:
    """Mean rank over problems; on each, over the seeds that all contestants with a run there have in common."""
    made: dict[str, dict[str, float]] = {}
    for group, names in groups.items():
        rows: dict[str, list[float]] = {}
        for problem in names:
            have = {
                name: {seed for (p, seed), row in runs.items() if p == problem and row[at] is not None}
                for name, runs in curves.items()
            }
            players = [name for name in have if have[name]]
            common = set.intersection(*(have[name] for name in players)) if players else set()
            if len(players) < 2 or not common:
                continue
            values = np.array([[curves[name][problem, seed][at] for name in players] for seed in sorted(common)], float)
            for name, rank in zip(players, _rank_rows(values).mean(axis=0), strict=True):
                rows.setdefault(name, []).append(float(rank))
        made[group] = {name: round(float(np.mean(found)), 3) for name, found in rows.items()}
    return made


def _rank_rows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1 within each row; ties share their mean rank."""
    below = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    same = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    ranks: NDArray[np.float64] = below + (same + 1) / 2
    return ranks


def _wins(ours: Curves, theirs: Curves, groups: dict[str, list[str]], at: int) -> dict[str, Any]:
    """Share of paired runs that ours wins (ties count half) and the difference of regret, with 95 % intervals.

    Problems are drawn again, with all their paired seeds: runs on one problem are not independent.
    """
    made: dict[str, Any] = {}
    for group, names in groups.items():
        pairs: dict[str, list[tuple[float, float]]] = {}
        for key, row in ours.items():
            other = theirs.get(key)
            if key[0] in names and row[at] is not None and other is not None and other[at] is not None:
                pairs.setdefault(key[0], []).append((float(row[at]), float(other[at])))  # type: ignore[arg-type] -- not None
        if not pairs:
            continue
        table = [np.array(rows) for rows in pairs.values()]
        wins = np.array([((t[:, 0] < t[:, 1]) + 0.5 * (t[:, 0] == t[:, 1])).mean() for t in table])
        gaps = np.array([(t[:, 0] - t[:, 1]).mean() for t in table])
        draws = np.random.default_rng(0).integers(len(table), size=(RESAMPLES, len(table)))
        made[group] = {
            "wins": round(float(wins.mean()), 3),
            "interval": [round(float(q), 3) for q in np.quantile(wins[draws].mean(axis=1), [0.025, 0.975])],
            "gap": round(float(gaps.mean()), 4),
            "gap_interval": [round(float(q), 4) for q in np.quantile(gaps[draws].mean(axis=1), [0.025, 0.975])],
            "runs": sum(len(t) for t in table),
        }
    return made


def _page(half: str, problems: list[BenchmarkProblem], names: list[str], result: dict[str, Any]) -> list[str]:
    """The tables of one half as lines of Markdown."""
    groups = _groups(problems)
    head = " | ".join(f"{group} {len(members)}" for group, members in groups.items())
    line = "|" + " --- |" * (len(groups) + 1)
    made: list[str] = []
    for n in map(str, CHECKPOINTS):
        made += [f"### Half `{half}`, {n} evaluations", ""]
        made += ["Normalised regret; in brackets how many problems were played, if not all.", ""]
        made += [f"| | {head} | CPU ms |", f"{line} --- |"]
        for name in names:
            cells = [_cell(result["regret"][n][name].get(group)) for group in groups]
            if any(cells):
                made.append(f"| {name} | {' | '.join(cells)} | {result['cpu_ms'].get(name, {}).get(n, '')} |")
        common = result["common"][n]
        if common:
            some = [group for group in groups if group in common]
            heads = [f"{group} {common[group]['problems']}" for group in some]
            made += ["", "On the problems that everybody in the column has played:", ""]
            made += [f"| | {' | '.join(heads)} |", "|" + " --- |" * (len(some) + 1)]
            for name in names:
                cells = [f"{common[g]['mean'][name]:.2f}" if name in common[g]["mean"] else "" for g in some]
                if any(cells):
                    made.append(f"| {name} | {' | '.join(cells)} |")
        made += ["", "Mean rank:", "", f"| | {head} |", line]
        for name in names:
            cells = [f"{rank:.2f}" if (rank := result["rank"][n][group].get(name)) else "" for group in groups]
            if any(cells):
                made.append(f"| {name} | {' | '.join(cells)} |")
        if result["wins"].get(n):
            made += ["", f"Runs that {OURS} wins, in % with 95 % interval:", "", f"| against | {head} |", line]
            for name, row in result["wins"][n].items():
                made.append(f"| {name} | {' | '.join(_won(row.get(group)) for group in groups)} |")
        made.append("")
    return made


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    played, every = found["problems"].split(" of ")
    return f"{found['mean']:.2f}" + ("" if played == every else f" ({played})")


def _won(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    low, high = found["interval"]
    return f"{100 * found['wins']:.0f} [{100 * low:.0f}, {100 * high:.0f}]"
