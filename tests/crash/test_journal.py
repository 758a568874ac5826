"""Cut, flipped, copied and refused: no acknowledged tell is lost and no damaged value is ever returned."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell._files import DISK
from askntell.errors import JournalDamage, StudyFileError, StudyFormatError
from askntell.journal import JournalWriter, Record
from askntell.space import Categorical, Float, SearchSpace
from askntell.study import Study
from askntell.testing import FailingDisk

SPACE = SearchSpace({"x": Float(0, 1), "c": Categorical(["a", "b"])})


def new_study(path: Path, tells: int = 3) -> Study:
    study = Study(path, SPACE, algorithm="random")
    for number in range(tells):
        study.tell(study.ask(), float(number))
    return study


def values(path: Path) -> dict[int, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JournalDamage)
        return {t.number: t.value for t in Study(path).trials(status="finished")}


def only_journal(path: Path) -> Path:
    (journal,) = (path / "journal").glob("*.jnl")
    return journal


def test_cut_at_every_offset_the_study_opens_and_goes_on(tmp_path):
    new_study(tmp_path / "whole").close()
    journal = only_journal(tmp_path / "whole")
    data = journal.read_bytes()
    ends = [i + 1 for i, byte in enumerate(data) if byte == ord("\n")]
    for cut in range(len(data) + 1):
        journal.write_bytes(data[:cut])
        whole_records = sum(end <= cut for end in ends)
        told_values = values(tmp_path / "whole")
        # records: opened, asked 0, told 0, asked 1, told 1, ...
        assert told_values == {n: float(n) for n in range(max(whole_records - 1, 0) // 2)}, f"cut at {cut}"
    for cut in (len(data) - 1, len(data) - 40, ends[0] + 3, 3):
        fresh = tmp_path / f"cut{cut}"
        shutil.copytree(tmp_path / "whole", fresh)
        only_journal(fresh).write_bytes(data[:cut])
        with Study(fresh) as study:
            told = study.tell(study.ask(), 9.0)
        assert values(fresh)[told.number] == 9.0
        assert only_journal(tmp_path / "whole").read_bytes() == data, "readers change nothing"


def test_any_flipped_bit_is_found_and_everything_else_kept(tmp_path):
    new_study(tmp_path / "s", tells=2).close()
    journal = only_journal(tmp_path / "s")
    data = journal.read_bytes()
    for bit in range(0, 8 * len(data), 3):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << (bit % 8)
        journal.write_bytes(flipped)
        left = values(tmp_path / "s")
        assert left.items() <= {0: 0.0, 1: 1.0}.items(), f"bit {bit} changed a value"
        assert len(left) >= 1, f"bit {bit} took more than one record with it"


def test_damage_is_reported_with_file_and_offset(tmp_path):
    new_study(tmp_path / "s").close()
    journal = only_journal(tmp_path / "s")
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"value":0.0', b'"value":0.7')
    journal.write_bytes(b"".join([*lines, b"\n", b"junk\n", b"\0" * 64]))
    with pytest.warns(JournalDamage, match=r"3 record\(s\) skipped"):
        study = Study(tmp_path / "s")
    offset = len(lines[0]) + len(lines[1])
    assert study.damage[0] == f"{journal.name} at byte {offset}: checksum does not match"
    assert {t.number for t in study.trials(status="finished")} == {1, 2}
    assert study.trials()[0].status == "pending", "its tell is gone, so it may be told again"


def test_a_line_copied_or_moved_is_refused(tmp_path):
    with new_study(tmp_path / "a") as study:
        study.close()
        study.tell(study.ask(), 7.0)
    first, second = sorted((tmp_path / "a" / "journal").glob("*.jnl"), key=lambda p: -p.stat().st_size)
    line = first.read_bytes().splitlines(keepends=True)[-1]
    with second.open("ab") as file:
        file.write(line)
    with first.open("ab") as file:
        file.write(line)
    with pytest.warns(JournalDamage) as caught:
        Study(tmp_path / "a")
    (warning,) = caught
    assert "checksum does not match" in str(warning.message)
    assert "stands after" in str(warning.message)


def test_the_state_does_not_depend_on_the_order_of_files(tmp_path):
    """The same records under other writers' names (so in other orders) give the same trials."""
    study = Study(tmp_path / "s", SPACE, algorithm="random")
    trials = []
    for _ in range(4):
        study.close()  # every ask and every tell by a new writer
        trials.append(study.ask())
    for trial in reversed(trials):
        study.close()
        study.tell(trial, float(trial.number))
    expected = Study(tmp_path / "s").trials()
    records = [
        Record.parse(path.stem, line)
        for path in (tmp_path / "s" / "journal").glob("*.jnl")
        for line in path.read_bytes().splitlines()
    ]
    for attempt in range(6):
        copy = tmp_path / f"copy{attempt}"
        shutil.copytree(tmp_path / "s", copy)
        for path in (copy / "journal").glob("*.jnl"):
            path.unlink()
        names = {w: os.urandom(12).hex() for w in {r.writer for r in records}}
        for record in sorted(records, key=lambda r: r.seq):
            renamed = Record(record.clock, names[record.writer], record.seq, 0, record.kind, record.body)
            with (copy / "journal" / f"{renamed.writer}.jnl").open("ab") as file:
                file.write(renamed.line())
        assert Study(copy).trials() == expected


def test_of_two_outcomes_told_at_the_same_time_all_readers_keep_the_same(tmp_path):
    study = Study(tmp_path / "s", SPACE, algorithm="random")
    trial = study.ask()
    for value, clock in ((0.25, 90), (0.75, 80), (0.5, 85)):
        writer = JournalWriter(tmp_path / "s" / "journal", study=study.uuid, disk=DISK)
        body = {"trial": ["all", trial.number], "values": {"value": value}}
        writer.append("told", body, clock=clock)
        writer.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", JournalDamage)
            study.refresh()
    with pytest.warns(JournalDamage, match="conflict"):
        fresh = Study(tmp_path / "s")
    assert fresh.best().value == study.best().value == 0.75
    assert len(fresh.damage) == 2


def test_a_tell_seen_before_its_ask_waits_for_it(tmp_path):
    study = new_study(tmp_path / "s", tells=0)
    trial = study.ask()
    asker = only_journal(tmp_path / "s")
    study.close()
    study.tell(trial, 0.5)
    hidden = tmp_path / "hidden"
    asker.rename(hidden)
    late = Study(tmp_path / "s")
    assert late.trials() == []
    hidden.rename(asker)
    assert late.trials() == [trial.told(late.trials()[0].outcome)]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.ESTALE])
def test_every_failing_call_loses_nothing_and_may_be_repeated(tmp_path, error):
    def script(path: Path, disk: FailingDisk) -> dict[int, float]:
        """Ask and tell three trials, repeating what raised; returns what was acknowledged."""
        acknowledged: dict[int, float] = {}

        def until_done(step):
            for _ in range(3):
                try:
                    return step()
                except StudyFileError as refused:
                    assert isinstance(refused, OSError)
                    assert "recorded" in str(refused) or "claimed" in str(refused) or "created" in str(refused)
                    assert values_or_empty(path).items() >= acknowledged.items()
            raise AssertionError("a single fault must not fail for ever")

        study = until_done(lambda: Study(path, SPACE, algorithm="random", disk=disk))
        for number in range(3):
            trial = until_done(study.ask)
            until_done(lambda t=trial, v=float(number): study.tell(t, v))
            acknowledged[trial.number] = float(number)
        study.close()
        return acknowledged

    def values_or_empty(path: Path) -> dict[int, float]:
        return values(path) if (path / "study.json").exists() else {}

    counting = FailingDisk(error=error)
    script(tmp_path / "none", counting)
    for call in range(1, counting.calls + 1):
        disk = FailingDisk(call, error=error)
        path = tmp_path / str(call)
        acknowledged = script(path, disk)
        assert disk.failed, f"call {call} was made"
        assert values(path) == acknowledged, f"{disk.failed} (call {call}) failed"
        assert len(acknowledged) == 3


def test_an_unwritable_folder_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyFileError, match=r"cannot be created.*choose a folder that you may write to"):
        Study(tmp_path / "file" / "study", SPACE)
    with pytest.raises(StudyFileError, match="there is no study here"):
        Study(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('"format": [\n  1,', '"format": [\n  2,'),
        ('"seed": 0', '"seed": "zero"'),
        ('"objectives": {', '"objectives": {"a": "best",'),
        ('"type": "float"', '"type": "flaot"'),
        ("{", ""),
        ('"uuid"', '"uid"'),
    ],
)
def test_a_header_that_cannot_be_trusted_is_refused_untouched(tmp_path, change, message):
    new_study(tmp_path / "s").close()
    header = tmp_path / "s" / "study.json"
    text = header.read_text()
    assert change in text
    header.write_text(text.replace(change, message, 1))
    with pytest.raises(StudyFormatError, match=r"study\.json"):
        Study(tmp_path / "s")
    assert header.read_text() == text.replace(change, message, 1)


def test_records_of_the_future(tmp_path):
    study = new_study(tmp_path / "s")
    for kind, body in {
        "reported": {"trial": ["all", 0], "step": 1, "values": {"value": 1.0}, "may_ignore": True},
        "told": {"trial": ["all", 0], "values": {"value": 0.0}, "colour": "green"},
    }.items():
        writer = JournalWriter(tmp_path / "s" / "journal", study=study.uuid, disk=DISK)
        writer.append(kind, body, clock=99)
        writer.close()
    assert values(tmp_path / "s") == {0: 0.0, 1: 1.0, 2: 2.0}
    writer = JournalWriter(tmp_path / "s" / "journal", study=study.uuid, disk=DISK)
    writer.append("told", {"trial": ["all"]}, clock=99)
    writer.close()
    with pytest.warns(JournalDamage, match="'told' cannot be understood: ValueError"):
        assert len(Study(tmp_path / "s").trials()) == 3
    writer = JournalWriter(tmp_path / "s" / "journal", study=study.uuid, disk=DISK)
    writer.append("retracted", {"trial": ["all", 0], "why": "wrong data"}, clock=100)
    with pytest.raises(StudyFormatError, match=r"'retracted' was written by a newer version.*update askntell"):
        Study(tmp_path / "s")


def test_another_studys_journal_is_refused(tmp_path):
    new_study(tmp_path / "a").close()
    new_study(tmp_path / "b").close()
    shutil.copy(only_journal(tmp_path / "b"), tmp_path / "a" / "journal")
    with pytest.raises(StudyFormatError, match="belongs to study"):
        Study(tmp_path / "a")


def test_readers_change_nothing(tmp_path):
    new_study(tmp_path / "s").close()

    def state() -> dict[str, tuple[int, int, int]]:
        return {str(p): (p.stat().st_ino, p.stat().st_size, p.stat().st_mtime_ns) for p in (tmp_path / "s").rglob("*")}

    before = state()
    study = Study(tmp_path / "s")
    study.summary(), study.best(), study.trials(), study.segments
    study.close()
    assert state() == before


_WRITER = """
import sys
from askntell.study import Study
study = Study(sys.argv[1])
while True:
    trial = study.ask()
    value = trial.params["x"]
    study.tell(trial, value)
    print(trial.number, value, flush=True)
"""


def test_killed_at_any_moment_every_acknowledged_tell_is_kept(tmp_path):
    new_study(tmp_path / "s", tells=0).close()
    acknowledged: dict[int, float] = {}
    for kill in range(6):
        writers = [
            subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path / "s")], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for writer in writers:
            for _ in range(3 + 5 * kill):
                number, value = writer.stdout.readline().split()
                acknowledged[int(number)] = float(value)
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            for line in writer.communicate()[0].splitlines(keepends=True):
                if line.endswith("\n"):
                    number, value = line.split()
                    assert int(number) not in acknowledged
                    acknowledged[int(number)] = float(value)
    kept = values(tmp_path / "s")
    assert {n: kept.get(n) for n in acknowledged} == acknowledged


@given(st.binary(max_size=300))
def test_any_line_is_parsed_or_refused(line):
    with pytest.raises(ValueError, match=r"."):
        Record.parse("0" * 24, line)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    )
)
def test_a_record_survives_its_line(body):
    try:
        record = Record(3, "a" * 24, 7, 1, "told", {"body": body})
        line = record.line()
    except UnicodeEncodeError:  # lone surrogates are no text
        return
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert Record.parse("a" * 24, line[:-1]) == record
