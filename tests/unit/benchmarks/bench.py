"""The benchmark's modules, which are no package: the folder goes on the path."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
for folder in (ROOT / "benchmarks", ROOT / "benchmarks" / "peers"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
