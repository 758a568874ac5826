"""Who may import whom: every import statement of the package, also inside functions and under TYPE_CHECKING."""

from __future__ import annotations

import ast

import pytest
from package import modules, tree

import askntell

# A room may import rooms of lower rows and itself, never its own row and never a higher one.
ROWS = [
    ["errors"],
    ["_files"],
    ["_rng", "_plugins", "_process", "job", "worker"],
    ["space"],
    ["goals"],
    ["trial"],
    ["history"],
    ["allocation", "stopping"],
    ["optimizers"],
    ["journal", "segments", "payload", "backends"],
    ["claims", "header", "shelf"],
    ["books"],
    ["roster"],
    ["runner"],
    ["study"],
    ["report", "testing"],
    ["demo"],  # writes the report of its campaign
    ["cli"],
    ["__main__"],
]
RANK = {room: rank for rank, row in enumerate(ROWS) for room in row}
# Rooms that may use less than all that lies below them.
ONLY = {
    "worker": set(),  # runs inside the job: the standard library alone
    "backends": {"errors", "_files", "_plugins", "_process", "job"},  # starts processes of worker, never imports it
    "_files": {"errors"},
    "_rng": {"errors"},
    "_process": {"errors"},
    "_plugins": {"errors"},
    "job": {"errors"},
    "journal": {"errors", "_files"},
    "space": {"errors", "_files", "_rng"},
    "goals": {"errors"},
}
# The standard library that the pure rooms do without: they have no file, clock, process or thread.
IMPURE = {
    "os",
    "time",
    "datetime",
    "pathlib",
    "io",
    "tempfile",
    "shutil",
    "socket",
    "subprocess",
    "threading",
    "random",
}
PURE = ("goals", "trial", "history", "allocation", "stopping", "optimizers")


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imported(module: str) -> list[tuple[int, str]]:
    """(line, absolute module name) of everything a module imports."""
    found = []
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: relative import"
            assert node.module is not None
            found += [(node.lineno, resolved(node.module, alias.name)) for alias in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("import_module", "__import__"):
                found.append((node.lineno, str(node.args[0].value)))
    return found


def resolved(source: str, name: str) -> str:
    """The module that ``from source import name`` needs."""
    if source == "askntell":
        return askntell._HOME.get(name, f"askntell.{name}")
    return f"{source}.{name}" if f"{source}.{name}" in modules() else source


def test_every_room_has_a_row():
    rooms = {room(module) for module in modules()} - {""}
    assert rooms <= set(RANK), f"no row for {sorted(rooms - set(RANK))}"


@pytest.mark.parametrize("module", [m for m in modules() if m != "askntell"])
def test_imports_go_one_way(module):
    here = room(module)
    wrong = []
    for line, name in imported(module):
        there = room(name)
        if not name.startswith("askntell") or there in (here, "", "__version__"):  # the package itself loads nothing
            continue
        allowed = ONLY.get(here, {r for r in RANK if RANK[r] < RANK[here]})
        if there not in allowed:
            wrong.append(f"line {line}: {here} imports {name}")
    assert not wrong, wrong


HARMLESS = {("askntell.optimizers.gp.scratch", "threading")}  # memory that is each thread's own; it starts none


@pytest.mark.parametrize("module", [m for m in modules() if room(m) in PURE])
def test_pure_rooms_touch_no_file_clock_or_process(module):
    found = [(line, name) for line, name in imported(module) if (module, name) not in HARMLESS]
    wrong = [f"line {line}: {name}" for line, name in found if name.split(".")[0] in IMPURE]
    assert not wrong, wrong


def test_only_the_table_and_cli_reach_the_views():
    views = {"report", "demo", "testing"}
    for module in modules():
        used = {room(name) for _, name in imported(module) if name.startswith("askntell.")} & views
        assert not used or module == "askntell" or room(module) in {*views, "cli"}, f"{module} imports {used}"


def test_the_reader_sees_imports_inside_functions():
    # A check that finds nothing would pass for ever: these are known to be there.
    assert "askntell.payload" in {name for _, name in imported("askntell.study.running")}
    assert "askntell.backends.local" in {name for _, name in imported("askntell.study.running")}
