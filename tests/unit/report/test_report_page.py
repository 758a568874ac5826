from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import HOSTILE, NOW, SAMPLES, Structure, study_view

from askntell.goals import Objective
from askntell.report.page import MAX_FAILURES, page, plotly_script, write_report
from askntell.report.text import printable

SCRIPT = "window.Plotly = undefined; // </script><!-- <script> in a library must not end it"


def made(view, script=SCRIPT):
    return page(view, script=script, written=NOW)


@pytest.mark.parametrize("name", SAMPLES)
def test_it_is_well_formed_and_complete_without_scripts(name):
    view = SAMPLES[name]
    seen = Structure(made(view))
    shown = seen.text("th", "td", "code", "dd", "h1")
    assert view.name in shown
    for segment in view.segments:
        assert printable(segment.name) in shown
    assert seen.elements[0] == ("html", {"lang": "en"})
    assert seen.comments == 0


@pytest.mark.parametrize("name", SAMPLES)
def test_tables_and_figures_are_accessible(name):
    seen = Structure(made(SAMPLES[name]))
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in seen.elements if tag == "th")
    assert seen.count("caption") == seen.count("table")
    assert seen.count("figcaption") == seen.count("figure")
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for _, attributes in seen.elements:
        assert attributes.get("aria-labelledby", ids[0]) in ids


def test_the_figures_are_data_that_no_markup_can_leave():
    view = study_view(20, name="</script><img src=x>#")
    text = made(view)
    seen = Structure(text)
    (data,) = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', text, flags=re.DOTALL)
    assert not set(data) & set("<>&\u2028\u2029")
    figures = json.loads(data)
    assert [figure["key"] for figure in figures] == ["best-so-far", "features"]
    assert figures[0]["choices"][0]["name"] == "</script><img src=x>0"
    assert seen.count("script") == 3
    assert seen.count("img") == 0


def test_only_the_shipped_scripts_may_run():
    text = made(SAMPLES["one"])
    seen = Structure(text)
    (policy,) = [a["content"] for tag, a in seen.elements if tag == "meta" and a.get("http-equiv")]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    codes = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert {base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in codes} == allowed
    assert len(codes) == 2


def test_nothing_is_fetched():
    seen = Structure(made(SAMPLES["numeric and text"]))
    for tag, attributes in seen.elements:
        assert tag not in ("link", "img", "iframe", "object", "base", "form")
        assert not {"src", "href", "action"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in seen.text("style")
    assert "@import" not in seen.text("style")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_text(hostile):
    """The same elements as with a harmless name, and the name to be read where it belongs."""
    plain, nasty = (
        study_view(
            3,
            lambda n, word=word: {f"{word}feature": f"{word}{n}", "eta": float(n)},
            objective=Objective("chi2" if not word.isprintable() else f"{word}objective"),
            name="#" + word,
            message=word,
            params={f"{word}name": f"{word}value"},
        )
        for word in ("harmless", hostile)
    )
    seen = Structure(made(nasty))
    assert [tag for tag, _ in seen.elements] == [tag for tag, _ in Structure(made(plain)).elements]
    assert seen.comments == 0
    assert f"0{printable(hostile)}" in seen.text("th")
    assert printable(hostile) in seen.text("td")


@settings(max_examples=30)
@given(st.text(min_size=1, max_size=40))
def test_any_text_leaves_the_structure_alone(text):
    view = study_view(2, trials=7, name="#" + text, message=text)
    seen = Structure(made(view))
    assert [tag for tag, _ in seen.elements] == _PLAIN
    made(view).encode("utf-8")


_PLAIN = [tag for tag, _ in Structure(made(study_view(2, trials=7))).elements]


def test_best_params_can_be_copied():
    view = study_view(3, params={"lr": 0.1234567890123, "name": "a\u2028b\x7f<", "flag": True, "none": None})
    text = made(view)
    (block,) = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", text, flags=re.DOTALL)
    copied = json.loads(html.unescape(block))
    assert copied == {segment.name: dict(segment.best.params) for segment in view.segments}
    assert all(line.isprintable() for line in html.unescape(block).splitlines())


def test_numbers_of_a_segment():
    view = SAMPLES["maximize"]
    row = re.search(r'<tr><th scope="row"[^>]*>pid1</th>(.*?)</tr>', made(view))[1]
    keys = re.findall(r'data-v="([^"]*)"', row)
    segment = view.segments[1]
    assert keys == ["12", "1", repr(segment.best.value), repr(segment.default_value), repr(segment.gain)]
    assert segment.gain >= 0
    assert ">12/12<" in row


def test_failures_are_counted_and_the_first_ones_listed():
    view = study_view(300, trials=14)
    seen = Structure(made(view))
    assert len(view.failures) == 300
    assert ": 300 trials (the program ran out of memory)" in seen.text("li")
    assert seen.text("caption").count(f"300 failed trials, the first {MAX_FAILURES}") == 1
    rows = sum(tag == "tr" for tag, _ in seen.elements)
    assert rows == 1 + 300 + 1 + MAX_FAILURES


def test_no_failure():
    assert "No trial failed." in made(SAMPLES["empty"])


def test_without_plotly_one_line_says_how_to_get_it():
    text = made(SAMPLES["one"], script=None)
    seen = Structure(text)
    assert text.count('pip install "askntell[report]"') == 1
    assert seen.count("figure") == 0
    assert seen.count("script") == 1
    assert "Best params as JSON" in text


def test_a_missing_plotly_is_found_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    assert plotly_script() is None


def test_plotly_is_embedded_once():
    pytest.importorskip("plotly", reason="its script is embedded")
    script = plotly_script()
    text = made(SAMPLES["numeric and text"], script)
    assert text.count("plotly.js v") <= 2  # the licence line, and perhaps a mention
    assert len(script) < len(text) < len(script) + 200_000
    assert Structure(text).count("script") == 3


def test_damage_is_shown():
    text = made(replace(SAMPLES["one"], damage=["journal/<b>.jnl: line 3"]))
    assert "journal/&lt;b&gt;.jnl: line 3" in text


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path):
    from askntell.errors import StudyFileError
    from askntell.space import Float, SearchSpace
    from askntell.study import Study

    with Study(tmp_path / "calo", SearchSpace({"x": Float(0.0, 1.0)})) as study:
        with pytest.raises(StudyFileError, match="existing folder"):
            write_report(study, tmp_path / "nowhere" / "report.html")
        target = write_report(study, tmp_path / "report.html")
    assert target == tmp_path / "report.html"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.html"]


def test_columns_of_a_campaign_are_there_when_they_say_something():
    for name, extra in (("campaign", {"Shared", "Note"}), ("no features", set())):
        shown = page(SAMPLES[name], script=None, written=NOW)
        table = shown[shown.index('<table class="sortable">') : shown.index("</table>")]
        heads = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', table)
        assert {"Shared", "Note"} & set(heads) == extra
        for row in table.split("<tr>")[2:]:
            assert row.count("<td") + row.count('<th scope="row"') == len(heads)
    assert "missing: &lt;c&gt;.tar" in page(SAMPLES["campaign"], script=None, written=NOW)
