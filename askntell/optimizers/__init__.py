"""What to try next: pure algorithms, and the `Optimizer` that numbers what they propose."""

from __future__ import annotations

from askntell.optimizers.algorithm import Algorithm, Request
from askntell.optimizers.loop import maximize, minimize
from askntell.optimizers.optimizer import Optimizer
from askntell.optimizers.registry import algorithm_from, settings_of

__all__ = ["Algorithm", "Optimizer", "Request", "algorithm_from", "maximize", "minimize", "settings_of"]
