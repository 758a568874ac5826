"""What the demonstration says of sharing: counted against the stored run, and nothing where nothing can be said."""

import json

import pytest

import askntell as ant
from askntell.demo import alone, campaign

STORED = json.loads(alone._STORED.read_text("utf-8"))


def told(folder, values, share="auto"):
    """A study in which the k-th trial of each segment got ``values(name)[k]``."""
    study = ant.Study(
        folder / "study",
        campaign.space(),
        objectives={"chi2": "minimize"},
        algorithm="random",
        segments=campaign.segments(),
        share=share,
    )
    for name in STORED:
        for value in values(name):
            study.tell(study.ask(name), **({"failed": "crash"} if value is None else {"value": value}))
    return study


def test_the_stored_run_is_of_this_campaign():
    assert list(STORED) == [segment.name for segment in campaign.segments()]
    for curve in STORED.values():
        assert len(curve) == 10
        assert curve == sorted(curve, reverse=True)


def test_the_trials_that_sharing_needed_are_counted(tmp_path):
    def values(name):
        goal = STORED[name][5]
        return [goal + 1.0] * 6 if name == "pid11_eta_0_5" else [goal + 1.0, None, goal, goal + 2.0, goal, goal]

    said = alone.compared(told(tmp_path, values))
    assert "14 of 15 segments were as good after 42 trials as 84 trials had made them alone" in said


def test_it_says_so_when_sharing_did_not_help(tmp_path):
    assert "no segment got as good as 5 trials" in alone.compared(told(tmp_path, lambda _: [1e3] * 5))


@pytest.mark.parametrize(("share", "trials"), [("none", 5), ("auto", 4)])
def test_nothing_is_said_without_sharing_or_after_few_trials(tmp_path, share, trials):
    assert alone.compared(told(tmp_path, lambda _: [1.0] * trials, share)) is None


def test_curves_have_what_was_best_so_far(tmp_path):
    study = told(tmp_path, lambda _: [None, 3.0, 4.0, 2.000004])
    assert alone.curves(study)["pid22_eta_0_5"] == [None, 3.0, 3.0, 2.0]
