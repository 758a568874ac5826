"""Every `askntell ...` in the documentation is a real subcommand with real options, every `make ...` a real target."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache

import pytest
from pages import ROOT, pages

SHELLS = ("console", "bash", "sh", "shell")


@cache
def help_of(*words: str) -> str | None:
    """What `askntell WORDS --help` prints, or None if it is refused."""
    done = subprocess.run(
        [sys.executable, "-m", "askntell", *words, "--help"], capture_output=True, text=True, timeout=60
    )
    return done.stdout if done.returncode == 0 else None


def lines() -> list[tuple[str, str]]:
    """(page:line, command) of every command in a console block, with continued lines joined."""
    found = []
    for page in pages():
        for block in page.blocks:
            if block.language in SHELLS:
                text = block.text.replace("\\\n", " ")
                with_prompt = any(line.startswith("$ ") for line in text.splitlines())
                found += [
                    (f"{page.name}:{block.line}", line.removeprefix("$ "))
                    for line in text.splitlines()
                    if line.startswith("$ ") or not with_prompt
                ]
    return found


def test_subcommands_and_options_exist():
    wrong = []
    for where, line in lines():
        for match in re.finditer(r"\baskntell((?:[ \t]+[^|;&)\n]*)?)", line):
            words = match[1].split()
            if not re.search(r"(^|[|;&(\s])(python3? -m )?$", line[: match.start()]) or not words:
                continue
            text = help_of() if words[0].startswith("-") else help_of(words[0])
            if text is None:
                wrong.append(f"{where}: askntell {words[0]}")
                continue
            options = [w.split("=")[0] for w in words if w.startswith("--")]
            wrong += [f"{where}: askntell {words[0]} {o}" for o in options if not re.search(rf"{o}\b", text)]
    assert not wrong, wrong


def test_the_check_knows_a_wrong_command():
    assert help_of("no-such-command") is None
    assert "--no-such-option" not in (help_of("status") or "")


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    used = {word for _, line in lines() for word in re.findall(r"^make ([a-z-]+)", line)}
    assert used, "README names make demo and make test"
    assert used <= targets, used - targets


@pytest.mark.parametrize("name", ["README.md"])
def test_readme_shows_the_two_commands(name):
    text = (ROOT / name).read_text("utf-8")
    assert "make demo" in text
    assert "make test" in text
