"""A study that version 0.1 wrote is read by every later version, to the last bit."""

import re
import shutil
from pathlib import Path

from askntell.journal import Record
from askntell.study import Study

STUDY = Path(__file__).parent / "study-1.0"


def test_a_study_of_format_1_0_is_read_whole(tmp_path):
    study = Study(shutil.copytree(STUDY, tmp_path / "s"))
    assert study.damage == []
    assert (study.algorithm, study.seed, study.planned) == ("sobol", 7, 6)
    assert (study.goals.directions, study.goals.limits) == ({"chi2": "minimize"}, {})
    assert [(s.name, s.inputs, s.features) for s in study.segments] == [
        ("pid22_eta_0_5", ("a.tar",), {"eta": 0.025}),
        ("η=2.5", (), {}),
        ("late", (), {"eta": 1.0}),
    ]
    assert [
        (t.segment[:3], t.number, str(t.status), t.attempt, t.value, t.failure, t.message, t.std, t.by, t.worker)
        for t in study.trials()
    ] == [
        ("pid", 0, "finished", 1, 12.25, None, "first", 0.5, "sobol", None),
        ("pid", 1, "failed", 1, None, "memory", "out of memory", None, "sobol", "node1"),
        ("pid", 2, "pending", 1, None, None, "", None, "sobol", None),
        ("η=2", 0, "pending", 2, None, None, "", None, "enqueued", None),
        ("η=2", 1, "finished", 1, 3.5, None, "", None, "told", None),
    ]
    assert [t.params["lr"] for t in study.trials("η=2.5")] == [0.01, 0.02]
    assert study.ask("pid22_eta_0_5").number == 3, "it can be carried on, also where the claims are gone"


def test_the_frontier_of_every_ask_is_in_the_record():
    """The second file's first ask had read the whole of the first file."""
    first, second = sorted((STUDY / "journal").glob("*.jnl"), key=lambda p: -p.stat().st_size)
    asked = [r for r in map(Record.parse, [second.stem] * 9, second.read_bytes().splitlines()) if r.kind == "asked"]
    assert [r.body.get("frontier") for r in asked] == [{first.stem: first.stat().st_size}, None]


def test_names_and_checksums_are_as_written():
    for journal in (STUDY / "journal").iterdir():
        assert re.fullmatch(r"[0-9a-f]{24}\.jnl", journal.name)
        for number, line in enumerate(journal.read_bytes().splitlines()):
            record = Record.parse(journal.stem, line)
            assert record.seq == number
            assert record.line() == line + b"\n", "a later version writes what the first one wrote"
