"""The wrapper around one program: signals, time limits, and an exit.json in every case."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from askntell._process import start_token

READY = "import pathlib; pathlib.Path('ready').touch(); "


def job(folder, code, **changes):
    content = {
        "v": 1,
        "argv": [sys.executable, "-c", code],
        "call": None,
        "cwd": str(folder),
        "env": {},
        "launch_dir": None,
        "timeout_s": None,
        "context": {"params": {}},
    } | changes
    (folder / "job.json").write_text(json.dumps(content))


def start(folder, *options, **settings):
    return subprocess.Popen(
        [sys.executable, "-m", "askntell.worker", "run", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


def wait_for(path, seconds=20):
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"no {path}"
        time.sleep(0.005)


def ending(folder, wrapper, status=0):
    out, err = wrapper.communicate(timeout=20)
    assert (wrapper.returncode, out, err) == (status, "", "")
    return json.loads((folder / "exit.json").read_text())


def test_status_output_and_duration(tmp_path):
    job(tmp_path, "import sys, time; print('é'); print('b', file=sys.stderr); time.sleep(0.1); sys.exit(3)")
    end = ending(tmp_path, start(tmp_path))
    assert 0.1 <= end.pop("seconds") < 10
    assert end == {"v": 1, "status": 3, "signal": None, "timed_out": False, "interrupted": False}
    assert (tmp_path / "stdout.txt").read_text() == "é\n"
    assert (tmp_path / "stderr.txt").read_text() == "b\n"
    assert {p.stat().st_mode & 0o777 for p in tmp_path.glob("std*")} == {0o600}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_handed_on_and_the_program_may_save(tmp_path, number):
    code = f"import signal, sys, time; signal.signal({int(number)}, lambda *_: (print('saved'), sys.exit(0))); "
    job(tmp_path, code + READY + "time.sleep(600)")
    wrapper = start(tmp_path)
    wait_for(tmp_path / "ready")
    wrapper.send_signal(number)
    end = ending(tmp_path, wrapper)
    assert (end["status"], end["signal"], end["interrupted"]) == (0, None, True)
    assert (tmp_path / "stdout.txt").read_text() == "saved\n"


def test_what_does_not_listen_is_killed_with_its_children(tmp_path):
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); child = os.fork()\n"
        "if child: open('pids', 'w').write(f'{os.getpid()} {child}'); " + READY + "\n"
        "while True: time.sleep(600)"
    )
    job(tmp_path, code, timeout_s=1.5)
    began = time.monotonic()
    end = ending(tmp_path, start(tmp_path, "--grace-s=0.2"))
    assert time.monotonic() - began < 10
    assert (end["status"], end["signal"], end["timed_out"], end["interrupted"]) == (None, 9, True, False)
    assert not any(start_token(int(pid)) for pid in (tmp_path / "pids").read_text().split())


def test_a_timeout_lets_the_program_end_itself(tmp_path):
    job(tmp_path, "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(5)); time.sleep(600)", timeout_s=1.5)
    end = ending(tmp_path, start(tmp_path))
    assert (end["status"], end["timed_out"]) == (5, True)


def test_a_waiting_wrapper_starts_nothing_if_its_starter_dies(tmp_path):
    job(tmp_path, READY)
    wrapper = start(tmp_path, "--wait", "--tag=x", stdin=subprocess.PIPE)
    assert wrapper.communicate(timeout=20) == ("", "")
    assert wrapper.returncode == 1
    assert [p.name for p in tmp_path.iterdir()] == ["job.json"]


def test_a_waiting_wrapper_starts_on_a_line(tmp_path):
    job(tmp_path, READY)
    wrapper = start(tmp_path, "--wait", stdin=subprocess.PIPE)
    time.sleep(0.2)
    assert not (tmp_path / "ready").exists()
    wrapper.communicate("go\n", timeout=20)
    assert (tmp_path / "ready").exists()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"argv": ["no_such_program"]}, "no_such_program"),
        ({"argv": [os.devnull]}, "Permission denied"),
        ({"argv": ["a\0b"]}, "null byte"),
        ({"cwd": "/no/such/folder"}, "/no/such/folder"),
        ({"env": {"A=B": "x"}}, "environment variable name"),
        ({"v": 9}, "version 9"),
    ],
)
def test_what_cannot_start_leaves_the_reason(tmp_path, changes, match):
    job(tmp_path, "", **changes)
    end = ending(tmp_path, start(tmp_path))
    assert (end["status"], end["signal"]) == (None, None)
    assert "could not be started" in end["error"]
    assert match in end["error"]


def test_no_job_at_all(tmp_path):
    assert "job.json" in ending(tmp_path, start(tmp_path))["error"]


def test_a_relative_folder(tmp_path):
    (tmp_path / "f").mkdir()
    job(tmp_path / "f", "import os; print(os.environ['ASKNTELL_JOB'])")
    ending(tmp_path / "f", start("f", cwd=tmp_path))
    assert (tmp_path / "f" / "stdout.txt").read_text() == f"{tmp_path.resolve() / 'f'}\n"


def test_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/before")
    code = (
        "import json, os; print(json.dumps({k: os.environ.get(k) for k in ('PYTHONPATH', 'A', 'ASKNTELL_LAUNCH_DIR')}))"
    )
    wrapper_path = [sys.executable, "-m", "askntell.worker", "run"]
    for env, path in (
        ({"A": "1"}, "/launch:/before"),
        ({"PYTHONPATH": "/own"}, "/launch:/own"),
        ({"PYTHONPATH": ""}, "/launch"),
    ):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        job(folder, code, env=env, launch_dir="/launch")
        # The interpreter that has askntell may need a PYTHONPATH itself.
        own = os.pathsep.join(["/before", *(p for p in sys.path if Path(p, "askntell").is_dir())])
        subprocess.run([*wrapper_path, str(folder)], check=True, env={**os.environ, "PYTHONPATH": own})
        said = json.loads((folder / "stdout.txt").read_text())
        assert said["PYTHONPATH"] == path.replace("/before", own)
        assert (said["A"], said["ASKNTELL_LAUNCH_DIR"]) == (env.get("A"), "/launch")


def test_a_callable_without_a_warm_process(tmp_path):
    (tmp_path / "mod.py").write_text(
        "def f(p):\n    print('in', p)\n    return p['x'] * 2\ndef g(p):\n    raise KeyError('k')\n"
    )
    for name, status in (("f", 0), ("g", 1)):
        folder = tmp_path / name
        folder.mkdir()
        call = {"module": "mod", "script": "", "name": name, "folders": [str(tmp_path)]}
        job(folder, "", argv=[], call=call, context={"params": {"x": 4}})
        assert ending(folder, start(folder))["status"] == status
    assert json.loads((tmp_path / "f" / "result.json").read_text()) == {"v": 1, "value": 8.0}
    assert (tmp_path / "f" / "stdout.txt").read_text() == "in {'x': 4}\n"
    assert (tmp_path / "g" / "stderr.txt").read_text().endswith("KeyError: 'k'\n")


@pytest.mark.parametrize("words", [[], ["nonsense"], ["run"], ["run", "x", "--nonsense"], ["serve", "x"], ["call"]])
def test_usage(words):
    done = subprocess.run([sys.executable, "-m", "askntell.worker", *words], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m askntell.worker run FOLDER")


def test_modules_beside_the_program_do_not_reach_the_wrapper(tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    job(tmp_path, "print('fine')")
    program = Path(sys.modules["askntell"].__file__).parent / "worker" / "__main__.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), "run", str(tmp_path)], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "exit.json").read_text())["status"] == 0
