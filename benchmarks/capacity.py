"""Compute how much of each resource many lessons a day need, compared with its limit.

    python -m benchmarks.capacity [--lessons 1000000] [--calls 10] [--json FILE]

Usage and prices are those of the price tables. A day is simulated minute by minute: lessons arrive
along a sine, few at night and most at noon, with a peak hour of three times the mean, and wait for
the speech quota. Calls under the rate limit of all workers are measured on an embedded Postgres.
docs/dataflow.md explains the numbers.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline.embedded.postgres import EmbeddedPostgres
from pipeline.jobs.dataflow_options import MAX_WORKERS
from transforms.ledger import Ledger, upgrade
from transforms.prices import MACHINE, price, typical
from transforms.stage.shared_rate import BLOCK

DAY, MINUTES = 86_400, 1_440
PEAK = 3.0
"""Times the mean, in the busiest hour."""

CORES = 4
"""Of a worker, `n2-standard-4`."""

SPEECH_QUOTA = 200
"""Requests a minute of Chirp 3 HD voices (cloud.google.com/text-to-speech/quotas)."""

CONNECTIONS, SERVER_CONNECTIONS = 8, 100
"""Of a process (`--connections`), and of a Postgres server with its default settings."""

STATEMENTS = 7
"""Of a video lesson without company: `OF_BUNDLE` and `OF_REQUEST` in
tests/integration/test_statements.py."""

GRANTS, THREADS = 2_000, 8


@dataclass(frozen=True)
class Need:
    """The amount of one resource that a day's lessons need, and its limit.

    Attributes:
        resource: The resource, with its unit.
        mean: On average over the day.
        peak: In the busiest hour.
        limit: What there is by default; None for no fixed limit.
        lessons: Lessons a day at which the limit is reached, on average; None for no limit.
    """

    resource: str
    mean: float
    peak: float
    limit: float | None
    lessons: float | None


def needs(lessons: int, calls: int, grants: float) -> list[Need]:
    """Return the needs of a day's lessons, in the order in which resources run out.

    Args:
        lessons: Video lessons a day.
        calls: Speech requests of a lesson.
        grants: Statements per second that one row of `rate_limits` allows.
    """
    usage = [
        *typical("script", "gemini", {"model": "gemini-3.5-flash-lite"}),
        *typical("narration", "google"),
        *typical("video", "slides"),
    ]
    cpu = sum(used.quantity for used in usage if used.sku == MACHINE)
    tokens = sum(used.quantity for used in usage if used.sku.endswith("tokens"))
    per_lesson: dict[str, tuple[float, float | None]] = {
        "speech requests a minute": (60 * calls, SPEECH_QUOTA),
        "Gemini requests a minute": (60, None),
        "Gemini tokens a minute": (60 * tokens, None),
        "vCPUs": (cpu, MAX_WORKERS * CORES),
        "connections to Postgres": (cpu / CORES * CONNECTIONS, SERVER_CONNECTIONS),
        "statements a second": (STATEMENTS + calls / BLOCK, None),
        "updates of the speech limit a second": (calls / BLOCK, grants),
        "US dollars an hour": (3_600 * price(usage), None),
    }
    found = [
        Need(
            resource,
            lessons / DAY * each,
            PEAK * lessons / DAY * each,
            limit,
            DAY * limit / each if limit else None,
        )
        for resource, (each, limit) in per_lesson.items()
    ]
    return sorted(found, key=lambda need: need.lessons or math.inf)


def arrivals(lessons: int) -> Iterator[float]:
    """Yield the number of lessons that arrive in each minute of a day."""
    shape = [1 - math.cos(2 * math.pi * minute / MINUTES) for minute in range(MINUTES)]
    noon = range(MINUTES // 2 - 30, MINUTES // 2 + 30)
    shape = [PEAK if minute in noon else each for minute, each in enumerate(shape)]
    rest = (MINUTES - PEAK * len(noon)) / sum(
        each for minute, each in enumerate(shape) if minute not in noon
    )
    for minute, each in enumerate(shape):
        yield lessons / MINUTES * (PEAK if minute in noon else each * rest)


def longest_wait(lessons: int, calls: int, quota: float) -> float:
    """Return the longest wait for speech in minutes, if lessons wait in the order of arrival."""
    waiting = longest = 0.0
    for arrived in arrivals(lessons):
        waiting = max(0.0, waiting + arrived * calls - quota)
        longest = max(longest, waiting / quota)
    return longest


def quotas(lessons: int, calls: int) -> dict[int, float]:
    """Return the longest wait in minutes by quota, in multiples of the mean need."""
    mean = lessons * calls / MINUTES
    tried = sorted({SPEECH_QUOTA, *(round(mean * times) for times in (1.0, 1.5, 2.0, 2.5, 3.0))})
    return {quota: longest_wait(lessons, calls, quota) for quota in tried}


def grants_per_second(url: str) -> float:
    """Measure how many blocks of calls one limit grants per second to processes together."""
    upgrade(url)
    processes = [Ledger(url, pool_size=1 + index) for index in range(THREADS)]

    def grant(process: Ledger) -> None:
        for _ in range(GRANTS // THREADS):
            process.grant_calls("narration/google", BLOCK, 0.0001, 3_600.0)

    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(grant, processes))
    seconds = time.perf_counter() - started
    for process in processes:
        process.close()
    return GRANTS / seconds


def show(console: Console, found: Sequence[Need], waits: dict[int, float]) -> None:
    """Print the needs, and the waits for speech."""
    table = Table("", "mean", "peak", "by default", "enough for lessons a day")
    for need in found:
        row = (need.mean, need.peak, need.limit, need.lessons)
        table.add_row(need.resource, *("-" if each is None else f"{each:,.0f}" for each in row))
    console.print(table)
    speech = Table("speech requests a minute", "longest wait in minutes")
    for quota, minutes in waits.items():
        speech.add_row(f"{quota:,}", f"{minutes:,.1f}")
    console.print(speech)


def main() -> None:
    """Print the table, and write it as JSON if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lessons", type=int, default=1_000_000, help="video lessons a day")
    parser.add_argument("--calls", type=int, default=10, help="speech requests of a lesson")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        grants = grants_per_second(server.url)
    found = needs(chosen.lessons, chosen.calls, grants)
    waits = quotas(chosen.lessons, chosen.calls)
    show(Console(width=110), found, waits)
    if chosen.json:
        document = {"needs": [asdict(need) for need in found], "longest_wait_minutes": waits}
        chosen.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
