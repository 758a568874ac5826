"""The store of a shared folder keeps the laws."""

import pytest

from askntell.testing.stores import StoreLaws


class TestFolder(StoreLaws):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "study"
