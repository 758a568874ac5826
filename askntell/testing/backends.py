"""The laws of `askntell.backends.backend.Backend`, on real processes.

A plug-in's whole test of its engine::

    class TestMine(BackendLaws):
        @pytest.fixture
        def backend(self, tmp_path):
            return Mine(queue="debug")
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askntell._process import start_token
from askntell.backends.backend import Backend, Capabilities
from askntell.errors import BackendError
from askntell.job import Call, JobSpec, JobStatus

__all__ = ["HOSTILE", "BackendLaws"]

HOSTILE = (
    "'; touch CANARY; '",
    '"; touch CANARY; "',
    "$(touch CANARY)",
    "`touch CANARY`",
    "${IFS}touch${IFS}CANARY",
    "a\ntouch CANARY\n",
    "a\r\n#SBATCH --wrap=touch",
    "; touch CANARY #",
    "&& touch CANARY",
    "| touch CANARY",
    "> CANARY",
    "*",
    "~",
    "%s%n%INPUT %IN",
    "{0.__class__}",
    "!!python/object/apply:os.system",
    "--flag",
    "-rf",
    "\\",
    "'",
    '"',
    " ",
    "\t",
    "a\u2028touch CANARY\u2029b",
    "\u202etxt.exe",
    "\x1b[2J\x07",
    "\ufeffé漢字🐍",
    "../../../CANARY",
    "",
)
"""Texts that a shell, a terminal, a scheduler's script or a formatter would take for more than text."""

_SLEEP = "import time; time.sleep(600)"


class BackendLaws:
    """Subclass it, give the fixture ``backend`` (a new, closed backend), and run pytest.

    Set `patience_s` higher for an engine that starts jobs slowly, and override `another` if a second object on the
    same engine is not made by ``type(backend)()``.
    """

    patience_s = 30.0
    """How long a short job may take from submission to its end."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        """The backend under test."""
        raise NotImplementedError("give the fixture `backend`")

    @pytest.fixture
    def opened(self, backend: Backend) -> Iterator[Backend]:
        """The backend with two places; closed afterwards."""
        backend.open(2)
        yield backend
        backend.close()

    def another(self, backend: Backend) -> Backend:
        """What a driver that starts anew would make."""
        return type(backend)()

    def spec(self, folder: Path, code: str, *words: str, **options: Any) -> JobSpec:
        """A job that runs Python code, in a folder with a name that needs quoting."""
        folder = folder / "a job's $folder"
        argv = (sys.executable, "-c", code, *words)
        settings = {"name": f"law-{os.getpid()}-{folder.parent.name}", "folder": folder, "argv": argv, "cwd": folder}
        return JobSpec(**{**settings, **options})

    def ended(self, backend: Backend, job: str) -> Path:
        """Wait for a job's end; its folder."""
        until = time.monotonic() + self.patience_s
        while backend.poll([job])[job] is not JobStatus.ENDED:
            assert time.monotonic() < until, f"{job} has not ended after {self.patience_s} s"
            time.sleep(0.01)
        return Path(job)

    def run(self, backend: Backend, spec: JobSpec) -> dict[str, Any]:
        """Run a job to its end; its ``exit.json``."""
        job = backend.submit(spec)
        assert isinstance(job, str)
        self.ended(backend, job)
        ending: dict[str, Any] = json.loads((spec.folder / "exit.json").read_text("utf-8"))
        return ending

    def appears(self, path: Path) -> str:
        """Wait for a file that a job writes, whole lines; its text."""
        until = time.monotonic() + self.patience_s
        while not path.exists() or not path.read_text("utf-8").endswith("\n"):
            assert time.monotonic() < until, f"no {path} after {self.patience_s} s"
            time.sleep(0.01)
        return path.read_text("utf-8")

    def test_it_says_what_it_can_do(self, backend: Backend) -> None:
        assert isinstance(backend.capabilities, Capabilities)

    def test_a_program_that_succeeds(self, opened: Backend, tmp_path: Path) -> None:
        spec = self.spec(tmp_path, "import sys; print('out'); print('err', file=sys.stderr)")
        ending = self.run(opened, spec)
        assert (ending["status"], ending["signal"]) == (0, None)
        assert (ending["timed_out"], ending["interrupted"]) == (False, False)
        assert ending["seconds"] >= 0
        assert (spec.folder / "stdout.txt").read_text("utf-8") == "out\n"
        assert (spec.folder / "stderr.txt").read_text("utf-8") == "err\n"

    def test_a_program_that_fails(self, opened: Backend, tmp_path: Path) -> None:
        ending = self.run(opened, self.spec(tmp_path, "raise SystemExit(7)"))
        assert (ending["status"], ending["signal"]) == (7, None)

    def test_a_program_that_is_killed(self, opened: Backend, tmp_path: Path) -> None:
        ending = self.run(opened, self.spec(tmp_path, "import os; os.kill(os.getpid(), 9)"))
        assert (ending["status"], ending["signal"], ending["interrupted"]) == (None, 9, False)

    def test_a_program_that_is_not_there(self, opened: Backend, tmp_path: Path) -> None:
        ending = self.run(opened, self.spec(tmp_path, "", argv=("no_such_program_anywhere", "x")))
        assert ending["status"] is None
        assert "no_such_program_anywhere" in ending["error"]

    def test_a_working_folder_that_is_not_there(self, opened: Backend, tmp_path: Path) -> None:
        assert "error" in self.run(opened, self.spec(tmp_path, "", cwd=tmp_path / "nowhere"))

    def test_environment_and_working_folder(self, opened: Backend, tmp_path: Path) -> None:
        (tmp_path / "helper.py").write_text("WORD = 'found'\n", "utf-8")
        code = (
            "import helper, json, os; e = os.environ; from pathlib import Path; print(json.dumps([helper.WORD, "
            "e['LAW'], e['ASKNTELL_JOB'], e['ASKNTELL_LAUNCH_DIR'], str(Path.cwd()), 'HOME' in e or 'PATH' in e]))"
        )
        env = {"LAW": "it's $HOME\n`x`"}
        spec = self.spec(tmp_path, code, env=env, cwd=tmp_path, launch_dir=tmp_path)
        assert self.run(opened, spec)["status"] == 0
        said = json.loads((spec.folder / "stdout.txt").read_text("utf-8"))
        assert said == ["found", env["LAW"], str(spec.folder), str(tmp_path), str(tmp_path.resolve()), True]

    def test_hostile_words_arrive_byte_for_byte(self, opened: Backend, tmp_path: Path) -> None:
        code = "import os, sys; print(' '.join(os.fsencode(w).hex() + '.' for w in sys.argv[1:]))"
        spec = self.spec(tmp_path, code, *HOSTILE)
        assert self.run(opened, spec)["status"] == 0
        words = (spec.folder / "stdout.txt").read_text("utf-8").split()
        assert [bytes.fromhex(word[:-1]).decode("utf-8") for word in words] == list(HOSTILE)
        assert not list(tmp_path.rglob("CANARY"))

    def test_a_job_that_is_out_of_time(self, opened: Backend, tmp_path: Path) -> None:
        began = time.monotonic()
        ending = self.run(opened, self.spec(tmp_path, _SLEEP, timeout_s=0.5))
        assert (ending["timed_out"], ending["interrupted"], ending["status"]) == (True, False, None)
        assert ending["seconds"] >= 0.5
        assert time.monotonic() - began < self.patience_s

    def test_cancel_ends_the_whole_family(self, opened: Backend, tmp_path: Path) -> None:
        code = (
            "import os, pathlib, subprocess, sys, time\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "pathlib.Path('pids').write_text(f'{os.getpid()} {child.pid}\\n')\n"
            "time.sleep(600)"
        )
        spec = self.spec(tmp_path, code)
        job = opened.submit(spec)
        pids = [int(word) for word in self.appears(spec.folder / "pids").split()]
        assert opened.poll([job]) == {job: JobStatus.RUNNING}
        opened.cancel([job])
        assert not any(start_token(pid) for pid in pids), "cancel returns when the processes are gone"
        assert opened.poll([job]) == {job: JobStatus.ENDED}
        ending = json.loads((spec.folder / "exit.json").read_text("utf-8"))
        assert (ending["interrupted"], ending["timed_out"], ending["signal"]) == (True, False, signal.SIGTERM)
        opened.cancel([job])

    def test_cancel_kills_what_does_not_listen(self, opened: Backend, tmp_path: Path) -> None:
        code = (
            "import os, pathlib, signal, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: pathlib.Path('heard').touch())\n"
            "pathlib.Path('pid').write_text(f'{os.getpid()}\\n')\n"
            "while True: time.sleep(600)"
        )
        spec = self.spec(tmp_path, code)
        job = opened.submit(spec)
        pid = int(self.appears(spec.folder / "pid"))
        opened.cancel([job])
        assert not start_token(pid)
        if opened.capabilities.signals:
            assert (spec.folder / "heard").exists(), "TERM comes before KILL"
        assert opened.poll([job]) == {job: JobStatus.ENDED}

    def test_what_a_program_leaves_running_is_ended(self, opened: Backend, tmp_path: Path) -> None:
        code = (
            "import pathlib, subprocess, sys\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "pathlib.Path('pid').write_text(f'{child.pid}\\n')"
        )
        spec = self.spec(tmp_path, code)
        assert self.run(opened, spec)["status"] == 0
        assert not start_token(int((spec.folder / "pid").read_text("utf-8")))

    def test_unknown_ids(self, opened: Backend, tmp_path: Path) -> None:
        strange = ["no-such-job", str(tmp_path / "nothing"), "0", ""]
        assert opened.poll(strange) == dict.fromkeys(strange, JobStatus.UNKNOWN)
        opened.cancel(strange)
        assert opened.poll([]) == {}

    def test_no_more_than_its_places_at_a_time(self, opened: Backend, tmp_path: Path) -> None:
        code = (
            "import os, pathlib, sys, time; mine = pathlib.Path(sys.argv[1]) / str(os.getpid()); mine.touch()\n"
            "time.sleep(0.3); print(len(list(mine.parent.iterdir()))); mine.unlink()"
        )
        (tmp_path / "running").mkdir()
        specs = [self.spec(tmp_path / str(i), code, str(tmp_path / "running")) for i in range(5)]
        jobs = [opened.submit(spec) for spec in specs]
        assert len(set(jobs)) == 5
        assert set(opened.poll(jobs).values()) <= {JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.ENDED}
        for job in jobs:
            self.ended(opened, job)
        assert set(opened.poll(jobs).values()) == {JobStatus.ENDED}
        seen = [int((spec.folder / "stdout.txt").read_text("utf-8")) for spec in specs]
        assert 1 <= max(seen) <= 2

    def test_a_cancelled_job_that_waits_never_runs(self, opened: Backend, tmp_path: Path) -> None:
        specs = [self.spec(tmp_path / str(i), "import time; print(1); time.sleep(0.5)") for i in range(3)]
        jobs = [opened.submit(spec) for spec in specs]
        opened.cancel(jobs[2:])
        assert opened.poll(jobs[2:]) == {jobs[2]: JobStatus.ENDED}
        for job in jobs[:2]:
            self.ended(opened, job)
        assert not (specs[2].folder / "stdout.txt").exists()

    def test_a_folder_runs_once(self, opened: Backend, tmp_path: Path) -> None:
        spec = self.spec(tmp_path, "print('ran')")
        self.run(opened, spec)
        for again in (opened, self.another(opened)):
            if again is not opened:
                again.open(1)
            with pytest.raises(BackendError):
                again.submit(replace(spec, name=spec.name + "-again"))
        again.close()
        assert (spec.folder / "stdout.txt").read_text("utf-8") == "ran\n"

    def test_another_driver_finds_what_runs(self, opened: Backend, tmp_path: Path) -> None:
        specs = [self.spec(tmp_path / str(i), code) for i, code in enumerate((_SLEEP, "pass"))]
        job, short = (opened.submit(spec) for spec in specs)
        self.ended(opened, short)
        names = [*(spec.name for spec in specs), "nobody"]
        second = self.another(opened)
        second.open(2)
        try:
            assert second.find(names) == {specs[0].name: job}
            assert second.find([]) == {}
            assert second.poll([job, short]) == {job: JobStatus.RUNNING, short: JobStatus.ENDED}
            second.cancel([job])
            assert second.poll([job]) == opened.poll([job]) == {job: JobStatus.ENDED}
            assert second.find(names) == {}
        finally:
            second.close()

    def test_a_callable(self, opened: Backend, tmp_path: Path) -> None:
        (tmp_path / "law_module.py").write_text(
            "def double(params):\n    print('x is', params['x'])\n    return 2 * params['x']\n"
            "def broken(params):\n    raise ValueError('no\\nway')\n",
            "utf-8",
        )
        for name in ("double", "broken", "missing"):
            call = Call(module="law_module", name=name, folders=(str(tmp_path),))
            spec = self.spec(tmp_path / name, "", argv=(), call=call, context={"params": {"x": 1.25}}, cwd=tmp_path)
            ending = self.run(opened, spec)
            if name == "double":
                assert ending["status"] == 0
                assert json.loads((spec.folder / "result.json").read_text("utf-8"))["value"] == 2.5
                assert (spec.folder / "stdout.txt").read_text("utf-8") == "x is 1.25\n"
            else:
                assert ending["status"] != 0
                assert {"broken": "ValueError", "missing": "AttributeError"}[name] in (
                    spec.folder / "stderr.txt"
                ).read_text("utf-8")

    def test_close_leaves_nothing(self, backend: Backend, tmp_path: Path) -> None:
        descriptors, children = _descriptors(), _children()
        for turn in range(2):
            backend.open(2)
            code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
            specs = [self.spec(tmp_path / f"{turn}-{i}", code) for i in range(2)]
            for spec in specs:
                backend.submit(spec)
            pids = [int(self.appears(spec.folder / "stdout.txt")) for spec in specs]
            backend.close()
            backend.close()
            assert not any(start_token(pid) for pid in pids)
        assert _descriptors() == descriptors
        assert _children() == children

    def test_it_must_be_open(self, backend: Backend, tmp_path: Path) -> None:
        with pytest.raises(BackendError):
            backend.submit(self.spec(tmp_path, "pass"))
        with backend as same:
            assert same is backend
            backend.open(1)
            with pytest.raises(BackendError):
                backend.open(1)


def _descriptors() -> set[str]:
    folder = Path("/proc/self/fd")
    # The listing itself holds one descriptor, which is closed when its link would be read.
    return {entry.name for entry in folder.iterdir() if entry.is_symlink()} if folder.exists() else set()


def _children() -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found
