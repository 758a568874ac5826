"""Which segments `ask` without a segment, and a run, leave out."""

import pytest

from askntell import Segment
from askntell.errors import ParamsError, SettingsError, SpaceExhausted
from askntell.space import Float, Int, SearchSpace
from askntell.study import Study

SPACE = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})


def made(folder, segments):
    return Study(folder / "s", SPACE, segments=segments, algorithm="random")


def test_held_parameters_go_to_a_segment_that_may_try_them(tmp_path):
    segments = [Segment("a", overrides={"x": 0.5}), Segment("b"), Segment("c", overrides={"x": Float(0.2, 1)})]
    study = made(tmp_path, segments)
    asked = [study.ask(fixed={"x": 0.1}).segment for _ in range(3)]
    assert asked == ["b", "b", "b"]
    assert sorted(trial.segment for trial in study.ask(count=4, fixed={"x": 0.5}))[:1] == ["a"]
    with pytest.raises(ParamsError, match=r"\$.x: got 2.0 \(float\); allowed: a number from 0.0 to 1.0"):
        study.ask(fixed={"x": 2.0})
    study.stop("b")
    with pytest.raises(SpaceExhausted, match=r"no segment that can be asked may try this; \$.x: segment 'a': got 0.1"):
        study.ask(fixed={"x": 0.1})
    with pytest.raises(ParamsError, match=r"\$.x: got 0.1"):
        study.ask("a", fixed={"x": 0.1})


def test_a_segment_without_a_point_left_is_complete(tmp_path):
    space = SearchSpace({"n": Int(1, 3)})
    study = Study(tmp_path / "s", space, segments=[Segment("a"), Segment("b", overrides={"n": 2})], algorithm="random")
    for _ in range(4):
        trial = study.ask()
        study.tell(trial, trial.params["n"])
    assert {s.name: s.status for s in study.segments} == {"a": "done", "b": "done"}
    with pytest.raises(SpaceExhausted, match="no segment can be asked: of 2, 2 complete"):
        study.ask()
    with pytest.raises(SpaceExhausted, match="every point of segment 'b' was tried, 1 in all"):
        study.ask("b")
    study.add_segment(Segment("c"))
    assert study.ask().segment == "c"


def test_the_segments_of_a_run_are_a_list(tmp_path):
    with pytest.raises(SettingsError, match="run: segments='a'; allowed: a list of names"):
        made(tmp_path, [Segment("a")]).run("true {x}", trials=1, segments="a", progress=False)
