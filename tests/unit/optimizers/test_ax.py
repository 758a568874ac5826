"""The wrapper of Ax: what it says without Ax, and with it the law of the same proposal, in few asks."""

from __future__ import annotations

import importlib.util
import logging

import numpy as np
import pytest

from askntell import Categorical, Float, Int, Optimizer, Ordinal, SearchSpace
from askntell.errors import MissingExtra, SettingsError
from askntell.optimizers.ax import Ax, _axes
from askntell.optimizers.registry import algorithm_from, settings_of

INSTALLED = importlib.util.find_spec("ax") is not None
needs_ax = pytest.mark.skipif(not INSTALLED, reason="needs the extra ax; `make test-ax` installs it")

SPACE = SearchSpace(
    {
        "x": Float(0, 1),
        "lr": Float(1e-4, 1, log=True),
        "n": Int(1, 9),
        "w": Int(1, 900, log=True),
        "o": Ordinal([1, 2, 4]),
        "c": Categorical(["a", "b", None]),
        "one": Categorical(["only"]),
    }
)


def loss(params):
    return (params["x"] - 0.3) ** 2 + (np.log10(params["lr"]) + 2) ** 2 / 4 + abs(params["n"] - 5) / 9


@pytest.mark.skipif(INSTALLED, reason="is about an environment without Ax")
def test_without_ax_the_error_names_the_extra():
    with pytest.raises(MissingExtra, match=r"algorithm 'ax' needs .*; install them with: pip install 'askntell\[ax\]'"):
        Optimizer(SPACE, algorithm="ax").ask()


def test_values_go_to_ax_and_back():
    rows = SPACE.unit.encode_many(SPACE.sample(50, seed=0))
    axes = _axes(SPACE)
    assert [axis.kind for axis in axes] == ["real", "real", "cells", "real", "cells", "choice"]
    for row in rows:
        again = row.copy()
        for axis in axes:
            again[axis.index] = axis.read(axis.written(row[axis.index]))
        assert SPACE.unit.decode(again) == SPACE.unit.decode(row)


@pytest.mark.parametrize("wrong", [{"initial": 1}, {"initial": True}, {"method": "slow"}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(SettingsError, match=f"ax: {next(iter(wrong))}="):
        Ax(**wrong)


def test_the_name_leads_to_the_class():
    assert algorithm_from("ax", settings_of(Ax(initial=7))) == Ax(initial=7)


@needs_ax
def test_ax_proposes_after_the_initial_design_and_says_so(caplog):
    before = [handler.level for handler in logging.getLogger("ax").handlers]
    optimizer = Optimizer(SPACE, algorithm="ax", seed=1)
    for _ in range(8):
        trial = optimizer.ask()
        optimizer.tell(trial, loss(trial.params), std=0.1)
    last = optimizer.ask(fixed={"c": None, "x": 0.125})
    assert [trial.by for trial in optimizer.history[5:]] == ["ax"] * 4
    assert last.params["c"] is None
    assert last.params["x"] == 0.125
    assert last.why == {"model": "ax-fast", "trials": 8}
    if before:
        assert [handler.level for handler in logging.getLogger("ax").handlers] == before


@needs_ax
def test_the_state_of_torch_does_not_matter():
    import torch

    optimizer = Optimizer(SPACE, algorithm="ax", seed=2)
    for _ in range(6):
        trial = optimizer.ask()
        optimizer.tell(trial, loss(trial.params))
    threads = torch.get_num_threads()
    asked = []
    for seed, count in ((0, 1), (7, 2)):
        torch.manual_seed(seed)
        torch.set_num_threads(count)
        np.random.seed(seed)  # noqa: NPY002 -- the global generator is what must not matter
        asked.append(Optimizer.from_history(SPACE, optimizer.history, algorithm="ax", seed=2).ask().params)
        assert torch.get_num_threads() == count
    torch.set_num_threads(threads)
    assert asked[0] == asked[1]
