"""What several test files of this folder start from."""

import pytest


@pytest.fixture
def launch(tmp_path, monkeypatch):
    folder = tmp_path / "launch"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
