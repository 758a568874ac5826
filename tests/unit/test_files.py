"""Strict JSON and atomic files."""

import contextlib
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell._files import dump_json, load_json, make_folders, write_atomic, write_once
from askntell.errors import StudyFormatError


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("NaN", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not"),
        ("1e999", "too large"),
        ("9" * 5000, "does not fit 64 bits"),
        (str(2**63), "does not fit 64 bits"),
        ('{"a": 1, "b": 2, "a": 3}', "key 'a' stands twice"),
        ("[" * 40 + "]" * 40, "nested deeper than 32"),
        ("[" * 100_000, "nested deeper|JSON"),
        (r'"\ud800"', "JSON"),
        ("", "JSON"),
        ("{} x", "JSON"),
        (b"\xff", "JSON"),
    ],
)
def test_what_is_not_strict_json_is_one_typed_error(text, match):
    with pytest.raises(StudyFormatError, match=match) as caught:
        load_json(text, path="file.json")
    assert str(caught.value).startswith("file.json: ")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_json_round_trip_is_exact(value):
    assert repr(load_json(dump_json(value))) == repr(value)


@given(st.binary(max_size=100) | st.text(max_size=100))
def test_any_input_gives_a_value_or_the_typed_error(data):
    with contextlib.suppress(StudyFormatError):
        load_json(data)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_has_no_strict_json_is_not_written(value):
    with pytest.raises(ValueError, match=r"."):
        dump_json(value)


def test_files_and_folders_are_private_and_whole(tmp_path):
    old = os.umask(0)
    try:
        folder = tmp_path / "a" / "b"
        make_folders(folder)
        write_atomic(folder / "f", b"one")
        write_atomic(folder / "f", b"two")
        assert write_once(folder / "g", b"three") is True
        assert write_once(folder / "g", b"four") is False
    finally:
        os.umask(old)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {"f": b"two", "g": b"three"}
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in (folder, folder.parent)} == {0o700}
