from __future__ import annotations

import io
import os
import pty
import re
import select
from pathlib import Path
from types import SimpleNamespace

import pytest
from report_samples import HOSTILE, plan, trial

from askntell.goals import Goals
from askntell.report.live import LiveProgress
from askntell.report.progress import PlainProgress, Tally, is_terminal, listener
from askntell.runner import RunReport


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


DONE = "Done after 1 min 1 s: 2 trials finished, 1 failed in this run; 3 of 3 closed"


def study(*names, direction="minimize", best=None, default=None, finished=0, failed=0):
    """As much of a study as a display asks for."""
    segments = [
        SimpleNamespace(
            name=name,
            finished=finished,
            failed=failed,
            cancelled=0,
            best=None if best is None else trial(0, best, segment=name),
            default_value=default,
        )
        for name in names
    ]
    return SimpleNamespace(path=Path("runs/calo"), goals=Goals.of({"chi2": direction}), segments=segments)


def report(**counts):
    return RunReport(**({"seconds": 61.0} | counts))


def test_tally_counts_what_happens():
    clock = Clock()
    tally = Tally(clock)
    tally.start(study("a", "b", finished=1, failed=1, best=5.0), plan(10, "a", "b", done_before=4))
    tally.ask(trial(2, segment="a"))
    tally.ask(trial(3, segment="a"))
    assert (tally.running, tally.closed, tally.speed()) == (2, 4, "")
    clock.now += 30
    assert tally.tell(trial(2, 7.0, segment="a")) is False
    assert tally.tell(trial(3, 4.0, segment="a")) is True
    assert tally.tell(trial(9, failure="crash", segment="b")) is False
    assert (tally.running, tally.closed, tally.done, tally.failed) == (0, 7, 3, 1)
    assert tally.speed() == "6 trials/min, 30 s left"
    a, b = tally.segments.values()
    assert (a.closed, a.failed, a.best, a.latest) == (4, 1, 4.0, "4")
    assert (b.closed, b.failed, b.best, b.latest) == (3, 2, 5.0, "crash")


@pytest.mark.parametrize(("direction", "better"), [("minimize", 0.0), ("maximize", 3.0)])
def test_tally_follows_the_direction_and_learns_the_default(direction, better):
    tally = Tally(Clock())
    tally.start(study("a", direction=direction), plan(9, "a"))
    assert tally.tell(trial(0, 1.0, segment="a", by="default"))
    assert not tally.tell(trial(1, 2.0 if direction == "minimize" else 0.5, segment="a"))
    assert tally.gain(tally.segments["a"]) == "0 (0.0 %)"
    assert tally.tell(trial(2, better, segment="a"))
    assert tally.gain(tally.segments["a"]) == ("1 (100.0 %)" if direction == "minimize" else "2 (200.0 %)")


def run(display, names=("a", "b"), *, told=(), **ended):
    display.on_start(study(*names), plan(len(told), *names))
    for closed in told:
        display.on_ask(closed)
        display.on_tell(closed)
    display.on_end(report(**ended))


def test_plain_lines():
    stream = io.StringIO()
    told = [
        trial(0, 2.0, segment="a", by="default"),
        trial(0, failure="memory", message="CUDA out of memory\nTraceback", segment="b"),
        trial(1, 0.5, segment="a"),
    ]
    run(PlainProgress(stream), told=told, finished=2, failed=1, elsewhere=1)
    assert stream.getvalue().splitlines() == [
        "calo: chi2 minimize: 3 trials in 2 segments",
        "[1/3] a 0: 2 best so far",
        "[2/3] b 0: failed (memory): CUDA out of memory\\nTraceback",
        "[3/3] a 1: 0.5 best so far",
        f"{DONE}; 1 pending trial of other askers left alone",
        "  a: best 0.5, gain over default 1.5 (75.0 %)",
        "  b: best -, gain over default -",
    ]


def test_plain_summary_of_many_segments_is_one_line():
    stream = io.StringIO()
    run(PlainProgress(stream), [f"s{n}" for n in range(300)], interrupted=True)
    assert len(stream.getvalue().splitlines()) == 2
    assert "Interrupted" in stream.getvalue()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_plain_lines_stay_lines(hostile):
    stream = io.StringIO()
    told = [trial(0, 2.0, segment=hostile), trial(1, failure="crash", message=hostile, segment=hostile)]
    run(PlainProgress(stream), [hostile], told=told)
    lines = stream.getvalue().split("\n")
    assert len(lines) == 6
    assert all(line.isprintable() for line in lines)


def test_plain_lines_fit_any_encoding():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    run(PlainProgress(stream), ["η"], told=[trial(0, 2.0, segment="η")])
    assert b"\\u03b7 0: 2 best so far" in raw.getvalue()


def test_the_stream_decides(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(listener(io.StringIO()), PlainProgress)
    assert not is_terminal(io.StringIO())
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as terminal:
        assert isinstance(listener(terminal), LiveProgress)
        monkeypatch.setenv("TERM", "dumb")
        assert isinstance(listener(terminal), PlainProgress)
    os.close(master)
    assert not is_terminal(terminal)


def on_terminal(names, told, monkeypatch, **ended):
    """What the live display writes to a terminal of 24 lines."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("COLUMNS", "100")
    master, slave = pty.openpty()
    written = b""
    with os.fdopen(slave, "w", encoding="utf-8") as terminal:
        run(LiveProgress(terminal), names, told=told, **ended)
        while select.select([master], [], [], 0.05)[0]:
            written += os.read(master, 65536)
    os.close(master)
    return written.decode()


def visible(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_live_table(monkeypatch):
    told = [
        trial(0, 2.0, segment="a", by="default"),
        trial(1, 1.0, segment="a"),
        trial(0, failure="crash", segment="b"),
    ]
    text = on_terminal(["a", "b"], told, monkeypatch, finished=2, failed=1)
    assert "\x1b[?25h" in text, "the cursor comes back"
    shown = visible(text)
    assert "calo: chi2 minimize" in shown
    assert "3/3, 0 running, 1 failed" in shown
    assert re.search(r"a +2 +0 +1 +1 +1 \(50.0 %\)", shown)
    assert re.search(r"b +1 +1 +- +crash +-", shown)
    assert DONE in shown


def test_live_table_of_many_segments_shows_the_latest(monkeypatch):
    names = [f"segment_{n}" for n in range(300)]
    told = [trial(0, 2.0, segment="segment_250"), trial(0, 1.0, segment="segment_7")]
    shown = visible(on_terminal(names, told, monkeypatch))
    last = shown[shown.rindex("gain over default") :]
    rows = re.findall(r"segment_\d+", last)
    assert rows[:2] == ["segment_7", "segment_250"]
    assert len(rows) == 24 - 8
    assert "and 284 more segments" in last


@pytest.mark.parametrize("hostile", HOSTILE)
def test_live_table_shows_hostile_names_as_they_are(hostile, monkeypatch):
    told = [trial(0, failure="crash", message=hostile, segment=hostile)]
    text = on_terminal([hostile], told, monkeypatch)
    for control in ("\x1b[31m", "\x07", "\x9b", "\u202e", "\u2028"):
        assert control not in text
    if hostile.isprintable() and hostile.isascii():
        assert hostile[:39] in visible(text).replace("\r\n", "\n")


def test_colours_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    text = on_terminal(["a"], [trial(0, 2.0, segment="a")], monkeypatch)
    codes = re.findall(r"\x1b\[([0-9;]*)m", text)
    assert all(code in ("", "0", "1", "2", "22") for code in codes), codes


def test_the_last_line_names_what_was_left_out():
    stream = io.StringIO()
    stopped = {"a": "target reached: chi2 = 0.5 in trial 1", "b": "by hand"}
    run(PlainProgress(stream), told=[], stopped=stopped, waiting={"c\x1b[2J": ["x.tar", "y.tar"]})
    assert (
        stream.getvalue()
        .splitlines()[1]
        .endswith(
            "; 2 segments stopped, such as a: target reached: chi2 = 0.5 in trial 1"
            "; 1 segment waiting for inputs, such as c\\x1b[2J for x.tar"
        )
    )
