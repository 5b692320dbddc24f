"""Broker holds the topics, subscriptions and snapshots of one server.

Methods take and return the messages of google.pubsub.v1 and raise `Refused`. The state lives in
memory and on one event loop, so no lock is needed; only `Subscription.wait` waits.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from google.pubsub_v1 import types

from pipeline.embedded.pubsub import config
from pipeline.embedded.pubsub.delivery import StoredMessage
from pipeline.embedded.pubsub.names import DELETED_TOPIC, check, id_of, project_of
from pipeline.embedded.pubsub.refusal import already_exists, invalid, not_found
from pipeline.embedded.pubsub.server_subscription import Subscription

_MAX_PUBLISH_BYTES = 10_000_000
_MAX_PUBLISH_MESSAGES = 1_000
_PubsubMessage = types.PubsubMessage.pb()
_Snapshot = types.Snapshot.pb()


@dataclass
class _Topic:
    """A topic with its subscriptions and snapshots.

    Attributes:
        pb: the `Topic` message.
        subscriptions: by full name.
        snapshots: messages by sequence, by full name of the snapshot: those that were
            unacknowledged when it was taken, and all that were published since.
    """

    pb: Any
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    snapshots: dict[str, dict[int, StoredMessage]] = field(default_factory=dict)

    def accept(self, message: StoredMessage) -> None:
        """Add a message to every subscription and snapshot."""
        for messages in self.snapshots.values():
            messages[message.sequence] = message
        for subscription in self.subscriptions.values():
            subscription.deliver(message)


class Broker:
    """Topics, subscriptions and snapshots of one server; created and used on its event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._topics: dict[str, _Topic] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._topic_of: dict[str, _Topic] = {}  # by subscription; none once the topic is deleted
        # Ids count up from the clock: those of an earlier server are never issued again.
        self._sequence = itertools.count(time.time_ns() // 1_000)

    def create_topic(self, request: Any) -> Any:
        """Create a topic from a `Topic`."""
        config.complete_topic(request)
        if request.name in self._topics:
            raise already_exists(id_of(request.name))
        self._topics[request.name] = _Topic(request)
        return request

    def topic(self, name: str) -> Any:
        """Return the `Topic` of that name."""
        return self._topic(name).pb

    def delete_topic(self, name: str) -> None:
        """Delete a topic; its subscriptions keep their messages and receive no new ones."""
        topic = self._topic(name)
        del self._topics[name]
        for subscription in topic.subscriptions.values():
            subscription.pb.topic = DELETED_TOPIC
            del self._topic_of[subscription.pb.name]

    def publish(self, name: str, messages: Sequence[Any], request_bytes: int) -> list[str]:
        """Queue messages in every subscription of a topic.

        Args:
            name: the topic.
            messages: `PubsubMessage` each; ids and times are set on them.
            request_bytes: the size of the whole call.

        Returns:
            The message ids.
        """
        topic = self._topic(name)
        if not messages:
            raise invalid("No messages to publish")
        if len(messages) > _MAX_PUBLISH_MESSAGES:
            raise invalid(f"Too many messages to publish: the maximum is {_MAX_PUBLISH_MESSAGES}")
        if request_bytes > _MAX_PUBLISH_BYTES:
            raise invalid(f"Request payload size exceeds the limit: {_MAX_PUBLISH_BYTES} bytes.")
        for message in messages:
            _check_message(message)
        return [self._accept(topic, message) for message in messages]

    def create_subscription(self, request: Any) -> Any:
        """Create a subscription from a `Subscription`."""
        config.complete_subscription(request)
        if request.name in self._subscriptions:
            raise already_exists(id_of(request.name))
        topic = self._topic(request.topic)
        if request.HasField("dead_letter_policy"):
            self._topic(request.dead_letter_policy.dead_letter_topic)
        subscription = Subscription(request, self._move_to_dead_letter_topic)
        self._subscriptions[request.name] = subscription
        self._topic_of[request.name] = topic
        topic.subscriptions[request.name] = subscription
        return subscription.pb

    def find(self, name: str) -> Subscription:
        """Return the subscription of that name."""
        check(name, "subscriptions")
        subscription = self._subscriptions.get(name)
        if subscription is None:
            raise not_found(id_of(name))
        return subscription

    def delete_subscription(self, name: str) -> None:
        """Delete a subscription and end the calls of its consumers."""
        subscription = self.find(name)
        subscription.delete()
        del self._subscriptions[name]
        if topic := self._topic_of.pop(name, None):
            del topic.subscriptions[name]

    def seek_time(self, name: str, time_ns: int) -> None:
        """End all leases and drop the messages published before `time_ns`."""
        subscription = self.find(name)
        unacked = subscription.backlog.unacked().values()
        subscription.seek([m for m in unacked if m.published_ns >= time_ns])

    def seek_snapshot(self, name: str, snapshot: str) -> None:
        """Deliver all messages of a snapshot again."""
        subscription = self.find(name)
        check(snapshot, "snapshots")
        topic = next((t for t in self._topics.values() if snapshot in t.snapshots), None)
        if topic is None:
            raise not_found(id_of(snapshot))
        if self._topic_of.get(name) is not topic:
            raise invalid("The snapshot's topic is not the topic of the subscription.")
        subscription.seek(list(topic.snapshots[snapshot].values()))

    def create_snapshot(self, request: Any) -> Any:
        """Create a snapshot from a `CreateSnapshotRequest`; it lives as long as its topic."""
        check(request.name, "snapshots")
        subscription = self.find(request.subscription)
        topic = self._topic_of.get(request.subscription)
        if topic is None:
            raise invalid("The topic of the subscription has been deleted.")
        if any(request.name in each.snapshots for each in self._topics.values()):
            raise already_exists(id_of(request.name))
        topic.snapshots[request.name] = subscription.backlog.unacked()
        return _Snapshot(name=request.name, topic=topic.pb.name, labels=request.labels)

    def _topic(self, name: str) -> _Topic:
        check(name, "topics")
        topic = self._topics.get(name)
        if topic is None:
            raise not_found(id_of(name))
        return topic

    def _accept(self, topic: _Topic, message: Any) -> str:
        sequence = next(self._sequence)
        published = time.time_ns()
        message.message_id = str(sequence)
        message.publish_time.FromNanoseconds(published)
        topic.accept(
            StoredMessage(sequence, message, published, self._loop.time(), size=message.ByteSize())
        )
        return str(sequence)

    def _move_to_dead_letter_topic(
        self, source: Subscription, message: StoredMessage, deliveries: int
    ) -> bool:
        """Publish a copy to the dead-letter topic; return false when that topic was deleted."""
        topic = self._topics.get(source.pb.dead_letter_policy.dead_letter_topic)
        if topic is None:
            return False
        copy = _PubsubMessage()
        copy.CopyFrom(message.pb)
        facts = {
            "DeliveryCount": str(deliveries),
            "Subscription": id_of(source.pb.name),
            "SubscriptionProject": project_of(source.pb.name),
            "TopicPublishTime": message.pb.publish_time.ToJsonString(),
        }
        for name, value in facts.items():
            copy.attributes[f"CloudPubSubDeadLetterSource{name}"] = value
        self._accept(topic, copy)
        return True


def _check_message(message: Any) -> None:
    """Check the limits of https://cloud.google.com/pubsub/quotas#resource_limits."""
    if not (message.data or message.attributes):
        raise invalid("Some messages are empty: a message needs data or an attribute")
    if len(message.attributes) > 100:
        raise invalid("A message has more than 100 attributes")
    for key, value in message.attributes.items():
        if not key or key.startswith("goog"):
            raise invalid(f"An attribute key is empty or starts with 'goog': {key!r}")
        if len(key.encode()) > 256 or len(value.encode()) > 1024:
            raise invalid(f"An attribute is longer than 256 (key) or 1024 (value) bytes: {key!r}")
    if len(message.ordering_key.encode()) > 1024:
        raise invalid("An ordering key is longer than 1024 bytes")
