from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from cli_tools import ENV, askntell

import askntell as package

COMMANDS = ("quickstart", "init", "ask", "tell", "run", "status", "best", "trials", "report")


def test_version():
    done = askntell("--version", cwd=None)
    assert (done.status, done.out, done.err) == (0, f"askntell {package.__version__}\n", "")


def test_help_lists_every_command():
    done = askntell("--help", cwd=None)
    assert done.status == 0
    for command in COMMANDS:
        assert f"    {command} " in done.out or f"    {command}\n" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    done = askntell(command, "--help", cwd=None)
    assert done.status == 0
    assert done.out.startswith(f"usage: askntell {command} ")
    assert done.err == ""
    assert max(len(line) for line in done.out.splitlines()) <= 110


def test_the_command_line_loads_no_third_party_module():
    code = "import json, sys, askntell.cli; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], env=ENV, capture_output=True, text=True, check=True)
    top = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not top & {"numpy", "scipy", "rich", "plotly", "pandas", "sklearn"}


def test_help_is_quick():
    def fastest(*arguments):
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], env=ENV, capture_output=True, check=True)
            times.append(time.perf_counter() - began)
        return min(times)

    # 45 ms over a bare interpreter when measured; the bound leaves room for slow machines, not for numpy.
    assert fastest("-m", "askntell", "--help") < fastest("-c", "pass") + 0.25


def test_the_installed_script_is_the_same_program():
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        scripts = {entry.name: entry.value for entry in distribution("askntell").entry_points}
    except PackageNotFoundError:
        pytest.skip("the package is not installed, only importable")
    assert scripts["askntell"] == "askntell.cli:main"
