"""Shared settings of the suite: reproducible property tests, one BLAS thread, and Ctrl-C as in a terminal."""

import os
import signal

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from hypothesis import HealthCheck, settings

# A shell that starts the suite in the background ignores Ctrl-C for it, and every process it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "askntell", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("askntell")
