"""The tree-structured Parzen estimator; numpy and scipy.special alone."""

from __future__ import annotations

from askntell.optimizers.tpe.tpe import TPE

__all__ = ["TPE"]
