"""Start the embedded Pub/Sub server with a topic and a subscription, or use a running one."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.settings import subscription_path, topic_path

ACK_DEADLINE = 60  # seconds


RECORD = "pubsub.json"
"""File in the state folder that names the running server and its project."""

CONNECT_SECONDS = 1.0


def use_running_pubsub(state: str, project: str) -> bool:
    """Use the Pub/Sub server that another process runs in a state folder, if one has the project.

    `PUBSUB_EMULATOR_HOST` wins.

    Args:
        state: the folder.
        project: project of topic and subscription.

    Returns:
        True if it is used.
    """
    if os.environ.get("PUBSUB_EMULATOR_HOST"):
        return False
    with suppress(OSError, ValueError, LookupError, TypeError):
        record = json.loads((Path(state) / RECORD).read_text())
        host, _, port = record["host"].rpartition(":")
        if record["project"] == project:
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
            os.environ["PUBSUB_EMULATOR_HOST"] = record["host"]
            return True
    return False


@contextmanager
def start_pubsub(
    state: Path, project: str, topic: str, subscription: str, port: int = 0
) -> Iterator[str]:
    """Run a Pub/Sub server with a topic and its subscription.

    It serves this process, its children, and the commands that `use_running_pubsub`.

    Args:
        state: folder in which other commands find the server.
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
            record = state / RECORD
            record.write_text(json.dumps({"host": server.host, "project": project}))
            try:
                yield server.host
            finally:
                record.unlink(missing_ok=True)
        finally:
            if before is None:
                del os.environ["PUBSUB_EMULATOR_HOST"]
            else:
                os.environ["PUBSUB_EMULATOR_HOST"] = before
