"""Tune `train.py`, which stays as it is, on four data sets side by side.

    python tune.py runs/datasets

Only the cross-validated accuracy of the training part is optimised. The table at the end also gives the accuracy on the
held-out part, which no trial has seen: that is the number to believe.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import askntell as ant

HERE = Path(__file__).resolve().parent
DATASETS = ("iris", "wine", "breast_cancer", "digits")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # two jobs at a time fill two cores

# The defaults are the script's own, so that trial 0 measures what one gets without tuning.
SPACE = ant.SearchSpace(
    {
        "scale": ant.Categorical(["none", "standard", "minmax"], default="none"),
        "layers": ant.Int(1, 2, default=1),
        "width": ant.Int(8, 128, log=True, default=100),
        "activation": ant.Categorical(["relu", "tanh"], default="relu"),
        "lr": ant.Float(1e-4, 1e-1, log=True, default=1e-3),
        "alpha": ant.Float(1e-6, 1.0, log=True, default=1e-4),
        "batch": ant.Ordinal([50, 100, 200], default=200),
    }
)
COMMAND = [sys.executable, "train.py", "--dataset", "{segment}"]
COMMAND += [word for name in SPACE.parameters for word in (f"--{name}", f"{{{name}}}")]


def accuracies(dataset: str, params: Mapping[str, object]) -> tuple[float, float]:
    """Cross-validated and held-out accuracy; with empty `params`, those of the script's own defaults."""
    given = [word for name, value in params.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, str(HERE / "train.py"), "--dataset", dataset, "--test", *given]
    text = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True).stdout
    validated, held_out = re.findall(r"accuracy: (\S+)", text)
    return float(validated), float(held_out)


def main() -> None:
    """Tune, then compare with the defaults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="of the study; start again with the same folder and it carries on")
    parser.add_argument("--trials", type=int, default=20, help="for each data set (default: 20)")
    parser.add_argument("--parallel", type=int, default=2, help="jobs at a time (default: 2)")
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=DATASETS, metavar="NAME")
    args = parser.parse_args()

    with ant.Study(
        args.folder,
        SPACE,
        objectives={"accuracy": "maximize"},
        seed=0,
        segments=[ant.Segment(name) for name in args.datasets],
    ) as study:
        study.run(
            COMMAND, value=r"accuracy: (\S+)", trials=args.trials, parallel=args.parallel, cwd=HERE, env=ONE_THREAD
        )
        rows = []
        for name in args.datasets:
            best = study.best(name)
            assert best is not None
            rows.append((name, *accuracies(name, {}), *accuracies(name, best.params)))
    rows.append(("mean", *(sum(column) / len(rows) for column in list(zip(*rows, strict=True))[1:])))
    print(f"{'':15}{'cross-validated':>21}{'held out':>21}")
    print(f"{'data set':15}{'default':>12}{'tuned':>9}{'default':>12}{'tuned':>9}")
    for name, default, default_held_out, tuned, tuned_held_out in rows:
        print(f"{name:15}{default:12.4f}{tuned:9.4f}{default_held_out:12.4f}{tuned_held_out:9.4f}")


if __name__ == "__main__":
    main()
