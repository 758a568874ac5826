"""A library in its own environment that tunes each segment alone."""

from __future__ import annotations

import json
from typing import Any, final

from contestants import CONTESTANTS
from playing import Process

from askntell.space import Params
from sharing.tuning import Absent, Game, Tuning

__all__ = ["Peer"]


@final
class Peer(Tuning):
    """A contestant of the regret benchmark with one search for each segment, all in one process."""

    def __init__(self, game: Game, name: str) -> None:
        super().__init__(game)
        entry = CONTESTANTS[name]
        if not entry.python.exists():
            raise Absent("its environment is missing: make bench-peers")
        self._process = Process(entry)
        self._spent = 0.0
        space = json.loads(game.instance.space.to_json())
        size = game.instance.size
        for k, segment in enumerate(game.names):
            settings = {
                "name": entry.plays or entry.name,
                "seed": 1000 * game.seed + k,  # equal seeds would give all segments the same first points
                "budget": game.trials,
                "batch": -(-game.flying // size),
                "noisy": False,
                "objectives": None,
            }
            hello = self._process.say({"do": "start", "segment": segment, "space": space, "settings": settings})
            if "skip" in hello:
                self.close()
                raise Absent(hello["skip"])
            self._versions: dict[str, str] = hello["versions"]

    def ask(self, segment: str) -> tuple[Any, Params]:
        answer = self._process.say({"do": "ask", "segment": segment, "count": 1})
        self._spent += answer["cpu_ms"]
        token, params = answer["trials"][0]
        return token, self.game.instance.space.check(params)

    def tell(self, segment: str, token: Any, loss: float) -> None:
        self._spent += self._process.say({"do": "tell", "segment": segment, "trials": [[token, loss]]})["cpu_ms"]

    def clock_ms(self) -> float:
        """CPU time of the other process's asks and tells."""
        return self._spent

    @property
    def versions(self) -> dict[str, str]:
        return self._versions

    def close(self) -> None:
        self._process.close()
