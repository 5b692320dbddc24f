"""Servers that the checks share, and a stand of its own for each case."""

from __future__ import annotations

import itertools
import json
import os
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from google.api_core import exceptions
from google.cloud import pubsub_v1
from pg8000 import native

from pipeline.embedded.postgres import EmbeddedPostgres
from pipeline.embedded.process import LOOPBACK
from pipeline.embedded.pubsub import PubSubServer
from tests.faults.ordinary.checkout import Checkout, Done, Job, wait_until
from tests.faults.ordinary.finding import TookTooLong
from tests.tcp_proxy import TcpProxy

PROJECT = "ordinary-faults"
TEMPLATE = "upgraded"  # database that every stand copies
ACK_DEADLINE = 10


class Bench:
    """Postgres and Pub/Sub, and the checkout that is tried.

    Args:
        checkout: Checkout that is tried.
        folder: An empty folder.
    """

    def __init__(self, checkout: Checkout, folder: Path) -> None:
        self.checkout = checkout
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres", fsync=False)
        self._pubsub = PubSubServer()
        self._numbers = itertools.count(1)
        self._deadline = 0.0
        self._jobs: list[Job] = []
        self._read_lines = 0  # of the server's log

    def __enter__(self) -> Self:
        self.postgres.start()
        self._pubsub.start()
        os.environ["PUBSUB_EMULATOR_HOST"] = self._pubsub.host  # this process is a client too
        self.sql("postgres", f"CREATE DATABASE {TEMPLATE}")
        log = self.folder / "upgrade.log"
        environment = {**_clean(), "VIVIDLY_DATABASE": self.postgres.database_url(TEMPLATE)}
        done = self.checkout.start(log, environment, "db", "upgrade").wait(180)
        assert done.status == 0, done.log
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._pubsub.stop()
        self.postgres.stop()

    def begin(self, seconds: float) -> None:
        """Give the next check its time, and end what the last one left running."""
        self.end()
        self._deadline = time.monotonic() + seconds

    def end(self) -> None:
        """Kill jobs that still run."""
        for job in self._jobs:
            job.kill()
        self._jobs.clear()

    @property
    def left(self) -> float:
        """Seconds left to the check.

        Raises:
            TookTooLong: There are none.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TookTooLong("the time of this check is over")
        return left

    @property
    def pubsub_host(self) -> str:
        """``host:port`` of Pub/Sub."""
        return self._pubsub.host

    def sql(self, database: str, statement: str) -> list[dict[str, Any]]:
        """Run a statement as the superuser."""
        url = urlsplit(self.postgres.database_url(database))
        connection = native.Connection(
            url.username, str(url.hostname), database, url.port, url.password, timeout=300
        )
        try:
            rows = connection.run(statement) or []
            return [
                dict(zip([each["name"] for each in connection.columns], row, strict=True))
                for row in rows
            ]
        finally:
            connection.close()

    def start(self, environment: dict[str, str], *arguments: object, stdin: Any = None) -> Job:
        """Start a command of the checkout."""
        log = self.folder / f"command-{next(self._numbers):03d}.log"
        job = self.checkout.start(log, environment, *arguments, stdin=stdin)
        self._jobs.append(job)
        return job

    def slow_statements(self) -> list[float]:
        """Return the seconds of the statements in the server's log since the last call."""
        [log] = (self.folder / "postgres").rglob("postgres.log")
        lines = log.read_text(errors="replace").splitlines()
        found = [re.search(r"duration: ([0-9.]+) ms", line) for line in lines[self._read_lines :]]
        self._read_lines = len(lines)
        return [float(each[1]) / 1000 for each in found if each]

    @contextmanager
    def stand(self, host: str | None = None, **subscription: Any) -> Iterator[Stand]:
        """Open a stand.

        Args:
            host: ``host:port`` of a Pub/Sub server that the subject uses instead.
            subscription: Settings of the subscription.
        """
        number = next(self._numbers)
        self.sql("postgres", f"CREATE DATABASE stand_{number} TEMPLATE {TEMPLATE}")
        with ExitStack() as opened:
            yield Stand(self, number, host or self.pubsub_host, opened, subscription)


class Stand:
    """A database, a topic with a subscription, and a folder, used by one case.

    Args:
        bench: The bench.
        number: Number of the stand.
        host: ``host:port`` of Pub/Sub.
        opened: Closes what the stand opens.
        subscription: Settings of the subscription.
    """

    def __init__(
        self, bench: Bench, number: int, host: str, opened: ExitStack, subscription: Any
    ) -> None:
        self._bench = bench
        self._opened = opened
        self.database = f"stand_{number}"
        self.folder = bench.folder / self.database
        self.folder.mkdir()
        self.topic = f"projects/{PROJECT}/topics/{self.database}"
        self.subscription = f"projects/{PROJECT}/subscriptions/{self.database}"
        self.publisher = pubsub_v1.PublisherClient(
            publisher_options=pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
        )
        self.subscriber = pubsub_v1.SubscriberClient()
        self.publisher.create_topic(name=self.topic)
        self.subscriber.create_subscription(
            {
                "name": self.subscription,
                "topic": self.topic,
                "ack_deadline_seconds": ACK_DEADLINE,
                **subscription,
            }
        )
        self.environment = {
            **_clean(),
            "PUBSUB_EMULATOR_HOST": host,
            "VIVIDLY_PROJECT": PROJECT,
            "VIVIDLY_TOPIC": self.database,
            "VIVIDLY_SUBSCRIPTION": self.database,
            "VIVIDLY_DATABASE": self.url(),
            "VIVIDLY_ARTIFACTS": str(self.folder / "artifacts"),
            "VIVIDLY_STATE": str(self.folder / "state"),
        }

    def proxy(self, target: str) -> TcpProxy:
        """Return a proxy before a server, which ends with the stand."""
        return self._opened.enter_context(TcpProxy(target))

    def url(self, role: str | None = None) -> str:
        """Return the URL of the database, for the superuser or for a role without a password."""
        url = self._bench.postgres.database_url(self.database)
        if role is None:
            return url
        scheme, _, rest = url.partition("://")
        return f"{scheme}://{role}:{role}@{rest.partition('@')[2]}"

    def sql(self, statement: str) -> list[dict[str, Any]]:
        """Run a statement in the database, as the superuser."""
        return self._bench.sql(self.database, statement)

    def count(self, condition: str) -> int:
        """Return the number of rows of `requests` that fulfil a condition."""
        [row] = self.sql(f"SELECT count(*) AS n FROM requests WHERE {condition}")
        return int(row["n"])

    def wait_for_requests(self, number: int, condition: str) -> None:
        """Wait until so many requests fulfil a condition."""
        wait_until(
            lambda: self.count(condition) >= number,
            self._bench.left,
            f"{number} requests with {condition}",
        )

    def publish(self, number: int, modality: str, **attributes: str) -> None:
        """Publish requests."""
        for data in _requests(number, modality):
            self.publisher.publish(self.topic, data, **attributes).result(30)

    def file(self, number: int, modality: str) -> Path:
        """Write requests to a file for a batch."""
        path = self.folder / f"{modality}.jsonl"
        path.write_bytes(b"\n".join(_requests(number, modality)) + b"\n")
        return path

    def start(self, *arguments: object, stdin: Any = None, **environment: str) -> Job:
        """Start a command with the environment of the stand."""
        return self._bench.start({**self.environment, **environment}, *arguments, stdin=stdin)

    def run(self, *arguments: object, **environment: str) -> Done:
        """Run a command to its end, in the time that is left."""
        return self.start(*arguments, **environment).wait(self._bench.left)

    def unacknowledged(self) -> list[int]:
        """Return the delivery attempt of each unacknowledged message; all leases end."""
        from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]

        try:
            self.subscriber.seek(
                request={"subscription": self.subscription, "time": Timestamp(seconds=1)}
            )
        except exceptions.MethodNotImplemented:  # Google's emulator
            time.sleep(ACK_DEADLINE + 1)
        found: list[int] = []
        while True:
            try:
                pulled = self.subscriber.pull(
                    subscription=self.subscription, max_messages=1000, timeout=5
                )
            except exceptions.DeadlineExceeded:
                return found
            if not pulled.received_messages:
                return found
            found += [each.delivery_attempt for each in pulled.received_messages]


def postgres_address(bench: Bench) -> str:
    """Return ``host:port`` of Postgres."""
    return f"{LOOPBACK}:{bench.postgres.url.rpartition(':')[2].partition('/')[0]}"


def _requests(number: int, modality: str) -> Sequence[bytes]:
    return [
        json.dumps(
            {
                "request_id": str(uuid.uuid4()),
                "student_id": f"student-{each}",
                "student_query": "Explain photosynthesis",
                "grade_level": 9,
                "requested_modalities": [modality],
            }
        ).encode()
        for each in range(number)
    ]


def _clean() -> dict[str, str]:
    """Return this process's environment without settings of `vividly`."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VIVIDLY_", "PYTHONPATH"))
    }
