"""Runs `python -m askntell` as a user or another program would: a process, its exit status, its two streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from askntell.space import Categorical, Float, Int, SearchSpace

ENV = {
    **{key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "NO_COLOR", "FORCE_COLOR"))},
    "PYTHONWARNINGS": "error::DeprecationWarning",
    "PYTHONPATH": os.pathsep.join(sys.path),
    "OMP_NUM_THREADS": "1",
}

SPACE = SearchSpace(
    {
        "lr": Float(1e-5, 1e-1, log=True),
        "width": Int(16, 512, log=True),
        "solver": Categorical(["adam", "sgd", "64"]),
    }
)

SEGMENTS = [
    {"name": "pid22_eta_0_5", "features": {"particle": "photon", "eta": 0.025}},
    {"name": "pid11_eta_0_5", "features": {"particle": "electron", "eta": 0.025}},
]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    def json(self):
        """Standard output as one strict JSON document, after checking that nothing went wrong."""
        assert self.status == 0, self
        assert self.out.isascii()
        assert self.out.count("\n") == 1
        assert self.out[:-1].isprintable()
        return json.loads(self.out, parse_constant=_refuse)

    def mistake(self):
        """The one line on standard error, after checking that it is one and standard output is empty."""
        assert self.status == 2, self
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("askntell: ")
        assert line.isprintable()
        return line


def _refuse(word):
    raise AssertionError(f"{word} is no JSON")


def askntell(*arguments, cwd, stdin="", **env):
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "askntell", *map(str, arguments)],
        cwd=cwd,
        env=ENV | env,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def made(folder, *options, segments=None, space=SPACE):
    """A study `calo` in a folder; the options are those of `init`. Random search: its commands start fastest."""
    space.save(folder / "space.json")
    if segments is not None:
        (folder / "segments.json").write_text(json.dumps(segments), "utf-8")
        options = (*options, "--segments", "segments.json")
    done = askntell("init", "calo", "--space", "space.json", "--algorithm", "random", *options, cwd=folder)
    assert done.status == 0, done
    return folder / "calo"
