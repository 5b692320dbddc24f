"""Time all reads of the ledger, and a worker's statements, with a million requests.

    python -m benchmarks.ledger [--requests 1000000] [--days 30] [--state DIR] [--json FILE]

The ledger is an embedded Postgres with its default settings, filled by `benchmarks.ledger_rows`;
with `--state` it is kept, and used again by the next run. Each statement runs some times through
the method that the product calls. The median and the longest time are printed, and the CPU time of
the server, which other work on the machine does not change.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.ledger_rows import fill
from pipeline.embedded.postgres import EmbeddedPostgres
from pipeline.jobs.replay import replay
from pipeline.report.data import PAYLOAD_BYTES
from transforms.ledger import (
    COST_KEYS,
    ClaimRequest,
    CompletedLesson,
    Ledger,
    scoped,
    upgrade,
)
from transforms.ledger.scoped import Scope
from transforms.model import (
    Artifact,
    ContentRequest,
    Lesson,
    Message,
    Saving,
    Scene,
    Script,
    StageRecord,
)
from transforms.stage.budget import HOUR

SIZES = """
SELECT relname AS name, pg_table_size(oid) / 1000000 AS rows,
    pg_indexes_size(oid) / 1000000 AS indexes
FROM pg_class
WHERE relname IN ('messages', 'requests', 'stages', 'dead_letters', 'hourly_stages')
"""

LIMIT = 1.0
"""Seconds that a read may take."""

TIMEOUT = 900.0
"""Seconds for one statement of the fill."""

RUNS = 3
LISTED = 50
REPLAYED = 3000
REPORTED = 1000
CLAIMED = 32
TOPIC = "projects/benchmark/topics/requests"

# What a worker records of a text request.
SCRIPT = Script(
    "Gravity", "Why do things fall?", (Scene("Mass", "Mass attracts.", ("Mass",)),),
    ("Mass attracts mass.",), (), "gravity", "physics", 8,
)  # fmt: skip
MANIFEST = Artifact("manifest.json", "gs://lessons/m", 900, "0" * 64, "application/json")
SCRIPT_RECORD = StageRecord("script", "gemini", "0" * 64, 1.5, 0.004, (), (MANIFEST,))
SAVINGS = (Saving("narration", "google", 0.05), Saving("video", "slides", 0.0003))


def reads(ledger: Ledger) -> dict[str, Callable[[], object]]:
    """Return the functions that read the ledger, by name."""
    now = datetime.now(UTC)
    day, week = now - timedelta(days=1), now - timedelta(days=7)
    newest = ledger.requests(limit=1)[0]
    letters = [letter.id for letter in ledger.dead_letters(limit=REPLAYED)]

    def status(**filters: Any) -> Callable[[], object]:
        return lambda: (ledger.requests(limit=LISTED, **filters), ledger.request_counts(**filters))

    def listed(**filters: Any) -> Callable[[], object]:
        return lambda: ledger.dead_letters(limit=LISTED, **filters)

    found: dict[str, Callable[[], object]] = {
        "status": status(),
        "status of one request": lambda: ledger.requests(newest.request_id),
        "status --since 1d": status(since=day),
        "status --status lapsed": status(status="lapsed"),
        "status --status failed": status(status="failed"),
        "status --student": status(student=newest.student_id),
        "status --stage narration": status(stage="narration"),
        "lapsed claims": ledger.lapsed_claims,
        "dead-letters list": listed(),
        "dead-letters list --stage video": listed(stage="video"),
        "dead-letters list --error": listed(error="no such text"),
        f"replay --dry-run of {REPLAYED}": lambda: list(
            replay(ledger, TOPIC, letters, again=False, dry_run=True)
        ),
        "budget poll": lambda: ledger.spent(HOUR),
        "prune --dry-run": lambda: ledger.prunable(timedelta(days=20), timedelta(days=25)),
    }
    for key in COST_KEYS:
        found[f"cost --by {key} --since 7d"] = partial(ledger.costs, key, week)
    found["cost --by stage, all time"] = partial(ledger.costs, "stage")
    found["report --since 1d"] = partial(report, ledger, Scope(day))
    found["report --since 7d"] = partial(report, ledger, Scope(week))
    found["report, all time"] = partial(report, ledger, Scope())
    return found


def report(ledger: Ledger, scope: Scope) -> None:
    """Run the statements of a report, without reading the lessons' files."""
    scoped.accounts(ledger, scope)
    listed, _ = scoped.requests(ledger, scope, REPORTED)
    scoped.stages(ledger, [row.request_id for row, _ in listed])
    for read in (scoped.latencies, scoped.costs, scoped.savings, scoped.reasons):
        read(ledger, scope)
    scoped.dead_letters(ledger, scope, REPORTED, PAYLOAD_BYTES)


def writes(ledger: Ledger) -> dict[str, Callable[[], object]]:
    """Return the functions that run a worker's statements, by name."""
    lease = timedelta(minutes=5)

    def claimed() -> list[Lesson]:
        asked = [
            ClaimRequest(
                Message(b"{}", {}, f"message-{uuid4()}", datetime.now(UTC)),
                ContentRequest(str(uuid4()), "student", "Explain gravity", 8, "benchmark"),
            )
            for _ in range(CLAIMED)
        ]
        results = ledger.claim(asked, lease)
        return [
            Lesson(a.message, a.request, r.claim)
            for a, r in zip(asked, results, strict=True)
            if r.claim
        ]

    def completed() -> None:
        done = [
            CompletedLesson(lesson.with_record(SCRIPT_RECORD), MANIFEST, SCRIPT, SAVINGS)
            for lesson in claimed()
        ]
        ledger.complete(done)

    lessons = claimed()
    held = [lesson.entry_key for lesson in lessons]
    return {
        f"claim of {CLAIMED}": claimed,
        f"claim and completion of {CLAIMED}": completed,
        f"heartbeat of {CLAIMED}": lambda: ledger.heartbeat(held, lease.total_seconds()),
        f"progress of {CLAIMED}": lambda: ledger.progress(
            [(lesson, "narration", 25) for lesson in lessons]
        ),
        "interrupted": lambda: ledger.interrupted(
            [lesson.message.message_id for lesson in lessons]
        ),
    }


@dataclass(frozen=True)
class Measured:
    """Seconds of one statement: median and longest run, and the server's CPU time of a run."""

    median: float
    longest: float
    cpu: float


def measure(ledger: Ledger, statements: Mapping[str, Callable[[], object]]) -> dict[str, Measured]:
    """Run each statement some times."""
    found = {}
    for name, run in statements.items():
        seconds = []
        before = _server_cpu(ledger)
        for _ in range(RUNS):
            started = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - started)
        cpu = (_server_cpu(ledger) - before) / RUNS
        found[name] = Measured(median(seconds), max(seconds), cpu)
        print(name, found[name], file=sys.stderr)
    return found


def _server_cpu(ledger: Ledger) -> float:
    """Return the CPU seconds of this session's process and of all ended parallel workers."""
    [row] = ledger.run("SELECT pg_backend_pid() AS pid")
    backend = psutil.Process(row["pid"])
    own, server = backend.cpu_times(), psutil.Process(backend.ppid()).cpu_times()
    return float(own.user + own.system + server.children_user + server.children_system)


def filled(state: Path, requests: int, days: float) -> dict[str, Measured]:
    """Fill the ledger in `state` unless it is filled, and measure all statements."""
    with EmbeddedPostgres(state, fsync=False) as server:
        upgrade(server.url)
        ledger = Ledger(server.url, pool_size=1, max_overflow=0, timeout=TIMEOUT)
        if not ledger.requests(limit=1):
            started = time.perf_counter()
            fill(ledger, requests, days)
            print(f"filled in {time.perf_counter() - started:.0f} s")
        for row in ledger.run(SIZES):
            print("{name}: {rows} MB and {indexes} MB of indexes".format(**row))
        return measure(ledger, reads(ledger)) | measure(ledger, writes(ledger))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--days", type=float, default=30, help="period in which they were received")
    parser.add_argument("--state", type=Path, help="folder of the ledger; kept")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vividly-benchmark-") as folder:
        found = filled(chosen.state or Path(folder), chosen.requests, chosen.days)
    table = Table("statement", "median s", "longest s", "CPU s", box=None, pad_edge=False)
    for name, each in found.items():
        numbers = (f"{value:.3f}" for value in astuple(each))
        table.add_row(name, *numbers, style="red" if each.median > LIMIT else None)
    Console().print(table)
    if chosen.json:
        chosen.json.write_text(
            json.dumps({name: asdict(each) for name, each in found.items()}, indent=2)
        )


if __name__ == "__main__":
    main()
