from __future__ import annotations

import pytest
from cli_tools import askntell


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_quickstart_runs_and_carries_on(tmp_path):
    pytest.importorskip("sklearn", reason="the demonstration trains with it")
    first = askntell("quickstart", "demo", "--trials", "1", "--parallel", "2", cwd=tmp_path)
    assert (first.status, first.out) == (0, "Report: demo/report.html\n")
    assert "15 of 15 closed" in first.err
    assert (tmp_path / "demo" / "report.html").exists()
    again = askntell("quickstart", "demo", "--trials", "1", cwd=tmp_path)
    assert again.status == 0
    assert "0 trials finished, 0 failed in this run; 15 of 15 closed" in again.err
    assert askntell("status", "demo", "--json", cwd=tmp_path).json()["finished"] == 15
