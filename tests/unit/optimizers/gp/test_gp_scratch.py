"""Kept memory: one array for each name and thread."""

import threading

import numpy as np

from askntell.optimizers.gp.scratch import scratch


def test_the_same_memory_for_a_name_until_more_is_wanted():
    first, second = scratch("one", 4, 5), scratch("one", 2, 3)
    assert first.shape == (4, 5) and np.shares_memory(first, second)
    assert not np.shares_memory(scratch("one", 40, 5), first)
    assert not np.shares_memory(scratch("one", 2, 2), scratch("two", 2, 2))


def test_another_thread_has_its_own():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(scratch("one", 8)))
    thread.start()
    thread.join()
    assert not np.shares_memory(seen[0], scratch("one", 8))


def test_very_large_arrays_are_not_kept():
    assert not np.shares_memory(scratch("huge", 1025, 1024), scratch("huge", 1025, 1024))
