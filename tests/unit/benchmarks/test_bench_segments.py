"""The segments benchmark: families whose optima are right, games that repeat, figures on a tiny table."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections import Counter

import bench  # noqa: F401 -- puts the benchmark on the path
import numpy as np
import pytest
from contestants import CONTESTANTS
from families import FAMILIES, half_of
from families.instance import Instance, grid_features
from families.synthetic import D, landscapes
from problems.problem import cube, fixed_numbers
from scipy.stats import spearmanr
from sharing import BASE, PLAYERS, Game
from sharing.figures import firsts, left_after, reach
from sharing.ours import greedy
from sharing.playing import play, steps
from sharing.rgpe import misranked, weights
from sharing.tables import compact, summary

from askntell import Segment

SYNTHETIC = [name for name, family in FAMILIES.items() if not family.real]
POINTS = fixed_numbers(3, 400, D)
needs_sklearn = pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="scikit-learn trains the models")


@pytest.mark.parametrize("name", SYNTHETIC)
@pytest.mark.parametrize("seed", [0, 100])
def test_the_optimum_is_where_it_is_said_and_nothing_beats_it(name, seed):
    instance = FAMILIES[name].make(15, seed)
    for k, function in enumerate(landscapes(name, 15, seed)):
        at = {f"x{j}": float(u) for j, u in enumerate(function.place)}
        assert instance.space.contains(at)
        assert instance.evaluate(k, at) == pytest.approx(instance.minima[k], abs=1e-12)
        near = np.clip(function.place + 0.02 * (POINTS - 0.5), 0.0, 1.0)
        assert min(function(POINTS).min(), function(near).min()) > 0.0
        half = np.median([instance.regret(k, instance.evaluate(k, as_params(x))) for x in POINTS[:200]])
        assert 70 < half < 140  # the median random point has a regret of 100 %


def as_params(x):
    return {f"x{j}": float(u) for j, u in enumerate(x)}


def likeness(kind: str, seed: int):
    """Rank correlations of the functions of an instance over random points."""
    return spearmanr(np.array([f(POINTS) for f in landscapes(kind, 15, seed)]).T).statistic


def test_related_families_are_related_and_unrelated_ones_are_not():
    seeds = range(4)
    for kind, low, high in (("drift", 0.7, 1.0), ("shifts", 0.7, 1.0), ("identical", 0.999, 1.01)):
        assert all(low < np.median(likeness(kind, s)) <= high for s in seeds), kind
    assert all(abs(np.median(likeness("unrelated", s)[np.triu_indices(15, 1)])) < 0.25 for s in seeds)


def test_a_third_of_the_adversarial_segments_is_really_unrelated():
    for seed in range(4):
        functions = landscapes("adversarial", 15, seed)
        permuted = [k for k, f in enumerate(functions) if (f.order != np.arange(D)).any()]
        assert len(permuted) == 5
        assert FAMILIES["adversarial"].make(15, seed).odd == tuple(permuted)
        drift = [k for k in range(15) if k not in permuted]
        table = likeness("adversarial", seed)
        assert np.median(table[np.ix_(drift, drift)]) > 0.7
        assert np.median(table[np.ix_(permuted, drift)]) < 0.35
        for k in permuted:  # what is best for the others is no good here
            worth = [float(functions[k](functions[other].place[None])[0]) for other in drift]
            assert min(worth) > 0.5 * float(np.median(functions[k](POINTS)))


def test_clusters_are_the_classes_and_mirrored_groups_are_not():
    table = likeness("clusters", 1)
    same = np.array([[a == b for b, _ in grid_features(15)] for a, _ in grid_features(15)])
    assert np.median(table[same]) > 0.9 > 0.5 > np.median(np.abs(table[~same]))
    groups = [bool(f.mirrored.all()) for f in landscapes("mirrored", 15, 1)]
    assert sorted(Counter(groups).values()) == [7, 8]
    assert len({tuple(groups[i : i + 5]) for i in (0, 5, 10)}) > 1  # no class is a group


def test_an_instance_is_the_same_twice_and_another_one_for_another_seed():
    family = FAMILIES["drift"]
    assert family.make(15, 7).fingerprint() == family.make(15, 7).fingerprint() != family.make(15, 8).fingerprint()
    assert half_of(family, 99) == "tune"
    assert half_of(family, 100) == half_of(FAMILIES["slices"], 0) == "report"


def test_offsets_and_scales_are_those_of_the_description():
    instances = [FAMILIES["identical"].make(100, seed) for seed in range(3)]
    assert np.std([i.minima for i in instances]) == pytest.approx(3.0, rel=0.15)
    assert np.std([np.log(i.units) for i in instances], axis=1).mean() == pytest.approx(0.7, rel=0.15)


def test_a_hundred_segments_share_three_classes_on_a_grid():
    made = grid_features(100)
    assert Counter(kind for kind, _ in made) == {"a": 34, "b": 33, "c": 33}
    assert all(0 < at < 1 for _, at in made)
    assert all(
        len(FAMILIES[name].make(size, 0).segments) == size for name in ("drift", "calorimeter") for size in (15, 100)
    )


@needs_sklearn
@pytest.mark.parametrize("name", ["slices", "calorimeter"])
def test_a_real_segment_repeats_and_does_not_beat_its_searched_minimum_by_much(name):
    family = FAMILIES[name]
    instance = family.make(family.sizes[0], 100)
    assert np.all(instance.units > 0)
    for k in (0, instance.size - 1):
        losses = [instance.evaluate(k, params) for params in instance.space.sample(6, seed=4)]
        assert losses == [instance.evaluate(k, params) for params in instance.space.sample(6, seed=4)]
        assert len(set(losses)) > 3
        assert min(losses) > instance.minima[k] - 0.05 * instance.units[k]


def test_results_come_at_once_or_late_in_a_fixed_order():
    assert list(steps(2, 2, 1, 0)) == [(what, k) for k in range(4) for what in ("ask", "tell")]
    late = list(steps(15, 6, 64, 3))
    assert late == list(steps(15, 6, 64, 3)) != list(steps(15, 6, 64, 4))
    asked = [k for what, k in late if what == "ask"]
    told = [k for what, k in late if what == "tell"]
    assert asked == list(range(90))
    assert sorted(told) == asked != told
    flying = np.cumsum([1 if what == "ask" else -1 for what, _ in late])
    assert flying.max() == 64
    assert all(late.index(("ask", k)) < late.index(("tell", k)) for k in range(90))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("name", ["joint", "alone", "pooled", "rgpe", "portfolio"])
def test_a_run_is_the_same_twice_and_counts_every_trial(name, late):
    instance = FAMILIES["drift"].make(3, 0)
    found = {s.name: {f"x{j}": 0.5 for j in range(D)} for s in instance.segments}
    runs = [play(instance, PLAYERS[name], seed=1, trials=9, late=late, found=found) for _ in range(2)]
    assert runs[0]["best"] == runs[1]["best"]
    assert len(runs[0]["best"]) == 3
    for curve in runs[0]["best"]:
        assert curve[0][0] == 1
        assert curve[-1][0] <= 9
        assert [loss for _, loss in curve] == sorted((loss for _, loss in curve), reverse=True)
    assert ("found" in runs[0]) == (name == BASE)
    json.dumps(runs[0], allow_nan=False)


def test_pooled_tries_its_points_in_every_segment():
    instance = FAMILIES["drift"].make(3, 0)
    pooled = PLAYERS["pooled"].make(Game(instance=instance, seed=0, trials=4))
    for _ in range(4):
        asked = [pooled.ask(segment.name) for segment in instance.segments]
        assert asked[0] == asked[1] == asked[2]
        for segment, (token, params) in zip(instance.segments, asked, strict=True):
            pooled.tell(segment.name, token, params["x0"])


def test_a_portfolio_without_finished_searches_cannot_play():
    instance = FAMILIES["drift"].make(3, 0)
    assert "alone" in play(instance, PLAYERS["portfolio"], seed=0, trials=3)["skip"]


def test_a_portfolio_takes_what_helps_most_first():
    regrets = np.array([[0.5, 0.5, 0.5], [0.0, 0.0, 1.0], [1.0, 1.0, 0.1], [0.0, 0.0, 1.0]])
    assert greedy(regrets, 3) == [1, 2, 0]  # the last adds nothing: the first among equals
    assert len(greedy(regrets, 9)) == 4


def test_rgpe_weighs_by_order():
    y = np.array([0.0, 1.0, 2.0])
    assert misranked(np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0], [5.0, 9.0, 7.0]]), y).tolist() == [0, 6, 2]
    good, own, bad = [0, 0, 0, 0], [2, 2, 0, 2], [6, 6, 6, 6]
    assert weights(np.array([good, bad, own])).tolist() == [0.75, 0.0, 0.25]
    assert weights(np.array([bad, own])).tolist() == [0.0, 1.0]


def tiny(minima=(0.0, 10.0, 0.0, 0.0)) -> Instance:
    """Four segments, units 1, 2, 1, 1."""
    return Instance(
        family="drift",
        seed=0,
        space=cube(2, 0.0, 1.0),
        segments=tuple(Segment(f"s{k}") for k in range(4)),
        evaluate=lambda index, params: float(index),
        minima=np.array(minima),
        units=np.array([1.0, 2.0, 1.0, 1.0]),
    )


CURVES = [
    [[1, 0.5], [3, 0.1], [7, 0.01]],
    [[1, 11.0], [2, 10.1], [6, 10.0]],
    [[1, 0.04]],
    [[1, 0.9], [2, 0.3]],
]
RECORD = {"best": CURVES, "budget": 8, "ask_ms": {"median_second_half": 2.0, "worst": 9.0}}


def test_first_trials_and_regrets_of_a_tiny_table():
    assert firsts(RECORD, tiny(), 5.0, 8).tolist() == [7, 2, 1, np.inf]
    assert firsts(RECORD, tiny(), 5.0, 6).tolist() == [np.inf, 2, 1, np.inf]
    assert firsts(RECORD, tiny(), [20.0, 0.0, 50.0, 30.0], 8).tolist() == [3, 6, 1, 2]
    assert left_after(RECORD, tiny(), 5) == pytest.approx([10.0, 5.0, 4.0, 30.0])
    found = reach(np.array([7.0, 2.0, 1.0, np.inf]), 8)
    assert (found.median, found.mean, found.missed) == (4.5, 4.75, 0.25)
    assert reach(np.array([7.0, np.inf]), 8).median == np.inf


def test_figures_against_alone_are_paired_by_seed_and_cut_to_the_shortest_run():
    twice = {"best": [[[2 * n, loss] for n, loss in curve] for curve in CURVES], **{k: RECORD[k] for k in ("ask_ms",)}}
    slow = {**twice, "budget": 16}
    game = ("drift", 4, False)
    alone = {0: (RECORD, tiny()), 1: (RECORD, tiny())}
    found = summary({(*game, BASE): alone, (*game, "pooled"): {0: (slow, tiny())}})
    assert found[*game, BASE]["to"]["5"] == {"median": [4.5] * 3, "mean": [4.75] * 3, "missed": 0.25}
    assert found[*game, BASE]["times"]["5"] == [1.0, 1.0, 1.0]
    mine = found[*game, "pooled"]
    assert mine["budget"] == 8
    assert mine["to"]["5"]["mean"][0] == (4 + 2 + 9 + 9) / 4  # the one that came at 14 is past the shortest budget
    assert mine["times"]["5"][0] == pytest.approx(6.0 / 4.75, rel=1e-3)
    assert mine["left"] == {"5": [pytest.approx(17.5)] * 3, "end": [pytest.approx(7.5)] * 3}
    assert "pooled" in compact({(*game, BASE): alone, (*game, "pooled"): {0: (slow, tiny())}})


def test_segments_with_lying_features_have_a_figure_of_their_own():
    instance = dataclasses.replace(tiny(), odd=(1, 2))
    slower = {**RECORD, "best": [CURVES[0], [[4, 10.0]], [[2, 0.0]], CURVES[3]]}
    found = summary(
        {("drift", 4, False, BASE): {0: (RECORD, instance)}, ("drift", 4, False, "rgpe"): {0: (slower, instance)}}
    )
    assert found["drift", 4, False, "rgpe"]["times_odd"]["5"][0] == 2.0  # (4 + 2) against (2 + 1)


def test_real_families_count_trials_to_what_alone_ends_with():
    instance = dataclasses.replace(tiny(), family="slices")
    early = {**RECORD, "best": [[[1, 0.0]], [[4, 10.0]], [[1, 0.9], [2, 0.045]], [[1, 0.9]]]}
    game = ("slices", 4, False)
    found = summary({(*game, BASE): {100: (RECORD, instance)}, (*game, "rgpe"): {100: (early, instance)}})
    assert found[*game, BASE]["to_end"]["mean"][0] == (7 + 6 + 1 + 2) / 4
    mine = found[*game, "rgpe"]["to_end"]
    assert mine["mean"][0] == (1 + 4 + 2 + 9) / 4
    assert mine["missed"] == 0.25
    assert mine["times"][0] == 1.0


@pytest.mark.slow
def test_a_peer_searches_each_segment_for_itself():
    if not CONTESTANTS["optuna-tpe"].python.exists():
        pytest.skip("no environment: make bench-peers")
    instance = FAMILIES["drift"].make(3, 0)
    record = play(instance, PLAYERS["optuna-tpe"], seed=0, trials=5, late=True)
    assert [curve[0][0] for curve in record["best"]] == [1, 1, 1]
    assert "optuna" in record["versions"]
