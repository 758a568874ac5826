"""The package's own backend keeps the laws of all."""

import pytest

from askntell.backends import Local
from askntell.testing.backends import BackendLaws


class TestLocal(BackendLaws):
    patience_s = 20.0

    @pytest.fixture
    def backend(self, tmp_path):
        return Local(grace_s=0.5)
