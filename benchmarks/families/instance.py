"""What a family of segments is: functions that may help each other, each with a known or searched smallest value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from askntell import SearchSpace, Segment
from askntell.space import Params

__all__ = ["REPORT", "Family", "Instance", "grid_features", "half_of"]

Array = NDArray[np.float64]
REPORT = 100  #: instance seeds below it are for choosing settings, those from it on for claims


@final
@dataclass(frozen=True, kw_only=True)
class Instance:
    """One draw of a family: so many segments over one space.

    Attributes:
        family: Its name.
        seed: The draw; real families have but one, and the seed is that of the contestants alone.
        space: What may be tried, the same for all segments.
        segments: With the features that a contestant may read.
        evaluate: The loss at params of the segment with this index; free of noise.
        minima: Smallest loss of each segment, shape (S,).
        units: Median loss of a random point above the minimum, shape (S,): the unit of regret.
        odd: Indices of segments about which the features lie; figures are given for them apart.
    """

    family: str
    seed: int
    space: SearchSpace
    segments: tuple[Segment, ...]
    evaluate: Callable[[int, Params], float]
    minima: Array
    units: Array
    odd: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Number of segments S."""
        return len(self.segments)

    def regret(self, index: int, loss: float) -> float:
        """Distance from the smallest loss in % of a random point's; at least 0."""
        return max(100.0 * (loss - float(self.minima[index])) / float(self.units[index]), 0.0)

    def fingerprint(self) -> str:
        """Twelve hex digits that change when the functions do: space, features, and losses at three points."""
        digest = hashlib.sha256(json.dumps(json.loads(self.space.to_json()), sort_keys=True).encode())
        digest.update(repr([(s.name, sorted(s.features.items())) for s in self.segments]).encode())
        for index in sorted({0, self.size // 2, self.size - 1}):
            u = np.linspace(0.2, 0.7, self.space.unit.d)[None]
            params = self.space.unit.decode(self.space.unit.snap(u)[0])
            digest.update(f"{self.evaluate(index, params):.5g}".encode())
        return digest.hexdigest()[:12]


@final
@dataclass(frozen=True, kw_only=True)
class Family:
    """A way to make instances.

    Attributes:
        name: Short and unique.
        make: ``make(size, seed)``.
        sizes: Numbers of segments that it has.
        real: It was not used to design the method, has one draw, and belongs to the half "report".
        about: One line for readers.
        related: What kind of goal it has: "related", "unrelated", "real" or "".
        trials: Of each segment in one run; None: by the number of segments.
    """

    name: str
    make: Callable[[int, int], Instance]
    about: str
    sizes: tuple[int, ...] = (15, 100)
    real: bool = False
    related: str = ""
    trials: int | None = None


def half_of(family: Family, seed: int) -> str:
    """ "tune" or "report"."""
    return "report" if family.real or seed >= REPORT else "tune"


def grid_features(size: int, classes: tuple[str, ...] = ("a", "b", "c")) -> list[tuple[str, float]]:
    """(class, place on a grid in [0, 1]) of each of `size` segments; classes have as many each, up to one."""
    made: list[tuple[str, float]] = []
    for k, kind in enumerate(classes):
        count = size // len(classes) + (k < size % len(classes))
        made += [(kind, (i + 0.5) / count) for i in range(count)]
    return made
