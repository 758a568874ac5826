"""Segment files and names."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell.errors import SettingsError, StudyFileError
from askntell.segments import check_segments, folder_name, load_segments, segment_from_json, segment_to_json
from askntell.study import Study
from askntell.trial import Segment


def test_phpo_format_with_features(tmp_path):
    path = tmp_path / "segments.json"
    path.write_text(
        json.dumps(
            [
                {"name": "photons_0_5", "files": ["pid22_eta_0_5.v02.tar", "binning.xml"], "id": 0},
                {"name": "electrons_0_5", "datasets": ["user.x.electrons_0_5"], "features": {"eta": 0.025, "pid": "e"}},
            ]
        )
    )
    photons, electrons = load_segments(path)
    assert photons.inputs == ("pid22_eta_0_5.v02.tar", "binning.xml")
    assert electrons.datasets == ("user.x.electrons_0_5",)
    assert electrons.features == {"eta": 0.025, "pid": "e"}
    assert segment_from_json(segment_to_json(electrons), "") == electrons


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{}", r"\$: segments must be a list, got dict"),
        ("[3]", r"\$\[0\]: a segment is an object with a name"),
        ('[{"name": "a"}, {"files": []}]', r"\$\[1\]: a segment is an object with a name"),
        ('[{"name": "a", "file": []}]', r"\$\[0\]: unknown key 'file'; allowed: datasets, features, files"),
        ('[{"name": "a/b"}]', r"\$\[0\]: segment name 'a/b' is not allowed; use 1 to 100 printable characters"),
        ('[{"name": ""}]', r"\$\[0\]: segment name '' is not allowed"),
        ('[{"name": "a\\nb"}]', r"\$\[0\]: segment name"),
        ('[{"name": "a", "files": "x.tar"}]', r"\$\[0\]: files must be a JSON list"),
        ('[{"name": "a", "features": {"eta": null}}]', r"\$\[0\]: .*feature 'eta' is None"),
        ('[{"name": "a", "features": {"eta": true}}]', r"\$\[0\]: .*feature 'eta' is True"),
        ('[{"name": "pid22"}, {"name": "PID22"}]', r"'pid22' and 'PID22' have the same name"),
        ('[{"name": "a", "features": {"eta": NaN}}]', "not strict JSON: NaN"),
        ("[{]", "not strict JSON"),
    ],
)
def test_errors_name_the_place(tmp_path, text, match):
    path = tmp_path / "segments.json"
    path.write_text(text)
    with pytest.raises((SettingsError, StudyFileError), match=match):
        load_segments(path)


def test_a_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(StudyFileError, match="cannot be read: No such file"):
        load_segments(tmp_path / "none.json")


NAMES = st.text(
    st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="/"), min_size=1, max_size=100
).filter(str.isprintable)


@given(st.lists(NAMES, min_size=2, max_size=6, unique_by=str.casefold))
def test_folder_names_are_safe_and_distinct(names):
    folders = [folder_name(Segment(name).name) for name in names]
    assert len({folder.casefold() for folder in folders}) == len(names)
    for folder in folders:
        assert folder.isascii()
        assert not set(folder) & set("/\\ \0:*?\"<>|'`$;")
        assert folder[0] not in ".-"
        assert folder[-1] != "."
        assert len(folder) <= 200


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("pid22_eta_0_5", "pid22_eta_0_5"),
        ("..", "%2E%2E"),
        ("a.", "a%2E"),
        ("η" * 100, "%CE%B7" * 29 + "%~aa098c6991a28acf64bd8bf8"),
        ("-rf", "%2Drf"),
        ("NUL", "%4EUL"),
        ("con.txt", "%63on.txt"),
        ("a b", "a%20b"),
        ("a%20b", "a%2520b"),
        ("η=2.5", "%CE%B7%3D2.5"),
        ("$(rm)", "%24%28rm%29"),
    ],
)
def test_folder_names_of_awkward_segments(name, folder, tmp_path):
    assert folder_name(name) == folder
    from askntell.space import Float, SearchSpace

    study = Study(tmp_path / "s", SearchSpace({"x": Float(0, 1)}), algorithm="random", segments=[Segment(name)])
    study.tell(study.ask(), 1.0)
    assert Study(tmp_path / "s").best(name).value == 1.0
    assert (tmp_path / "s" / "claims" / folder / "0").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s"], "nothing was written outside the study"


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(SettingsError, match="segments 'pion' and 'pion' have the same name"):
        check_segments([Segment("pion"), Segment("pion")])
