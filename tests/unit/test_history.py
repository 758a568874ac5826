"""A history is a fold: whatever the order of arrival, the same facts give the same trials, views and incumbent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askntell.errors import UnknownTrial
from askntell.goals import Goals, Objective
from askntell.history import History
from askntell.space import Float, SearchSpace
from askntell.trial import Outcome, Trial

SPACE = SearchSpace({"x": Float(0, 1)})
OUTCOMES = st.one_of(
    st.floats(-3, 3).map(lambda v: Outcome(values={"value": v})),
    st.sampled_from([0.0, 1.0]).map(lambda v: Outcome(values={"value": v})),
    st.just(Outcome(failure="crash")),
    st.none(),
)


def folded(facts, direction):
    """Add and close in this order; a close may come only after its add."""
    history = History(SPACE, Goals.of(direction=direction), "all")
    for number, outcome in facts:
        if outcome is None:
            history.add(Trial(number=number, params={"x": number / 100}))
        else:
            history.close(number, outcome)
    return history


@given(st.lists(OUTCOMES, max_size=12), st.sampled_from(["minimize", "maximize"]), st.data())
def test_the_order_of_arrival_does_not_matter(outcomes, direction, data):
    adds = [(n, None) for n in range(len(outcomes))]
    closes = [(n, outcome) for n, outcome in enumerate(outcomes) if outcome is not None]
    sorted_history = folded(adds + closes, direction)
    late = data.draw(st.permutations(adds)) + data.draw(st.permutations(closes))
    history = folded(late, direction)
    assert list(history) == list(sorted_history)
    assert list(history.closed) == list(sorted_history.closed)
    assert list(history.pending) == list(sorted_history.pending)
    assert history.incumbent == sorted_history.incumbent
    assert history.taken == sorted_history.taken
    assert [t.number for t in history.closed] == sorted(t.number for t in history.closed)
    losses = [Objective(direction=direction).loss(t.value) for t in history if t.value is not None]
    if losses:
        assert Objective(direction=direction).loss(history.incumbent.value) == min(losses)


@given(st.permutations(range(8)))
def test_the_epoch_changes_exactly_when_the_closed_list_did_not_only_grow_at_its_end(order):
    history = History(SPACE, Goals(), "all")
    for number in range(8):
        history.add(Trial(number=number, params={"x": number / 100}))
    for number in order:
        before, epoch = list(history.closed), history.epoch
        history.close(number, Outcome(values={"value": 1.0}))
        only_grew = list(history.closed)[: len(before)] == before
        assert (history.epoch == epoch) is only_grew


def test_overwriting_a_result_finds_the_incumbent_again():
    history = folded(
        [(0, None), (1, None), (0, Outcome(values={"value": 1.0})), (1, Outcome(values={"value": 2.0}))], "minimize"
    )
    history.close(0, Outcome(values={"value": 3.0}))
    assert history.incumbent.number == 1
    assert [t.value for t in history.closed] == [3.0, 2.0]


def test_unknown_numbers_say_what_is_known():
    history = folded([(0, None), (1, None)], "minimize")
    with pytest.raises(UnknownTrial, match=r"segment 'all' has no trial 5; known numbers: 0 to 1"):
        history.get(5)
    assert 1 in history
    assert 5 not in history


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8), st.data())
def test_the_incumbent_is_the_best_that_keeps_the_limit(outcomes, data):
    goals = Goals.of(constraints={"c": "<= 1"})
    history = History(SPACE, goals, "all")
    for number in range(len(outcomes)):
        history.add(Trial(number=number, params={"x": number / 100}))
    for number in data.draw(st.permutations(range(len(outcomes)))):
        value, c = outcomes[number]
        history.close(number, Outcome(values={"value": float(value), "c": float(c)}))
    able = [(value, number) for number, (value, c) in enumerate(outcomes) if c <= 1]
    assert (history.incumbent and history.incumbent.number) == (min(able)[1] if able else None)
    for number in range(len(outcomes)):  # a correction takes the best its limit
        history.close(number, Outcome(values={"value": 0.0, "c": 2.0}))
    assert history.incumbent is None


def test_several_objectives_have_no_incumbent():
    history = History(SPACE, Goals.of({"a": "minimize", "b": "minimize"}), "all")
    history.add(Trial(number=0, params={"x": 0.5}))
    history.close(0, Outcome(values={"a": 1.0, "b": 1.0}))
    assert history.incumbent is None
