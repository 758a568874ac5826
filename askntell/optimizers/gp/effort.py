"""How much work an ask may do by its deadline: a fixed table, no clock.

A clock would make the proposal depend on the machine and its load. So a deadline picks one of four levels by numbers
that are part of the request: how many trials there are, how many of them are pending, and how many columns the model
has. `MILLISECONDS` holds twice the largest CPU time that ``benchmarks/ask_latency.py --calibrate`` measured in each
cell, without memos, before fits became faster; the page docs/explanation/ask-latency.md says on what.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import final

from askntell.optimizers.gp.subset import FIT, POSTERIOR

__all__ = ["FULL", "LEVELS", "Work"]


@final
@dataclass(frozen=True, kw_only=True)
class Work:
    """One level.

    Attributes:
        name: As it stands in `Proposal.why`.
        pool: Trials that are looked at, at most; None for all.
        fit: Trials that hyperparameters are fitted to; 0: the mode of the prior.
        posterior: Trials that the posterior knows; 0: no model, random points.
        pending: Pending trials that become fantasies: the latest so many; None for all.
        share: Of the candidates, starts and evaluations that the settings of `GP` name.
    """

    name: str
    pool: int | None
    fit: int
    posterior: int
    pending: int | None
    share: float

    def part(self, setting: int, least: int) -> int:
        """This share of a setting, but not less than `least` where the setting itself is not."""
        return max(round(self.share * setting), min(least, setting))

    @staticmethod
    def of(deadline: float | None, *, trials: int, pending: int, columns: int) -> Work:
        """The most work that the table grants.

        Args:
            deadline: Seconds; None for all the work there is.
            trials: Closed trials.
            pending: Pending trials.
            columns: Columns of the model, at most.
        """
        if deadline is None:
            return FULL
        row = min(bisect_left(TRIALS, trials), len(TRIALS) - 1)
        column = min(bisect_left(COLUMNS, columns), len(COLUMNS) - 1)
        beyond = max(trials / TRIALS[-1], 1.0) * max(columns / COLUMNS[-1], 1.0) ** 2
        for work in LEVELS[:-1]:
            fantasies = pending if work.pending is None else min(pending, work.pending)
            cost = MILLISECONDS[work.name][row][column] * beyond + FANTASY_MS[work.name] * fantasies
            if cost <= 1e3 * deadline:
                return work
        return LEVELS[-1]


FULL = Work(name="full", pool=None, fit=FIT, posterior=POSTERIOR, pending=None, share=1.0)
LEVELS = (
    FULL,
    Work(name="medium", pool=1600, fit=60, posterior=200, pending=32, share=0.5),
    Work(name="light", pool=800, fit=0, posterior=100, pending=16, share=0.25),
    Work(name="none", pool=0, fit=0, posterior=0, pending=0, share=0.0),
)  #: from the most work to the least

TRIALS = (20, 60, 120, 250, 1_000, 10_000, 100_000)  #: upper ends of the rows
COLUMNS = (5, 20, 60, 200)  #: upper ends of the columns

MILLISECONDS: dict[str, tuple[tuple[float, ...], ...]] = {
    "full": (
        (36, 56, 84, 500),
        (60, 70, 100, 500),
        (76, 110, 120, 500),
        (130, 180, 200, 780),
        (160, 200, 220, 820),
        (220, 300, 310, 820),
        (280, 350, 460, 980),
    ),
    "medium": (
        (22, 30, 40, 74),
        (28, 40, 48, 100),
        (36, 48, 56, 120),
        (36, 50, 60, 130),
        (38, 50, 62, 140),
        (40, 52, 66, 140),
        (46, 60, 72, 150),
    ),
    "light": (
        (8, 16, 22, 44),
        (9, 17, 23, 48),
        (9, 18, 24, 54),
        (9, 18, 25, 60),
        (10, 18, 28, 60),
        (11, 20, 30, 62),
        (15, 24, 34, 78),
    ),
}  #: by level, then row, then column
FANTASY_MS = {"full": 1.0, "medium": 0.3, "light": 0.2}  #: for each pending trial
