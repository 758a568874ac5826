"""Playing, keeping and summing up runs of the regret benchmark."""

from __future__ import annotations

import dataclasses
import json
import sys

import bench  # noqa: F401 -- puts the benchmark on the path
import cache
import numpy as np
import pytest
import summary
from _speak import Variable, active, variables
from contestants import CONTESTANTS, Entry
from playing import Broken, fingerprint, play
from problems import PROBLEMS
from reference import regret_of

RANDOM = CONTESTANTS["random"]


@pytest.mark.parametrize("name", ["pipeline-10", "noisy-hartmann-3", "batch-sphere-mixed-9", "zdt2-8"])
def test_a_run_is_the_same_twice(name):
    first, second = (play(PROBLEMS[name], RANDOM, 1, 30) for _ in range(2))
    for key in ("best", "recommended", "fingerprint"):
        assert first.get(key) == second.get(key)
    reached = [value for _, value in first["best"]]
    assert reached == sorted(reached, reverse=name != "zdt2-8") or name.startswith("noisy")
    assert first["best"][0][0] == 1
    assert first["cpu_ms"]["30"] > 0
    assert ("recommended" in first) == name.startswith("noisy")
    json.dumps(first, allow_nan=False)


def test_what_an_algorithm_cannot_do_is_a_record():
    entry = dataclasses.replace(RANDOM, plays="no-such-algorithm")
    assert "no-such-algorithm" in play(PROBLEMS["pipeline-10"], entry, 0, 10)["skip"]


def test_a_contestant_that_dies_loses_its_run(tmp_path, monkeypatch):
    program = tmp_path / "dying.py"
    program.write_text("import sys\ninput()\nsys.exit('out of ideas')\n")
    monkeypatch.setattr(Entry, "argv", property(lambda _: [sys.executable, str(program)]))
    with pytest.raises(Broken, match="out of ideas"):
        play(PROBLEMS["pipeline-10"], RANDOM, 0, 10)


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["solvers-9", "batch-sphere-mixed-9"])
@pytest.mark.parametrize("name", [n for n, entry in CONTESTANTS.items() if entry.program != "own_peer"])
def test_every_peer_speaks(name, problem):
    entry = CONTESTANTS[name]
    if not entry.python.exists():
        pytest.skip("no environment: make bench-peers")
    record = play(PROBLEMS[problem], entry, 0, 8)
    assert record["best"][-1][0] <= 8
    assert record["versions"]


def test_a_torn_line_loses_one_run(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "FOLDER", tmp_path)
    cache.append("a", {"problem": "p", "seed": 0, "budget": 1})
    path = tmp_path / "a.jsonl"
    path.write_text(path.read_text() + '{"problem":"p","se')
    cache.append("a", {"problem": "p", "seed": 1, "budget": 2})
    cache.append("a", {"problem": "p", "seed": 0, "budget": 3})
    assert {key: r["budget"] for key, r in cache.read("a", tmp_path).items()} == {("p", 0): 3, ("p", 1): 2}


def test_a_changed_problem_has_another_fingerprint():
    problem = PROBLEMS["pipeline-10"]
    other = dataclasses.replace(problem, true=lambda params: problem.true(params) + 0.01)
    assert fingerprint(problem) == fingerprint(problem) != fingerprint(other)
    assert fingerprint(dataclasses.replace(problem, batch=2)) != fingerprint(problem)


def test_ranks_share_ties():
    assert summary._rank_rows(np.array([[0.2, 0.1, 0.2], [1.0, 2.0, 3.0]])).tolist() == [[2.5, 1, 2.5], [1, 2, 3]]


def test_wins_are_paired_and_their_interval_holds_them():
    ours = {("p", s): [0.1 * s, None, None, None] for s in range(3)}
    theirs = {("p", s): [0.1, None, None, None] for s in range(2)} | {("q", 0): [0.0, None, None, None]}
    found = summary._wins(ours, theirs, {"all": ["p", "q"]}, 0)["all"]
    assert found["runs"] == 2
    assert found["wins"] == 0.75
    assert found["interval"] == [0.75, 0.75]


def test_regret_is_measured_from_the_optimum():
    assert regret_of(PROBLEMS["goldstein-price-2"], 5.0) == 2.0
    two = PROBLEMS["zdt2-8"]
    assert regret_of(two, two.largest_area - 0.5) == pytest.approx(0.5)


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_the_adapters_read_a_space_as_the_package_does(name):
    space = PROBLEMS[name].space
    found = variables(json.loads(space.to_json()))
    for params in space.sample(20, seed=2):
        whole = {v.name: params.get(v.name, v.at(0.3)) for v in found}
        assert active(found, whole) == params
    for variable in found:
        for u in (0.0, 0.37, 1.0):
            space.parameters[variable.name].snap(variable.at(u))


def test_a_log_integer_has_both_ends():
    variable = Variable("n", {"type": "int", "low": 1, "high": 256, "log": True})
    assert [variable.at(0.0), variable.at(1.0)] == [1, 256]
    assert variable.at(0.5) == pytest.approx(11, abs=3)


def test_what_an_algorithm_is_not_for_is_skipped_with_its_reason():
    record = play(PROBLEMS["zdt2-8"], CONTESTANTS["askntell-tpe"], 0, 10)
    assert "is for one objective" in record["skip"]


def test_kept_runs_name_no_folder_of_the_machine_that_made_them():
    for path in cache.FOLDER.glob("*.jsonl"):
        assert 'File "' not in path.read_text(encoding="utf-8").replace('\\"', '"'), path.name
