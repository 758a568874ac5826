"""What an ask of the joint model consults, when it begins, and what it costs."""

import numpy as np
import pytest

from askntell.goals import Goals
from askntell.optimizers.gp import GP
from askntell.optimizers.gp.joint import chosen, process
from askntell.optimizers.gp.joint.chosen import Chosen
from askntell.optimizers.gp.joint.frames import Frame
from askntell.optimizers.gp.joint.scene import Scene
from askntell.space import Float, SearchSpace
from askntell.testing.campaigns import Tuning, family

SPACE = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})


def loss(trial, place):
    return 10.0 * place + (1.0 + place) * ((trial.params["x"] - 0.3) ** 2 + (trial.params["y"] - 0.6) ** 2)


def tuned(rounds, segments=4):
    tuning = Tuning(GP(), family(segments), space=SPACE)
    for _ in range(rounds):
        for place, segment in enumerate(tuning.segments):
            trial = tuning.ask(segment.name)
            tuning.tell(trial, loss(trial, place))
    return tuning


def joint_of(tuning):
    return tuning._campaign._among(tuning.ledger)


# ---- rows ----------------------------------------------------------------------------------------------------------


def test_few_trials_are_all_chosen_and_those_of_a_segment_lie_side_by_side():
    joint = joint_of(tuned(5))
    some = Chosen.of(joint, 2)
    assert len(some.U) == 20
    assert some.segment[0] == 2
    assert np.count_nonzero(np.diff(some.segment)) == 3
    for k in range(4):
        np.testing.assert_array_equal(some.U[some.segment == k], joint.outcomes_of(k).U)
        np.testing.assert_array_equal(some.values[some.segment == k], joint.outcomes_of(k).values)


def test_there_is_room_for_more_rows_as_long_as_the_segment_has_few(monkeypatch):
    joint = joint_of(tuned(5))
    monkeypatch.setattr(chosen, "ROWS", 12)
    monkeypatch.setattr(chosen, "ROWS_FIRST", 16)
    assert len(Chosen.of(joint, 2).U) == 16
    monkeypatch.setattr(chosen, "FIRST", 5)
    some = Chosen.of(joint, 2)
    assert len(some.U) == 12
    assert np.count_nonzero(some.segment == 2) == 5
    for k in {0, 1, 3} & set(some.segment.tolist()):  # the best trial of each is among them
        outcomes = joint.outcomes_of(k)
        assert outcomes.values[:, 0].min() in some.values[some.segment == k, 0]


def test_the_order_of_a_segment_is_kept_until_it_is_told_a_trial():
    tuning = tuned(5)
    joint = joint_of(tuning)
    before = {k: joint.leading(k) for k in range(4)}
    trial = tuning.ask("s1")
    tuning.tell(trial, -1000.0)
    after = joint_of(tuning)
    assert after.leading(0) is before[0]
    assert after.leading(1)[0] == 5
    assert sorted(after.leading(1).tolist()) == list(range(6))


# ---- the beginning -------------------------------------------------------------------------------------------------


def models(trials):
    return [trial.why.get("model") for trial in trials]


def test_told_at_once_the_joint_model_begins_after_three_rounds():
    tuning = tuned(3)
    assert set(models(tuning.ledger["s3"])) == {None}
    assert tuning.look("s0").why["model"] == "joint gp"


def test_open_trials_count_as_soon_as_there_are_some_results():
    tuning = Tuning(GP(), family(4), space=SPACE)
    flying = [[tuning.ask(segment.name) for segment in tuning.segments] for _ in range(3)]
    assert set(models(trial for row in flying for trial in row)) == {None}
    assert tuning.look("s0").why.get("model") is None  # nothing is known yet
    for place, trial in enumerate(flying[1]):
        tuning.tell(trial, loss(trial, place))
    for place, trial in enumerate(flying[0]):
        tuning.tell(trial, loss(trial, place))
    proposal = tuning.look("s0")
    assert proposal.why["model"] == "joint gp"
    assert proposal.why["pending"] == 4


# ---- costs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", [3, 4, 7])
def test_an_ask_factors_the_joint_covariance_once(monkeypatch, rounds):
    # with a duel, from four trials of its own on, and whether it is won or lost
    tuning = tuned(rounds)
    tuning.look("s1")  # the fits
    counts, factor = [], process.factor

    def counted(C, **given):
        counts.append(len(C))
        return factor(C, **given)

    monkeypatch.setattr(process, "factor", counted)
    tuning.look("s1")
    assert counts == [4 * rounds]


# ---- offsets and scales --------------------------------------------------------------------------------------------


def test_medians_and_scales_are_those_of_each_segment():
    rng = np.random.default_rng(0)
    values = [3.0 * k + (1.0 + k) * rng.standard_normal(n) for k, n in enumerate([40, 41, 0, 60, 1])]
    frame = Frame.of(values)
    for k in (0, 1, 3, 4):
        assert frame.middle[k] == pytest.approx(np.median(values[k]))
    for k in (0, 1, 3):
        assert frame.scale[k] == pytest.approx(values[k].std(ddof=1), rel=0.15)
    assert frame.middle[2] == pytest.approx(np.median([frame.middle[k] for k in (0, 1, 3, 4)]))


def test_the_limit_of_a_value_moves_with_the_scale_that_the_others_give_it():
    goals = Goals.of({"loss": "minimize"}, {"size": "<= 0.5"})
    tuning = Tuning(GP(), family(3), space=SPACE, goals=goals)
    for _ in range(6):
        for place, segment in enumerate(tuning.segments):
            trial = tuning.ask(segment.name)
            size = (1.0 + 3.0 * place) * (trial.params["x"] - 0.5) + 0.5
            tuning.tell(trial, {"loss": loss(trial, place), "size": size})
    joint = joint_of(tuning)
    scene = Scene.of(joint, 2, {})
    own = scene.view(1).joined.rows.segment == 2
    targets, excess = scene.view(1).y[own], joint.outcomes_of(2).values[:, 1]
    assert scene.seen[1][1] != 1.0
    np.testing.assert_array_equal(targets <= scene.limit(1), excess <= 0.0)
