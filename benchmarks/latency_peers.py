"""CPU milliseconds of ask + tell of one peer, in the peer's own environment; run by ask_latency.py.

    <environment>/bin/python benchmarks/latency_peers.py PEER DIMENSIONS TRIALS REPEATS

The peer is given the same kind of history (a random sample of a bowl with waves on [-5, 5]^d) through its own
interface, asks once to load and compile what it needs, and is then timed. Defaults everywhere. Prints one line of JSON.
"""

from __future__ import annotations

import _protocol  # isort: skip -- sets the number of threads before numpy is loaded

import contextlib
import json
import logging
import sys
import tempfile
import time
import warnings
from typing import Any

import numpy as np

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def value(x: Any) -> float:
    return float((((x - 1.3) ** 2) + 3 * np.sin(2 * x)).sum())


class Optuna:
    packages = ("optuna", "torch", "numpy", "scipy")

    def __init__(self, kind: str, d: int, X: Any) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        sampler = {"optuna-tpe": optuna.samplers.TPESampler, "optuna-gp": optuna.samplers.GPSampler}[kind](seed=0)
        self.study = optuna.create_study(sampler=sampler)
        self.d = d
        space = {f"x{k}": optuna.distributions.FloatDistribution(-5, 5) for k in range(d)}
        for x in X:
            params = {f"x{k}": float(v) for k, v in enumerate(x)}
            self.study.add_trial(optuna.trial.create_trial(params=params, distributions=space, value=value(x)))

    def ask(self) -> tuple[Any, Any]:
        trial = self.study.ask()
        return trial, np.array([trial.suggest_float(f"x{k}", -5, 5) for k in range(self.d)])

    def tell(self, token: Any, x: Any) -> None:
        self.study.tell(token, value(x))


class Ax:
    packages = ("ax-platform", "botorch", "torch", "numpy", "scipy")

    def __init__(self, _: str, d: int, X: Any) -> None:
        from ax.api.client import Client
        from ax.api.configs import RangeParameterConfig

        self.client = Client(random_seed=0)
        self.client.configure_experiment(
            parameters=[RangeParameterConfig(name=f"x{k}", parameter_type="float", bounds=(-5, 5)) for k in range(d)]
        )
        self.client.configure_optimization(objective="-value")
        for x in X:
            index = self.client.attach_trial(parameters={f"x{k}": float(v) for k, v in enumerate(x)})
            self.client.complete_trial(trial_index=index, raw_data={"value": value(x)})

    def ask(self) -> tuple[Any, Any]:
        ((index, params),) = self.client.get_next_trials(max_trials=1).items()
        return index, np.array(list(params.values()))

    def tell(self, token: Any, x: Any) -> None:
        self.client.complete_trial(trial_index=token, raw_data={"value": value(x)})


class Hebo:
    packages = ("HEBO", "torch", "numpy", "scipy")

    def __init__(self, _: str, d: int, X: Any) -> None:
        import pandas as pd
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO

        np.random.seed(0)  # noqa: NPY002 -- HEBO draws from the global generator
        names = [f"x{k}" for k in range(d)]
        self.optimizer = HEBO(DesignSpace().parse([{"name": n, "type": "num", "lb": -5, "ub": 5} for n in names]))
        self.optimizer.observe(pd.DataFrame(X, columns=names), np.array([[value(x)] for x in X]))

    def ask(self) -> tuple[Any, Any]:
        row = self.optimizer.suggest(n_suggestions=1)
        return row, row.to_numpy(dtype=float)[0]

    def tell(self, token: Any, x: Any) -> None:
        self.optimizer.observe(token, np.array([[value(x)]]))


class Smac:
    packages = ("smac", "ConfigSpace", "numpy", "scipy")

    def __init__(self, _: str, d: int, X: Any) -> None:
        from ConfigSpace import Configuration, ConfigurationSpace
        from smac import HyperparameterOptimizationFacade, Scenario
        from smac.runhistory.dataclasses import TrialInfo, TrialValue

        space = ConfigurationSpace({f"x{k}": (-5.0, 5.0) for k in range(d)}, seed=0)
        folder = tempfile.mkdtemp()
        scenario = Scenario(space, deterministic=True, n_trials=len(X) + 100, output_directory=folder, seed=0)
        first = HyperparameterOptimizationFacade.get_initial_design(scenario, n_configs=1)  # asked before we measure
        self.smac = HyperparameterOptimizationFacade(scenario, _unused, overwrite=True, initial_design=first)
        self.value = TrialValue
        for x in X:
            config = Configuration(space, values={f"x{k}": float(v) for k, v in enumerate(x)})
            self.smac.tell(TrialInfo(config=config, seed=0), TrialValue(cost=value(x)))

    def ask(self) -> tuple[Any, Any]:
        info = self.smac.ask()
        return info, np.array(list(dict(info.config).values()))

    def tell(self, token: Any, x: Any) -> None:
        self.smac.tell(token, self.value(cost=value(x)))


def _unused(config: Any, seed: int = 0) -> float:  # noqa: ARG001 -- SMAC looks at the names
    """The target that SMAC wants to see and never calls."""
    return 0.0


PEERS = {"optuna-tpe": Optuna, "optuna-gp": Optuna, "ax": Ax, "hebo": Hebo, "smac": Smac}


def main() -> None:
    kind, d, count, repeats = sys.argv[1], *map(int, sys.argv[2:])
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    X = np.random.default_rng(1).uniform(-5, 5, (count, d))
    with contextlib.redirect_stdout(sys.stderr):
        peer = PEERS[kind](kind, d, X)
        times = []
        for _ in range(repeats + 1):
            begin = time.process_time()
            token, x = peer.ask()
            asked = time.process_time() - begin
            begin = time.process_time()
            peer.tell(token, x)
            times.append(1e3 * (asked + time.process_time() - begin))
    versions = {name: _protocol.version(name) for name in PEERS[kind].packages}
    print(json.dumps({"ms": times[1:], "versions": versions}))


if __name__ == "__main__":
    main()
