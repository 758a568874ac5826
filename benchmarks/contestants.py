"""Who plays in the regret benchmark: programs, environments, budgets."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

__all__ = ["CONTESTANTS", "OURS", "Entry", "code_digest"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


@final
@dataclass(frozen=True, kw_only=True)
class Entry:
    """One contestant.

    Attributes:
        name: In the tables and the cache.
        program: The file under `peers` that plays.
        environment: Folder under ``.bench``; "": the interpreter that runs the benchmark.
        plays: What the program is to play, if it can play several.
        budget: Evaluations of one run.
        seeds: How many runs on each problem.
        fewer: Suites with a smaller budget, because asks cost seconds there.
        limit_s: A run that takes longer is ended and recorded as such.
    """

    name: str
    program: str
    environment: str = ""
    plays: str = ""
    budget: int = 200
    seeds: int = 5
    fewer: Mapping[str, int] = field(default_factory=dict)
    limit_s: float = 7200.0

    @property
    def cheap(self) -> bool:
        """Whether all problems take it minutes, not hours."""
        return self.budget >= 100

    def budget_on(self, suite: str) -> int:
        """Evaluations of one run on a problem of this suite."""
        return self.fewer.get(suite, self.budget)

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return Path(sys.executable) if not self.environment else ROOT / ".bench" / self.environment / "bin" / "python"

    @property
    def argv(self) -> list[str]:
        return [str(self.python), str(HERE / "peers" / f"{self.program}.py")]

    @property
    def own(self) -> bool:
        """Whether it changes with this repository's code."""
        return self.program == "own_peer" and self.name not in ("random", "sobol")


OURS = "askntell"
# cheap ones first: the order of the table's rows and of the work
CONTESTANTS: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(name="random", program="own_peer", plays="random"),
        Entry(name="sobol", program="own_peer", plays="sobol"),
        Entry(name=OURS, program="own_peer", plays="auto"),
        Entry(name="askntell-tpe", program="own_peer", plays="tpe"),
        Entry(name="askntell-cmaes", program="own_peer", plays="cmaes"),
        Entry(name="optuna-tpe", program="optuna_peer", environment="optuna"),
        Entry(name="optuna-tpe-group", program="optuna_peer", environment="optuna"),
        Entry(name="nevergrad", program="nevergrad_peer", environment="nevergrad"),
        Entry(name="pycma", program="pycma_peer", environment="pycma"),
        Entry(name="optuna-gp", program="optuna_peer", environment="optuna", budget=100, seeds=3),
        Entry(name="smac", program="smac_peer", environment="smac", budget=60, seeds=3),
        Entry(name="hebo", program="hebo_peer", environment="hebo", budget=60, seeds=3, fewer={"objectives": 30}),
        Entry(name="ax", program="ax_peer", environment="ax", budget=60, seeds=3),
    )
}


def code_digest() -> str:
    """Twelve hex digits of the code on which our own proposals depend."""
    digest = hashlib.sha256()
    for folder in ("optimizers", "space"):
        for path in sorted((ROOT / "askntell" / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
