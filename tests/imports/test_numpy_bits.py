"""Proposals are equal bit for bit only if numpy's functions are: here is what is asked of the numpy that is installed.

Before numpy 2.0.2 an elementwise function took another path, with other last bits, when its result happened to lie
right beside its argument in memory: the same search in two processes then parted, once in some thousand asks.
"""

from __future__ import annotations

import numpy as np
import pytest

FUNCTIONS = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tanh", "arctan"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_place_in_memory_does_not_matter(name):
    function = getattr(np, name)
    for n in (1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 33, 64):
        x = np.random.default_rng(n).random(n) * 3
        expected = function(x)
        buffer = np.empty(2 * n)
        low, high = buffer[:n], buffer[n:]
        for source, target in ((low, high), (high, low), (low, low)):
            source[...] = x
            function(source, out=target)
            np.testing.assert_array_equal(target, expected)
