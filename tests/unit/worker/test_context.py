"""What a training sees with `askntell.worker`, in a job and by hand."""

import json
import math
import threading
import time

import numpy as np
import pytest

from askntell import worker
from askntell.worker import files

CONTEXT = {
    "params": {"lr": 0.1, "solver": "adam"},
    "segment": "photon",
    "features": {"eta": 0.5},
    "inputs": ["/data/a.tar"],
    "number": 3,
    "attempt": 2,
}


@pytest.fixture
def job_folder(tmp_path, monkeypatch):
    def make(**changes):
        job = {"v": 1, "context": CONTEXT, "deadline": None} | changes
        (tmp_path / "job.json").write_text(json.dumps(job))
        monkeypatch.setenv("ASKNTELL_JOB", str(tmp_path))
        return tmp_path

    return make


def result(folder):
    return json.loads((folder / "result.json").read_text())


def test_stand_alone_it_trains_with_the_defaults(monkeypatch, capsys):
    monkeypatch.delenv("ASKNTELL_JOB", raising=False)
    defaults = {"lr": 1e-3, "width": 64}
    job = worker.current(defaults)
    assert job.params == defaults
    assert job.params is not defaults
    assert (job.segment, job.features, job.inputs) == ("all", {}, [])
    assert (job.number, job.attempt, job.folder) == (None, None, None)
    assert job.should_stop() is False
    job.report(0.5, step=np.int64(2))
    job.finish(0.31)
    job.finish({"chi2": 1.5, "ms": 8})
    assert capsys.readouterr().out == "step 2: value: 0.5\nvalue: 0.31\nchi2: 1.5, ms: 8.0\n"
    assert worker.current().params == {}


@pytest.mark.parametrize("empty", [True, False])
def test_an_empty_variable_is_no_job(monkeypatch, empty):
    monkeypatch.setenv("ASKNTELL_JOB", "") if empty else monkeypatch.delenv("ASKNTELL_JOB", raising=False)
    assert worker.current().folder is None


def test_in_a_job_the_trial_goes_over_the_defaults(job_folder):
    folder = job_folder()
    job = worker.current({"lr": 1.0, "momentum": 0.9})
    assert job.params == {"lr": 0.1, "solver": "adam", "momentum": 0.9}, "what is inactive keeps its default"
    assert (job.segment, job.features, job.inputs) == ("photon", {"eta": 0.5}, ["/data/a.tar"])
    assert (job.number, job.attempt, job.folder) == (3, 2, str(folder))
    assert "number=3" in repr(job)


def test_a_result_is_kept_and_stays(job_folder):
    folder = job_folder()
    job = worker.current()
    job.finish(0.0)
    assert result(folder) == {"v": 1, "value": 0.0}
    job.finish(0)
    worker.current().finish(np.float32(0))
    with pytest.raises(worker.JobError, match=r"before with value: 0\.0, now with value: 1\.0"):
        job.finish(1)
    assert result(folder)["value"] == 0.0
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []
    assert (folder / "result.json").stat().st_mode & 0o777 == 0o600


def test_several_values_by_name(job_folder):
    folder = job_folder()
    worker.current().finish({"chi2": np.float64(1.2), "ms": 8})
    assert result(folder) == {"v": 1, "values": {"chi2": 1.2, "ms": 8.0}}


@pytest.mark.parametrize(("value", "tag"), [(math.nan, "nan"), (math.inf, "inf"), (-np.inf, "-inf")])
def test_what_json_lacks_is_tagged(job_folder, value, tag):
    folder = job_folder()
    worker.current().finish(value)
    worker.current().finish(value)
    assert result(folder) == {"v": 1, "value": tag}


class Tensor:
    """The part of a torch tensor that matters: `size` is a method, `item` fails for several elements."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def size(self):
        return len(self.numbers)

    def item(self):
        if len(self.numbers) != 1:
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        return self.numbers[0]


def test_tensors_and_arrays_with_one_element(job_folder):
    job_folder()
    for one in (Tensor(0.25), np.array(0.25), np.array([0.25])):
        worker.current().finish(one)


@pytest.mark.parametrize(
    "value", ["0.3", None, True, [1], {}, {"": 1}, {1: 1}, {"a": "b"}, np.array([1, 2]), Tensor(1.0, 2.0), 1j]
)
def test_what_is_no_number_is_refused(job_folder, value):
    folder = job_folder()
    with pytest.raises(worker.JobError):
        worker.current().finish(value)
    with pytest.raises(worker.JobError):
        worker.current().report(value, step=1)
    assert not (folder / "result.json").exists()
    assert not (folder / "reports.jsonl").exists()


def test_reports_are_lines(job_folder):
    folder = job_folder()
    before = time.time()
    for step in range(3):
        worker.current().report(math.nan if step == 1 else step / 2, step=step)
    worker.current().report({"loss": 1}, step=9)
    lines = [json.loads(line) for line in (folder / "reports.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 1, 2, 9]
    assert [line.get("value", line.get("values")) for line in lines] == [0.0, "nan", 1.0, {"loss": 1.0}]
    assert all(before - 1 < line["time"] < time.time() + 1 for line in lines)


@pytest.mark.parametrize("step", [-1, 1.5, "1", None, True])
def test_a_step_is_a_count(job_folder, step):
    job_folder()
    with pytest.raises(worker.JobError, match="step must be"):
        worker.current().report(1.0, step=step)


def test_reports_of_many_threads_do_not_mix(job_folder):
    folder = job_folder()
    job = worker.current()
    threads = [threading.Thread(target=lambda: [job.report(0.1, step=i) for i in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (folder / "reports.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 400


def test_it_is_asked_to_stop(job_folder):
    folder = job_folder()
    job = worker.current()
    assert not job.should_stop()
    (folder / "stop").touch()
    assert job.should_stop()


@pytest.mark.parametrize(("ahead_s", "stop"), [(60, False), (-1, True), (0, True)])
def test_the_deadline(job_folder, ahead_s, stop):
    job_folder(deadline=time.time() + ahead_s)
    assert worker.current().should_stop() is stop


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (None, "No such file"),
        ("{", "cannot be read"),
        ('{"v": 2}', "version 2; this askntell reads version 1"),
        ("[]", "version None"),
    ],
)
def test_a_folder_without_a_job(tmp_path, monkeypatch, text, match):
    if text is not None:
        (tmp_path / "job.json").write_text(text)
    monkeypatch.setenv("ASKNTELL_JOB", str(tmp_path))
    with pytest.raises(worker.JobError, match=match):
        worker.current()


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_json(str(tmp_path / "result.json"), {"v": 1})
    assert list(tmp_path.iterdir()) == []


def test_a_write_never_follows_a_planted_link(tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "result.json").symlink_to(tmp_path / "secret")
    files.write_json(str(tmp_path / "result.json"), {"v": 1})
    assert (tmp_path / "secret").read_text() == "x"
