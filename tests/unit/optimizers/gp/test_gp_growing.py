"""Arrays that grow in place behave as values."""

import numpy as np

from askntell.optimizers.gp.growing import grown


def test_growing_in_one_line_keeps_memory_and_values():
    a = np.zeros((0, 3))
    rows = np.arange(300.0).reshape(100, 3)
    places = set()
    for row in rows:
        a = grown(a, row[None])
        places.add(a.ctypes.data)
    np.testing.assert_array_equal(a, rows)
    assert type(a) is np.ndarray and len(places) <= 4  # doubled now and then


def test_two_continuations_of_one_array_do_not_meet():
    a = grown(np.arange(3.0), np.array([3.0]))
    b, c = grown(a, np.array([10.0, 11.0])), grown(a, np.array([20.0]))
    d = grown(b, np.array([12.0]))
    np.testing.assert_array_equal(a, [0, 1, 2, 3])
    np.testing.assert_array_equal(b, [0, 1, 2, 3, 10, 11])
    np.testing.assert_array_equal(c, [0, 1, 2, 3, 20])
    np.testing.assert_array_equal(d, [0, 1, 2, 3, 10, 11, 12])


def test_parts_and_strides_of_a_grown_array_are_copied():
    a = grown(np.arange(5), np.array([5]))
    np.testing.assert_array_equal(grown(a[:4], np.array([9])), [0, 1, 2, 3, 9])
    np.testing.assert_array_equal(grown(a[::-1], np.array([9])), [5, 4, 3, 2, 1, 0, 9])
    np.testing.assert_array_equal(grown(a[1:], np.array([9])), [1, 2, 3, 4, 5, 9])
    np.testing.assert_array_equal(grown(a[::2], np.array([9])), [0, 2, 4, 9])
    np.testing.assert_array_equal(a, np.arange(6))
