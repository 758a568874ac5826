"""Memory for intermediate results, kept from call to call.

A fresh array of some hundred kilobytes is memory that the operating system maps anew, page by page, at each use: for
the arrays of an ask that takes longer than what is computed in them.
"""

from __future__ import annotations

import math
import threading

import numpy as np

from askntell.optimizers.gp.kernel import Array

__all__ = ["scratch"]

_LARGEST = 1 << 20  #: numbers; an array of more is a fresh one


class _Rooms(threading.local):
    def __init__(self) -> None:
        self.of: dict[str, Array] = {}


_ROOMS = _Rooms()


def scratch(name: str, *shape: int) -> Array:
    """An array of any content that is the caller's until somebody in this thread asks for the same name."""
    size = math.prod(shape)
    room = _ROOMS.of.get(name)
    if room is None or len(room) < size:
        room = np.empty(size)
        if size <= _LARGEST:
            _ROOMS.of[name] = room
    return room[:size].reshape(shape)
