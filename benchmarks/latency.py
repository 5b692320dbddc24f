"""Measure the time from publication to settlement while texts arrive at random.

`benchmarks.pipeline` measures a running drain and a worker of the job queue at the same rates.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import quantiles

from benchmarks.job_queue import enqueuing
from benchmarks.jobs import PROJECT, Place
from benchmarks.requests import text_request
from pipeline.commands.publish import publish
from pipeline.settings import topic_path
from transforms.ledger import Ledger

RATES = (2.0, 20.0)
"""Texts per second, besides half of the capacity."""

SECONDS = 30.0
"""Duration of the arrivals at one rate."""

PATIENCE = 120.0

Send = Callable[[bytes], object]
Job = Callable[[Place, tuple[str, str]], AbstractContextManager[Send]]
"""Starts a job on a database and a folder, and gives a function that sends it requests."""


def latency(at: Place, capacity: float) -> dict[str, float]:
    """Measure milliseconds of drain and queue at each rate, and of a drain at half its capacity.

    Args:
        at: where the jobs run.
        capacity: texts per second that a drain completes at most.
    """
    found: dict[str, float] = {}
    for rate in RATES:
        for name, job in {"drain": _drain, "queue": _queue}.items():
            found |= _figures(f"{name}_{rate:g}", at, job, rate)
    return found | _figures("drain_half", at, _drain, capacity / 2)


def _figures(name: str, at: Place, job: Job, rate: float) -> dict[str, float]:
    with at.fresh() as place, job(at, place) as send:
        ledger = Ledger(place[0])
        send(text_request())  # starts the job's threads and connections
        _settled(ledger, 1)
        # The same arrivals for every job.
        count = _arrive(send, rate)
        taken = _settled(ledger, 1 + count)[1:]
        ledger.close()
    cuts = quantiles(taken, n=100)
    return {f"latency_{name}_p50_ms": cuts[49], f"latency_{name}_p99_ms": cuts[98]}


def _arrive(send: Send, rate: float) -> int:
    """Send texts at random times (a Poisson process); return their number."""
    chance = random.Random(rate)
    count, due = 0, time.monotonic()
    end = due + SECONDS
    while (due := due + chance.expovariate(rate)) < end:
        time.sleep(max(0.0, due - time.monotonic()))
        send(text_request())
        count += 1
    return count


def _settled(ledger: Ledger, count: int) -> list[float]:
    """Wait until `count` messages are completed; return the milliseconds of each, in order.

    Raises:
        TimeoutError: Fewer are completed in time.
    """
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        rows = ledger.run(
            "SELECT 1000 * extract(epoch FROM settled_at - publish_time) AS ms FROM messages "
            "WHERE outcome = 'completed' ORDER BY publish_time"
        )
        if len(rows) == count:
            return [float(row["ms"]) for row in rows]
        time.sleep(0.2)
    raise TimeoutError(f"fewer than {count} texts were completed in {PATIENCE:g} s")


@contextmanager
def _drain(at: Place, place: tuple[str, str]) -> Iterator[Send]:
    topic = topic_path("requests", PROJECT)
    arguments = (
        "benchmarks.stubs", "0", "drain", f"--project={PROJECT}", "--subscription=requests",
        "--max-runtime=3600", "--empty-queue-timeout=3600",
        f"--database={place[0]}", f"--artifacts={place[1]}",
    )  # fmt: skip
    with _running(at, *arguments):
        yield lambda data: publish(topic, [data])


@contextmanager
def _queue(at: Place, place: tuple[str, str]) -> Iterator[Send]:
    with enqueuing(place[0]) as send, _running(at, "benchmarks.job_queue", "serve", *place):
        yield send


@contextmanager
def _running(at: Place, module: str, *arguments: str) -> Iterator[None]:
    """Run a job in a child process during the block."""
    command = [sys.executable, "-m", module, *arguments]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=at.environment, stdout=quiet, stderr=quiet) as job:
        try:
            yield
        finally:
            job.terminate()
