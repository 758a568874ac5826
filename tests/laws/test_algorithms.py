"""Every algorithm of the package keeps the laws."""

import pytest

from askntell.optimizers.auto import Auto
from askntell.optimizers.ax import Ax
from askntell.optimizers.cmaes import CMAES
from askntell.optimizers.gp import GP
from askntell.optimizers.gridsearch import GridSearch
from askntell.optimizers.sobol import Sobol
from askntell.optimizers.tpe import TPE
from askntell.optimizers.uniform import RandomSearch
from askntell.testing.algorithms import SPACES, AlgorithmLaws


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


class TestTPE(AlgorithmLaws):
    @pytest.fixture
    def algorithm(self):
        return TPE()


class TestTPEWithFewKernels(AlgorithmLaws):
    @pytest.fixture
    def algorithm(self):
        return TPE(kernels=5, good=0.3)


class TestCMAES(AlgorithmLaws):
    @pytest.fixture
    def algorithm(self):
        return CMAES(population=5)


class TestAx(AlgorithmLaws):
    asks = 5  # a second each once there is a model

    @pytest.fixture(params=["conditional", "constrained"])
    def space(self, request):
        return SPACES[request.param]

    @pytest.fixture
    def algorithm(self):
        pytest.importorskip("ax", reason="needs the extra ax; `make test-ax` installs it")
        return Ax(initial=3)
