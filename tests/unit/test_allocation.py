"""Which segment is asked next: the floor, the order of the rules, and that nothing but the histories counts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell.allocation import FADE, Allocation, Claimant, choose, fewest, worth
from askntell.goals import Goals
from askntell.history import History
from askntell.space import Float, SearchSpace
from askntell.trial import Outcome, Trial

SPACE = SearchSpace({"x": Float(0, 1)})
GOALS = Goals.of({"loss": "minimize"})


def history(*trials, goals=GOALS, name="a"):
    """(log gain or None, value, None for a failure or "pending") of each trial."""
    made = History(SPACE, goals, name)
    for number, (gain, value) in enumerate(trials):
        add(made, number, gain, value, name)
    return made


def add(made, number, gain, value, name="a"):
    why = {} if gain is None else {"log_gain": gain}
    made.add(Trial(number=number, segment=name, params={"x": number / 1000}, why=why))
    if value is None:
        made.close(number, Outcome(failure="crash"))
    elif value != "pending":
        made.close(number, Outcome(values=value if isinstance(value, dict) else {"loss": value}))


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([], None),
        ([(None, 1.0), (None, 2.0)], None),
        ([(None, 5.0), (-1.0, 1.0)], -1.0),
        ([(None, 1.0), (-1.0, 5.0)], -1.0 - FADE),
        ([(None, 1.0), (-1.0, None)], -1.0 - FADE),
        ([(None, 1.0), (-1.0, "pending")], -1.0 - FADE),
        ([(None, 1.0), (-1.0, "pending"), (-2.0, "pending")], -2.0 - FADE),
        ([(-9.0, 1.0), (-1.0, 3.0), (None, 2.0), (None, "pending")], -1.0 - 3 * FADE),
        ([(-1.0, 3.0), (None, 2.0)], -1.0 - FADE),
        ([(-1, 3.0)], -1.0),
        ([("a lot", 3.0)], None),
        ([(True, 3.0)], None),
    ],
)
def test_worth_is_the_last_promise_and_what_came_of_it(trials, expected):
    assert worth(history(*trials)) == (None if expected is None else pytest.approx(expected))


def test_worth_with_several_objectives_looks_at_the_front():
    goals = Goals.of({"a": "minimize", "b": "maximize"})
    assert worth(history((None, {"a": 1, "b": 1}), (-1.0, {"a": 2, "b": 2}), goals=goals)) == -1.0
    assert worth(history((None, {"a": 1, "b": 1}), (-1.0, {"a": 2, "b": 0}), goals=goals)) == -1.0 - FADE


def test_a_number_whose_asker_died_is_no_trial():
    made = history((-1.0, 1.0))
    add(made, 5, None, "pending")
    assert worth(made) == -1.0 - FADE


def claimants(*entries):
    return [Claimant(name, trials, waited, promise) for name, trials, waited, promise in entries]


def test_the_rules_one_after_the_other():
    few = fewest(3)
    assert choose([]) is None
    assert choose(claimants(("a", few + 5, 4, -1.0), ("b", few, 5, -9.0), ("c", few, 0, -2.0))) == "b", (
        "waited 2 S asks"
    )
    assert choose(claimants(("a", few - 1, 0, None), ("b", 0, 9, None), ("c", 0, 9, None))) == "b", "few trials first"
    assert choose(claimants(("a", few, 0, None), ("b", few - 1, 1, -9.0))) == "b", "few trials first"
    assert choose(claimants(("a", few + 1, 0, -3.0), ("b", few, 1, -2.0), ("c", few, 2, -2.5))) == "b", "largest worth"
    assert choose(claimants(("a", few + 1, 0, -3.0), ("b", few, 1, -3.0))) == "b", "then the fewest trials"
    assert choose(claimants(("a", few, 0, -3.0), ("b", few, 1, -3.0))) == "a", "then their order"
    assert choose(claimants(("a", few, 0, -3.0), ("b", few, 1, None))) == "b", "no promise yet: a design goes on"
    assert choose(claimants(("a", few, 0, -3.0), ("b", few + 1, 1, None))) == "a", "no promise and many trials"
    assert choose(claimants(("a", few + 2, 0, None), ("b", few + 1, 1, None))) == "b", "no promise anywhere"


@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.none() | st.floats(-30, 3), st.none() | st.floats(-3, 3)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_no_segment_waits_longer_than_twice_their_number(count, stories, random):
    """Whatever the algorithm promises and the trials give; a memo changes nothing."""
    names = [f"s{number}" for number in range(count)]
    histories = {name: history(name=name) for name in names}
    last = dict.fromkeys(names, 0)
    allocation = Allocation()
    for asks in range(1, 6 * count + 20):
        waited = {name: asks - 1 - last[name] for name in names}
        chosen = allocation.next(histories, waited)
        assert chosen == Allocation().next(histories, waited)
        assert chosen is not None
        gain, value = random.choice(stories)
        add(histories[chosen], histories[chosen].next_number, gain, "pending" if value is None else value, chosen)
        last[chosen] = asks
        assert max(asks - last[name] for name in names) < 2 * count
    numbers = [len(histories[name]) for name in names]
    assert min(numbers) >= min(fewest(count), max(numbers))


@given(st.lists(st.floats(-5, 0), min_size=2, max_size=20), st.integers(1, 8))
def test_half_of_the_budget_and_more_goes_where_the_promise_is(gains, extra):
    """One segment promises always more than the others; it gets what the floor leaves."""
    names = [f"s{number}" for number in range(len(gains))]
    histories = {name: history(name=name) for name in names}
    last = dict.fromkeys(names, 0)
    few = fewest(len(names))
    total = few * len(names) + 2 * extra * len(names)
    for asks in range(1, total + 1):
        chosen = Allocation().next(histories, {name: asks - 1 - last[name] for name in names})
        best = 10.0 if chosen == "s0" else gains[names.index(chosen)]
        add(histories[chosen], histories[chosen].next_number, best, 1.0 - asks / 1e6, chosen)
        last[chosen] = asks
    share = (len(histories["s0"]) - few) / (total - few * len(names))
    assert share >= 0.5 - 1.0 / extra / len(names)


def test_what_is_not_offered_is_not_chosen():
    histories = {name: history((-1.0, 1.0), name=name) for name in "abc"}
    waited = {"a": 9, "b": 1, "c": 0}
    assert Allocation().next({}, {}) is None
    assert Allocation().next({"c": histories["c"]}, waited) == "c"


def test_the_memo_sees_a_late_result():
    made = history((None, 5.0), (-1.0, "pending"), (-2.0, 4.0))
    other = history((-2.3, 1.0), (-2.3, 0.5), (-2.3, 0.4), name="b")
    allocation = Allocation()
    histories, waited = {"a": made, "b": other}, {"a": 0, "b": 1}
    add(made, 3, -2.5, "pending")
    assert allocation.next(histories, waited) == "b"
    made.close(3, Outcome(values={"loss": 1.0}))
    assert math.isclose(worth(made), -2.5)
    assert allocation.next(histories, waited) == "b"
    made.close(1, Outcome(values={"loss": 0.5}))
    add(made, 4, -0.1, "pending")
    assert allocation.next(histories, waited) == "a"
