"""Servers that the workers of a campaign use, and faults of these servers."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from google.api_core import exceptions
from google.cloud import pubsub_v1

from pipeline.embedded.pubsub import PubSubServer
from pipeline.embedded.storage import StorageServer
from pipeline.embedded.storage_http import Call, Reply, error
from tests.postgres_faults import crash, restart
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger, upgrade

PROJECT = "vividly-local"
ACK_DEADLINE = 10  # seconds; the shortest that Pub/Sub allows


class Place:
    """A topic with a subscription, a ledger and an artifact store.

    Args:
        folder: An empty folder.
        postgres: A running server; it is restarted by some faults, which other objects than
            `EmbeddedPostgres` do not support.
        pubsub: A running server.
        storage: A running server; None for artifacts in a local folder.
        chance: Source of randomness.
        project: Google Cloud project.
        environment: Variables of the workers that differ from the servers' own addresses.
    """

    def __init__(
        self,
        folder: Path,
        postgres: Any,
        pubsub: PubSubServer,
        storage: StorageServer | None,
        chance: random.Random,
        project: str = PROJECT,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._topic = f"projects/{project}/topics/content-requests"
        self._subscription = f"projects/{project}/subscriptions/content-requests-drain"
        self._snapshots = f"projects/{project}/snapshots"
        self.postgres = postgres
        self.storage = storage
        self.scratch = folder / "scratch"
        self.scratch.mkdir(exist_ok=True)
        self._chance = random.Random(chance.random())
        self._lock = threading.Lock()
        self._down = False
        self._artifacts = folder / "artifacts"
        self.store = ArtifactStore(
            storage.create_bucket("lessons") if storage else str(self._artifacts)
        )
        upgrade(postgres.url)
        self.ledger = Ledger(postgres.url)
        services = {
            "PUBSUB_EMULATOR_HOST": pubsub.host,
            **(storage.client_environment() if storage else {}),
        }
        os.environ.update(services)  # this process is a client too
        self.environment = {
            **services,
            "VIVIDLY_PROJECT": project,
            "VIVIDLY_DATABASE": postgres.url,
            "VIVIDLY_ARTIFACTS": self.store.root,
            "TMPDIR": str(self.scratch),
            **environment,
        }
        self._publisher = pubsub_v1.PublisherClient()
        self._subscriber = pubsub_v1.SubscriberClient()
        self._publisher.create_topic(name=self._topic)
        self._subscriber.create_subscription(
            name=self._subscription, topic=self._topic, ack_deadline_seconds=ACK_DEADLINE
        )
        if storage:
            storage.intercept = self._intercept

    def publish(self, data: bytes) -> str:
        """Publish a message and return its id."""
        sent = self._publisher.publish(self._topic, data)
        return str(sent.result(timeout=30))

    def nack(self, ack_ids: Sequence[str]) -> None:
        """End the leases of a killed worker without waiting for their deadlines."""
        for start in range(0, len(ack_ids), 500):
            self._subscriber.modify_ack_deadline(
                subscription=self._subscription,
                ack_ids=ack_ids[start : start + 500],
                ack_deadline_seconds=0,
            )

    def take_snapshot(self, name: str) -> None:
        """Take a snapshot of unacknowledged messages; it includes messages published later."""
        self._subscriber.create_snapshot(name=self._snapshot(name), subscription=self._subscription)

    def redeliver(self, name: str) -> None:
        """Redeliver all messages of a snapshot, including acknowledged and leased ones."""
        self._subscriber.seek(
            request={"subscription": self._subscription, "snapshot": self._snapshot(name)}
        )

    def end_leases(self) -> None:
        """Redeliver all unacknowledged messages."""
        self._subscriber.seek(request={"subscription": self._subscription, "time": _epoch()})

    def unacknowledged(self) -> list[str]:
        """Return the ids of unacknowledged messages; their leases end and new ones begin."""
        self.end_leases()
        found: list[str] = []
        while True:
            try:
                response = self._subscriber.pull(
                    subscription=self._subscription,
                    max_messages=1000,
                    return_immediately=True,
                    timeout=5,
                )
            except exceptions.DeadlineExceeded:
                return found
            if not response.received_messages:
                return found
            found += [each.message.message_id for each in response.received_messages]

    def _snapshot(self, name: str) -> str:
        return f"{self._snapshots}/{name}"

    def restart_postgres(self) -> None:
        """Restart Postgres with a clean shutdown."""
        restart(self.postgres)

    def crash_postgres(self) -> None:
        """Kill Postgres and start it again after up to a second."""
        crash(self.postgres)
        time.sleep(self._chance.uniform(0, 1))
        self.postgres.start()

    def drop_connections(self) -> None:
        """Terminate all other connections to Postgres, several times."""
        for _ in range(5):
            self.ledger.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            time.sleep(self._chance.uniform(0, 0.2))

    def break_store(self) -> None:
        """Make the artifact store fail for some seconds."""
        seconds = self._chance.uniform(1, 3)
        if self.storage:
            self._down = True
            time.sleep(seconds)
            self._down = False
            return
        self._artifacts.mkdir(exist_ok=True)
        aside = self._artifacts.with_name("aside")
        self._artifacts.rename(aside)
        self._artifacts.touch()
        time.sleep(seconds)
        self._artifacts.unlink()
        aside.rename(self._artifacts)

    def _intercept(self, _call: Call, proceed: Any) -> Reply | None:
        """Refuse some calls; perform others and close the connection without a response."""
        if self._down:
            return error(503, "the service is unavailable", "backendError")
        with self._lock:
            drawn = self._chance.random()
        if drawn < 0.06:
            return error(503, "the service is unavailable", "backendError")
        reply: Reply = proceed()
        return None if drawn < 0.1 else reply


def _epoch() -> Any:
    from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]

    return Timestamp(seconds=1)
