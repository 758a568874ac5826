"""What sharing saved in the demonstration: its campaign against a stored run in which each segment was tuned alone.

``alone.json`` was made with ``askntell quickstart --share none``: seed 0, ten trials of each segment, two at a time.
After a change of the optimizer make it anew and store its `curves`. One run is one run: the benchmarks have many seeds.
"""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from askntell._files import read_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from askntell.study import Study

__all__ = ["compared", "curves"]

FEWEST = 5  #: trials of a segment below which a comparison says nothing: the first ones are the same design
_STORED = Path(__file__).with_name("alone.json")
_SAME = 1e-9  #: relative; the default's value may differ by rounding between machines


def curves(study: Study) -> dict[str, list[float | None]]:
    """For each segment the best chi2 after 1, 2, ... trials, with five digits; None while none had a value."""
    made = {}
    for segment in study.segments:
        values = (float("inf") if t.value is None else t.value for t in study.trials(segment.name))
        made[segment.name] = [float(f"{v:.5g}") if v < float("inf") else None for v in accumulate(values, min)]
    return made


def compared(study: Study) -> str | None:
    """One sentence about how many trials sharing saved; None where that cannot be said.

    For each segment: after how many of its trials it was as good as the stored run, in which it was tuned alone, after
    as many trials as this study has (ten at most).
    """
    if study.share == "none":
        return None
    stored = read_json(_STORED)
    mine = {name: curve for name, curve in curves(study).items() if name in stored}
    count = min(min(len(curve), len(stored[name])) for name, curve in mine.items()) if mine else 0
    if count < FEWEST:
        return None
    needed = [_reached(curve, stored[name][count - 1]) for name, curve in mine.items()]
    won = [trials for trials in needed if trials is not None]
    if not won:
        return f"Sharing: no segment got as good as {count} trials had made it alone in a stored run."
    return (
        f"Sharing: {len(won)} of {len(needed)} segments were as good after {sum(won)} trials as {count * len(won)} "
        "trials had made them alone, in a stored run with --share none."
    )


def _reached(curve: Sequence[float | None], goal: float) -> int | None:
    """After how many trials a curve is at the goal; None if never."""
    return next(
        (k for k, best in enumerate(curve, start=1) if best is not None and best <= goal + _SAME * abs(goal)), None
    )
