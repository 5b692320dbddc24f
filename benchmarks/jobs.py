"""Run `vividly` jobs and the programs compared with them, each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.requests import text_request
from pipeline.commands.publish import publish
from pipeline.embedded import services
from pipeline.embedded.postgres import EmbeddedPostgres
from pipeline.settings import subscription_path, topic_path
from transforms.ledger import Ledger, upgrade

PROJECT = "vividly-benchmark"
IDLE = 2.0  # seconds without a message after which a drain ends


@dataclass(frozen=True)
class Finished:
    """Measurements of a finished job.

    Attributes:
        requests: number of completed requests.
        seconds: working time: from the first pull of a drain, or the first line of a batch.
        wall: seconds from the start of the process to its end.
        first_pull: seconds from the start of the process to its first pull; 0 for a batch.
        rss_mb: peak resident memory, MB.
    """

    requests: int
    seconds: float
    wall: float
    first_pull: float
    rss_mb: float

    @property
    def per_second(self) -> float:
        """Completed requests per second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Place:
    """Postgres (with fsync) and Pub/Sub servers for jobs; every job gets its own database."""

    folder: Path
    postgres: EmbeddedPostgres
    pubsub: str

    @contextmanager
    def fresh(self) -> Iterator[tuple[str, str]]:
        """Create an empty ledger and an empty folder for artifacts; yield URL and path."""
        name = f"run_{os.urandom(6).hex()}"
        self._administrate(f"CREATE DATABASE {name}")
        url = self.postgres.database_url(name)
        upgrade(url)
        # Folders are removed at the end: creating files is slow just after many were removed.
        yield url, tempfile.mkdtemp(dir=self.folder)
        self._administrate(f"DROP DATABASE {name} WITH (FORCE)")

    def drain(self, requests: int) -> Finished:
        """Drain `requests` text requests."""
        publish(topic_path("requests", PROJECT), (text_request() for _ in range(requests)))
        with self.fresh() as place:
            return _all(requests, self._drain(place))

    def drains(self, requests: int, processes: int) -> float:
        """Return the requests per second of several drains of one subscription."""
        publish(topic_path("requests", PROJECT), (text_request() for _ in range(requests)))
        with self.fresh() as place, ThreadPoolExecutor(processes) as pool:
            started = time.time()
            done = list(pool.map(self._drain, [place] * processes))
            _all(requests, *done)
            first_pull = started + min(drain.first_pull for drain in done)
            return requests / (self._settled_at(place[0]) - first_pull)

    def _drain(self, place: tuple[str, str]) -> Finished:
        return self._vividly(
            "drain", f"--project={PROJECT}", "--subscription=requests", "--batch-size=100",
            f"--empty-queue-timeout={IDLE}", "--max-runtime=3600", place=place,
        )  # fmt: skip

    def batch(
        self,
        requests: int,
        *arguments: str,
        engine_seconds: float = 0.0,
        under: Sequence[str] = (),
    ) -> Finished:
        """Run a batch of `requests` text requests, under a profiler's command if given."""
        with self.fresh() as (database, artifacts):
            file = Path(artifacts) / "requests.jsonl"
            file.write_bytes(b"\n".join(text_request() for _ in range(requests)))
            done = self._vividly(
                "batch", str(file), *arguments,
                place=(database, artifacts), engine_seconds=engine_seconds, under=under,
            )  # fmt: skip
            return _all(requests, done)

    def sequential(self, requests: int) -> float:
        """Return the requests per second of the sequential worker."""
        publish(topic_path("requests", PROJECT), (text_request() for _ in range(requests)))
        subscription = subscription_path("requests", PROJECT)
        with self.fresh() as (database, artifacts):
            self._run("benchmarks.one_by_one", subscription, database, artifacts)
            return requests / self._working_seconds(database, requests)

    def queue(self, requests: int) -> float:
        """Return the requests per second of the job queue."""
        with self.fresh() as (database, artifacts):
            seconds = float(
                self._run("benchmarks.job_queue", "measure", str(requests), database, artifacts)
            )
            self._working_seconds(database, requests)
            return requests / seconds

    def _vividly(
        self,
        *arguments: str,
        place: tuple[str, str],
        engine_seconds: float = 0.0,
        under: Sequence[str] = (),
    ) -> Finished:
        database, artifacts = place
        command = [
            *under,
            *(sys.executable, "-m", "benchmarks.stubs", str(engine_seconds), *arguments),
            *(f"--database={database}", f"--artifacts={artifacts}"),
        ]
        started = time.time()
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as job:
            assert job.stdout
            watch = _Watch(job)
            output = job.stdout.read()
            status = job.wait()
            wall = time.time() - started
            watch.join()
        if status:
            raise RuntimeError(f"{arguments[0]} ended with status {status}")
        # A profiler may print other lines.
        summary = json.loads([line for line in output.splitlines() if line.startswith(b"{")][-1])
        seconds = summary["runtime_seconds"]
        if watch.pulled_at and summary["completed"]:
            seconds = self._settled_at(database) - watch.pulled_at
        first_pull = watch.pulled_at - started if watch.pulled_at else 0.0
        return Finished(summary["completed"], seconds, wall, first_pull, watch.rss_mb)

    def _run(self, module: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the jobs' processes."""
        return {**os.environ, "PUBSUB_EMULATOR_HOST": self.pubsub}

    def _administrate(self, statement: str) -> None:
        with Ledger(self.postgres.url).connected() as connection:
            connection.exec_driver_sql(statement)

    def _working_seconds(self, database: str, requests: int) -> float:
        ledger = Ledger(database)
        [row] = ledger.run(
            "SELECT count(*) AS settled, extract(epoch FROM max(settled_at) - min(received_at)) "
            "AS seconds FROM messages WHERE outcome = 'completed'"
        )
        ledger.close()
        if row["settled"] != requests:
            raise RuntimeError(f"{row['settled']} of {requests} were completed")
        return float(row["seconds"])

    def _settled_at(self, database: str) -> float:
        ledger = Ledger(database)
        [row] = ledger.run("SELECT extract(epoch FROM max(settled_at)) AS at FROM messages")
        ledger.close()
        return float(row["at"])


def _all(requests: int, first: Finished, *others: Finished) -> Finished:
    """Return the first job; raise unless all jobs together completed `requests` requests."""
    completed = sum(job.requests for job in (first, *others))
    if completed != requests:
        raise RuntimeError(f"{completed} of {requests} were completed")
    return first


class _Watch(threading.Thread):
    """Reads a process's log and memory use until it ends."""

    def __init__(self, job: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._job = job
        self._process = psutil.Process(job.pid)
        self.pulled_at = 0.0  # time of the first pull's answer, seconds since the epoch
        self.rss_mb = 0.0
        self.start()

    def run(self) -> None:
        assert self._job.stderr
        looked = 0.0
        for line in self._job.stderr:
            now = time.time()
            if b"pulled " in line and not self.pulled_at:
                self.pulled_at = now
            if now - looked > 0.2:
                looked = now
                self._look()

    def _look(self) -> None:
        try:
            self.rss_mb = max(self.rss_mb, self._process.memory_info().rss / 2**20)
        except psutil.Error:
            return  # it has ended


@contextmanager
def place() -> Iterator[Place]:
    """Start the servers that jobs need."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as postgres,
        services.start_pubsub(Path(folder), PROJECT, "requests", "requests") as host,
    ):
        yield Place(Path(folder), postgres, host)
