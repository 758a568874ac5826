"""The unit of normalised regret: the median of random search's best, over 101 seeds, at each budget."""

from __future__ import annotations

import json

import numpy as np
from cache import FOLDER
from playing import CHECKPOINTS, fingerprint
from problems import BenchmarkProblem
from problems.tables import area

__all__ = ["references", "regret_of"]

SEEDS = 101


def regret_of(problem: BenchmarkProblem, reached: float) -> float:
    """Distance of a value, or of a dominated area, from the best there is; at least 0."""
    if problem.largest_area is not None:
        return max(problem.largest_area - reached, 0.0)
    assert problem.minimum is not None
    return max(reached - problem.minimum, 0.0)


def references(problems: list[BenchmarkProblem]) -> dict[str, dict[str, float]]:
    """``{problem: {budget: unit}}``; kept in ``results/regret/reference.json`` until a problem changes."""
    path = FOLDER / "reference.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for problem in problems:
        now = fingerprint(problem)
        if kept.get(problem.name, {}).get("fingerprint") != now:
            kept[problem.name] = {"fingerprint": now, "unit": _units(problem)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=0) + "\n", encoding="utf-8")
    return {problem.name: kept[problem.name]["unit"] for problem in problems}


def _units(problem: BenchmarkProblem) -> dict[str, float]:
    regrets = np.array([_one(problem, seed) for seed in range(SEEDS)])
    units = np.median(regrets, axis=0)
    # a table that random search solves more often than not still has a scale: the mean
    units = np.where(units > 0, units, regrets.mean(axis=0))
    return {str(n): float(f"{unit:.6g}") for n, unit in zip(CHECKPOINTS, units, strict=True)}


def _one(problem: BenchmarkProblem, seed: int) -> list[float]:
    points = problem.space.sample(CHECKPOINTS[-1], seed=10_000 + seed)
    true = [problem.true(params) for params in points]
    if problem.reference is not None:
        values = np.array([list(v.values()) for v in true])  # type: ignore[union-attr] -- two objectives
        corner = np.array(list(problem.reference.values()))
        return [regret_of(problem, area(values[:n], corner)) for n in CHECKPOINTS]
    seen = [problem.function(params, np.random.default_rng([seed, k])) for k, params in enumerate(points, 1)]
    best = [int(np.argmin(seen[:n])) for n in CHECKPOINTS]  # type: ignore[arg-type] -- one value each
    return [regret_of(problem, float(true[k])) for k in best]  # type: ignore[arg-type] -- one value each
