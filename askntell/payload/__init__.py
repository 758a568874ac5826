"""What a trial runs, and how its value comes back: text in, text out; nothing here starts a process."""

from __future__ import annotations

from askntell.payload.outcome import Interrupted, read_outcome
from askntell.payload.payload import Payload

__all__ = ["Interrupted", "Payload", "read_outcome"]
