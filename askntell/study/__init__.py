"""The public face of a folder: `Study`, what it says about its segments, and what it tells in a run."""

from __future__ import annotations

from askntell.study.listener import Listener
from askntell.study.study import Study
from askntell.study.summaries import SegmentSummary, SegmentTable

__all__ = ["Listener", "SegmentSummary", "SegmentTable", "Study"]
