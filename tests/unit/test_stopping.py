"""When a segment needs no more trials."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell.errors import SettingsError
from askntell.goals import Goals
from askntell.history import History
from askntell.space import Float, SearchSpace
from askntell.stopping import Rules
from askntell.trial import Outcome, Trial

SPACE = SearchSpace({"x": Float(0, 1)})
ONE = Goals.of({"loss": "minimize"}, {"mib": "<= 100"})
TWO = Goals.of({"loss": "minimize", "auc": "maximize"})


def history(goals, *outcomes, order=None):
    made = History(SPACE, goals, "a")
    for number in range(len(outcomes)):
        made.add(Trial(number=number, segment="a", params={"x": number / 1000}))
    for number in range(len(outcomes)) if order is None else order:
        values = outcomes[number]
        made.close(number, Outcome(failure="crash") if values is None else Outcome(values=values))
    return made


def one(loss, mib=0):
    return {"loss": loss, "mib": mib}


def test_a_target_is_reached_by_a_feasible_trial():
    rules = Rules.of(ONE, 1.0, None)
    assert rules.reason(history(ONE)) is None
    assert rules.reason(history(ONE, one(1.5), None, one(0.5, 200))) is None
    assert rules.reason(history(ONE, one(1.5), one(1.0))) == "target reached: loss = 1 in trial 1"
    assert Rules.of(ONE, {"loss": 1}, None) == rules


def test_a_target_of_several_objectives_is_reached_in_one_trial():
    rules = Rules.of(TWO, {"loss": 1.0, "auc": 0.9}, None)
    assert rules.reason(history(TWO, {"loss": 0.5, "auc": 0.5}, {"loss": 2.0, "auc": 0.95})) is None
    reached = history(TWO, {"loss": 0.5, "auc": 0.5}, {"loss": 1.0, "auc": 0.95})
    assert rules.reason(reached) == "target reached: loss = 1, auc = 0.95 in trial 1"
    assert Rules.of(TWO, {"auc": 0.95}, None).reason(reached) is not None


def test_patience_counts_closed_trials_since_the_last_improvement():
    rules = Rules.of(ONE, None, 3)
    assert rules.reason(history(ONE, one(1), one(2), None)) is None
    assert rules.reason(history(ONE, one(1), one(2), None, one(1))) == "no improvement in 3 trials"
    assert rules.reason(history(ONE, one(1), one(2), None, one(0.5))) is None
    assert rules.reason(history(ONE, one(1), one(2), None, one(0.5, 200))) == "no improvement in 3 trials"
    assert rules.reason(history(ONE, None, None, None)) == "no improvement in 3 trials"


def test_with_several_objectives_an_improvement_is_a_place_on_the_front():
    rules = Rules.of(TWO, None, 2)
    assert rules.reason(history(TWO, {"loss": 1, "auc": 0.5}, {"loss": 2, "auc": 0.6}, {"loss": 3, "auc": 0.7})) is None
    stuck = history(TWO, {"loss": 1, "auc": 0.5}, {"loss": 2, "auc": 0.4}, {"loss": 1, "auc": 0.5})
    assert rules.reason(stuck) == "no improvement in 2 trials"


@given(st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=5), st.integers(1, 3), st.integers(0, 5))
def test_the_order_in_which_trials_end_does_not_matter(values, patience, target):
    outcomes = [None if value is None else one(float(value)) for value in values]
    rules = Rules.of(ONE, target, patience)
    said = {rules.reason(history(ONE, *outcomes, order=order)) for order in itertools.permutations(range(len(values)))}
    assert len(said) == 1
    best = math.inf
    idle = 0
    for value in values:
        idle = 0 if value is not None and value < best else idle + 1
        best = best if value is None else min(best, value)
    assert (said != {None}) == (best <= target or idle >= patience)


@pytest.mark.parametrize(
    ("target", "patience", "match"),
    [
        (math.nan, None, "finite number"),
        ("low", None, "finite number"),
        (True, None, "finite number"),
        ({"chi2": 1.0}, None, "names 'chi2'; the objectives are 'loss'"),
        (None, 0, "integer >= 1"),
        (None, 2.0, "integer >= 1"),
        (None, True, "integer >= 1"),
    ],
)
def test_rules_are_checked(target, patience, match):
    with pytest.raises(SettingsError, match=match):
        Rules.of(ONE, target, patience)


def test_a_number_does_not_say_of_which_objective():
    with pytest.raises(SettingsError, match="does not say of which objective"):
        Rules.of(TWO, 1.0, None)
