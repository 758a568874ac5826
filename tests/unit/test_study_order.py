"""Processes that see each other's records late: whatever the order, all readers come to the same books."""

import pytest

from askntell import Segment
from askntell.errors import JournalDamage
from askntell.optimizers.campaign import Campaign
from askntell.space import Float, SearchSpace
from askntell.study import Study
from askntell.trial import Outcome

SPACE = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})


def loss(trial):
    place = "ab".find(trial.segment)
    return (trial.params["x"] - 0.3) ** 2 + (trial.params["y"] - 0.1 * place) ** 2 + place


@pytest.fixture
def three(tmp_path):
    """Two writers and a reader, none of whom has read what the others write after this."""
    first = Study(tmp_path / "s", SPACE, segments=[Segment("a"), Segment("b")], algorithm="gp")
    return first, Study(tmp_path / "s"), Study(tmp_path / "s")


def unseen(study, kind, body):
    """Record something without reading the others first, as in a race."""
    study._books._record(kind, body)


def added(study, name, **features):
    unseen(study, "segment", {"segment": name, "entry": {"name": name, "features": features}})


def test_segments_that_two_processes_add_have_one_order(three):
    first, second, _ = three
    added(first, "p", eta=1.0)
    added(second, "q", eta=2.0)
    added(second, "r", eta=3.0)
    added(first, "s", eta=4.0)
    orders = [[segment.name for segment in study.segments] for study in three]
    assert orders[0] == orders[1] == orders[2]
    assert sorted(orders[0]) == ["a", "b", "p", "q", "r", "s"]


def test_of_two_segments_with_one_name_all_readers_keep_the_same(three, tmp_path):
    first, second, reader = three
    added(first, "p", eta=1.0)
    added(second, "p", eta=2.0)
    unseen(first, "asked", {"trial": ["p", 0], "by": "told", "params": {"x": 0.5, "y": 0.5}})
    with pytest.warns(JournalDamage, match="segment 'p' was added twice"):
        first.refresh()
    with pytest.warns(JournalDamage, match="segment 'p' was added twice"):
        second.refresh()
    with pytest.warns(JournalDamage, match="segment 'p' was added twice"):
        reader.refresh()
    features = [dict(study.segments["p"].features) for study in three]
    assert features[0] == features[1] == features[2]
    assert all(study.trials("p")[0].params == {"x": 0.5, "y": 0.5} for study in three)


def test_an_outcome_that_two_processes_tell_has_the_place_of_the_first(three):
    first, second, _ = three
    trials = [first.ask("a"), first.ask("b")]
    second.refresh()
    first.tell(trials[1], 5.0)
    told = {"trial": ["a", 0]} | Outcome.of(first.goals, 1.0).to_dict()
    unseen(first, "told", told)
    unseen(second, "told", told)
    for study in three:
        study.refresh()
    places = [list(study._books._ledger.closings) for study in three]
    assert places[0] == places[1] == places[2]


def test_a_late_record_costs_no_second_look_at_the_older_ones(three, tmp_path, monkeypatch):
    """Two processes at once see each other's results late; what is learnt of the records before those is kept."""
    first, second, _ = three
    joins = []
    real = Campaign._fresh
    monkeypatch.setattr(Campaign, "_fresh", lambda self: joins.append(1) or real(self))
    for _ in range(6):
        trials = [study.ask(segment) for segment in "ab" for study in (first, second)]
        for place, trial in enumerate(trials):
            study = (first, second)[place % 2]
            told = Outcome.of(study.goals, loss(trial)).to_dict()
            unseen(study, "told", {"trial": [trial.segment, trial.number]} | told)
    for study in (first, second):
        study.ask("a")
    assert first._books._ledger.epoch + second._books._ledger.epoch > 4, "some were late"
    assert len(joins) == 2, "one for each process"
    fresh = Study(tmp_path / "s")._books
    second.refresh()
    number = second._books.history("a").next_number
    proposals = [b._campaign.propose(b._ledger, "a", number, {}) for b in (fresh, second._books)]
    assert proposals[0] == proposals[1]


def test_who_dies_while_a_proposal_is_worked_out_leaves_no_gap(three, monkeypatch):
    """Proposals depend on the number: after a gap the search would go on otherwise than one that was not killed."""
    first, second, _ = three

    def killed(*given, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Campaign, "propose", killed)
        with pytest.raises(KeyboardInterrupt):
            first.ask("a")
    assert second.ask("a").number == 0
    assert first.ask("a").number == 1
