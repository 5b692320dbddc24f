"""A web server of `vividly serve` over the ledger and the Pub/Sub server of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from google.cloud import pubsub_v1

from pipeline.serve.app import build_app
from pipeline.serve.estimates import Estimates
from pipeline.serve.server import WebServer
from pipeline.serve.services import RequestService
from pipeline.settings import subscription_path, topic_path
from tests.conftest import PubSub
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger

ESTIMATES = Estimates({"text": 0.00005, "audio": 0.0001, "video": 0.0002}, is_offline=True)
TOPIC, SUBSCRIPTION = "asked", "asked-drain"
ASKED = {
    "student_id": "student-1",
    "student_query": "Explain photosynthesis",
    "grade_level": 9,
    "requested_modalities": ["text"],
}
"""A request as the API accepts it, without an id."""


@dataclass(frozen=True)
class Served:
    """A running server, a client of it, and what it publishes to."""

    client: httpx.Client
    port: int
    store: ArtifactStore
    topic: str
    subscription: str

    def published(self) -> list[bytes]:
        """Pull and acknowledge the messages published so far."""
        with pubsub_v1.SubscriberClient() as subscriber:
            pulled = subscriber.pull(
                subscription=self.subscription, max_messages=100, timeout=5, retry=None
            ).received_messages
            if pulled:
                subscriber.acknowledge(
                    subscription=self.subscription, ack_ids=[each.ack_id for each in pulled]
                )
        return [each.message.data for each in pulled]


@contextmanager
def serving(ledger: Ledger, pubsub: PubSub, folder: Path | str) -> Iterator[Served]:
    """Serve pages and API on a free port."""
    topic = topic_path(TOPIC, pubsub.project)
    subscription = subscription_path(SUBSCRIPTION, pubsub.project)
    with pubsub_v1.PublisherClient() as publisher:
        publisher.create_topic(name=topic)
    with pubsub_v1.SubscriberClient() as subscriber:
        subscriber.create_subscription(name=subscription, topic=topic)
    store = ArtifactStore(str(folder))
    service = RequestService(ledger, store, topic)
    with (
        WebServer(lambda port: build_app(service, ESTIMATES, port), 0) as server,
        httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client,
    ):
        yield Served(client, server.port, store, topic, subscription)
