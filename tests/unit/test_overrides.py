"""Segments that override the study's space: checked, stored, and kept by everything that is asked, told or enqueued."""

import json

import pytest

import askntell as ant
from askntell.errors import ParamsError, SettingsError, StudyMismatch
from askntell.segments import load_segments, segment_from_json, segment_to_json
from askntell.study import Study
from askntell.trial import Problem, Segment


def training():
    return ant.SearchSpace(
        {
            "lr": ant.Float(1e-5, 1e-1, log=True),
            "layers": ant.Int(1, 8),
            "batch": ant.Ordinal([32, 64, 128, 256]),
            "solver": ant.Categorical(["adam", "sgd"]),
            "momentum": ant.Float(0.0, 0.99, when={"solver": "sgd"}),
            "epochs": ant.Constant(50),
        },
        constraints=["batch >= 16 * layers"],
    )


SMALL = {"solver": "adam", "lr": {"low": 1e-4, "high": 1e-2}, "batch": {"values": [64, 128]}, "layers": {"high": 3}}


def segments():
    return [Segment("whole", features={"eta": 0.0}), Segment("part", features={"eta": 0.5}, overrides=SMALL)]


def told(study, count, segment):
    for _ in range(count):
        trial = study.ask(segment=segment)
        study.tell(trial, trial.params["lr"] * trial.params["layers"])
    return study.trials(segment)


# ---- what a segment is -----------------------------------------------------------------------------------------------


def test_objects_become_json_values():
    lists = Segment("a", overrides={"lr": ant.Float(1e-4, 1e-2), "batch": ant.Ordinal([32, 64]), "solver": "adam"})
    assert lists.overrides == {
        "lr": {"type": "float", "low": 1e-4, "high": 1e-2},
        "batch": {"type": "ordinal", "values": [32, 64]},
        "solver": "adam",
    }
    assert segment_from_json(json.loads(json.dumps(segment_to_json(lists))), "$") == lists


def test_a_segment_without_overrides_is_written_as_before():
    assert segment_to_json(Segment("a", ("x.tar",))) == {"name": "a", "files": ["x.tar"]}
    assert Segment("a") == Segment("a", overrides={})


def test_a_segments_file(tmp_path):
    path = tmp_path / "segments.json"
    path.write_text(json.dumps([{"name": "whole", "id": 0}, {"name": "part", "files": ["x"], "overrides": SMALL}]))
    whole, part = load_segments(path)
    assert whole.overrides == {}
    assert part.overrides == SMALL


@pytest.mark.parametrize(
    ("overrides", "match"),
    [
        ([], r"\$\[1\]: overrides must be a JSON object, got \[\]"),
        ({"lr": [1, 2]}, r"\$\[1\].overrides.lr: segment 'b': got \[1, 2\] \(list\); allowed: a value, or an object"),
        ({"lr": {"low": {}}}, r"\$\[1\].overrides.lr.low: segment 'b': got {}"),
        ({"lr": {"when": {"a": 1}}}, r"\$\[1\].overrides.lr.when: .*conditions are those of the whole space"),
    ],
)
def test_a_wrong_file_is_named_with_its_place(tmp_path, overrides, match):
    path = tmp_path / "segments.json"
    path.write_text(json.dumps([{"name": "a"}, {"name": "b", "overrides": overrides}]))
    with pytest.raises(SettingsError, match=match):
        load_segments(path)


def test_a_problem_at_a_segment_has_its_part_of_the_space():
    space, (whole, part) = training(), segments()
    problem = Problem(space=space, segments=(whole, part))
    assert problem.at(whole).space == space
    narrow = problem.at(part)
    assert narrow.space == space.narrowed(SMALL)
    assert narrow.space is problem.at(part).space  # made once
    assert narrow.whole == space
    assert narrow.at(whole).space == space


# ---- creation and reopening ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "path", "match"),
    [
        ({"rate": 1}, "$.segments[1].overrides", "segment 'b': unknown parameter 'rate'; known: 'lr', 'layers'"),
        ({"lr": {"high": 1}}, "$.segments[1].overrides.lr.high", "allowed: a number from 1e-05 to 0.1"),
        ({"layers": {"low": 5}, "batch": 64}, "$.segments[1].overrides", "segment 'b': nothing of the space is left"),
    ],
)
def test_overrides_are_checked_before_anything_is_written(tmp_path, overrides, path, match):
    with pytest.raises(SettingsError, match=match) as caught:
        Study(tmp_path / "s", training(), segments=[Segment("a"), Segment("b", overrides=overrides)])
    assert caught.value.path == path
    assert not (tmp_path / "s").exists()


def test_reopening_compares_what_the_overrides_leave(tmp_path):
    with Study(tmp_path / "s", training(), segments=segments()) as study:
        told(study, 2, "part")
    same = [Segment("whole", features={"eta": 0.0}), Segment("part", features={"eta": 0.5}, overrides={
        "solver": ant.Constant("adam"), "lr": ant.Float(1e-4, 1e-2, log=True), "batch": ant.Ordinal([128, 64]),
        "layers": ant.Int(1, 3),
    })]  # fmt: skip
    with Study(tmp_path / "s", training(), segments=same) as study:
        assert len(study.trials("part")) == 2
    other = [same[0], Segment("part", features={"eta": 0.5}, overrides={"solver": "adam"})]
    with pytest.raises(StudyMismatch, match="segments: the study has other overrides of 'part'"):
        Study(tmp_path / "s", segments=other)
    with pytest.raises(StudyMismatch, match="segments: the study has other inputs, features or datasets of 'whole'"):
        Study(tmp_path / "s", segments=[Segment("whole"), same[1]])
    with pytest.raises(StudyMismatch, match=r"segments: the study has 2 segments \(whole, part\), given 1 segments"):
        Study(tmp_path / "s", segments=[same[0]])


def test_a_segment_that_joins_later_may_have_overrides(tmp_path):
    with Study(tmp_path / "s", training(), segments=segments()[:1]) as study:
        with pytest.raises(SettingsError, match="segment 'part': unknown parameter 'rate'") as caught:
            study.add_segment(Segment("part", overrides={"rate": 1}))
        assert caught.value.path == "$.overrides"
        assert [s.name for s in study.segments] == ["whole"]
        study.add_segment(segments()[1])
        asked = study.ask(segment="part")
    with Study(tmp_path / "s") as study:
        assert study.space == training()
        assert training().narrowed(SMALL).contains(asked.params)
        assert study.trials("part") == [asked]
        with pytest.raises(ParamsError, match=r"\$.lr: got 0.05"):
            study.enqueue({**asked.params, "lr": 0.05}, segment="part")


# ---- ask and tell ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["auto", "gp", "random", "sobol", "tpe", "cmaes"])
def test_every_algorithm_stays_in_the_part(tmp_path, algorithm):
    space = training()
    part = space.narrowed(SMALL)
    with Study(tmp_path / "s", space, segments=segments(), algorithm=algorithm) as study:
        told(study, 14, "whole")
        trials = told(study, 12, "part")
    assert len({part.key(trial.params) for trial in trials}) == 12
    for trial in trials:
        assert part.check(trial.params) == trial.params
        assert space.check(trial.params) == trial.params
        assert trial.params["solver"] == "adam"
        assert trial.params["epochs"] == 50


def test_a_grid_is_that_of_the_part(tmp_path):
    space = ant.SearchSpace({"solver": ant.Categorical(["a", "b"]), "layers": ant.Int(1, 4)})
    only = [Segment("all"), Segment("some", overrides={"solver": "b", "layers": {"low": 3}})]
    with Study(tmp_path / "s", space, segments=only, algorithm="grid") as study:
        asked = study.ask(segment="some", count=5)
        with pytest.raises(ant.errors.SpaceExhausted):
            study.ask(segment="some")
    assert sorted(trial.params["layers"] for trial in asked) == [3, 4]
    assert {trial.params["solver"] for trial in asked} == {"b"}


def test_what_comes_from_outside_must_be_in_the_part(tmp_path):
    with Study(tmp_path / "s", training(), segments=segments()) as study:
        inside = {"lr": 1e-3, "layers": 2, "batch": 64}
        assert study.tell(inside, 0.5, segment="part").params == {**inside, "solver": "adam", "epochs": 50}
        for outside, match in (
            ({**inside, "lr": 0.05}, r"\$.lr: got 0.05"),
            ({**inside, "solver": "sgd"}, r"\$.solver: got 'sgd' \(str\); allowed: the constant 'adam'"),
            ({**inside, "batch": 32}, r"\$.batch: got 32 \(int\); allowed: one of 64, 128"),
        ):
            with pytest.raises(ParamsError, match=match):
                study.tell(outside, 0.5, segment="part")
            with pytest.raises(ParamsError, match=match):
                study.enqueue(outside, segment="part")
        study.enqueue(inside | {"layers": 1}, segment="part")
        assert study.ask(segment="part").params["layers"] == 1
        assert study.ask(segment="part", fixed={"layers": 3, "solver": "adam"}).params["layers"] == 3
        with pytest.raises(ParamsError, match=r"\$.layers: got 4"):
            study.ask(segment="part", fixed={"layers": 4})
        assert study.tell({**inside, "lr": 0.05, "solver": "adam"}, 0.5, segment="whole").number == 0


def test_a_command_gets_the_fixed_parameters_too(tmp_path):
    only = [Segment("part", overrides={"solver": "adam", "layers": 2})]
    with Study(tmp_path / "s", training(), segments=only) as study:
        study.run(
            [
                "sh",
                "-c",
                'echo "value: $2.$1"',
                "sh",
                "{layers}",
                "{batch}",
                "--solver",
                "{solver}",
                "--m",
                "{momentum}",
            ],
            value=r"value: (\S+)",
            trials=2,
            parallel=1,
            progress=False,
        )
        assert [trial.value for trial in study.trials()] == [trial.params["batch"] + 0.2 for trial in study.trials()]


# ---- segments that learn from each other -----------------------------------------------------------------------------


def campaign(folder, overrides, count=12):
    """All trials of three segments, two of them with these overrides, asked in turn."""
    space = training()
    every = [Segment("a"), Segment("b", overrides=overrides), Segment("c", overrides=overrides)]
    with Study(folder, space, segments=every, algorithm="gp", seed=3) as study:
        for _ in range(count):
            for segment in every:
                trial = study.ask(segment=segment.name)
                batch = trial.params["batch"] / 64
                study.tell(trial, (trial.params["lr"] * 1e3 - 1) ** 2 / 100 + (trial.params["layers"] - 2) ** 2 + batch)
        return study.trials()


def test_the_joint_model_asks_inside_every_part(tmp_path):
    trials = campaign(tmp_path / "s", SMALL)
    part = training().narrowed(SMALL)
    assert {trial.segment for trial in trials if trial.why.get("model") == "joint gp"} == {"a", "b", "c"}
    for trial in trials:
        assert trial.segment == "a" or part.check(trial.params) == trial.params
        assert training().check(trial.params) == trial.params
    for name in ("b", "c"):
        assert len({part.key(trial.params) for trial in trials if trial.segment == name}) == 12
        assert min(trial.value for trial in trials if trial.segment == name) < 1.1


def test_overrides_that_take_nothing_away_change_no_proposal(tmp_path):
    plain = campaign(tmp_path / "plain", {})
    full = campaign(tmp_path / "full", {"lr": {"low": 1e-5}, "solver": {"choices": ["sgd", "adam"]}, "epochs": 50})
    assert [(t.params, t.why) for t in full] == [(t.params, t.why) for t in plain]
