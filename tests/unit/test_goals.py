"""Objectives and outcome constraints: what may be set, what may be told, what is better."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import askntell as ant
from askntell.errors import SettingsError, TellError
from askntell.goals import Goals, Objective, OutcomeConstraint
from askntell.trial import Outcome, Problem, Trial

SPACE = ant.SearchSpace({"x": ant.Float(0, 1)})
GOALS = Goals.of({"chi2": "minimize", "accuracy": "maximize"}, {"memory_mib": "<= 4096", "accuracy": ">= 0.5"})
TOLD = {"memory_mib": 4096, "chi2": 2.0, "accuracy": 0.75}
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


# ---- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objectives": {}}, "0 objectives were given; 1 to 4 are allowed"),
        ({"objectives": dict.fromkeys("abcde", "minimize")}, "5 objectives were given.*5 or more are not supported"),
        ({"objectives": {"a": "best"}}, "direction of objective 'a' is 'best'; allowed: minimize, maximize"),
        ({"objectives": {"": "minimize"}}, "not a printable text"),
        ({"objectives": ["a"]}, "does not name objectives"),
        ({"objectives": {"a": "minimize"}, "direction": "minimize"}, "both given"),
        ({"constraints": ["a <= 3"]}, "does not name constraints"),
        ({"constraints": {"a\n": "<= 3"}}, "constraint name .* not a printable text"),
    ],
)
def test_wrong_settings_say_what_is_allowed(settings, message):
    with pytest.raises(SettingsError, match=message):
        ant.Optimizer(SPACE, **settings)


@pytest.mark.parametrize(
    "text", ["", "4096", "< 3", "== 3", "<= three", "<= nan", ">= inf", "<= 3 MiB", "<=", 3.0, None]
)
def test_a_constraint_is_a_relation_with_a_number(text):
    with pytest.raises(SettingsError, match="allowed: '<= NUMBER' or '>= NUMBER'"):
        Goals.of(constraints={"memory_mib": text})


@pytest.mark.parametrize(
    ("text", "shown"), [("<=4096", "<= 4096"), (" >=  0.50 ", ">= 0.5"), ("<= -1e-300", "<= -1e-300"), (">= 0", ">= 0")]
)
def test_a_constraint_has_one_spelling(text, shown):
    assert Goals.of(constraints={"m": text}).limits == {"m": shown}


@given(st.sampled_from(["<=", ">="]), FLOATS)
def test_a_limit_survives_its_text(relation, limit):
    made = OutcomeConstraint("m", relation, limit)
    assert OutcomeConstraint.read("m", str(made)) == made


def test_names_are_unique_and_in_order():
    assert GOALS.names == ("chi2", "accuracy", "memory_mib")
    assert str(GOALS) == "chi2 minimize, accuracy maximize, memory_mib <= 4096, accuracy >= 0.5"
    with pytest.raises(SettingsError, match="objectives name 'a' twice"):
        Goals((Objective("a"), Objective("a", "maximize")))
    assert Goals.of(GOALS.directions, GOALS.limits) == GOALS


def test_an_algorithm_for_one_objective_says_so():
    assert Goals().single("algorithm 'tpe'") == Objective()
    with pytest.raises(SettingsError, match="algorithm 'tpe' is for one objective; there are 2: chi2, accuracy"):
        GOALS.single("algorithm 'tpe'")


# ---- telling -------------------------------------------------------------------------------------------------------


def test_values_are_told_by_name_and_kept_in_order():
    told = Outcome.of(GOALS, TOLD)
    assert list(told.values.items()) == [("chi2", 2.0), ("accuracy", 0.75), ("memory_mib", 4096.0)]
    assert Trial(number=0, params={"x": 0.5}).told(told).value == 2.0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.0, "told 1.0; expected values named 'chi2', 'accuracy', 'memory_mib'"),
        ({"chi2": 1.0, "accuracy": 1.0}, "missing 'memory_mib'; expected"),
        (TOLD | {"speed": 1.0}, "unknown 'speed'; expected"),
        ({"chi": 1.0, "accuracy": 1.0, "memory_mib": 1}, "missing 'chi2'; unknown 'chi'; expected"),
        (TOLD | {"chi2": "1"}, "value of 'chi2' must be a number, got '1'"),
        (TOLD | {"chi2": None}, "value of 'chi2' must be a number, got None"),
    ],
)
def test_wrong_values_are_one_clear_error(value, message):
    with pytest.raises(TellError, match=message):
        Outcome.of(GOALS, value)


@pytest.mark.parametrize("name", GOALS.names)
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_a_failure(name, number):
    told = Outcome.of(GOALS, TOLD | {name: number})
    assert (told.values, told.failure, told.message) == (None, "nan", f"value of '{name}' was {number}")


@pytest.mark.parametrize(
    ("goals", "std", "kept"),
    [
        (Goals(), 0.5, 0.5),
        (Goals(), {"value": 0.5}, 0.5),
        (Goals(), {"value": None}, None),
        (GOALS, {"accuracy": 0.5, "chi2": 1}, {"chi2": 1.0, "accuracy": 0.5}),
        (GOALS, {}, None),
        (Goals.of(constraints={"m": "<= 1"}), 0.5, 0.5),
        (Goals.of(constraints={"m": "<= 1"}), {"m": 0.5}, {"m": 0.5}),
    ],
)
def test_noise_is_a_number_or_has_names(goals, std, kept):
    values = dict.fromkeys(goals.names, 1.0)
    told = Outcome.of(goals, values, std=std)
    assert told.std == kept
    trial = Trial(number=0, params={"x": 0.5}).told(told)
    known = {name: trial.noise(name) for name in goals.names}
    assert {name: number for name, number in known.items() if number is not None} == (
        kept if isinstance(kept, dict) else {} if kept is None else {goals.first.name: kept}
    )


@pytest.mark.parametrize(
    ("std", "message"),
    [
        (0.5, "std=0.5 does not say of which value"),
        ({"speed": 1.0}, "std names 'speed'; expected some of 'chi2'"),
        ({"chi2": -1.0}, "std of 'chi2' must be finite and >= 0"),
        ({"chi2": math.nan}, "std of 'chi2' must be finite and >= 0"),
        ({"chi2": "1"}, "std of 'chi2' must be a number"),
    ],
)
def test_wrong_noise_is_refused(std, message):
    with pytest.raises(TellError, match=message):
        Outcome.of(GOALS, TOLD, std=std)


@given(st.dictionaries(st.sampled_from(GOALS.names), st.floats(0, 1e300), max_size=3), st.text(max_size=5))
def test_an_outcome_survives_its_json(std, message):
    for outcome in (
        Outcome.of(GOALS, TOLD, std=std or None, message=message),
        Outcome.of(GOALS, failed="memory", message=message),
    ):
        again = Outcome.from_dict(outcome.to_dict(), GOALS)
        assert (again, again.message) == (outcome, outcome.message)


def test_a_record_with_other_names_is_refused():
    with pytest.raises(TellError, match="missing 'accuracy', 'memory_mib'"):
        Outcome.from_dict({"values": {"chi2": 1.0}}, GOALS)
    with pytest.raises(TellError, match="missing 'chi2'"):
        history = ant.Optimizer(SPACE, algorithm="random")
        history.tell(history.ask(), 1.0)
        ant.Optimizer.from_history(SPACE, history.history, objectives={"chi2": "minimize"})


# ---- what is better ------------------------------------------------------------------------------------------------


@given(FLOATS, FLOATS)
def test_a_limit_itself_is_allowed(limit, value):
    upper, lower = OutcomeConstraint("m", "<=", limit), OutcomeConstraint("m", ">=", limit)
    assert upper.excess(limit) == lower.excess(limit) == 0.0
    assert (upper.excess(value) <= 0.0) is (value <= limit)
    assert (lower.excess(value) <= 0.0) is (value >= limit)


def test_losses_and_excesses():
    assert GOALS.losses(TOLD) == (2.0, -0.75)
    assert GOALS.excesses(TOLD) == (0.0, -0.25)
    assert GOALS.feasible(TOLD)
    assert GOALS.violation(TOLD) == 0.0
    assert GOALS.violation({"memory_mib": 8192, "chi2": 0.0, "accuracy": 0.25}) == pytest.approx(1.5)


@given(st.lists(st.tuples(FLOATS, st.floats(-1e300, 1e300)), min_size=1, max_size=8))
def test_ranks_put_feasible_trials_first(outcomes):
    problem = Problem(space=SPACE, goals=Goals.of(constraints={"m": "<= 0.25"}))
    trials = [
        Trial(number=n, params={"x": 0.5}).told(Outcome.of(problem.goals, {"value": value, "m": m}))
        for n, (value, m) in enumerate(outcomes)
    ]
    first = min(trials, key=problem.rank)
    if any(m <= 0.25 for _, m in outcomes):
        assert problem.loss(first) == min(value for value, m in outcomes if m <= 0.25)
    else:
        assert problem.rank(first)[0] > 0.0
        assert problem.goals.violation(first.values) == min(problem.goals.violation(t.values) for t in trials)


def test_a_rank_needs_one_objective():
    with pytest.raises(SettingsError, match="is for one objective"):
        GOALS.rank(TOLD)
    problem = Problem(space=SPACE, goals=GOALS)
    with pytest.raises(SettingsError, match="is for one objective"):
        problem.loss(Trial(number=0, params={"x": 0.5}).told(Outcome.of(GOALS, TOLD)))
    with pytest.raises(TellError, match="trial 0 has no value"):
        problem.rank(Trial(number=0, params={"x": 0.5}))
