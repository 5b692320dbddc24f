"""Stop a job and time its end."""

from __future__ import annotations

import signal
import time

from tests.faults.ordinary.bench import Bench
from tests.faults.ordinary.checkout import Job
from tests.faults.ordinary.finding import Finding

GRACE = 6
"""Seconds of `--shutdown-grace`."""

LONGEST = GRACE + 6.0
"""Seconds from the signal to the end: the grace, closing, handing back, and the interpreter."""


def stopped(bench: Bench, job: Job, about: str) -> Finding:
    """Send SIGTERM to a job and return whether it ended in time with a summary."""
    sent = time.monotonic()
    job.send(signal.SIGTERM)
    done = job.wait(bench.left)
    seconds = time.monotonic() - sent
    passed = seconds <= LONGEST and bool(done.summary)
    return Finding(10, passed, f"{about}: ended {seconds:.0f} s after SIGTERM, {done.shown}")
