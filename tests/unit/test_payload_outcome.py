"""What a job's folder comes to mean: a value, a failure with its reason, or one more attempt."""

import json
import re
import time

import pytest

from askntell.goals import Goals
from askntell.payload import Interrupted, read_outcome
from askntell.trial import Outcome

VALUE = Goals.of({"chi2": "minimize"})
DONE = {"v": 1, "status": 0, "signal": None, "timed_out": False, "interrupted": False, "seconds": 1.5}
LINE = r"loss: (\S+)"


@pytest.fixture
def outcome(tmp_path):
    def read(end=None, *, value=LINE, goals=VALUE, **files):
        folder = tmp_path / "attempt"
        folder.mkdir()
        if end is not None:
            (folder / "exit.json").write_text(json.dumps(DONE | end))
        for key, content in files.items():
            text = content if isinstance(content, str | bytes) else json.dumps(content)
            (folder / key.replace("_", ".")).write_bytes(text.encode() if isinstance(text, str) else text)
        return read_outcome(folder, goals, None if value is None else re.compile(value))

    return read


def finished(value, message=""):
    return Outcome(values={"chi2": value}, message=message)


def failed(kind, message):
    return Outcome(failure=kind, message=message)


def test_a_job_that_goes_on_has_no_outcome(outcome):
    assert outcome(stdout_txt="loss: 1") is None


@pytest.mark.parametrize("end", [{}, {"status": 1}, {"signal": 11, "status": None}, {"interrupted": True}, None])
def test_a_value_that_was_handed_back_counts_however_the_job_ended(outcome, end):
    assert outcome(end, result_json={"v": 1, "value": 0.0}, stdout_txt="loss: 5", output_json={"loss": 3}) == finished(
        0.0
    )


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"v": 1, "value": "nan"}, failed("nan", "value was nan")),
        ({"v": 1, "value": "-inf"}, failed("nan", "value was -inf")),
        ({"v": 1, "values": {"chi2": 2.0, "ms": "nan"}}, finished(2.0)),
        ({"v": 1, "values": {"ms": 1.0, "mib": 2.0}}, "result.json names 'ms', 'mib', not 'chi2'"),
        ({"v": 1, "values": {}}, "result.json names nothing, not 'chi2'"),
        ({"v": 1, "value": "0.5"}, "result.json: value of 'chi2' must be a number, got '0.5' (str)"),
        ({"v": 1}, "result.json: got neither a value"),
        ({"v": 2, "value": 1.0}, "not an object of version 1"),
        ('{"v": 1, "value": NaN}', "result.json is damaged"),
        ("", "result.json is damaged"),
    ],
)
def test_results(outcome, result, expected):
    got = outcome({}, result_json=result)
    if isinstance(expected, str):
        assert got.failure == "crash"
        assert expected in got.message
    else:
        assert got == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({"status": 0, "loss": 0.0}, finished(0.0)),
        ({"loss": 2}, finished(2.0)),
        ({"status": 0, "loss": 1, "message": "fine\n"}, finished(1.0, "fine\\n")),
        ('{"status": 0, "loss": NaN}', failed("nan", "value was nan")),
        ('{"status": 0, "loss": -Infinity}', failed("nan", "value was -inf")),
        (
            {"status": 3, "loss": 1, "message": "no\x1b[2J data"},
            failed("crash", "output.json has status 3: no\\x1b[2J data"),
        ),
        ({"status": 3}, failed("crash", "output.json has status 3")),
        ({"status": 0}, failed("crash", "output.json has no loss")),
        ({"status": 0, "loss": None}, failed("crash", "output.json has no loss")),
        ({"status": 0, "loss": "x"}, failed("crash", "output.json: value of 'chi2' must be a number, got 'x' (str)")),
        ([1], failed("crash", "output.json holds list; allowed: an object")),
        ("{", None),
        ("[" * 100_000, None),
        ('{"loss": 1' + "0" * 400 + "}", None),
    ],
)
def test_the_grid_contract(outcome, output, expected):
    got = outcome({}, output_json=output, stdout_txt="loss: 9")
    if expected is None:
        assert got.failure == "crash"
        assert got.message.startswith("output.json")
    else:
        assert got == expected


def test_several_objectives_in_output_json_are_one_loss(outcome):
    assert outcome({}, output_json={"loss": 4, "chi2": 7}, goals=Goals.of({"chi2": "maximize"})) == finished(4.0)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"stdout_txt": "loss: 3\nepoch\nloss: 0.5 loss: 0.25\nbye\n"}, finished(0.25)),
        ({"stdout_txt": "nothing", "stderr_txt": "loss: 1e-3\n"}, finished(0.001)),
        ({"stdout_txt": "loss: 1\n", "stderr_txt": "loss: 2\n"}, finished(1.0)),
        ({"stdout_txt": "loss: 3\rloss: 2\r\nloss: 1\r"}, finished(1.0)),
        ({"stdout_txt": b"\xff\xfe loss: 4\n"}, finished(4.0)),
        ({"stdout_txt": "loss: nan"}, failed("nan", "value was nan")),
        ({"stdout_txt": "loss: inf"}, failed("nan", "value was inf")),
        (
            {"stdout_txt": "loss: 1\nloss: 0.5,\n"},
            failed("crash", r"value='loss: (\\S+)' found '0.5,', which is no number"),
        ),
        ({"stdout_txt": "x" * 2_000_000 + "\nloss: 7\n"}, finished(7.0)),
    ],
)
def test_a_line_of_the_output(outcome, files, expected):
    assert outcome({}, **files) == expected


def test_only_the_end_of_the_output_is_read(outcome):
    got = outcome({}, stdout_txt="loss: 1\n" + "noise\n" * 300_000)
    assert got.failure == "crash"
    assert "no line of the output matches" in got.message


def test_a_line_of_a_program_that_failed_is_no_value(outcome):
    got = outcome({"status": 3}, stdout_txt="loss: 1", output_json={"loss": 2})
    assert got == failed("crash", "exit status 3")


@pytest.mark.parametrize(
    ("end", "stderr", "expected"),
    [
        ({"status": 3}, "", failed("crash", "exit status 3")),
        ({"status": 3}, "Traceback\nValueError: bad lr\n\n  \n", failed("crash", "exit status 3: ValueError: bad lr")),
        ({"status": None, "signal": 11}, "", failed("crash", "killed by signal 11 (SIGSEGV)")),
        ({"status": None, "signal": 99}, "x", failed("crash", "killed by signal 99: x")),
        (
            {"status": None, "signal": 9},
            "",
            failed("crash", "killed by signal 9 (SIGKILL); the system may have run out of memory"),
        ),
        ({"status": 1, "error": "ValueError: no"}, "Traceback\nValueError: no\n", failed("crash", "ValueError: no")),
        ({"status": 1, "error": "MemoryError", "kind": "memory"}, "", failed("memory", "MemoryError")),
        ({"status": 0, "error": "f called sys.exit(0)"}, "", failed("crash", "f called sys.exit(0)")),
        ({"status": 1}, "MemoryError\n", failed("memory", "exit status 1: MemoryError")),
        (
            {"status": 1},
            "torch.cuda.OutOfMemoryError: CUDA out of memory.\nbye",
            failed("memory", "exit status 1: bye"),
        ),
        (
            {"status": None, "signal": 6},
            "terminate: std::bad_alloc",
            failed("memory", "killed by signal 6 (SIGABRT): terminate: std::bad_alloc"),
        ),
        ({"status": 1}, "out of memory\n" + "x\n" * 30, failed("crash", "exit status 1: x")),
        (
            {"timed_out": True, "status": None},
            "",
            failed("timeout", "ran longer than allowed and was ended after 1.5 s"),
        ),
        (
            {"status": 1},
            "a\x1b]0;title\x07\u202eb\u2028c",
            failed("crash", "exit status 1: a\\x1b]0;title\\x07\\u202eb\\u2028c"),
        ),
    ],
)
def test_failures_say_why(outcome, end, stderr, expected):
    assert outcome(end, stderr_txt=stderr) == expected


def test_a_timeout_comes_before_everything(outcome):
    assert outcome({"timed_out": True}, result_json={"v": 1, "value": 1.0}).failure == "timeout"


def test_messages_are_short(outcome):
    got = outcome({"status": 1}, stderr_txt="\x00" * 5000)
    assert len(got.message) == 500
    assert got.message.endswith("...")


def test_no_value_says_what_was_looked_for(outcome):
    got = outcome({}, value=None)
    assert got == failed(
        "crash", "ended with status 0 and without a value: neither result.json nor output.json, and no value= pattern"
    )


@pytest.mark.parametrize("end", [{"interrupted": True}, {"interrupted": True, "status": None, "signal": 15}])
def test_an_attempt_that_was_ended_from_outside(outcome, end):
    assert isinstance(outcome(end, stdout_txt="loss: 1", output_json={"loss": 1}), Interrupted)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"v": 7}'])
def test_a_damaged_exit_file_ends_the_attempt_only(tmp_path, text):
    (tmp_path / "exit.json").write_text(text)
    assert isinstance(read_outcome(tmp_path, VALUE), Interrupted)


def test_a_pattern_sees_long_outputs_in_linear_time(tmp_path):
    (tmp_path / "exit.json").write_text(json.dumps(DONE))
    # Quadratic in the length of a line: a MiB in one line would take minutes, cut lines take their sum.
    (tmp_path / "stdout.txt").write_text("a" * 2**20 + "\n" + ("b " * 4000 + "\n") * 100)
    began = time.perf_counter()
    assert read_outcome(tmp_path, VALUE, re.compile(r"\w*\s*loss: (\S+)")).failure == "crash"
    assert time.perf_counter() - began < 10
