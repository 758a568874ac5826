"""What may be tried: parameters, conditions, constraints, the file format, and the image in the unit cube."""

from __future__ import annotations

from askntell.space.enumerated import Categorical, Constant, Ordinal
from askntell.space.parameter import Parameter
from askntell.space.parameters import Float, Int
from askntell.space.space import SearchSpace
from askntell.space.values import Params, Scalar

__all__ = ["Categorical", "Constant", "Float", "Int", "Ordinal", "Parameter", "Params", "Scalar", "SearchSpace"]
