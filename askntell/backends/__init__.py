"""Where jobs run."""

from __future__ import annotations

from askntell.backends.backend import Backend, Capabilities
from askntell.backends.local import Local

__all__ = ["Backend", "Capabilities", "Local"]
