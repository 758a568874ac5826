"""What `Local` promises beyond the laws: warm processes, drivers and wrappers that die, pids that are used again."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from askntell._process import start_token
from askntell.backends import Local
from askntell.errors import BackendError, SettingsError
from askntell.job import Call, JobSpec, JobStatus

SLEEP = "import time; time.sleep(600)"
MODULE = """
import os, signal, subprocess, sys, time
def where(params):
    print(os.getpid())
    return os.getpid()
def slow(params):
    time.sleep(0.3)
    return os.getpid()
def dies(params):
    print("last words", flush=True)
    os._exit(5)
def crashes(params):
    os.kill(os.getpid(), signal.SIGSEGV)
def hangs(params):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"])
    with open("pids", "w") as file:
        file.write(f"{os.getpid()} {child.pid}\\n")
    time.sleep(600)
def memory(params):
    raise MemoryError
def finishes_then_hangs(params):
    from askntell import worker
    worker.current().finish(0.5)
    hangs(params)
"""


@pytest.fixture
def local():
    with Local(grace_s=0.3) as backend:
        backend.open(2)
        yield backend


def program(folder, code, **options):
    folder.mkdir(parents=True, exist_ok=True)
    return JobSpec(name=f"job {folder}", folder=folder, argv=(sys.executable, "-c", code), cwd=folder, **options)


def call(tmp_path, name, label=None, **options):
    (tmp_path / "warm_mod.py").write_text(MODULE)
    folder = tmp_path / (label or name)
    folder.mkdir()
    target = Call(module="warm_mod", name=name, folders=(str(tmp_path),))
    context = {"params": {}}
    return JobSpec(name=f"job {folder}", folder=folder, call=target, cwd=folder, context=context, **options)


def wait(condition, seconds=20):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.005)
    return found


def ended(backend, *jobs):
    wait(lambda: set(backend.poll(jobs).values()) <= {JobStatus.ENDED, JobStatus.UNKNOWN})


def ending(spec):
    return json.loads((spec.folder / "exit.json").read_text())


def pids_in(path):
    return [
        int(word)
        for word in wait(lambda: path.exists() and path.read_text().endswith("\n") and path.read_text().split())
    ]


def value(spec):
    return json.loads((spec.folder / "result.json").read_text())["value"]


# ---- warm processes -------------------------------------------------------------------------------------------------


def test_callables_share_at_most_parallel_processes(local, tmp_path):
    specs = [call(tmp_path, "slow", f"slow{i}") for i in range(6)]
    ended(local, *[local.submit(spec) for spec in specs])
    assert len({value(spec) for spec in specs}) == 2
    pid = value(specs[0])
    local.close()
    assert not start_token(int(pid))


def test_a_callable_alone_uses_one_process(local, tmp_path):
    specs = [call(tmp_path, "where", f"where{i}") for i in range(3)]
    for spec in specs:
        ended(local, local.submit(spec))
    assert len({value(spec) for spec in specs}) == 1


@pytest.mark.parametrize(
    ("name", "status", "number"), [("dies", 5, None), ("crashes", None, signal.SIGSEGV), ("memory", 1, None)]
)
def test_a_process_that_dies_is_replaced(local, tmp_path, name, status, number):
    first = call(tmp_path, "where", "first")
    ended(local, local.submit(first))
    bad = call(tmp_path, name)
    ended(local, local.submit(bad))
    end = ending(bad)
    assert (end["status"], end["signal"], end["timed_out"], end["interrupted"]) == (status, number, False, False)
    if name == "dies":
        assert (bad.folder / "stdout.txt").read_text() == "last words\n"
    if name == "crashes":
        assert "Segmentation fault" in (bad.folder / "stderr.txt").read_text()
    after = call(tmp_path, "where", "after")
    ended(local, local.submit(after))
    assert value(after) != value(first)


def test_a_callable_that_hangs_is_killed_with_its_children(local, tmp_path):
    spec = call(tmp_path, "hangs", timeout_s=1.0)
    job = local.submit(spec)
    ended(local, job)
    end = ending(spec)
    assert (end["timed_out"], end["interrupted"], end["signal"]) == (True, False, 9)
    assert not any(start_token(pid) for pid in pids_in(spec.folder / "pids"))
    after = call(tmp_path, "where", "after")
    ended(local, local.submit(after))
    assert ending(after)["status"] == 0


def test_a_cancelled_callable_is_gone_and_the_next_one_runs(local, tmp_path):
    spec = call(tmp_path, "hangs")
    job = local.submit(spec)
    pids = pids_in(spec.folder / "pids")
    local.cancel([job])
    assert not any(start_token(pid) for pid in pids)
    assert (ending(spec)["interrupted"], ending(spec)["timed_out"]) == (True, False)
    assert local.poll([job]) == {job: JobStatus.ENDED}
    after = call(tmp_path, "where", "after")
    ended(local, local.submit(after))
    assert ending(after)["status"] == 0


def test_a_python_that_cannot_start_says_why(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'no licence' >&2\nexit 3\n")
    python.chmod(0o755)
    with Local(python=python) as local:
        local.open(1)
        spec = call(tmp_path, "where")
        ended(local, local.submit(spec))
        assert ending(spec)["error"] == "the process for callables could not be started: no licence"
        python.unlink()
        for other in (call(tmp_path, "where", "gone"), program(tmp_path / "gone too", "pass")):
            ended(local, local.submit(other))
            assert "could not be started" in ending(other)["error"]


# ---- drivers that die -----------------------------------------------------------------------------------------------

DRIVER = """
import sys, time
from pathlib import Path
from askntell.backends import Local
from askntell.job import Call, JobSpec
folder, name = Path(sys.argv[1]), sys.argv[2]
local = Local()
local.open(1)
what = {"argv": (sys.executable, "-c", sys.argv[3])} if name == "argv" else {
    "call": Call(module="warm_mod", name=name, folders=(str(folder.parent),))}
local.submit(JobSpec(name=f"job {folder}", folder=folder, cwd=folder, context={"params": {}}, **what))
print("submitted", flush=True)
time.sleep(600)
"""


def driver(folder, name, code=""):
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(folder), name, code],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "submitted\n"
    return process


def end_driver(process, number):
    os.killpg(process.pid, number)  # as Ctrl-C in a terminal: the whole group of the driver
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_program_outlives_its_driver_and_is_found_again(local, tmp_path, number):
    folder = tmp_path / "job"
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(1.2); print('done')"
    process = driver(folder, "argv", code)
    pid = pids_in(folder / "stdout.txt")[0]
    end_driver(process, number)
    name = f"job {folder}"
    found = local.find([name, "another"])
    assert found == {name: str(folder)}
    assert local.poll([str(folder)]) == {str(folder): JobStatus.RUNNING}
    assert start_token(pid)
    with pytest.raises(BackendError, match="used before"):
        local.submit(program(folder, "pass"))
    ended(local, str(folder))
    assert json.loads((folder / "exit.json").read_text())["status"] == 0
    assert (folder / "stdout.txt").read_text().endswith("done\n")
    assert local.find([name]) == {}


def test_a_program_of_a_dead_driver_can_be_cancelled(local, tmp_path):
    folder = tmp_path / "job"
    process = driver(folder, "argv", "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    pid = pids_in(folder / "stdout.txt")[0]
    end_driver(process, signal.SIGKILL)
    local.cancel(local.find([f"job {folder}"]).values())
    assert not start_token(pid)
    assert json.loads((folder / "exit.json").read_text())["interrupted"] is True


@pytest.mark.parametrize("name", ["hangs", "finishes_then_hangs"])
def test_a_callable_ends_with_its_driver(local, tmp_path, name):
    (tmp_path / "warm_mod.py").write_text(MODULE)
    folder = tmp_path / "job"
    process = driver(folder, name)
    pids = pids_in(folder / "pids")
    end_driver(process, signal.SIGKILL)
    wait(lambda: not any(start_token(pid) for pid in pids))
    assert local.find([f"job {folder}"]) == {}
    assert local.poll([str(folder)]) == {str(folder): JobStatus.ENDED}
    assert not (folder / "exit.json").exists(), "the attempt is lost"
    assert (folder / "result.json").exists() == (name == "finishes_then_hangs"), "unless the value was handed back"


# ---- pids and machines ----------------------------------------------------------------------------------------------


@pytest.fixture
def innocent():
    process = subprocess.Popen([sys.executable, "-c", SLEEP])
    yield process
    process.kill()
    process.wait()


def claim(folder, **changes):
    folder.mkdir()
    content = {"v": 1, "pid": os.getpid(), "start": start_token(os.getpid()), "host": ""} | changes
    (folder / "process.json").write_text(json.dumps(content))


def test_a_pid_that_is_used_again_is_another_process(local, tmp_path, innocent):
    spec = program(tmp_path / "own", "pass")
    ended(local, local.submit(spec))
    host = json.loads((spec.folder / "process.json").read_text())["host"]
    folder = tmp_path / "old"
    claim(folder, pid=innocent.pid, start="1@00000000", host=host)
    assert local.poll([str(folder)]) == {str(folder): JobStatus.ENDED}
    local.cancel([str(folder)])
    assert innocent.poll() is None
    (folder / "process.json").write_text(
        json.dumps({"v": 1, "pid": innocent.pid, "start": start_token(innocent.pid), "host": host})
    )
    assert local.poll([str(folder)]) == {str(folder): JobStatus.RUNNING}, "the test can tell the difference"


def test_a_process_of_another_machine_is_not_known_and_not_touched(local, tmp_path, innocent):
    folder = tmp_path / "elsewhere"
    claim(folder, pid=innocent.pid, start=start_token(innocent.pid), host="another-machine")
    assert local.poll([str(folder)]) == {str(folder): JobStatus.UNKNOWN}
    local.cancel([str(folder)])
    assert innocent.poll() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"v": 1, "pid": "x", "start": "y"}'])
def test_a_damaged_process_file(local, tmp_path, text):
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "process.json").write_text(text)
    assert local.poll([str(folder)]) == {str(folder): JobStatus.UNKNOWN}
    with pytest.raises(BackendError, match="used before"):
        local.submit(program(folder, "pass"))


# ---- wrappers that die, children that hide --------------------------------------------------------------------------

PRINT_PID = "import os, time; print(os.getpid(), flush=True); "


def wrapper_of(folder):
    return json.loads((folder / "process.json").read_text())["pid"]


def test_a_program_whose_wrapper_was_killed_is_waited_for(local, tmp_path):
    spec = program(tmp_path / "job", PRINT_PID + "time.sleep(0.8)")
    job = local.submit(spec)
    pid = pids_in(spec.folder / "stdout.txt")[0]
    os.kill(wrapper_of(spec.folder), signal.SIGKILL)
    time.sleep(0.1)
    assert local.poll([job]) == {job: JobStatus.RUNNING}
    assert start_token(pid)
    ended(local, job)
    wait(lambda: not start_token(pid))
    assert not (spec.folder / "exit.json").exists()


def test_a_program_whose_wrapper_was_killed_is_cancelled(local, tmp_path):
    spec = program(tmp_path / "job", PRINT_PID + "time.sleep(600)")
    job = local.submit(spec)
    pid = pids_in(spec.folder / "stdout.txt")[0]
    os.kill(wrapper_of(spec.folder), signal.SIGKILL)
    local.cancel([job])
    assert not start_token(pid)
    assert local.poll([job]) == {job: JobStatus.ENDED}


def test_a_child_that_left_the_group_is_cancelled_too(local, tmp_path):
    code = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True)\n"
        "print(os.getpid(), child.pid, flush=True); time.sleep(600)"
    )
    spec = program(tmp_path / "job", code)
    job = local.submit(spec)
    pids = pids_in(spec.folder / "stdout.txt")
    local.cancel([job])
    assert not any(start_token(pid) for pid in pids)


# ---- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"python": "no-such-python"}, "no-such-python"),
        ({"grace_s": -1}, "grace_s=-1"),
        ({"grace_s": float("nan")}, "grace_s=nan"),
        ({"grace_s": "1"}, "grace_s='1'"),
    ],
)
def test_settings_are_checked(settings, match):
    with pytest.raises(SettingsError, match=match):
        Local(**settings)


@pytest.mark.parametrize("parallel", [0, -1, 1.5, True, None])
def test_places_are_checked(parallel):
    with pytest.raises(SettingsError, match="parallel="):
        Local().open(parallel)


def test_repr_and_capabilities():
    assert repr(Local(grace_s=3)) == f"Local(python={sys.executable!r}, grace_s=3.0)"
    assert Local().capabilities.signals
    assert not Local().capabilities.gpus


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"argv": ()}, "allowed: one of them"),
        ({"call": Call(module="m", name="f")}, "allowed: one of them"),
        ({"folder": "relative"}, "not absolute"),
        ({"timeout_s": 0}, "timeout_s=0"),
        ({"argv": ("a", "b\0c")}, "NUL"),
        ({"env": {"A=B": "c"}}, "no name of an environment variable"),
        ({"env": {"": "c"}}, "no name of an environment variable"),
    ],
)
def test_jobs_are_checked(tmp_path, changes, match):
    changes = {k: tmp_path.relative_to("/") if v == "relative" else v for k, v in changes.items()}
    with pytest.raises(BackendError, match=match):
        JobSpec(**{"name": "n", "folder": tmp_path, "argv": ("true",), "cwd": tmp_path, **changes})


def test_new_files_are_private(local, tmp_path):
    spec = JobSpec(name="n", folder=tmp_path / "a" / "b", argv=("true",), cwd=tmp_path)
    before = os.umask(0)
    try:
        ended(local, local.submit(spec))
    finally:
        os.umask(before)
    assert {p.name: oct(p.stat().st_mode & 0o777) for p in spec.folder.iterdir() if p.stat().st_mode & 0o077} == {}
    assert spec.folder.stat().st_mode & 0o777 == 0o700
