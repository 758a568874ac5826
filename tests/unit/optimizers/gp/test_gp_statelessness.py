"""One ask in a fresh process equals the ask of a process that has lived through the history, with and without memos."""

import json
import subprocess
import sys

import pytest
from gp_samples import MIXED, SQUARE, bowl, mixed_loss

from askntell import Optimizer, Trial
from askntell.optimizers.algorithm import Request
from askntell.optimizers.gp import GP
from askntell.trial import Outcome, Problem

COUNTS = {"square": (0, 4, 5, 37, 151, 420), "mixed": (0, 7, 8, 37, 151, 420)}  # 0, n0 - 1, n0, ... of each
SPACES = {"square": (SQUARE, bowl), "mixed": (MIXED, mixed_loss)}

_ELSEWHERE = """
import json, sys
from askntell import Optimizer, SearchSpace, Trial
from askntell.trial import Outcome
made = []
for case in json.load(sys.stdin):
    trials = []
    for number, params, values, failure in case["history"]:
        trial = Trial(number=number, params=params)
        closed = values is not None or failure is not None
        trials.append(trial.told(Outcome(values=values, failure=failure)) if closed else trial)
    space = SearchSpace.from_json(case["space"])
    optimizer = Optimizer.from_history(space, trials[::-1], algorithm="gp", seed=7)
    made.append([[t.params, t.by, t.why] for t in optimizer.ask(2, deadline=case["deadline"])])
print(json.dumps(made))
"""


def history(name, count):
    """Told trials, some failed, and then two pending ones."""
    space, function = SPACES[name]
    trials = []
    for number, params in enumerate(space.sample(count + 2, seed=3)):
        trial = Trial(number=number, params=params)
        if number < count:
            failed = number % 12 == 11
            trial = trial.told(Outcome(failure="crash") if failed else Outcome(values={"value": function(params)}))
        trials.append(trial)
    return trials


def described(trials):
    return [[t.params, t.by, dict(t.why)] for t in trials]


@pytest.mark.parametrize("name", sorted(SPACES))
def test_a_fresh_process_proposes_what_a_living_one_does(name):
    space, _ = SPACES[name]
    cases, mine = [], []
    for count in COUNTS[name]:
        for deadline in (None, 0.02) if count in (37, 420) else (None,):
            trials = history(name, count)
            living = Optimizer(space, algorithm="gp", seed=7)
            for trial in trials:
                if trial.number in (20, 36, 149, 152, 300, 419):
                    assert living.recommended is not None  # fills memos
                living.enqueue(trial.params)
                asked = living.ask()
                if trial.status.closed:
                    living.tell(asked, trial.value, failed=trial.failure)
            mine.append(described(living.ask(2, deadline=deadline)))
            cases.append(
                {
                    "space": space.to_dict(),
                    "deadline": deadline,
                    "history": [[t.number, t.params, t.values, t.failure] for t in trials],
                }
            )
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(json.dumps(mine))


@pytest.mark.parametrize("count", [37, 151, 420])
def test_memos_change_nothing(count):
    """The state that learnt trial by trial, with every memo filled in between, proposes like one without memos."""
    trials = history("mixed", count)[:count]
    algorithm, problem = GP(), Problem(space=MIXED)
    fresh = algorithm.learn(algorithm.start(problem), trials)
    worn = algorithm.start(problem)
    for begin, end in ((0, 30), (30, count - 3), (count - 3, count - 1), (count - 1, count)):
        worn = algorithm.learn(worn, trials[begin:end])
        assert worn.improvement
        for deadline in (None, 0.03, 0.015):
            algorithm.propose(worn, Request(number=999, seed=1, segment="all", deadline=deadline))
    for deadline in (None, 0.03, 0.015, 0.001):
        request = Request(number=count, seed=7, segment="all", deadline=deadline)
        assert algorithm.propose(worn, request) == algorithm.propose(fresh, request)


def test_the_order_in_which_pending_trials_came_does_not_matter():
    trials = history("square", 20)
    late = [Trial(number=22 + k, params=p) for k, p in enumerate(SQUARE.sample(4, seed=9))]
    one = Optimizer.from_history(SQUARE, [*trials, *late], algorithm="gp", seed=0)
    other = Optimizer.from_history(SQUARE, [*late[::-1], *trials], algorithm="gp", seed=0)
    assert one.ask().params == other.ask().params
