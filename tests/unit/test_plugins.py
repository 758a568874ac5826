"""Algorithms of other packages: found by entry point, and a broken one breaks only its own name."""

import subprocess
import sys

import pytest

from askntell.errors import SettingsError
from askntell.optimizers import algorithm_from, settings_of

PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar
from askntell.optimizers import Algorithm
from askntell.trial import Proposal

@dataclass(frozen=True, kw_only=True)
class Centre(Algorithm):
    name: ClassVar[str] = "centre"
    offset: float = 0.0
    def start(self, problem): return problem.space
    def learn(self, state, closed): return state
    def propose(self, state, request):
        return Proposal(params={"x": 0.5 + self.offset + 0.01 * request.number}, by=self.name)
"""

USE = """
import askntell as ant
from askntell.optimizers import algorithm_from
space = ant.SearchSpace({"x": ant.Float(0, 1)})
assert ant.Optimizer(space, algorithm="centre").ask().params == {"x": 0.5}
with ant.Study("s", space, algorithm=algorithm_from("centre", {"offset": 0.25})) as study:
    assert study.ask().params == {"x": 0.75}
assert ant.Study("s").ask().params == {"x": 0.76}, "the header names the plug-in and its settings"
for name, expected in [("broken", "plug-in 'broken' (centre_plugin:missing) cannot be loaded"),
                       ("center", "did you mean 'centre'?")]:
    try:
        ant.Optimizer(space, algorithm=name)
    except ValueError as error:
        assert expected in str(error), error
    else:
        raise AssertionError(name)
print("done")
"""


def test_an_installed_plugin_is_used_by_name(tmp_path):
    site = tmp_path / "site"
    info = site / "centre_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "centre_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: centre-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[askntell.algorithms]\ncentre = centre_plugin:Centre\nbroken = centre_plugin:missing\n"
    )
    code = f"import sys; sys.path.insert(0, {str(site)!r})\n{USE}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr


def test_settings_survive_their_record():
    algorithm = algorithm_from("grid", {"levels": 7, "shuffle": True})
    assert algorithm_from(algorithm.name, settings_of(algorithm)) == algorithm
    with pytest.raises(SettingsError, match=r"'grid' has no setting 'level'; settings: levels=5, shuffle=False"):
        algorithm_from("grid", {"level": 7})
    with pytest.raises(SettingsError, match="levels=0; allowed"):
        algorithm_from("grid", {"levels": 0})
