"""The campaign: its segments, its input files, its payload, and the whole of it in small."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from askntell.demo import campaign
from askntell.errors import StudyMismatch
from askntell.segments import load_segments
from askntell.space import SearchSpace
from askntell.trial import Segment


@pytest.fixture
def small(monkeypatch):
    """Few showers: quick, and the files are the same in kind."""
    monkeypatch.setattr(campaign, "TRAINING", 300)
    monkeypatch.setattr(campaign, "REFERENCE", 500)


def test_segments():
    made = campaign.segments()
    assert len(made) == 15
    assert len({segment.name for segment in made}) == 15
    first = made[0]
    assert first.name == "pid22_eta_0_5"
    assert first.inputs == ("pid22_eta_0_5.npz", "binning.json")
    assert first.features == {"particle": "photon", "eta": 0.025}
    assert {segment.features["particle"] for segment in made} == {"photon", "electron", "pion"}
    assert made[-1].name == "pid211_eta_80_85"
    assert made[-1].features["eta"] == pytest.approx(0.825)


def test_space_survives_its_file_format_and_has_a_named_default():
    space = campaign.space()
    assert SearchSpace.from_json(space.to_json()) == space
    assert space.default() == {
        "variables": "layers",
        "transform": "linear",
        "components": 4,
        "covariance": "full",
        "reg_covar": 1e-6,
    }


def test_inputs_are_plain_files(small, tmp_path):
    listed = load_segments(campaign.inputs(tmp_path / "in"))
    assert listed == tuple(campaign.segments())
    assert {file.name for file in (tmp_path / "in").iterdir()} == {
        "segments.json",
        "binning.json",
        *(segment.inputs[0] for segment in listed),
    }
    for segment in listed:
        with np.load(tmp_path / "in" / segment.inputs[0], allow_pickle=False) as data:
            assert data["training"].shape == (3, 300, 4)
            assert data["reference"].shape == (3, 500, 4)
            assert data["energies"].tolist() == [16.384, 65.536, 262.144]
            assert all(np.isfinite(data[name]).all() for name in data)
    levels = json.loads((tmp_path / "in" / "binning.json").read_text())["levels"]
    assert len(levels) == 29
    assert levels == sorted(levels)


def test_inputs_depend_on_the_segment_alone(small, tmp_path):
    for name in ("one", "two"):
        campaign.inputs(tmp_path / name)
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    contents = [(tmp_path / "one" / name).read_bytes() for name in files]
    assert contents == [(tmp_path / "two" / name).read_bytes() for name in files]
    assert len(set(contents)) == len(files)  # no two segments have the same showers


def test_showers_are_drawn_for_each_segment_anew(small):
    first = campaign.segments()[0]
    twin = Segment("twin", first.inputs, first.features)
    assert campaign._archive(first) == campaign._archive(first)
    assert campaign._archive(first) != campaign._archive(twin)


def test_inputs_that_are_there_are_kept(small, tmp_path):
    campaign.inputs(tmp_path)
    archive = tmp_path / "pid22_eta_0_5.npz"
    before = archive.stat().st_mtime_ns
    campaign.inputs(tmp_path)
    assert archive.stat().st_mtime_ns == before


def test_score_is_a_function_of_params_and_files(small, tmp_path):
    pytest.importorskip("sklearn", reason="scoring trains with scikit-learn")
    campaign.inputs(tmp_path)
    pion, photon, binning = (tmp_path / n for n in ("pid211_eta_0_5.npz", "pid22_eta_0_5.npz", "binning.json"))
    default = campaign.space().default()
    value = campaign.score(default, pion, binning)
    assert isinstance(value, float)
    assert value > 0
    assert campaign.score(dict(default), str(pion), str(binning)) == value
    assert campaign.score(default, photon, binning) != value
    assert campaign.score(default | {"components": 1}, pion, binning) > 2 * value


def test_score_does_not_depend_on_where_the_files_are(small, tmp_path):
    pytest.importorskip("sklearn", reason="scoring trains with scikit-learn")
    values = []
    for name in ("here", "there"):
        campaign.inputs(tmp_path / name)
        files = (tmp_path / name / "pid22_eta_0_5.npz", tmp_path / name / "binning.json")
        values.append(campaign.score(campaign.space().default(), *files))
    assert values[0] == values[1]


def test_score_compares_with_the_reference_and_not_with_the_training(small, tmp_path):
    pytest.importorskip("sklearn", reason="scoring trains with scikit-learn")
    campaign.inputs(tmp_path)
    arrays = [dict(np.load(tmp_path / name)) for name in ("pid22_eta_0_5.npz", "pid211_eta_0_5.npz")]
    np.savez(tmp_path / "mixed.npz", **arrays[0] | {"reference": arrays[1]["reference"]})
    usual, mixed = (
        campaign.score(campaign.space().default(), tmp_path / name, tmp_path / "binning.json")
        for name in ("pid22_eta_0_5.npz", "mixed.npz")
    )
    assert mixed > 10 * usual


@pytest.mark.timeout(100)
def test_the_whole_campaign_in_small(small, tmp_path):
    pytest.importorskip("sklearn", reason="the campaign trains with scikit-learn")
    study_path = tmp_path / "calo"
    campaign.inputs(study_path / "inputs")  # the jobs read these files; quickstart keeps them
    with campaign.quickstart(study_path, trials=2, progress=False) as study:
        summaries = study.segments
        assert [(s.finished, s.failed) for s in summaries] == [(2, 0)] * 15
        best = study.best("pid211_eta_40_45")
        archive = study_path / "inputs" / "pid211_eta_40_45.npz"
        # The job got its files and nothing else: the same value comes out here.
        assert campaign.score(best.params, archive, study_path / "inputs" / "binning.json") == pytest.approx(best.value)
    assert "pid211_eta_40_45" in (study_path / "report.html").read_text("utf-8")
    with campaign.quickstart(study_path, trials=2, progress=False) as study:  # started again: nothing left to do
        assert sum(s.finished for s in study.segments) == 30
        assert study.share == "auto"
    with pytest.raises(StudyMismatch, match="share: the study has 'auto', given 'none'"):
        campaign.quickstart(study_path, trials=2, share="none", progress=False)


WITHOUT_SKLEARN = """
import sys
from pathlib import Path


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "sklearn":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
from askntell.demo import campaign, inputs, segments, space
from askntell.errors import MissingExtra

space(), segments()
try:
    campaign.quickstart("calo")
except MissingExtra as error:
    print(error)
assert not Path("calo").exists()
"""


def test_without_scikit_learn_the_error_names_the_extra(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SKLEARN],
        cwd=tmp_path,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert 'pip install "askntell[demo]"' in done.stdout
    assert list(tmp_path.iterdir()) == []
