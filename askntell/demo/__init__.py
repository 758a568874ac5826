"""The demonstration: simulated calorimeter showers, a generator that imitates them, and a campaign that tunes it."""

from __future__ import annotations

from askntell.demo.campaign import inputs, quickstart, score, segments, space, train

__all__ = ["inputs", "quickstart", "score", "segments", "space", "train"]
