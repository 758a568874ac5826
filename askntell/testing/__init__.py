"""The laws that every algorithm, backend and store must keep, as test classes for plug-in authors.

Subclass one in a test module and give its fixtures; pytest runs the laws. The package's own parts have no easier exam.
This package needs pytest and is imported by nothing else in askntell.
"""

from __future__ import annotations

from askntell.testing.algorithms import AlgorithmLaws
from askntell.testing.backends import BackendLaws
from askntell.testing.campaigns import CampaignLaws
from askntell.testing.disks import FailingDisk
from askntell.testing.stores import StoreLaws

__all__ = ["AlgorithmLaws", "BackendLaws", "CampaignLaws", "FailingDisk", "StoreLaws"]
