"""What all benchmarks share: one thread, versions, medians with spread, small JSON files. Import it before numpy."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_variable] = "1"

__all__ = ["environment", "spread", "version", "write_result"]

RESULTS = Path(__file__).parent / "results"


def version(package: str) -> str:
    """Installed version of a package, or "absent"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def environment(*packages: str) -> dict[str, object]:
    """What a reader needs to know of the machine and the versions; names no host."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": 1,
        "versions": {name: version(name) for name in ("askntell", "numpy", "scipy", *packages)},
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, quartiles and number of repeated measurements, to four digits."""
    low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    rounded = {"median": middle, "lower_quartile": low, "upper_quartile": high, "minimum": min(values)}
    return {name: float(f"{value:.4g}") for name, value in rounded.items()} | {"repeats": len(values)}


def write_result(name: str, result: dict[str, object]) -> None:
    """Write ``results/<name>.json`` and say so."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}", file=sys.stderr)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
