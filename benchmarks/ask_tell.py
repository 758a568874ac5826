"""What one ask with its tell costs in memory: random search, 5 parameters, one pending trial at a time.

    python benchmarks/ask_tell.py [--largest 100000] [--repeats 5]

Reported are microseconds of CPU time for a trial, over the whole search and over its last tenth: if the cost grew with
the number of trials, the last tenth would show it first. Optuna's random sampler with its in-memory store takes turns
in the same run if it is installed, up to 10 000 trials.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from _protocol import environment, spread, version, write_result

import askntell as ant

GOAL_US = 50.0
SEED = 1
LARGEST_RIVAL = 10_000

Times = tuple[float, float]


def timed(one_trial: Callable[[], object], trials: int) -> Times:
    """Microseconds for a trial: over all trials, and over the last tenth."""
    last = trials // 10
    began = time.process_time()
    for _ in range(trials - last):
        one_trial()
    middle = time.process_time()
    for _ in range(last):
        one_trial()
    ended = time.process_time()
    return 1e6 * (ended - began) / trials, 1e6 * (ended - middle) / last


def run_askntell(trials: int, seed: int) -> Times:
    space = ant.SearchSpace(
        {
            "lr": ant.Float(1e-5, 1e-1, log=True),
            "dropout": ant.Float(0.0, 0.5),
            "width": ant.Int(16, 1024, log=True),
            "layers": ant.Int(1, 8),
            "solver": ant.Categorical(["adam", "sgd", "rmsprop"]),
        }
    )
    optimizer = ant.Optimizer(space, algorithm="random", seed=seed)

    def one_trial() -> None:
        trial = optimizer.ask()
        optimizer.tell(trial, trial.params["dropout"])

    return timed(one_trial, trials)


def run_optuna(trials: int, seed: int) -> Times:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {
        "lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True),
        "dropout": optuna.distributions.FloatDistribution(0.0, 0.5),
        "width": optuna.distributions.IntDistribution(16, 1024, log=True),
        "layers": optuna.distributions.IntDistribution(1, 8),
        "solver": optuna.distributions.CategoricalDistribution(["adam", "sgd", "rmsprop"]),
    }
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))

    def one_trial() -> None:
        trial = study.ask(space)
        study.tell(trial, trial.params["dropout"])

    return timed(one_trial, trials)


def measure(name: str, run: Callable[[int, int], Times], trials: int, seeds: range) -> dict[str, object]:
    taken = [run(trials, seed) for seed in seeds]
    whole, last = spread([t[0] for t in taken]), spread([t[1] for t in taken])
    line = f"{name:9} {trials:7} trials   {whole['median']:8.1f} us a trial"
    print(f"{line} [{whole['lower_quartile']:.1f}, {whole['upper_quartile']:.1f}]   last tenth {last['median']:.1f} us")
    return {"us_per_trial": whole, "us_per_trial_last_tenth": last}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--largest", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    rivals = {"askntell": run_askntell}
    if version("optuna") != "absent":
        rivals["optuna"] = run_optuna
    for run in rivals.values():  # loads modules and fills caches
        run(100, 0)
    seeds = range(SEED, SEED + given.repeats)
    results: dict[str, dict[str, object]] = {name: {} for name in rivals}
    for trials in (n for n in (1_000, 10_000, 100_000) if n <= given.largest):
        for name, run in rivals.items():
            if name == "askntell" or trials <= LARGEST_RIVAL:
                results[name][str(trials)] = measure(name, run, trials, seeds)
    ours = [
        (entry["us_per_trial"]["median"], entry["us_per_trial_last_tenth"]["median"])
        for entry in results["askntell"].values()
    ]
    under = all(max(pair) < GOAL_US for pair in ours)
    flat = ours[-1][1] <= 1.5 * ours[0][0]  # the last tenth of the longest search against the shortest search
    words = {True: "reached", False: "MISSED"}
    print(f"goal: under {GOAL_US:.0f} us: {words[under]}; not growing: {words[flat]}")
    write_result(
        "ask_tell",
        {
            "environment": environment("optuna"),
            "setting": {"algorithm": "random", "parameters": 5, "seeds": list(seeds), "store": "memory"},
            "goal": {"us_per_trial": GOAL_US, "reached": under, "not growing": flat},
            "results": results | ({} if "optuna" in rivals else {"optuna": "absent"}),
        },
    )


if __name__ == "__main__":
    main()
