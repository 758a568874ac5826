"""Arrays that grow at their end without being copied each time, and still are values."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["grown"]

_LEAST = 32


@final
class _Room(np.ndarray[Any, Any]):
    """Memory with rows to spare behind the `used` ones."""

    used: int = 0


def grown(old: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
    """The rows of `old` and then those of `more`, shape (n + m, ...); neither changes.

    The first of several continuations of an array is written behind it in the same memory, which doubles where it is
    full: one trial more costs the same however many there are. Any further continuation of the same array is a copy.
    NOT for one array in two threads at once.
    """
    n, total = len(old), len(old) + len(more)
    whole = old.base  # all of the room as a plain array: slices of the room itself would be rooms
    room = whole.base if isinstance(whole, np.ndarray) else None
    if not isinstance(room, _Room) or room.used != n or total > len(room) or old.strides != room.strides:
        room = np.ndarray.__new__(_Room, (max(2 * total, _LEAST), *old.shape[1:]), dtype=old.dtype)
        room[:n] = old
    room[n:total] = more
    room.used = total
    return room.view(np.ndarray)[:total]
