"""The worker runs on Python 3.8: its syntax, the library it uses, and, where there is one, a real interpreter."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import askntell

PACKAGE = Path(askntell.__file__).parent
OURS = [str(PACKAGE / "__init__.py"), str(PACKAGE / "worker")]  # `import askntell.worker` runs both

NEWER = {  # text with something that Python 3.8 lacks
    "def f(x):\n    match x:\n        case 1: pass\n": "syntax",
    "x = 'a'.removeprefix('b')\n": "library",
    "import datetime\nx = datetime.UTC\n": "library",
    "import os\nf = os.pidfd_open(1)\n": "library",
    "x = {'a': 1} | {'b': 2}\n": "library",
}


def ruff(*paths):
    words = [sys.executable, "-m", "ruff", "check", "--isolated", "--target-version", "py38", "--select", "E9,F"]
    return subprocess.run([*words, *paths], capture_output=True, text=True)


def vermin(*paths):
    # Annotations are texts under `from __future__ import annotations`, so they are left out: that is vermin's default.
    return subprocess.run(
        [sys.executable, "-c", "from vermin import main; main()", "--target=3.8-", "--violations", "--no-tips", *paths],
        capture_output=True,
        text=True,
    )


def test_syntax():
    pytest.importorskip("ruff", reason="the linter of the extra test")
    done = ruff(*OURS)
    assert done.returncode == 0, done.stdout


def test_library():
    pytest.importorskip("vermin", reason="knows since when a name of the standard library is there; extra test")
    done = vermin(*OURS)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("text", NEWER)
def test_the_checks_catch_what_is_newer(tmp_path, text):
    if NEWER[text] == "syntax":
        pytest.importorskip("ruff", reason="the linter of the extra test")
    else:
        pytest.importorskip("vermin", reason="extra test")
    path = tmp_path / "newer.py"
    path.write_text(text)
    check = ruff if NEWER[text] == "syntax" else vermin
    done = check(str(path))
    assert done.returncode != 0
    assert str(path) in done.stdout


def interpreters():
    """Older Pythons of this machine that start."""
    for version in ("3.8", "3.9", "3.10"):
        found = [shutil.which(f"python{version}")]
        found += sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
        works = [p for p in found if p and subprocess.run([p, "-c", ""], capture_output=True).returncode == 0]
        missing = pytest.mark.skip(reason=f"no Python {version} on this machine")
        yield pytest.param(works[0] if works else None, id=version, marks=[] if works else [missing])


TRAIN = """
from askntell import worker
def train(params):
    job = worker.current(defaults={"width": 64})
    job.report(1.0, step=0)
    print("trained with", job.params, job.should_stop())
    return {"loss": params["lr"]}
if __name__ == "__main__":
    worker.current().finish(float("nan"))
"""


@pytest.mark.parametrize("python", list(interpreters()))
def test_a_job_runs_on_an_older_python(python, tmp_path):
    (tmp_path / "train.py").write_text(TRAIN)
    program = str(PACKAGE / "worker" / "__main__.py")
    calls = {"module": "", "script": str(tmp_path / "train.py"), "name": "train", "folders": [str(tmp_path)]}
    cases = {"argv": {"argv": [python, "train.py"]}, "call": {"call": calls}, "serve": {"call": calls}}
    for name, what in cases.items():
        folder = tmp_path / name
        folder.mkdir()
        env = {"PYTHONPATH": str(PACKAGE.parent)}
        job = {"v": 1, "cwd": str(tmp_path), "env": env, "context": {"params": {"lr": 0.5}}, "timeout_s": 60}
        (folder / "job.json").write_text(json.dumps(job | what))
        request = json.dumps({"folder": str(folder)}) + "\n" if name == "serve" else None
        words = ["serve"] if name == "serve" else ["run", str(folder), "--grace-s=1", "--tag=x"]
        process = subprocess.Popen(
            [python, "-X", "utf8", program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if request is not None:
            process.stdin.write(request)
            process.stdin.flush()
            process.stdout.readline()
        process.communicate(timeout=60)
        ending = json.loads((folder / "exit.json").read_text())
        assert (process.returncode, ending["status"]) == (0, 0), (folder / "stderr.txt").read_text()
        result = json.loads((folder / "result.json").read_text())
        assert result == ({"v": 1, "value": "nan"} if name == "argv" else {"v": 1, "values": {"loss": 0.5}})
    assert "'width': 64" in (tmp_path / "serve" / "stdout.txt").read_text()
