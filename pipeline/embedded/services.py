"""Start the embedded Pub/Sub server with a topic and a subscription."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.settings import subscription_path, topic_path

ACK_DEADLINE = 60  # seconds


@contextmanager
def start_pubsub(project: str, topic: str, subscription: str, port: int = 0) -> Iterator[str]:
    """Run a Pub/Sub server with a topic and its subscription, for this process and its children.

    Args:
        project: project of topic and subscription.
        topic: name of the topic.
        subscription: name of the subscription.
        port: port to listen on; 0 picks a free one.

    Yields:
        ``host:port``, the value that is set as `PUBSUB_EMULATOR_HOST`.
    """
    from google.cloud import pubsub_v1

    from pipeline.embedded.pubsub import PubSubServer

    before = os.environ.get("PUBSUB_EMULATOR_HOST")
    with PubSubServer(port) as server:
        os.environ["PUBSUB_EMULATOR_HOST"] = server.host
        try:
            topic_name = topic_path(topic, project)
            with pubsub_v1.PublisherClient() as publisher:
                publisher.create_topic(name=topic_name)
            with pubsub_v1.SubscriberClient() as subscriber:
                subscriber.create_subscription(
                    name=subscription_path(subscription, project),
                    topic=topic_name,
                    ack_deadline_seconds=ACK_DEADLINE,
                )
            yield server.host
        finally:
            if before is None:
                del os.environ["PUBSUB_EMULATOR_HOST"]
            else:
                os.environ["PUBSUB_EMULATOR_HOST"] = before
