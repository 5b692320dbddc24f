"""Measure the same work as jobs of procrastinate, a Postgres job queue.

python -m benchmarks.job_queue measure REQUESTS DATABASE ARTIFACTS prints the seconds of its worker;
python -m benchmarks.job_queue serve DATABASE ARTIFACTS runs a worker until it is stopped.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


TASK = "lesson"


def worker_app(database: str, artifacts: str) -> procrastinate.App:
    """Create the procrastinate app with the task that completes a request."""
    ledger, store, engine = Ledger(database), ArtifactStore(artifacts), StubEngine()
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=_conninfo(database)))

    @app.task(name=TASK)
    def lesson(message_id: str, data: str, published: float) -> None:
        at = datetime.fromtimestamp(published, UTC)
        work(Message(base64.b64decode(data), {}, message_id, at), ledger, store, engine)

    return app


@contextmanager
def enqueuing(database: str) -> Iterator[Callable[[bytes], object]]:
    """Create the queue's tables; yield a function that enqueues the data of a request."""
    connector = procrastinate.SyncPsycopgConnector(conninfo=_conninfo(database))
    with procrastinate.App(connector=connector).open() as app:
        app.schema_manager.apply_schema()
        task = app.configure_task(TASK)
        yield lambda data: task.defer(**_job(data))


async def measure(requests: int, database: str, artifacts: str) -> float:
    """Return the seconds that a worker takes for `requests` enqueued jobs."""
    async with worker_app(database, artifacts).open_async() as app:
        await app.schema_manager.apply_schema_async()
        jobs = [_job(text_request()) for _ in range(requests)]
        await app.tasks[TASK].batch_defer_async(*jobs)
        started = time.monotonic()
        await app.run_worker_async(
            wait=False, concurrency=CONCURRENCY, install_signal_handlers=False
        )
        return time.monotonic() - started


async def serve(database: str, artifacts: str) -> None:
    """Run a worker until it is stopped by a signal."""
    async with worker_app(database, artifacts).open_async() as app:
        await app.run_worker_async(concurrency=CONCURRENCY)


def _job(data: bytes) -> JSONDict:
    """Return the arguments of a request's task."""
    return {
        "message_id": uuid.uuid4().hex,
        "data": base64.b64encode(data).decode(),
        "published": time.time(),
    }


def _conninfo(database: str) -> str:
    return database.replace("+pg8000", "")


def main() -> None:
    """Measure once and print the seconds, or run a worker."""
    if sys.argv[1] == "serve":
        asyncio.run(serve(*sys.argv[2:]))
        return
    requests, database, artifacts = sys.argv[2:]
    print(asyncio.run(measure(int(requests), database, artifacts)))


if __name__ == "__main__":
    main()
