"""Keyed random streams: the same key gives the same numbers in every process, and no state is carried.

Python's ``hash`` differs from process to process, so text enters a key through sha256.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from askntell.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["checked_seed", "digest", "stream"]


def checked_seed(seed: object) -> int:
    """A seed that streams accept.

    Raises:
        SettingsError: it is no integer of 0 .. 2**63 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise SettingsError(f"seed={seed!r}; allowed: an integer from 0 to 2**63 - 1")
    return seed


def digest(text: str) -> int:
    """64 bits of the sha256 of a text, as a non-negative integer."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """A fresh generator (PCG64) for one purpose.

    Args:
        seed: The study's seed, >= 0.
        key: What the numbers are for, such as a purpose, a segment's key and a trial's number; integers >= 0.
    """
    import numpy as np

    return np.random.Generator(np.random.PCG64([seed, *(digest(k) if isinstance(k, str) else k for k in key)]))
