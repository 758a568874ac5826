"""Inside a job: the trial's params, and the door by which its value goes back.

Runs on Python 3.8 and later with the standard library alone, so that a training in an old container can use it::

    from askntell import worker

    job = worker.current(defaults={"lr": 1e-3})
    job.finish(train(lr=job.params["lr"]))

Everything travels in files of the job's folder; `docs/formats/job.md` specifies them.
"""

from __future__ import annotations

from askntell.worker.context import Job, current
from askntell.worker.files import JobError

__all__ = ["Job", "JobError", "current"]
