"""The warm process: one callable after the other, each with its own files, none able to spoil the next."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from askntell._process import start_token

MODULE = """
import ctypes, os, subprocess, sys
LOADED = os.urandom(8).hex()
def value(params):
    return params["x"]
def loaded(params):
    print(LOADED, os.getpid())
    return 1
def noisy(params):
    print("python")
    print("python error", file=sys.stderr)
    ctypes.CDLL(None).puts(b"C library")
    os.write(1, b"descriptor\\n")
    subprocess.run(["sh", "-c", "echo child; echo child error >&2"])
    print("lone \\ud800")
    return 1
def surroundings(params):
    from askntell import worker
    job = worker.current()
    print(os.getcwd(), os.environ.get("SET"), job.number, sys.stdin.read() == "", sys.argv[0] != "-c")
    os.environ["LEFT"] = "behind"
    os.environ.pop("HOME", None)
    os.chdir("/")
    return 1
def descriptors(params):
    os.system("ls /proc/self/fd")
    return 1
def left(params):
    return float("LEFT" in os.environ) + float("HOME" not in os.environ)
def closes(params):
    print("before")
    sys.stdout.close()
    sys.stderr = None
    return 1
def exits(params):
    sys.exit(params["code"])
def raises(params):
    raise ValueError("bad\\nvalue")
def empty(params):
    raise RuntimeError
def memory(params):
    raise MemoryError("big")
def nothing(params):
    pass
def text(params):
    return "0.5"
def finishes(params):
    from askntell import worker
    worker.current().finish(params["x"])
def both(params):
    finishes(params)
    return params["x"] + 1
def finishes_and_exits(params):
    finishes(params)
    sys.exit(3)
def sleeps(params):
    import time
    child = subprocess.Popen(["sleep", "600"])
    with open("pids", "w") as file:
        file.write(f"{os.getpid()} {child.pid}\\n")
    time.sleep(600)
def interrupted(params):
    raise KeyboardInterrupt
class Model:
    @staticmethod
    def fit(params):
        return {"loss": params["x"], "seconds": 2}
"""


class Warm:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        (folder / "payload_mod.py").write_text(MODULE)
        with (folder / "idle_stderr").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "askntell.worker", "serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Unbuffered, C code's output would need no flush and the test of it would say nothing.
                env={name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"},
                text=True,
                start_new_session=True,
            )

    def request(self, name, params=None, *, script="", **changes):
        folder = self.folder / f"job{self.count}"
        self.count += 1
        folder.mkdir()
        module = "" if script else "payload_mod"
        call = {"module": module, "script": script, "name": name, "folders": [str(self.folder)], "arguments": ["-a"]}
        context = {"params": params or {"x": 1.5}, "number": 7}
        job = {"v": 1, "call": call, "cwd": str(folder), "env": {}, "context": context}
        (folder / "job.json").write_text(json.dumps(job | changes))
        self.process.stdin.write(json.dumps({"folder": str(folder)}) + "\n")
        self.process.stdin.flush()
        return folder

    def __call__(self, name, params=None, **changes):
        folder = self.request(name, params, **changes)
        answer = json.loads(self.process.stdout.readline())
        assert answer["folder"] == str(folder)
        ending = json.loads((folder / "exit.json").read_text())
        assert (ending["v"], ending["signal"], ending["timed_out"], ending["interrupted"]) == (1, None, False, False)
        assert ending["seconds"] >= 0
        assert answer["last"] is (ending.get("kind") == "memory")
        return folder, ending

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(10)


@pytest.fixture
def warm(tmp_path):
    made = Warm(tmp_path)
    yield made
    made.close()
    assert (tmp_path / "idle_stderr").read_text() == ""


def result(folder):
    path = folder / "result.json"
    return json.loads(path.read_text()) if path.exists() else None


def test_values_come_back_and_imports_are_paid_once(warm):
    folder, end = warm("value")
    assert (end["status"], result(folder)) == (0, {"v": 1, "value": 1.5})
    printed = {(warm("loaded")[0] / "stdout.txt").read_text() for _ in range(3)}
    assert len(printed) == 1
    folder, _ = warm("Model.fit")
    assert result(folder) == {"v": 1, "values": {"loss": 1.5, "seconds": 2.0}}
    assert warm.close() == 0


def test_every_kind_of_output_goes_to_the_jobs_files(warm):
    for _ in range(2):
        folder, end = warm("noisy")
        assert end["status"] == 0
        out, err = (sorted((folder / name).read_text().splitlines()) for name in ("stdout.txt", "stderr.txt"))
        assert out == ["C library", "child", "descriptor", "lone \\ud800", "python"]
        assert err == ["child error", "python error"]


def test_surroundings_are_set_and_put_back(warm):
    folder, _ = warm("surroundings", env={"SET": "here"})
    assert (folder / "stdout.txt").read_text() == f"{folder} here 7 True True\n"
    assert result(warm("left")[0])["value"] == 0.0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at processes through /proc")
def test_an_idle_process_holds_nothing_and_hands_nothing_on(warm):
    folder, _ = warm("descriptors")
    assert (folder / "stdout.txt").read_text().split() == ["0", "1", "2", "3"], "3 is the listing itself"
    assert Path(f"/proc/{warm.process.pid}/cwd").readlink() == Path("/")
    opened = [link.readlink() for link in Path(f"/proc/{warm.process.pid}/fd").iterdir()]
    assert not [path for path in opened if folder in path.parents]


def test_a_callable_that_closes_standard_output_harms_only_itself(warm):
    folder, end = warm("closes")
    assert (end["status"], (folder / "stdout.txt").read_text()) == (0, "before\n")
    folder, end = warm("noisy")
    assert "python\n" in (folder / "stdout.txt").read_text()
    assert "python error\n" in (folder / "stderr.txt").read_text()


@pytest.mark.parametrize(
    ("name", "params", "status", "error"),
    [
        ("raises", {}, 1, "ValueError: bad\nvalue"),
        ("empty", {}, 1, "RuntimeError"),
        ("interrupted", {}, 1, "KeyboardInterrupt"),
        ("exits", {"code": 0}, 0, "exits called sys.exit(0) and gave no value"),
        ("exits", {"code": 7}, 7, "exits called sys.exit(7) and gave no value"),
        ("exits", {"code": "why"}, 1, "exits called sys.exit('why') and gave no value"),
        ("nothing", {}, 1, "nothing returned None; return a number or {name: number}, or call job.finish(value)"),
        ("text", {}, 1, "text returned what cannot be kept: expected a number or {name: number}, got '0.5' (str)"),
        ("no_such_name", {}, 1, "AttributeError: module 'payload_mod' has no attribute 'no_such_name'"),
    ],
)
def test_what_goes_wrong_is_told_and_the_process_goes_on(warm, name, params, status, error):
    folder, end = warm(name, params)
    assert (end["status"], end["error"], result(folder)) == (status, error, None)
    if name in ("raises", "no_such_name"):
        trace = (folder / "stderr.txt").read_text()
        assert trace.startswith("Traceback") == (name == "raises")
        assert "callables.py" not in trace, "the reader wants the frames of the payload"
    assert warm("value")[1]["status"] == 0


def test_values_given_by_finish(warm):
    folder, end = warm("finishes")
    assert (end["status"], "error" in end, result(folder)["value"]) == (0, False, 1.5)
    folder, end = warm("finishes_and_exits")
    assert (end["status"], "error" in end, result(folder)["value"]) == (3, False, 1.5)
    folder, end = warm("both")
    assert result(folder)["value"] == 1.5, "the first value stays"
    assert "both returned what cannot be kept: finish was called before" in end["error"]


def test_after_a_memory_error_the_process_makes_room(warm):
    _, end = warm("memory")
    assert (end["status"], end["kind"], end["error"]) == (1, "memory", "MemoryError: big")
    assert warm.process.wait(10) == 0


def test_a_script_is_imported_without_its_main_block(warm, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import multiprocessing, os, sys\n"
        "def double(x):\n    return 2 * x\n"
        "def train(params):\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        value, = pool.map(double, [params['x']])\n"
        "    print(__name__, sys.argv, sys.modules['__main__'].__file__ == __file__)\n"
        "    return value\n"
        "if __name__ == '__main__':\n    raise SystemExit('the main block ran')\n"
        "assert 'ASKNTELL_IMPORTING' in os.environ or __name__ == '__mp_main__'\n"
    )
    folder, end = warm("train", script=str(script))
    assert "error" not in end, (folder / "stderr.txt").read_text()
    assert result(folder)["value"] == 3.0
    assert (folder / "stdout.txt").read_text() == f"__mp_main__ ['{script}', '-a'] True\n"


def test_a_script_that_cannot_be_imported_fails_every_time(warm, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("def train(params):\n    return 1\nraise OSError('no data')\n")
    for _ in range(2):
        folder, end = warm("train", script=str(script))
        assert end["error"] == "OSError: no data"
    assert "broken.py" in (folder / "stderr.txt").read_text()
    assert warm("value")[1]["status"] == 0


def test_a_job_that_cannot_be_read(warm):
    assert "version 3" in warm("value", v=3)[1]["error"]
    assert "/no/such/folder" in warm("value", cwd="/no/such/folder")[1]["error"]
    assert warm("value")[1]["status"] == 0


@pytest.mark.parametrize("kill", ["close", "kill"])
def test_when_its_driver_is_gone_a_busy_process_ends_with_its_children(warm, kill):
    folder = warm.request("sleeps")
    pids = folder / "pids"
    until = time.monotonic() + 20
    while not pids.exists() or not pids.read_text().endswith("\n"):
        assert time.monotonic() < until
        time.sleep(0.01)
    if kill == "close":
        assert warm.close() == -signal.SIGKILL
    else:
        os.killpg(warm.process.pid, signal.SIGKILL)
        warm.close()
    until = time.monotonic() + 20
    while any(start_token(int(pid)) for pid in pids.read_text().split()):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert not (folder / "exit.json").exists()


def test_when_its_driver_is_gone_an_idle_process_ends(warm):
    warm("value")
    assert warm.close() == 0
