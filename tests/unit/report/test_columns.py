"""The table of the segments: which columns, which order, in notebooks; rows for other programs."""

from __future__ import annotations

import csv
import io
import json

import pytest
from report_samples import HOSTILE, Structure

from askntell import Segment
from askntell.errors import SettingsError, UnknownTrial
from askntell.report.columns import SORTS, TEXTS, columns_of, note, sorted_by
from askntell.report.export import as_csv, as_json
from askntell.space import Categorical, Float, SearchSpace
from askntell.study import Study

SPACE = SearchSpace({"lr": Float(0, 1, default=0.5), "word": Categorical(["=1+1", "b"])})


@pytest.fixture
def study(tmp_path):
    made = Study(
        tmp_path / "calo",
        SPACE,
        objectives={"auc": "maximize"},
        algorithm="random",
        segments=[Segment("b", features={"eta": 0.5}), Segment("a", inputs=["a.tar", "b.tar", "c.tar", "d.tar"])]
        + [Segment(name) for name in ("c", "d")],
    )
    for value in (0.25, 0.5):
        made.tell({"lr": value, "word": "=1+1"}, value, segment="b")
    made.tell({"lr": 0.5, "word": "b"}, 0.75, segment="c")
    made.stop("d", why="noise <b>&")
    return made


def names(segments):
    return "".join(s.name for s in segments)


def test_columns_that_say_nothing_are_left_out(study):
    headings = [column.heading for column in columns_of(study.segments)]
    wanted = "segment, status, finished, failed, pending, best, default, gain over default, note"
    assert ", ".join(headings) == wanted
    assert [column.heading for column in columns_of(study.segments[:1])][-1] == "gain over default"
    cells = [[column.cell(s) for column in columns_of(study.segments)] for s in study.segments]
    assert cells[0] == ["b", "idle", "2", "0", "0", "0.5", "-", "-", ""]
    assert cells[1] == ["a", "waiting", "0", "0", "0", "-", "-", "-", "missing: a.tar, b.tar, c.tar and 1 more"]
    assert cells[3][1] == "stopped"
    assert cells[3][-1] == "noise <b>&"
    assert note(None, ()) == ""


def test_every_order(study):
    table = study.segments
    assert names(sorted_by(table, "name")) == "abcd"
    assert names(sorted_by(table, "best")) == "cbad"
    assert names(sorted_by(table, "trials")) == "bcad"
    assert names(sorted_by(table, "gain")) == names(table), "nothing is known: the study's order"
    assert names(sorted_by(table, "status")) == "bcda"
    for key in (*TEXTS, *SORTS):
        assert len(sorted_by(table, key)) == 4
    with pytest.raises(SettingsError, match="cannot be sorted by 'size'; allowed: name, status, best, trials"):
        sorted_by(table, "size")


def test_the_command_line_names_the_same_orders():
    from askntell.cli import status

    assert {*status.SORTS, "relative_gain"} == {*TEXTS, *SORTS}


def test_a_table_is_a_list_that_takes_names(study):
    table = study.segments
    assert table["c"] == table[2] == list(table)[2]
    assert names(table[1:3]) == "ac"
    assert len(table) == 4
    with pytest.raises(UnknownTrial, match="no segment 'z'"):
        table["z"]


def test_a_notebook_shows_tables_and_no_markup_of_others(tmp_path):
    segments = [Segment(text.replace("/", "_")) for text in HOSTILE if text.replace("/", "_").isprintable()]
    study = Study(tmp_path / "<i>s", SPACE, algorithm="random", segments=segments)
    study.stop(segments[0].name, why="<script>alert(1)</script>")
    shown = Structure(study._repr_html_())
    assert {tag for tag, _ in shown.elements} <= {"div", "b", "table", "thead", "tbody", "tr", "th", "td", "p"}
    texts = [text for _, text in shown.texts]
    assert "<i>s" in texts
    assert "<script>alert(1)</script>" in texts
    assert {s.name for s in segments} <= set(texts)
    assert study.segments._repr_html_() in study._repr_html_()


def test_a_notebook_shows_the_first_of_very_many(tmp_path):
    study = Study(tmp_path / "s", SPACE, algorithm="random", segments=[Segment(f"s{n}") for n in range(100)])
    assert "... and 40 more segments" in study.segments._repr_html_()


def test_rows_of_segments_and_trials(study):
    pytest.importorskip("pandas", reason="data frames")
    frame = study.segments.to_dataframe()
    assert list(frame["segment"]) == ["b", "a", "c", "d"]
    assert frame["features.eta"][0] == 0.5
    assert frame["params.lr"][0] == 0.5
    assert len(study.to_dataframe()) == 3


def test_csv_is_what_a_csv_reader_reads_and_runs_nothing(study):
    rows = list(csv.DictReader(io.StringIO(as_csv(study.rows()))))
    assert [row["value"] for row in rows] == ["0.25", "0.5", "0.75"]
    assert rows[0]["params.word"] == "'=1+1"
    assert {text[0] for text in rows[0].values() if text} & set("=+@\t\r") == set()
    texts = [{"text": text} for text in HOSTILE]
    read = [row["text"] for row in csv.DictReader(io.StringIO(as_csv(texts), newline=""))]
    assert [text.removeprefix("'") if text[0] == "'" else text for text in read] == [
        text.removeprefix("'") for text in HOSTILE
    ]
    assert as_csv([]) == "\r\n"


def test_csv_keeps_every_digit():
    assert as_csv([{"a": 0.1 + 0.2, "b": None, "c": True, "d": -3, "e": 1e300}]).splitlines()[1] == (
        "0.30000000000000004,,true,-3,1e+300"
    )


def test_json_is_strict(study):
    assert json.loads(as_json(study.segments.rows())) == study.segments.rows()
    assert as_json([{"a": "é"}]).isascii()
    assert json.loads(as_json([])) == []
