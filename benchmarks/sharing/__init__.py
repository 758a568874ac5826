"""Who plays in the segments benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from sharing.ours import Alone, Joint, Pooled, Portfolio
from sharing.peer import Peer
from sharing.rgpe import RGPE
from sharing.tuning import Absent, Game, Tuning

__all__ = ["BASE", "PLAYERS", "Absent", "Game", "Player", "Tuning"]


@final
@dataclass(frozen=True, kw_only=True)
class Player:
    """One contestant.

    Attributes:
        name: In tables and files.
        make: The start of a game.
        own: It changes with the package's code.
        about: One line for readers.
    """

    name: str
    make: Callable[[Game], Tuning]
    own: bool = True
    about: str = ""


BASE = "alone"  #: with what the others are compared
PLAYERS: dict[str, Player] = {
    player.name: player
    for player in (
        Player(name="joint", make=Joint, about='askntell, `share="auto"`: segments learn from each other'),
        Player(name=BASE, make=Alone, about='askntell, `share="none"`: `auto` in each segment'),
        Player(
            name="optuna-tpe",
            make=lambda game: Peer(game, "optuna-tpe"),
            own=False,
            about="Optuna's TPE in each segment, `constant_liar` where several trials of a segment are open",
        ),
        Player(name="pooled", make=Pooled, about="one search for all: each point is tried in every segment"),
        Player(
            name="portfolio",
            make=Portfolio,
            about="six points chosen greedily from the ends of other segments' finished searches, then `auto`; "
            "those searches are not counted",
        ),
        Player(name="rgpe", make=RGPE, about="ranking-weighted ensemble of Gaussian processes (Feurer et al. 2018)"),
    )
}
