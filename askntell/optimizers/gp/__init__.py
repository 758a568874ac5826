"""Bayesian optimisation with one exact Gaussian process; numpy and scipy alone."""

from __future__ import annotations

from askntell.optimizers.gp.bayes import GP

__all__ = ["GP"]
