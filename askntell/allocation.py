"""Which segment's next trial is worth most: a pure function of the histories.

In order: a segment that has waited for 2 S asks, S being the number of segments that can be asked, the longest first;
then segments with fewer than a few trials, the fewest first; then the segment whose next trial promises most.

The promise of a segment is what its algorithm noted at the segment's last ask: the logarithm of the expected
improvement, in units of the segment's own spread, which makes it comparable between segments. Since that ask it has
halved with every trial that is still open or did not improve on the best. The floor of 2 S asks bounds the harm of
a promise that is wrong: every segment gets at least half of an equal share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple, final

from askntell.history import History
from askntell.trial import Trial

__all__ = ["Allocation", "Claimant", "choose", "fewest", "worth"]

FADE = math.log(2.0)  #: taken off the promise for each trial that is open or did not improve
MANY = 50  #: from so many segments on, ...
FEW_TRIALS, FEW_TRIALS_OF_MANY = 3, 2  #: ... two trials of each are a design of the shared landscape, else three


class Claimant(NamedTuple):
    """A segment that can be asked.

    Attributes:
        name: Its name.
        trials: Number of its trials, open and closed.
        waited: Number of trials asked, of whatever segment, since its last one.
        worth: See `worth`.
    """

    name: str
    trials: int
    waited: int
    worth: float | None


def fewest(count: int) -> int:
    """Trials that each of `count` segments gets before they compete."""
    return FEW_TRIALS if count < MANY else FEW_TRIALS_OF_MANY


def worth(history: History) -> float | None:
    """Log of the improvement that a segment's next trial promises; None while its algorithm noted nothing."""
    faded = 0.0
    for number in range(history.next_number - 1, -1, -1):
        if number not in history:  # its asker died
            continue
        trial = history.get(number)
        if not _improved(history, trial):
            faded += FADE
        noted = trial.why.get("log_gain")
        if isinstance(noted, float | int) and not isinstance(noted, bool) and math.isfinite(noted):
            return noted - faded
    return None


def _improved(history: History, trial: Trial) -> bool:
    """Whether a trial is the best of its segment, or on its front with several objectives."""
    goals = history.goals
    if not goals.several:
        best = history.incumbent
        return best is not None and best.number == trial.number
    if trial.values is None or not goals.feasible(trial.values):
        return False
    own = goals.losses(trial.values)
    others = (t.values for t in history.closed if t.values is not None and t.number != trial.number)
    return not any(_beats(goals.losses(values), own) for values in others if goals.feasible(values))


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def choose(claimants: Iterable[Claimant]) -> str | None:
    """The segment to ask next, or None if there is none; among equals the first.

    Where the algorithm notes no promise, the segment with the fewest trials. Where it does so for some of the
    segments, those without come first as long as none of the others has fewer trials.
    """
    every = list(claimants)
    if not every:
        return None
    late = max(every, key=lambda c: c.waited if c.trials else -1)
    if late.trials and late.waited + 1 >= 2 * len(every):
        return late.name
    least = min(every, key=lambda c: c.trials)
    if least.trials < fewest(len(every)):
        return least.name
    silent = min((c for c in every if c.worth is None), key=lambda c: c.trials, default=None)
    if silent is not None and silent.trials <= least.trials:
        return silent.name
    return max((c for c in every if c.worth is not None), key=lambda c: (c.worth or 0.0, -c.trials)).name


@final
class Allocation:
    """`choose` among histories, with a memo of their worth, so that an ask looks only at what changed."""

    def __init__(self) -> None:
        self._memo: dict[str, tuple[tuple[int, int, int], float | None]] = {}

    def next(self, histories: Mapping[str, History], waited: Mapping[str, int]) -> str | None:
        """The segment to ask next.

        Args:
            histories: Of the segments that can be asked, in order of preference among equals.
            waited: For each of them, see `Claimant`.
        """
        return choose(
            Claimant(name, len(history), waited[name], self._worth(name, history))
            for name, history in histories.items()
        )

    def _worth(self, name: str, history: History) -> float | None:
        state = (len(history), len(history.closed), history.epoch)
        known = self._memo.get(name)
        if known is None or known[0] != state:
            known = self._memo[name] = state, worth(history)
        return known[1]
