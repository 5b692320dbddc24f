"""Desk: a new project on a Pub/Sub server, with helpers for tests."""

from __future__ import annotations

import os
import queue
from typing import Any

import grpc
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

LONG = 60.0
"""Seconds of a deadline that no passing test reaches."""


class Desk:
    """A new project on a server, with helpers for tests."""

    def __init__(self, host):
        self.host = host
        self.project = f"test-{os.urandom(8).hex()}"
        channel = grpc.insecure_channel(host, [("grpc.max_receive_message_length", -1)])
        self.publisher = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        self.subscriber = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
        self.channel = channel
        self.streams: list[queue.SimpleQueue[Any]] = []

    def close(self):
        """End every stream, so that no thread waits for its next request, and close the channel."""
        for requests in self.streams:
            requests.put(None)
        self.channel.close()

    def name(self, collection, project=None):
        return f"projects/{project or self.project}/{collection}/x{os.urandom(6).hex()}"

    def topic(self, **fields):
        return self.publisher.create_topic(request={"name": self.name("topics"), **fields}).name

    def subscription(self, topic, **fields):
        made = self.subscriber.create_subscription(
            request={"name": self.name("subscriptions"), "topic": topic, **fields}
        )
        return made.name

    def pair(self, **fields):
        topic = self.topic()
        return topic, self.subscription(topic, **fields)

    def publish(self, topic, *messages):
        """Publish texts or whole messages; return the ids."""
        made: Any = [{"data": m.encode()} if isinstance(m, str) else m for m in messages]
        published = self.publisher.publish(topic=topic, messages=made, retry=None, timeout=LONG)
        return list(published.message_ids)

    def pull(self, subscription, limit=100, timeout=LONG):
        """Wait for at least one message and return all received."""
        pulled = self.subscriber.pull(
            subscription=subscription, max_messages=limit, timeout=timeout, retry=None
        )
        return list(pulled.received_messages)

    def nothing(self, subscription):
        """Return true if no message can be delivered now."""
        request = {"subscription": subscription, "max_messages": 100, "return_immediately": True}
        answer = self.subscriber.pull(request=request, timeout=LONG, retry=None)
        return list(answer.received_messages) == []

    def pull_all(self, subscription, count):
        """Pull until `count` messages were received."""
        got: list[Any] = []
        while len(got) < count:
            got += self.pull(subscription)
        return got

    def ack(self, subscription, *received):
        self.subscriber.acknowledge(
            subscription=subscription, ack_ids=[m.ack_id for m in received], retry=None
        )

    def modify(self, subscription, seconds, *received):
        self.subscriber.modify_ack_deadline(
            subscription=subscription,
            ack_ids=[m.ack_id for m in received],
            ack_deadline_seconds=seconds,
            retry=None,
        )


def texts(received):
    return [m.message.data.decode() for m in received]
