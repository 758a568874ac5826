"""`askntell run` with real programs: progress, values, failures, interruption."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest
from cli_tools import ENV, SEGMENTS, askntell, made

TRAIN = """
import os, sys, time
lr, width, solver = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
here = os.path.dirname(os.path.abspath(__file__))
while os.path.exists(os.path.join(here, "slow")):
    time.sleep(0.05)
if os.path.exists(os.path.join(here, "broken")):
    sys.exit("no \\x1b[31mdata\\x07\\nat all")
print("epoch 1 loss: 99")
print(f"test loss: {abs(lr - 0.01) + width / 1000}")
"""
COMMAND = ("--", sys.executable, "{train}", "{lr}", "{width}", "{solver}")
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@pytest.fixture
def folder(tmp_path):
    made(tmp_path, "--objective", "loss", segments=SEGMENTS)
    (tmp_path / "train.py").write_text(TRAIN, "utf-8")
    return tmp_path


def command(folder, *options, each=3):
    """A run until each segment has so many trials."""
    options = ("--trials", str(each), *options)
    words = [word.replace("{train}", str(folder / "train.py")) for word in COMMAND]
    return ["run", "calo", "--parallel", "2", "--value", r"test loss: (\S+)", *options, *words]


def trials(folder, *options):
    return askntell("trials", "calo", "--json", *options, cwd=folder).json()


def test_a_run_shows_plain_lines_and_leaves_stdout_alone(folder):
    done = askntell(*command(folder), cwd=folder)
    assert (done.status, done.out) == (0, "")
    assert not CONTROLS.search(done.err)
    lines = done.err.splitlines()
    assert lines[0] == "calo: loss minimize: 6 trials in 2 segments"
    assert sum(bool(re.match(r"\[\d/6\] pid\d\d_eta_0_5 \d: 0\.\d+( best so far)?$", line)) for line in lines) == 6
    assert re.match(r"Done after .*: 6 trials finished, 0 failed in this run; 6 of 6 closed$", lines[7])
    assert {line.split(":")[0].strip() for line in lines[8:]} == {entry["name"] for entry in SEGMENTS}
    for trial in trials(folder):
        params = trial["params"]
        assert trial["value"] == pytest.approx(abs(params["lr"] - 0.01) + params["width"] / 1000)


def test_as_json_in_two_steps(folder):
    first = askntell(*command(folder, "--segment", "pid11_eta_0_5", "--json", each=1), cwd=folder).json()
    assert (first["finished"], first["failed"], first["interrupted"]) == (1, 0, False)
    assert [s["finished"] for s in first["study"]["segments"]] == [0, 1]
    done = askntell(*command(folder, "--json", "--quiet"), cwd=folder)
    assert done.err == ""
    assert done.json()["finished"] == 5


def test_a_run_without_a_value_is_status_1(folder):
    (folder / "broken").touch()
    done = askntell(*command(folder), cwd=folder)
    assert (done.status, done.out) == (1, "")
    assert not CONTROLS.search(done.err)
    assert done.err.splitlines()[-1].startswith("askntell: run: not one trial has a value")
    assert {trial["failed"] for trial in trials(folder)} == {"crash"}
    (folder / "broken").unlink()
    assert askntell(*command(folder, each=4), cwd=folder).status == 0


def test_a_quoted_command_line_is_split(folder):
    line = f"{sys.executable} {folder / 'train.py'} {{lr}} {{width}} {{solver}}"
    done = askntell("run", "calo", "--trials", "1", "--value", r"test loss: (\S+)", "--", line, cwd=folder)
    assert done.status == 0, done


def test_template_environment_and_working_folder(folder):
    (folder / "work").mkdir()
    (folder / "config.template.json").write_text('{"lr": {lr}, "solver": "{solver}"}', "utf-8")
    (folder / "show.py").write_text(
        "import json, os, sys\n"
        "config = json.load(open(sys.argv[1]))\n"
        "assert os.path.basename(os.getcwd()) == 'work', os.getcwd()\n"
        "assert os.environ['COLOUR'] == 'blue=green'\n"
        "print('value', config['lr'])\n",
        "utf-8",
    )
    options = ["--trials", "1", "--cwd", "work", "--env", "COLOUR=blue=green", "--value", r"value (\S+)"]
    options += ["--file", "config.json=config.template.json"]
    show = [sys.executable, str(folder / "show.py"), "{folder}/config.json"]
    done = askntell("run", "calo", *options, "--", *show, cwd=folder)
    assert done.status == 0, done
    assert all(trial["value"] == trial["params"]["lr"] for trial in trials(folder))


def test_a_timeout_is_a_failure_of_the_trial(folder):
    (folder / "slow").touch()
    done = askntell(*command(folder, "--timeout", "0.5", each=1), cwd=folder)
    assert done.status == 1
    assert {trial["failed"] for trial in trials(folder)} == {"timeout"}


def started(folder, arguments, **streams):
    return subprocess.Popen(
        [sys.executable, "-m", "askntell", *arguments], cwd=folder, env=ENV | {"TERM": "xterm"}, **streams
    )


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_stopped_and_the_same_command_again(folder, number, status, word):
    (folder / "slow").touch()
    process = started(folder, command(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(list(folder.glob("calo/trials/*/*/*/job.json"))) == 2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (status, "")
    last = err.splitlines()[-1]
    assert last == f"askntell: {word}; everything told so far is kept, and the same command carries on from there"
    assert "Traceback" not in err
    (folder / "slow").unlink()
    done = askntell(*command(folder), cwd=folder)
    assert done.status == 0, done
    found = trials(folder)
    assert len(found) == 6
    assert {trial["status"] for trial in found} == {"finished"}
    assert len({json.dumps(trial["params"]) for trial in found if trial["segment"] == "pid11_eta_0_5"}) == 3


def test_a_terminal_shows_the_live_table(folder):
    master, slave = pty.openpty()
    process = started(folder, command(folder), stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    written = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        written += piece
    os.close(master)
    assert process.wait(60) == 0, written
    text = written.decode()
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1, "the cursor is hidden and comes back"
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    last = shown[shown.rindex("segment ") :]
    assert "gain over default" in last
    for entry in SEGMENTS:
        assert re.search(rf"{entry['name']} +3 +0 +0\.\d+", last)
    assert "6 of 6 closed" in last
