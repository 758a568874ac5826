"""What a fresh interpreter has loaded after an import: the package is nearly free, a job needs the standard library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from package import modules

_SHOW = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def loaded(statement: str) -> set[str]:
    """Modules that `statement` adds to a bare interpreter."""
    return _modules(f"{statement}\n{_SHOW}") - _modules(_SHOW)


def _modules(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def foreign(names: set[str]) -> set[str]:
    """Top-level names of third-party packages."""
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"askntell"}


def test_import_askntell_loads_nothing_else():
    assert loaded("import askntell") <= {"askntell", "__future__"}


def test_dir_and_version_load_nothing_else():
    assert loaded("import askntell; dir(askntell); askntell.__version__") <= {"askntell", "__future__"}


def test_worker_needs_the_standard_library_alone():
    names = loaded("import askntell.worker")
    assert not foreign(names)
    assert not {n for n in names if n.startswith("askntell.") and not n.startswith("askntell.worker")}


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith("askntell.worker")])
def test_every_part_of_worker_needs_the_standard_library_alone(module):
    if not module.endswith("__main__"):
        assert not foreign(loaded(f"import {module}"))


@pytest.mark.parametrize("module", ["errors", "_files", "_process", "_plugins", "_rng", "job"])
def test_the_ground_floor_needs_the_standard_library_alone(module):
    assert not foreign(loaded(f"import askntell.{module}"))


@pytest.mark.parametrize("name", ["SearchSpace", "Optimizer", "Study", "Local", "minimize"])
def test_a_public_name_loads_numpy_at_most(name):
    # Proposing may need more, later; scipy.stats alone would be half a second of every command.
    assert foreign(loaded(f"import askntell; askntell.{name}")) <= {"numpy"}


@pytest.mark.parametrize("algorithm", ["tpe", "cmaes", "ax"])
def test_a_refusal_loads_nothing_heavy(algorithm):
    goals = "objectives={'a': 'minimize', 'b': 'minimize'}"
    make = f"ant.Optimizer(ant.SearchSpace({{'x': ant.Float(0, 1)}}), algorithm={algorithm!r}, {goals})"
    names = loaded(f"import askntell as ant\ntry: {make}\nexcept ValueError: pass\nelse: raise SystemExit(1)")
    assert not names & {"scipy.stats", "scipy.optimize", "cmaes", "ax", "torch"}


def test_the_backends_know_nothing_of_optimisation():
    names = loaded("import askntell.backends.local")
    assert not foreign(names)
    for room in ("space", "trial", "history", "optimizers", "books", "study"):
        assert f"askntell.{room}" not in names


_HELP = """
import sys
from askntell.cli import main
sys.argv = ["askntell", "--help"]
try:
    main()
except SystemExit:
    pass
"""


def test_help_of_the_command_line_needs_no_third_party():
    assert not foreign(_modules(_HELP + _SHOW) - _modules(_SHOW))
