"""Every algorithm of the package keeps the laws."""

import pytest

from askntell.optimizers.auto import Auto
from askntell.optimizers.gp import GP
from askntell.optimizers.gridsearch import GridSearch
from askntell.optimizers.sobol import Sobol
from askntell.optimizers.uniform import RandomSearch
from askntell.testing.algorithms import AlgorithmLaws


class TestRandom(AlgorithmLaws):
    @pytest.fixture
    def algorithm(self):
        return RandomSearch()


class TestSobol(AlgorithmLaws):
    @pytest.fixture
    def algorithm(self):
        return Sobol()


class TestGrid(AlgorithmLaws):
    varies_with_seed = False

    @pytest.fixture
    def algorithm(self):
        return GridSearch(levels=45)


class TestShuffledGrid(AlgorithmLaws):
    @pytest.fixture
    def algorithm(self):
        return GridSearch(levels=45, shuffle=True)


class TestGP(AlgorithmLaws):
    @pytest.fixture
    def algorithm(self):
        return GP()


class TestAuto(AlgorithmLaws):
    @pytest.fixture
    def algorithm(self):
        return Auto()
