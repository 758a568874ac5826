"""The examples run as their readers run them."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="the examples train with scikit-learn")

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "datasets"


def run(script, *options):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *map(str, options)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def load(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_knows_nothing_of_askntell():
    source = (EXAMPLES / "train.py").read_text("utf-8")
    assert "askntell" not in source


def test_the_script_prints_one_accuracy_and_the_held_out_one_on_demand():
    usual = run("train.py", "--dataset", "iris")
    assert re.fullmatch(r"accuracy: 0\.\d{4}\n", usual)
    tested = run("train.py", "--dataset", "iris", "--test")
    assert tested.startswith(usual)
    assert re.search(r"held-out accuracy: [01]\.\d{4}", tested)


def test_trial_zero_is_the_script_without_options(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "--dataset", "iris"])
    script = vars(load("train").options())
    default = load("tune").SPACE.default()
    assert {name: script[name] for name in default} == default
    assert set(script) - set(default) == {"dataset", "test"}


@pytest.mark.parametrize("seed", range(2))
def test_every_choice_is_accepted_by_the_script(seed):
    (params,) = load("tune").SPACE.sample(1, seed=seed)
    options = [word for name, value in params.items() for word in (f"--{name}", value)]
    assert "accuracy: " in run("train.py", "--dataset", "wine", *options)


def test_tuning_and_its_table(tmp_path):
    text = run("tune.py", tmp_path / "study", "--datasets", "iris", "--trials", "3")
    table = {line.split()[0]: line.split()[1:] for line in text.splitlines() if re.search(r"(\d\.\d{4}\s*){4}$", line)}
    assert set(table) == {"iris", "mean"}
    default, tuned, *held_out = map(float, table["iris"])
    assert tuned >= default  # trial 0 is the default
    assert all(0.5 < value <= 1.0 for value in held_out)
    assert table["mean"] == table["iris"]
