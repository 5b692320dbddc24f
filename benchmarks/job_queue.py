"""Measure the same work as jobs of procrastinate, a job queue on Postgres.

python -m benchmarks.job_queue REQUESTS DATABASE ARTIFACTS prints the seconds of its worker.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import time
from datetime import UTC, datetime

import procrastinate
from procrastinate.types import JSONDict

from benchmarks.one_by_one import work
from benchmarks.requests import text_request
from benchmarks.stubs import StubEngine
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger
from transforms.model import Message

CONCURRENCY = 16
"""Number of parallel jobs, each on its own thread; more were not faster."""


async def measure(requests: int, database: str, artifacts: str) -> float:
    """Return the seconds that a worker takes for `requests` enqueued jobs."""
    ledger, store, engine = Ledger(database), ArtifactStore(artifacts), StubEngine()
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=database.replace("+pg8000", ""))
    )

    @app.task(name="lesson")
    def lesson(message_id: str, data: str) -> None:
        message = Message(base64.b64decode(data), {}, message_id, datetime.now(UTC))
        work(message, ledger, store, engine)

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        jobs: list[JSONDict] = [
            {"message_id": f"job-{number}", "data": base64.b64encode(text_request()).decode()}
            for number in range(requests)
        ]
        await lesson.batch_defer_async(*jobs)
        started = time.monotonic()
        await app.run_worker_async(
            wait=False, concurrency=CONCURRENCY, install_signal_handlers=False
        )
        return time.monotonic() - started


def main() -> None:
    """Measure once and print the seconds."""
    requests, database, artifacts = sys.argv[1:]
    print(asyncio.run(measure(int(requests), database, artifacts)))


if __name__ == "__main__":
    main()
