"""Campaigns of many segments keep the laws, whether or not the algorithm lets them share."""

import pytest

from askntell.goals import Goals
from askntell.optimizers.auto import Auto
from askntell.optimizers.gp import GP
from askntell.optimizers.tpe import TPE
from askntell.optimizers.uniform import RandomSearch
from askntell.testing.campaigns import CampaignLaws, Tuning, family


class TestGP(CampaignLaws):
    shares = True

    @pytest.fixture
    def algorithm(self):
        return GP(initial=4)

    def test_two_objectives(self, algorithm):
        live = Tuning(algorithm, family(3), goals=Goals.of({"a": "minimize", "b": "maximize"}))
        for _ in range(self.rounds):
            for segment in live.segments:
                expected = live.rebuilt().ask(segment.name)
                trial = live.ask(segment.name)
                assert trial.params == expected.params
                x = trial.params["x"]
                live.tell(trial, {"a": x * x, "b": x - 0.1 * trial.params["s"]})
        assert any(trial.why.get("model") == "joint gp" for trial in live.ledger["s1"])


class TestAuto(CampaignLaws):
    shares = True

    @pytest.fixture
    def algorithm(self):
        return Auto()


class TestTPE(CampaignLaws):
    @pytest.fixture
    def algorithm(self):
        return TPE()


class TestRandom(CampaignLaws):
    @pytest.fixture
    def algorithm(self):
        return RandomSearch()
