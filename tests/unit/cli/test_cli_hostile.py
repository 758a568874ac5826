"""Names and messages that want to be something else are text in every view."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys

import pytest
from cli_tools import ENV, askntell, made

from askntell.space import Categorical, SearchSpace

NAMES = [
    "<img src=x onerror=alert(1)>",
    "[bold red]x[⁄bold red]",
    "--failed",
    "=cmd|'calc'!A0",
    "$(touch canary) `id`; rm -rf *",
    "{lr.__class__}%s\\x1b[31m",
    "'\"<script>",
]
VALUES = ["</script><script>alert(1)</script>", "a\nb", "\x1b[31mred\x07", "\u202eevil", "\u2028"]
MESSAGE = "Traceback\r\n\x1b]0;title\x07\x1b[2J\x9b31m</td><img src=x onerror=alert(1)>\u202e"
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    made(
        folder,
        "--objective",
        "<b>chi2</b>:minimize",
        segments=[{"name": name, "features": {"<i>": name, "eta": place}} for place, name in enumerate(NAMES)],
        space=SearchSpace({"choice": Categorical(VALUES), "other": Categorical(["x", "y", "z"])}),
    )
    told = askntell("ask", "calo", "--count", 3 * len(NAMES), "--worker", NAMES[0], cwd=folder).json()
    for place, trial in enumerate(told):
        trial.update({"failed": "crash", "message": MESSAGE} if place % 3 == 2 else {"value": float(place)})
    back = askntell("tell", "calo", "--from", "-", cwd=folder, stdin=json.dumps(told)).json()
    assert {trial["segment"] for trial in back} == set(NAMES)
    assert {trial["message"] for trial in back} == {"", MESSAGE}
    return folder


@pytest.mark.parametrize("command", ["status", "best", "trials"])
def test_plain_tables_are_lines_of_visible_characters(folder, command):
    done = askntell(command, "calo", cwd=folder)
    assert done.status == 0
    assert not CONTROLS.search(done.out)
    for name in NAMES:
        assert name in done.out
    lines = {"status": len(NAMES) + 3, "best": len(NAMES) + 1, "trials": 3 * len(NAMES) + 1}[command]
    assert len(done.out.splitlines()) == lines


@pytest.mark.parametrize("command", ["status", "best", "trials"])
def test_json_gives_every_name_back(folder, command):
    found = askntell(command, "calo", "--json", cwd=folder).json()
    entries = found["segments"] if command == "status" else found
    assert list(dict.fromkeys(e.get("segment", e.get("name")) for e in entries)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_segment_can_be_named(folder, name):
    assert askntell("best", "calo", f"--segment={name}", "--json", cwd=folder).json()["segment"] == name


@pytest.mark.parametrize("command", ["status", "best", "trials"])
def test_drawn_tables_keep_the_terminal_safe(folder, command):
    text = on_terminal([command, "calo"], folder, {"COLUMNS": "250"})
    styles = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert not CONTROLS.search(styles.replace("\r\n", "\n"))
    assert "[bold red]x" in styles
    assert NAMES[0] in styles


def test_no_colour_on_request(folder):
    text = on_terminal(["best", "calo"], folder, {"NO_COLOR": "1"})
    assert set(re.findall(r"\x1b\[([0-9;]*)m", text)) <= {"", "0", "1"}


def test_a_dumb_terminal_gets_plain_lines(folder):
    assert "\x1b" not in on_terminal(["best", "calo"], folder, {"TERM": "dumb"})


def test_the_report_stays_a_report(folder):
    askntell("report", "calo", "-o", "report.html", cwd=folder)
    text = (folder / "report.html").read_text("utf-8")
    body = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert "<img" not in body
    assert not CONTROLS.search(body)
    assert "&lt;img src=x onerror=alert(1)&gt;" in body


def test_nothing_was_run(folder):
    assert not list(folder.rglob("canary*"))


def on_terminal(arguments, folder, env):
    """What a command writes to a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "askntell", *arguments],
        cwd=folder,
        env=ENV | {"TERM": "xterm-256color"} | env,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    written = b""
    while True:
        select.select([master], [], [], 60)
        try:
            piece = os.read(master, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        written += piece
    os.close(master)
    assert process.wait(60) == 0, written
    return written.decode()
