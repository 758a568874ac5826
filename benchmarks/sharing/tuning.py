"""What a contestant of the segments benchmark is."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from families import Instance

from askntell.space import Params

__all__ = ["Absent", "Game", "Tuning"]


class Absent(Exception):
    """This contestant cannot play; the text says why."""


@final
@dataclass(frozen=True, kw_only=True)
class Game:
    """What a contestant is told before the first ask.

    Attributes:
        instance: A contestant reads the space and the segments of it, nothing else.
        seed: Its own randomness.
        trials: How many each segment gets.
        flying: How many trials are open at a time, over all segments; 1: results come at once.
        settings: Of the algorithm `gp`, to try them out in `joint`; empty for `auto`.
        found: Params that independent tuning ended with, by segment; for contestants that start from them.
    """

    instance: Instance
    seed: int
    trials: int
    flying: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    found: Mapping[str, Params] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Segments in order."""
        return [segment.name for segment in self.instance.segments]


class Tuning(ABC):
    """Asks and tells by segment. A token is what `ask` gives and `tell` takes back."""

    def __init__(self, game: Game) -> None:
        self.game = game

    @abstractmethod
    def ask(self, segment: str) -> tuple[Any, Params]:
        """The next trial of a segment: token and params."""

    @abstractmethod
    def tell(self, segment: str, token: Any, loss: float) -> None:
        """The outcome of a trial."""

    def clock_ms(self) -> float:
        """CPU time of asks and tells so far, from any zero."""
        return 1e3 * time.process_time()

    @property
    def versions(self) -> dict[str, str]:
        """Versions of libraries that are not this process's."""
        return {}

    def close(self) -> None:  # noqa: B027 -- most hold nothing
        """Give back what the contestant holds."""
