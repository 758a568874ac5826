"""Unit points to model columns."""

import numpy as np

from askntell.optimizers.gp.columns import Columns
from askntell.optimizers.gp.kernel import squared_distances
from askntell.space import Categorical, Constant, Float, Int, Ordinal, SearchSpace

SPACE = SearchSpace(
    {
        "x": Float(0, 1),
        "kind": Categorical(["a", "b", "c"]),
        "alone": Categorical(["only"]),
        "n": Int(1, 4),
        "fixed": Constant(3),
        "size": Ordinal([1, 10, 100]),
        "m": Float(0, 1, when={"kind": ["a", "b"]}),
        "sub": Categorical(["p", "q"], when={"kind": "a"}),
    }
)


def rows(*params):
    return SPACE.unit.encode_many([SPACE.check({"alone": "only", "fixed": 3, **p}) for p in params])


A = {"x": 0.25, "kind": "a", "n": 2, "size": 10, "m": 0.75, "sub": "p"}
B = {"x": 0.25, "kind": "b", "n": 2, "size": 10, "m": 0.75}
C = {"x": 0.25, "kind": "c", "n": 2, "size": 10}
Q = {**A, "sub": "q"}


def test_layout_and_groups():
    U = rows(A, B, C)
    columns = Columns.of(SPACE.unit.columns, U)
    assert columns.d == 7
    # x n size m | kind x 3 | sub x 2 | activity of m, of sub
    assert columns.count == 4 + 3 + 2 + 2
    np.testing.assert_array_equal(columns.groups, [0, 1, 2, 3, 4, 4, 4, 5, 5, 6, 7])
    X = columns.transform(U)
    assert not np.isnan(X).any()
    np.testing.assert_allclose(X[:, :4], [[0.25, 0.375, 0.5, 0.75], [0.25, 0.375, 0.5, 0.75], [0.25, 0.375, 0.5, 0.5]])
    np.testing.assert_array_equal(X[:, -2:], [[1, 1], [1, 0], [0, 0]])


def test_two_levels_are_at_distance_one():
    columns = Columns.of(SPACE.unit.columns, rows(A, Q))
    assert len(columns.activity) == 0  # nobody differs in activity
    X = columns.transform(rows(A, Q))
    np.testing.assert_allclose(squared_distances(X, X), [[0, 1], [1, 0]], atol=1e-15)


def test_inactive_in_both_is_no_difference():
    other = {**C, "x": 0.5}
    X = Columns.of(SPACE.unit.columns, rows(A, B, C)).transform(rows(C, other))
    np.testing.assert_allclose(squared_distances(X, X)[0, 1], 0.25**2)


def test_inactive_category_is_as_far_from_every_level():
    columns = Columns.of(SPACE.unit.columns, rows(A, B))
    X = columns.transform(rows(A, Q, B))
    sub = slice(columns.count - len(columns.activity) - 2, columns.count - len(columns.activity))
    D = squared_distances(X[:, sub], X[:, sub])
    np.testing.assert_allclose(D[2, :2], [0.25, 0.25])
