from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell.report.text import duration, gain_text, number, params_text, plural, printable, visible_json


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (42.4, "42 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (18720, "5 h 12 min"),
        (3659, "1 h"),
        (270000, "3 d 3 h"),
    ],
)
def test_duration(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "-"), (0.0, "0"), (0.123456789, "0.12346"), (1e-12, "1e-12"), (-4.0, "-4"), (17, "17")]
)
def test_number(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("gain", "default", "shown"),
    [
        (None, 2.0, "-"),
        (0.5, 2.0, "0.5 (25.0 %)"),
        (0.5, -2.0, "0.5 (25.0 %)"),
        (0.0, 2.0, "0 (0.0 %)"),
        (0.5, 0.0, "0.5"),
        (0.5, None, "0.5"),
    ],
)
def test_gain(gain, default, shown):
    assert gain_text(gain, default) == shown


def test_params():
    params = {"lr": 0.00123456789, "n": 64, "flag": True, "none": None, "name": "a\nb"}
    assert params_text(params) == "lr=0.0012346 n=64 flag=True none=None name=a\\nb"
    assert params_text(params, exact=True).startswith("lr=0.00123456789 ")


def test_plural():
    assert [plural(n, "trial") for n in (0, 1, 2)] == ["0 trials", "1 trial", "2 trials"]


@given(st.text())
def test_printable_is_one_visible_line_and_says_what_was_there(text):
    shown = printable(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[31m", "a\\x1b[31m"), ("a\nb", "a\\nb"), ("\u202ex", "\\u202ex"), ("\ud800", "\\ud800"), ("η µ", "η µ")],
)
def test_printable_examples(text, shown):
    assert printable(text) == shown


def test_printable_limit():
    assert printable("abcdef", limit=4) == "abc…"
    assert printable("abcd", limit=4) == "abcd"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_visible_json_means_the_same(text):
    for ascii_only in (True, False):
        shown = visible_json(json.dumps({"a": text}, ensure_ascii=ascii_only))
        assert shown.isprintable()
        assert json.loads(shown) == {"a": text}
