"""Topics, subscriptions and snapshots: everything the server knows.

Methods take and return the messages of google.pubsub.v1 and raise `Refused`. State lives in memory
and on one event loop, so nothing is locked; only `Subscription.wait` waits.
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
from pipeline.embedded.pubsub.delivery import DAY, StoredMessage
from pipeline.embedded.pubsub.names import DELETED_TOPIC, check, id_of, project_of
from pipeline.embedded.pubsub.refusal import already_exists, invalid, not_found
from pipeline.embedded.pubsub.server_subscription import Subscription

_NANOSECONDS = 1_000_000_000
_MAX_PUBLISH_BYTES = 10_000_000
_MAX_PUBLISH_MESSAGES = 1_000
_SNAPSHOT_LIFE = 7 * DAY
_PubsubMessage = types.PubsubMessage.pb()
_Snapshot = types.Snapshot.pb()


@dataclass
class _KeptSnapshot:
    """A snapshot: what was unacknowledged when it was taken, and all that was published since."""

    pb: Any
    messages: dict[int, StoredMessage]


@dataclass
class _Topic:
    pb: Any
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    snapshots: dict[str, _KeptSnapshot] = field(default_factory=dict)
    retained: dict[int, StoredMessage] = field(default_factory=dict)

    def accept(self, message: StoredMessage) -> None:
        retention = config.retention(self.pb)
        if retention:
            self.retained[message.sequence] = message
        for sequence, old in list(itertools.islice(self.retained.items(), 2)):
            # Two leave for every one that comes, so a shortened retention empties it as well.
            if old.arrived + retention <= message.arrived:
                del self.retained[sequence]
        for snapshot in self.snapshots.values():
            snapshot.messages[message.sequence] = message
        for subscription in self.subscriptions.values():
            subscription.deliver(message)


class Broker:
    """The state of one server; made and used on its event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._topics: dict[str, _Topic] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._homes: dict[str, _Topic] = {}
        # Ids count up from the clock: those of an earlier server are never issued again.
        self._sequence = itertools.count(time.time_ns() // 1_000)

    def create_topic(self, request: Any) -> Any:
        """Creates a topic from a `Topic`."""
        config.complete_topic(request)
        if request.name in self._topics:
            raise already_exists(id_of(request.name))
        self._topics[request.name] = _Topic(request)
        return request

    def update_topic(self, request: Any) -> Any:
        """Changes the fields named by an `UpdateTopicRequest`."""
        topic = self._topic(request.topic.name)
        merged = config.merge(
            topic.pb, request.topic, request.update_mask.paths, config.TOPIC_FIELDS
        )
        config.complete_topic(merged)
        topic.pb = merged
        return merged

    def topic(self, name: str) -> Any:
        """The `Topic` of that name."""
        return self._topic(name).pb

    def topics(self, project: str) -> dict[str, Any]:
        """The `Topic` messages of a project id by name."""
        return {n: t.pb for n, t in self._topics.items() if project_of(n) == project}

    def delete_topic(self, name: str) -> None:
        """Deletes a topic; its subscriptions keep what they have and get nothing more."""
        topic = self._topic(name)
        del self._topics[name]
        for subscription in topic.subscriptions.values():
            subscription.pb.topic = DELETED_TOPIC
            del self._homes[subscription.pb.name]

    def subscriptions_of(self, topic: str) -> list[str]:
        """Names of a topic's subscriptions."""
        return list(self._topic(topic).subscriptions)

    def snapshots_of(self, topic: str) -> list[str]:
        """Names of a topic's snapshots."""
        home = self._topic(topic)
        self._drop_expired_snapshots(home)
        return list(home.snapshots)

    def publish(self, name: str, messages: Sequence[Any], request_bytes: int) -> list[str]:
        """Publishes messages.

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
        """Creates a subscription from a `Subscription`."""
        config.complete_subscription(request)
        if request.name in self._subscriptions:
            raise already_exists(id_of(request.name))
        topic = self._topic(request.topic)
        self._check_dead_letter_topic(request)
        subscription = Subscription(request, self._bury)
        self._subscriptions[request.name] = subscription
        self._homes[request.name] = topic
        topic.subscriptions[request.name] = subscription
        return self._described(subscription)

    def update_subscription(self, request: Any) -> Any:
        """Changes the fields named by an `UpdateSubscriptionRequest`."""
        subscription = self.find(request.subscription.name)
        merged = config.merge(
            subscription.pb,
            request.subscription,
            request.update_mask.paths,
            config.SUBSCRIPTION_FIELDS,
        )
        config.complete_subscription(merged)
        self._check_dead_letter_topic(merged)
        subscription.configure(merged)
        return self._described(subscription)

    def subscription(self, name: str) -> Any:
        """The `Subscription` message of that name."""
        return self._described(self.find(name))

    def subscriptions(self, project: str) -> dict[str, Any]:
        """The `Subscription` messages of a project id by name."""
        return {
            name: self._described(subscription)
            for name, subscription in self._subscriptions.items()
            if project_of(name) == project
        }

    def find(self, name: str) -> Subscription:
        """The subscription of that name."""
        check(name, "subscriptions")
        subscription = self._subscriptions.get(name)
        if subscription is None:
            raise not_found(id_of(name))
        return subscription

    def delete_subscription(self, name: str) -> None:
        """Deletes a subscription and turns its consumers away."""
        subscription = self.find(name)
        subscription.delete()
        del self._subscriptions[name]
        if topic := self._homes.pop(name, None):
            del topic.subscriptions[name]

    def detach_subscription(self, name: str) -> None:
        """Cuts a subscription off from its topic; it stays visible and can only be deleted."""
        self.find(name).detach()
        if topic := self._homes.pop(name, None):
            del topic.subscriptions[name]

    def seek_time(self, name: str, time_ns: int) -> None:
        """Marks what was published before that time acknowledged and the rest not."""
        subscription = self.find(name)
        subscription.check_alive()
        messages = self._seekable(name)
        subscription.seek(messages, {n for n, m in messages.items() if m.published_ns >= time_ns})

    def seek_snapshot(self, name: str, snapshot: str) -> None:
        """Goes back to a snapshot's state."""
        subscription = self.find(name)
        subscription.check_alive()
        home, kept = self._snapshot(snapshot)
        if self._homes.get(name) is not home:
            raise invalid("The snapshot's topic is not the topic of the subscription.")
        subscription.seek(self._seekable(name) | kept.messages, set(kept.messages))

    def create_snapshot(self, request: Any) -> Any:
        """Takes a snapshot as a `CreateSnapshotRequest` says."""
        check(request.name, "snapshots")
        subscription = self.find(request.subscription)
        subscription.check_alive()
        topic = self._homes.get(request.subscription)
        if topic is None:
            raise invalid("The topic of the subscription has been deleted.")
        if any(request.name in each.snapshots for each in self._topics.values()):
            raise already_exists(id_of(request.name))
        unacked = subscription.backlog.unacked()
        snapshot = _Snapshot(name=request.name, topic=topic.pb.name, labels=request.labels)
        oldest = min((m.published_ns for m in unacked.values()), default=time.time_ns())
        snapshot.expire_time.FromNanoseconds(oldest + int(_SNAPSHOT_LIFE) * _NANOSECONDS)
        topic.snapshots[request.name] = _KeptSnapshot(snapshot, unacked)
        return snapshot

    def update_snapshot(self, request: Any) -> Any:
        """Changes the fields named by an `UpdateSnapshotRequest`."""
        _, kept = self._snapshot(request.snapshot.name)
        kept.pb = config.merge(
            kept.pb, request.snapshot, request.update_mask.paths, config.SNAPSHOT_FIELDS
        )
        return kept.pb

    def snapshot(self, name: str) -> Any:
        """The `Snapshot` of that name."""
        return self._snapshot(name)[1].pb

    def snapshots(self, project: str) -> dict[str, Any]:
        """The `Snapshot` messages of a project id by name."""
        for topic in self._topics.values():
            self._drop_expired_snapshots(topic)
        return {
            name: kept.pb
            for topic in self._topics.values()
            for name, kept in topic.snapshots.items()
            if project_of(name) == project
        }

    def delete_snapshot(self, name: str) -> None:
        """Deletes a snapshot."""
        topic, _ = self._snapshot(name)
        del topic.snapshots[name]

    def _topic(self, name: str) -> _Topic:
        check(name, "topics")
        topic = self._topics.get(name)
        if topic is None:
            raise not_found(id_of(name))
        return topic

    def _snapshot(self, name: str) -> tuple[_Topic, _KeptSnapshot]:
        check(name, "snapshots")
        for topic in self._topics.values():
            self._drop_expired_snapshots(topic)
            if name in topic.snapshots:
                return topic, topic.snapshots[name]
        raise not_found(id_of(name))

    @staticmethod
    def _drop_expired_snapshots(topic: _Topic) -> None:
        now = time.time_ns()
        for name, kept in list(topic.snapshots.items()):
            if kept.pb.expire_time.ToNanoseconds() <= now:
                del topic.snapshots[name]

    def _seekable(self, subscription: str) -> dict[int, StoredMessage]:
        topic = self._homes.get(subscription)
        return (topic.retained if topic else {}) | self.find(subscription).backlog.retained()

    def _described(self, subscription: Subscription) -> Any:
        """The settings as a caller sees them, with the topic's own retention."""
        topic = self._homes.get(subscription.pb.name)
        described = type(subscription.pb)()
        described.CopyFrom(subscription.pb)
        if topic is not None and topic.pb.HasField("message_retention_duration"):
            described.topic_message_retention_duration.CopyFrom(topic.pb.message_retention_duration)
        return described

    def _check_dead_letter_topic(self, subscription: Any) -> None:
        if subscription.HasField("dead_letter_policy"):
            self._topic(subscription.dead_letter_policy.dead_letter_topic)

    def _accept(self, topic: _Topic, message: Any) -> str:
        sequence = next(self._sequence)
        published = time.time_ns()
        message.message_id = str(sequence)
        message.publish_time.FromNanoseconds(published)
        topic.accept(
            StoredMessage(sequence, message, published, self._loop.time(), size=message.ByteSize())
        )
        return str(sequence)

    def _bury(self, source: Subscription, message: StoredMessage, deliveries: int) -> bool:
        """Moves a message to the dead-letter topic; false when that topic is gone."""
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
    """Limits: https://cloud.google.com/pubsub/quotas#resource_limits."""
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
