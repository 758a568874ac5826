"""Every Python block of the documentation runs, page by page, as a reader would run it: one script, an empty folder."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import Page, pages

BIN = Path(sys.executable).parent
ENV = {
    **os.environ,
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "PYTHONWARNINGS": "error",
    "OMP_NUM_THREADS": "1",
}


def runnable() -> list[object]:
    found = []
    for page in pages():
        if page.python() or any(b.says("run") is not None for b in page.blocks):
            marks = [pytest.mark.slow, pytest.mark.timeout(900)] if page.remarks("slow") else []
            found.append(pytest.param(page, id=page.name, marks=marks))
    return found


def script(page: Page) -> str:
    """The page's Python in one file, every block at its own line, so that a traceback names the page's lines."""
    lines: list[str] = []
    for block in page.python():
        lines += [""] * (block.line - 1 - len(lines))
        lines += block.text.splitlines()
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", runnable())
def test_page_runs(page, tmp_path):
    for module in page.remarks("needs"):
        pytest.importorskip(module, reason=f"{page.name} shows what needs {module}")
    for block in page.blocks:
        name = block.says("file")
        if name is not None:
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, "utf-8")
    (tmp_path / "page.py").write_text(script(page), "utf-8")
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=800
    )
    assert done.returncode == 0, f"{page.name}\n{done.stdout}\n{done.stderr}"
    for block in page.blocks:
        if block.says("run") is not None:
            run_commands(page, block.text, tmp_path)


def run_commands(page: Page, text: str, folder: Path) -> None:
    """Run the ``$`` lines of a block in a shell, all of them in one, as in a terminal."""
    commands = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    assert commands, f"{page.name}: a console block without '$ ' lines cannot be run"
    shell = shutil.which("bash") or "/bin/sh"
    done = subprocess.run(
        [shell, "-e", "-c", "\n".join(commands)], cwd=folder, env=ENV, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{page.name}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", [pytest.param(p, id=p.name) for p in pages()])
def test_python_blocks_are_python(page):
    for block in page.blocks:
        if block.language in ("python", "py"):
            assert block.language == "python", f"{page.name}:{block.line}: write ```python"
            ast.parse(block.text, filename=f"{page.name}:{block.line}")


def test_exceptions_are_few_and_have_reasons():
    skipped = [(p.name, b.line, why) for p in pages() for b in p.blocks if (why := b.says("not run")) is not None]
    assert all(len(why.split()) >= 2 for _, _, why in skipped), skipped
    assert len(skipped) <= 5, skipped
