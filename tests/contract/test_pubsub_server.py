"""Contract of a Pub/Sub server, run against the embedded one and Google's emulator if present."""

from __future__ import annotations

import datetime
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.subscriber.exceptions import AcknowledgeError
from google.pubsub_v1 import PublisherClient, SubscriberClient, types
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from pipeline.embedded.pubsub import PubSubServer
from tests.contract import google_emulator
from transforms.errors import DependencyDown

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


@pytest.fixture(scope="module")
def google_host(tmp_path_factory):
    if reason := google_emulator.missing():
        pytest.skip(reason)
    with google_emulator.running(tmp_path_factory.mktemp("emulator")) as host:
        yield host


@pytest.fixture(params=["embedded", "google"])
def desk(request):
    """A desk on each of both servers."""
    if request.param == "google":
        made = Desk(request.getfixturevalue("google_host"))
    else:
        made = Desk(request.getfixturevalue("pubsub_server").host)
    yield made
    made.close()


@pytest.fixture
def ours(pubsub_server):
    """A desk on the embedded server only, for features that Google's emulator lacks."""
    made = Desk(pubsub_server.host)
    yield made
    made.close()


# Topics, subscriptions, names


def test_topic_exists_until_deleted(desk):
    name = desk.name("topics")
    with pytest.raises(exceptions.NotFound):
        desk.publisher.get_topic(topic=name)
    desk.publisher.create_topic(name=name)
    with pytest.raises(exceptions.AlreadyExists):
        desk.publisher.create_topic(name=name)
    assert desk.publisher.get_topic(topic=name).name == name
    desk.publisher.delete_topic(topic=name)
    with pytest.raises(exceptions.NotFound):
        desk.publisher.get_topic(topic=name)
    with pytest.raises(exceptions.NotFound):
        desk.publish(name, "x")


def test_subscription_exists_until_deleted(desk):
    topic = desk.topic()
    name = desk.name("subscriptions")
    for call in (
        lambda: desk.subscriber.get_subscription(subscription=name),
        lambda: desk.subscriber.delete_subscription(subscription=name),
        lambda: desk.pull(name),
        lambda: desk.subscriber.create_subscription(name=name, topic=desk.name("topics")),
    ):
        with pytest.raises(exceptions.NotFound):
            call()
    desk.subscriber.create_subscription(name=name, topic=topic)
    with pytest.raises(exceptions.AlreadyExists):
        desk.subscriber.create_subscription(name=name, topic=topic)
    found = desk.subscriber.get_subscription(subscription=name)
    assert (found.topic, found.ack_deadline_seconds) == (topic, 10)
    assert found.message_retention_duration == datetime.timedelta(days=7)
    desk.subscriber.delete_subscription(subscription=name)
    with pytest.raises(exceptions.NotFound):
        desk.subscriber.get_subscription(subscription=name)


@pytest.mark.parametrize(
    "name", ["ab", "1abc", "googabc", "a b c", "a/b/c", "abc\n", "x" * 256, "", "größe"]
)
def test_invalid_name_is_refused(desk, name):
    topic = desk.topic()
    with pytest.raises(exceptions.InvalidArgument):
        desk.publisher.create_topic(name=f"projects/{desk.project}/topics/{name}")
    with pytest.raises(exceptions.InvalidArgument):
        desk.subscriber.create_subscription(
            name=f"projects/{desk.project}/subscriptions/{name}", topic=topic
        )


def test_special_characters_are_allowed_in_names(desk):
    name = f"projects/{desk.project}/topics/ok%20-_.~+"
    assert desk.publisher.create_topic(name=name).name == name


@pytest.mark.parametrize(
    "project", ["p1", "Project-1", "project-", "-project", "x" * 31, "a_b_c_d"]
)
def test_invalid_project_is_refused(ours, project):
    with pytest.raises(exceptions.InvalidArgument):
        ours.publisher.create_topic(name=ours.name("topics", project))


@pytest.mark.parametrize("project", ["example.com:my-project", "123456789"])
def test_domains_and_numbers_are_valid_projects(ours, project):
    name = ours.name("topics", project)
    assert ours.publisher.create_topic(name=name).name == name


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"ack_deadline_seconds": 601}, exceptions.InvalidArgument),
        ({"message_retention_duration": {"seconds": 599}}, exceptions.InvalidArgument),
        ({"message_retention_duration": {"seconds": 2_678_401}}, exceptions.InvalidArgument),
        ({"retry_policy": {"minimum_backoff": {"seconds": 601}}}, exceptions.InvalidArgument),
        (
            {
                "retry_policy": {
                    "minimum_backoff": {"seconds": 20},
                    "maximum_backoff": {"seconds": 10},
                }
            },
            exceptions.InvalidArgument,
        ),
    ],
)
def test_settings_out_of_bounds_are_refused(desk, fields, error):
    topic = desk.topic()
    with pytest.raises(error):
        desk.subscription(topic, **fields)


def test_dead_letter_policy_is_checked(desk):
    topic = desk.topic()
    for attempts in (4, 101):
        with pytest.raises(exceptions.OutOfRange):
            desk.subscription(
                topic,
                dead_letter_policy={
                    "dead_letter_topic": topic,
                    "max_delivery_attempts": attempts,
                },
            )
    with pytest.raises(exceptions.NotFound):
        desk.subscription(topic, dead_letter_policy={"dead_letter_topic": desk.name("topics")})


def test_defaults_are_filled_in(desk):
    topic = desk.topic()
    made = desk.subscription(
        topic, retry_policy={}, dead_letter_policy={"dead_letter_topic": topic}
    )
    found = desk.subscriber.get_subscription(subscription=made)
    assert found.retry_policy.minimum_backoff == datetime.timedelta(seconds=10)
    assert found.retry_policy.maximum_backoff == datetime.timedelta(seconds=600)
    assert found.dead_letter_policy.max_delivery_attempts == 5


@pytest.mark.parametrize(
    "fields",
    [
        {"push_config": {"push_endpoint": "http://localhost/x"}},
        {"bigquery_config": {"table": "a.b.c"}},
        {"cloud_storage_config": {"bucket": "bucket"}},
        {"filter": "attributes:a"},
        {"retain_acked_messages": True},
    ],
)
def test_unsupported_subscription_settings_are_refused(ours, fields):
    topic = ours.topic()
    with pytest.raises(exceptions.MethodNotImplemented, match=next(iter(fields))):
        ours.subscription(topic, **fields)


def test_topic_retention_is_refused(ours):
    with pytest.raises(exceptions.MethodNotImplemented, match="message_retention_duration"):
        ours.topic(message_retention_duration={"seconds": 600})


def test_subscription_outlives_its_topic(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "before")
    desk.publisher.delete_topic(topic=topic)
    found = desk.subscriber.get_subscription(subscription=subscription)
    assert found.topic == "_deleted-topic_"
    desk.publisher.create_topic(name=topic)
    desk.publish(topic, "after")
    assert texts(desk.pull(subscription)) == ["before"]


# Publishing


def test_message_keeps_data_attributes_and_key(desk):
    topic, subscription = desk.pair(enable_message_ordering=True)
    data = bytes(range(256))
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)
    sent = {"data": data, "attributes": {"ключ": "värde ☃", "b": ""}, "ordering_key": "k"}
    [message_id] = desk.publish(topic, sent)
    [received] = desk.pull(subscription)
    message = received.message
    assert (message.data, message.attributes, message.ordering_key) == (
        data,
        {"ключ": "värde ☃", "b": ""},
        "k",
    )
    assert message.message_id == message_id
    assert before < message.publish_time <= datetime.datetime.now(datetime.UTC)
    assert received.delivery_attempt == 0


def test_every_subscription_gets_every_message(desk):
    topic, first = desk.pair()
    second = desk.subscription(topic)
    ids = desk.publish(topic, *map(str, range(20)))
    assert len(set(ids)) == 20
    for subscription in (first, second):
        received = desk.pull_all(subscription, 20)
        assert sorted(m.message.message_id for m in received) == sorted(ids)


def test_subscription_receives_only_later_messages(desk):
    topic = desk.topic()
    desk.publish(topic, "before")
    subscription = desk.subscription(topic)
    desk.publish(topic, "after")
    assert texts(desk.pull(subscription)) == ["after"]


@pytest.mark.parametrize(
    "messages",
    [[], [{}], [{"ordering_key": "k"}], [{"data": b"x"}, {}], [{"data": b"x"}] * 1001],
    ids=["none", "empty", "key only", "one empty", "too many"],
)
def test_invalid_publish_is_refused_whole(desk, messages):
    topic, subscription = desk.pair()
    with pytest.raises(exceptions.InvalidArgument):
        desk.publish(topic, *messages)
    desk.publish(topic, {"attributes": {"only": "attributes"}})
    assert [m.message.attributes for m in desk.pull(subscription)] == [{"only": "attributes"}]


@pytest.mark.parametrize(
    "message",
    [
        {"data": b"x" * 10_000_001},
        {"attributes": {str(n): "x" for n in range(101)}},
        {"attributes": {"k" * 257: "x"}},
        {"attributes": {"k": "x" * 1025}},
        {"attributes": {"googkey": "x"}},
        {"attributes": {"": "x"}},
        {"data": b"x", "ordering_key": "k" * 1025},
    ],
    ids=["10 MB", "attributes", "key", "value", "goog", "no key", "ordering key"],
)
def test_message_beyond_limits_is_refused(ours, message):
    topic = ours.topic()
    with pytest.raises(exceptions.InvalidArgument):
        ours.publish(topic, message)


def test_large_messages_are_delivered(desk):
    topic, subscription = desk.pair()
    data = os.urandom(9_900_000)
    desk.publish(topic, {"data": data})
    desk.publish(topic, {"data": data})
    assert [m.message.data == data for m in desk.pull_all(subscription, 2)] == [True, True]


# Pulling and settling


def test_acknowledged_message_is_not_redelivered(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "a", "b")
    received = desk.pull_all(subscription, 2)
    desk.ack(subscription, *received)
    desk.ack(subscription, *received)  # again does no harm
    assert desk.nothing(subscription)


def test_message_handed_back_is_redelivered(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "a")
    [first] = desk.pull(subscription)
    desk.modify(subscription, 0, first)
    [second] = desk.pull(subscription)
    assert second.message.message_id == first.message.message_id
    assert second.ack_id != first.ack_id


def test_message_is_redelivered_after_its_lease(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "a")
    [first] = desk.pull(subscription)
    desk.modify(subscription, 1, first)
    [second] = desk.pull(subscription)
    assert second.message.message_id == first.message.message_id


def test_leased_message_is_not_delivered_again(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "a")
    [received] = desk.pull(subscription)
    desk.modify(subscription, 60, received)
    assert desk.nothing(subscription)


def test_late_acknowledgement_does_not_count(ours):
    topic, subscription = ours.pair()
    ours.publish(topic, "a")
    [first] = ours.pull(subscription)
    ours.modify(subscription, 1, first)
    [second] = ours.pull(subscription)
    ours.ack(subscription, first)
    ours.modify(subscription, 0, second)
    assert texts(ours.pull(subscription)) == ["a"]


def test_invalid_calls_are_refused(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "a")
    [received] = desk.pull(subscription)
    with pytest.raises(exceptions.InvalidArgument):
        desk.pull(subscription, limit=0)
    for ids in ([], ["garbage"]):
        with pytest.raises(exceptions.InvalidArgument):
            desk.subscriber.acknowledge(subscription=subscription, ack_ids=ids)
        with pytest.raises(exceptions.InvalidArgument):
            desk.subscriber.modify_ack_deadline(
                subscription=subscription, ack_ids=ids, ack_deadline_seconds=10
            )
    with pytest.raises(exceptions.InvalidArgument):
        desk.modify(subscription, -1, received)


def test_lease_above_ten_minutes_is_refused(ours):
    topic, subscription = ours.pair()
    ours.publish(topic, "a")
    [received] = ours.pull(subscription)
    with pytest.raises(exceptions.InvalidArgument):
        ours.modify(subscription, 601, received)
    with pytest.raises(exceptions.InvalidArgument):
        ours.subscription(topic, ack_deadline_seconds=9)


def test_empty_pull_is_answered_before_deadline(desk):
    _, subscription = desk.pair()
    for timeout in (1.5, 3):
        assert desk.pull(subscription, timeout=timeout) == []
    assert desk.nothing(subscription)


def test_waiting_pull_receives_new_message(desk):
    topic, subscription = desk.pair()
    with ThreadPoolExecutor(1) as pool:
        pulled = pool.submit(desk.pull, subscription)
        assert desk.pull(subscription, timeout=2) == []  # by then the other is waiting
        desk.publish(topic, "a")
        assert texts(pulled.result()) == ["a"]


def test_many_pulls_wait_for_one_message_each(desk):
    topic, subscription = desk.pair()
    count = 120
    with ThreadPoolExecutor(count) as pool:
        pulls = [pool.submit(desk.pull, subscription, 1) for _ in range(count)]
        for n in range(count):
            desk.publish(topic, str(n))
        got = Counter(text for pull in pulls for text in texts(pull.result()))
    assert got == Counter(map(str, range(count)))


def test_cancelled_pull_takes_no_message(ours):
    topic, subscription = ours.pair()
    stub = ours.channel.unary_unary(
        "/google.pubsub.v1.Subscriber/Pull",
        request_serializer=types.PullRequest.serialize,
        response_deserializer=types.PullResponse.deserialize,
    )
    waiting = [
        stub.future(types.PullRequest(subscription=subscription, max_messages=1), timeout=LONG)
        for _ in range(10)
    ]
    assert ours.pull(subscription, timeout=1) == []  # by then they are all waiting
    for call in waiting:
        call.cancel()
    assert ours.nothing(subscription)
    ours.publish(topic, "a")
    assert texts(ours.pull(subscription)) == ["a"]


def test_deleted_subscription_ends_waiting_pull(ours):
    _, subscription = ours.pair()
    with ThreadPoolExecutor(1) as pool:
        pulled = pool.submit(ours.pull, subscription)
        assert ours.nothing(subscription)
        ours.subscriber.delete_subscription(subscription=subscription)
        with pytest.raises(exceptions.NotFound):
            pulled.result()


# Policies


def test_message_moves_to_dead_letter_topic_after_attempts(desk):
    dead, graveyard = desk.pair()
    topic, subscription = desk.pair(
        dead_letter_policy={"dead_letter_topic": dead, "max_delivery_attempts": 5}
    )
    [message_id] = desk.publish(
        topic, {"data": b"a", "attributes": {"k": "v"}, "ordering_key": "key"}
    )
    for attempt in range(1, 6):
        [received] = desk.pull(subscription)
        assert received.delivery_attempt == attempt
        desk.modify(subscription, 0, received)
    assert desk.nothing(subscription)
    [buried] = desk.pull(graveyard)
    assert (buried.message.data, buried.message.ordering_key) == (b"a", "key")
    assert buried.message.message_id != message_id
    attributes = dict(buried.message.attributes)
    published = attributes.pop("CloudPubSubDeadLetterSourceTopicPublishTime")
    assert datetime.datetime.fromisoformat(published[:19])
    assert attributes == {
        "k": "v",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
        "CloudPubSubDeadLetterSourceSubscription": subscription.split("/")[3],
        "CloudPubSubDeadLetterSourceSubscriptionProject": desk.project,
    }


def test_expired_lease_counts_as_delivery_without_pull(ours):
    dead, graveyard = ours.pair()
    topic, subscription = ours.pair(
        dead_letter_policy={"dead_letter_topic": dead, "max_delivery_attempts": 5}
    )
    ours.publish(topic, "a")
    for _ in range(4):
        ours.modify(subscription, 0, *ours.pull(subscription))
    ours.modify(subscription, 1, *ours.pull(subscription))
    assert texts(ours.pull(graveyard)) == ["a"]


def test_message_stays_without_dead_letter_topic(ours):
    dead = ours.topic()
    topic, subscription = ours.pair(dead_letter_policy={"dead_letter_topic": dead})
    ours.publish(topic, "a")
    ours.publisher.delete_topic(topic=dead)
    for attempt in range(1, 8):
        [received] = ours.pull(subscription)
        assert received.delivery_attempt == attempt
        ours.modify(subscription, 0, received)


def test_retry_policy_delays_redelivery(ours):
    topic, subscription = ours.pair(
        retry_policy={"minimum_backoff": {"seconds": 2}, "maximum_backoff": {"seconds": 600}}
    )
    ours.publish(topic, "a")
    ours.modify(subscription, 0, *ours.pull(subscription))
    assert ours.pull(subscription, timeout=1) == []
    assert texts(ours.pull(subscription)) == ["a"]


def test_messages_of_one_key_arrive_in_order(desk):
    topic, subscription = desk.pair(enable_message_ordering=True)
    for n in range(10):
        for key in "xy":
            desk.publish(topic, {"data": f"{key}{n}".encode(), "ordering_key": key})
    got: list[str] = []
    while len(got) < 20:
        run = desk.pull(subscription, limit=3)
        got += texts(run)
        desk.ack(subscription, *run)
    for key in "xy":
        assert [t for t in got if t[0] == key] == [f"{key}{n}" for n in range(10)]


def test_key_waits_for_unsettled_messages(desk):
    topic, subscription = desk.pair(enable_message_ordering=True)
    desk.publish(topic, *({"data": str(n).encode(), "ordering_key": "k"} for n in range(3)))
    run = desk.pull(subscription, limit=2)
    assert texts(run) == ["0", "1"]
    assert desk.nothing(subscription)
    desk.ack(subscription, *run)
    assert texts(desk.pull(subscription)) == ["2"]


def test_key_restarts_at_message_handed_back(ours):
    topic, subscription = ours.pair(enable_message_ordering=True)
    ours.publish(topic, *({"data": str(n).encode(), "ordering_key": "k"} for n in range(3)))
    first, *_ = ours.pull_all(subscription, 3)
    ours.modify(subscription, 0, first)
    assert texts(ours.pull(subscription)) == ["0", "1", "2"]


def test_exactly_once_reports_failed_acknowledgements(ours):
    topic, subscription = ours.pair(enable_exactly_once_delivery=True)
    ours.publish(topic, "a", "b")
    expired, good = ours.pull_all(subscription, 2)
    ours.modify(subscription, 1, expired)
    [again] = ours.pull(subscription)
    with pytest.raises(exceptions.FailedPrecondition) as refused:
        ours.ack(subscription, expired, good)
    assert refused.value.metadata == {expired.ack_id: "PERMANENT_FAILURE_INVALID_ACK_ID"}
    with pytest.raises(exceptions.FailedPrecondition):
        ours.modify(subscription, 60, good)
    ours.ack(subscription, again)
    assert ours.nothing(subscription)


def test_exactly_once_refuses_unordered_acknowledgements(ours):
    topic, subscription = ours.pair(enable_exactly_once_delivery=True, enable_message_ordering=True)
    ours.publish(topic, *({"data": str(n).encode(), "ordering_key": "k"} for n in range(2)))
    first, second = ours.pull_all(subscription, 2)
    with pytest.raises(exceptions.FailedPrecondition) as refused:
        ours.ack(subscription, second, first)
    assert refused.value.metadata == {second.ack_id: "TRANSIENT_FAILURE_UNORDERED_ACK_ID"}
    ours.ack(subscription, second)
    assert ours.nothing(subscription)


# Seeking


def utc_now():
    return datetime.datetime.now(datetime.UTC)


def test_seek_redelivers_unacknowledged_messages_only(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "a", "b")
    [first] = desk.pull(subscription, limit=1)
    desk.ack(subscription, first)
    start = utc_now() - datetime.timedelta(minutes=1)
    desk.subscriber.seek(request={"subscription": subscription, "time": start})
    [other] = desk.pull(subscription)
    assert other.message.message_id != first.message.message_id


def test_seek_back_ends_leases_and_forward_drops(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "a", "b")
    held = desk.pull_all(subscription, 2)
    for received in held:
        desk.modify(subscription, 600, received)
    start = utc_now() - datetime.timedelta(minutes=1)
    desk.subscriber.seek(request={"subscription": subscription, "time": start})
    assert sorted(texts(desk.pull_all(subscription, 2))) == ["a", "b"]
    future = utc_now() + datetime.timedelta(minutes=1)
    desk.subscriber.seek(request={"subscription": subscription, "time": future})
    assert desk.nothing(subscription)


def test_snapshot_redelivers_unacknowledged_and_later_messages(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "before")
    desk.ack(subscription, *desk.pull(subscription))
    desk.publish(topic, "kept")
    name = desk.name("snapshots")
    made = desk.subscriber.create_snapshot(name=name, subscription=subscription)
    assert (made.name, made.topic) == (name, topic)
    desk.publish(topic, "later")
    desk.ack(subscription, *desk.pull_all(subscription, 2))
    desk.subscriber.seek(request={"subscription": subscription, "snapshot": name})
    assert sorted(texts(desk.pull_all(subscription, 2))) == ["kept", "later"]


def test_invalid_seeks_are_refused(ours):
    topic, subscription = ours.pair()
    _, elsewhere = ours.pair()
    name = ours.name("snapshots")
    ours.subscriber.create_snapshot(name=name, subscription=subscription)
    with pytest.raises(exceptions.AlreadyExists):
        ours.subscriber.create_snapshot(name=name, subscription=elsewhere)
    for request in ({}, {"snapshot": name}):
        with pytest.raises(exceptions.InvalidArgument):
            ours.subscriber.seek(request={"subscription": elsewhere, **request})
    unknown = {"subscription": subscription, "snapshot": ours.name("snapshots")}
    with pytest.raises(exceptions.NotFound):
        ours.subscriber.seek(request=unknown)
    ours.publisher.delete_topic(topic=topic)
    with pytest.raises(exceptions.InvalidArgument):
        ours.subscriber.create_snapshot(name=ours.name("snapshots"), subscription=subscription)


# Streaming


class RawStream:
    """A StreamingPull without the client's own bookkeeping."""

    def __init__(self, desk, **first):
        self.requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        desk.streams.append(self.requests)
        self.send(stream_ack_deadline_seconds=60, **first)
        self.call = desk.subscriber.streaming_pull(
            requests=iter(self.requests.get, None), timeout=LONG
        )

    def send(self, **fields):
        self.requests.put(types.StreamingPullRequest(**fields))

    def receive(self, count):
        """Read until `count` messages were received."""
        got: list[Any] = []
        while len(got) < count:
            got += next(self.call).received_messages
        return got

    def end(self):
        self.requests.put(None)
        return list(self.call)


def test_stream_delivers_and_settles(desk):
    topic, subscription = desk.pair()
    desk.publish(topic, "a")
    stream = RawStream(desk, subscription=subscription)
    [first] = stream.receive(1)
    stream.send(modify_deadline_ack_ids=[first.ack_id], modify_deadline_seconds=[0])
    [again] = stream.receive(1)
    assert again.message.message_id == first.message.message_id
    stream.send(ack_ids=[again.ack_id])
    desk.publish(topic, "b")
    [other] = stream.receive(1)
    stream.send(ack_ids=[other.ack_id])
    stream.end()
    assert desk.nothing(subscription)


def test_stream_keeps_to_its_flow_control(ours):
    topic, subscription = ours.pair()
    ours.publish(topic, *map(str, range(10)))
    stream = RawStream(ours, subscription=subscription, max_outstanding_messages=3)
    got = stream.receive(3)
    others = ours.pull(subscription, limit=2)
    stream.send(ack_ids=[m.ack_id for m in got])
    got += stream.receive(3)
    stream.end()
    assert len({m.message.message_id for m in got + others}) == 8


def test_messages_of_ended_stream_are_redelivered(ours):
    topic, subscription = ours.pair()
    ours.publish(topic, "a")
    stream = RawStream(ours, subscription=subscription)
    [held] = stream.receive(1)
    stream.send(modify_deadline_ack_ids=[held.ack_id], modify_deadline_seconds=[1])
    stream.end()
    assert texts(ours.pull(subscription)) == ["a"]


@pytest.mark.parametrize(
    "first",
    [
        {"stream_ack_deadline_seconds": 10},
        {"subscription": "valid"},
        {"subscription": "valid", "stream_ack_deadline_seconds": 9},
        {"subscription": "valid", "stream_ack_deadline_seconds": 601},
    ],
)
def test_invalid_first_stream_request_is_refused(desk, first):
    _, subscription = desk.pair()
    if "subscription" in first:
        first = {**first, "subscription": subscription}
    with pytest.raises(exceptions.InvalidArgument):
        list(desk.subscriber.streaming_pull(requests=iter([first]), timeout=LONG))


@pytest.mark.parametrize(
    "later",
    [
        {"subscription": "again"},
        {"ack_ids": ["garbage"]},
        {"modify_deadline_ack_ids": ["1-1"]},
        {"stream_ack_deadline_seconds": 5},
    ],
)
def test_invalid_later_stream_request_is_refused(desk, later):
    _, subscription = desk.pair()
    stream = RawStream(desk, subscription=subscription)
    stream.send(**later)
    with pytest.raises(exceptions.InvalidArgument):
        list(stream.call)


def test_stream_ends_with_its_subscription(ours):
    topic, subscription = ours.pair()
    ours.publish(topic, "a")
    for limit in (1, 0):  # full, and waiting for more
        stream = RawStream(ours, subscription=subscription, max_outstanding_messages=limit)
        stream.receive(1)
        ours.subscriber.delete_subscription(subscription=subscription)
        with pytest.raises(exceptions.NotFound):
            list(stream.call)
        subscription = ours.subscription(topic)
        ours.publish(topic, "a")


def test_stream_confirms_exactly_once_acknowledgements(ours):
    topic, subscription = ours.pair(enable_exactly_once_delivery=True)
    ours.publish(topic, "a")
    stream = RawStream(ours, subscription=subscription)
    assert next(stream.call).subscription_properties.exactly_once_delivery_enabled
    [received] = stream.receive(1)
    stream.send(ack_ids=[received.ack_id])
    assert next(stream.call).acknowledge_confirmation.ack_ids == [received.ack_id]
    stream.send(ack_ids=[received.ack_id])
    confirmed = next(stream.call).acknowledge_confirmation
    assert (confirmed.ack_ids, confirmed.invalid_ack_ids) == ([], [received.ack_id])
    stream.send(modify_deadline_ack_ids=[received.ack_id], modify_deadline_seconds=[10])
    invalid = next(stream.call).modify_ack_deadline_confirmation.invalid_ack_ids
    assert invalid == [received.ack_id]
    stream.end()


def test_stream_names_unordered_acknowledgements(ours):
    topic, subscription = ours.pair(enable_exactly_once_delivery=True, enable_message_ordering=True)
    ours.publish(topic, *({"data": str(n).encode(), "ordering_key": "k"} for n in range(2)))
    stream = RawStream(ours, subscription=subscription)
    next(stream.call)  # the subscription's properties
    first, second = stream.receive(2)
    stream.send(ack_ids=[second.ack_id, first.ack_id])
    confirmed = next(stream.call).acknowledge_confirmation
    assert confirmed.unordered_ack_ids == [second.ack_id]
    assert (confirmed.ack_ids, confirmed.invalid_ack_ids) == ([first.ack_id], [])
    stream.end()


@pytest.fixture
def clients(desk, monkeypatch):
    """Google's high-level clients on the server of `desk`."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", desk.host)
    options = pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
    publisher = pubsub_v1.PublisherClient(publisher_options=options)
    subscriber = pubsub_v1.SubscriberClient()
    yield publisher, subscriber
    publisher.stop()
    subscriber.close()


def test_high_level_client_receives_keys_in_order(desk, clients):
    publisher, subscriber = clients
    topic, subscription = desk.pair(enable_message_ordering=True)
    sent = [(str(n % 7), str(n)) for n in range(700)]
    published = [publisher.publish(topic, n.encode(), ordering_key=key) for key, n in sent]
    assert len({future.result(LONG) for future in published}) == 700
    got, complete = [], threading.Event()

    def receive(message):
        got.append((message.ordering_key, message.data.decode()))
        message.ack()
        if len(got) == len(sent):
            complete.set()

    flow = pubsub_v1.types.FlowControl(max_messages=50)
    streaming = subscriber.subscribe(subscription, receive, flow_control=flow)
    assert complete.wait(LONG)
    streaming.cancel()
    streaming.result(LONG)
    for key in map(str, range(7)):
        assert [m for m in got if m[0] == key] == [m for m in sent if m[0] == key]


def test_high_level_client_reports_failed_acknowledgement(ours, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", ours.host)
    topic, subscription = ours.pair(enable_exactly_once_delivery=True)
    ours.publish(topic, "a")
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    handed_back: list[str] = []
    answered = threading.Event()

    def receive(message):
        if handed_back:
            answered.wait(LONG)  # the client would send both acknowledgements in one call
        else:
            # Not through the high-level client, so that the lease it acknowledges is void.
            handed_back.append(message.ack_id)
            ours.modify(subscription, 0, message)
        answers.put(message.ack_with_response())

    with pubsub_v1.SubscriberClient() as subscriber:
        streaming = subscriber.subscribe(subscription, receive)
        with pytest.raises(AcknowledgeError, match="INVALID_ACK_ID"):
            answers.get(timeout=LONG).result(LONG)
        answered.set()
        assert answers.get(timeout=LONG).result(LONG).name == "SUCCESS"
        streaming.cancel()
        streaming.result(LONG)
    assert ours.nothing(subscription)


# The server itself


def test_two_servers_share_no_state(ours):
    with PubSubServer() as server:
        other = Desk(server.host)
        topic = ours.topic()
        with pytest.raises(exceptions.NotFound):
            other.publisher.get_topic(topic=topic)
        other.channel.close()


def test_message_ids_stay_unique_across_servers():
    ids = set()
    for _ in range(2):
        with PubSubServer() as server:
            desk = Desk(server.host)
            ids.update(desk.publish(desk.topic(), *map(str, range(10))))
            desk.channel.close()
    assert len(ids) == 20


def test_port_in_use_is_named_in_the_error(pubsub_server):
    port = int(pubsub_server.host.split(":")[1])
    server = PubSubServer(port)
    with pytest.raises(DependencyDown, match=str(port)):
        server.start()
    server.stop()
    command = [sys.executable, "-m", "pipeline.embedded.pubsub", "--port", str(port)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"pubsub is down: cannot listen on 127.0.0.1:{port}" in done.stderr


def test_server_restarts_at_the_same_address():
    server = PubSubServer()
    hosts = set()
    for _ in range(2):
        with server:
            hosts.add(server.host)
            desk = Desk(server.host)
            desk.topic()
            desk.channel.close()
    assert len(hosts) == 1


def test_stop_ends_waiting_pulls():
    server = PubSubServer()
    server.start()
    desk = Desk(server.host)
    _, subscription = desk.pair()
    with ThreadPoolExecutor(1) as pool:
        pulled = pool.submit(desk.pull, subscription)
        assert desk.nothing(subscription)
        server.stop()
        with pytest.raises(exceptions.GoogleAPICallError):
            pulled.result()
    desk.channel.close()
    server.stop()  # again does no harm


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_until_signalled(number):
    command = [sys.executable, "-m", "pipeline.embedded.pubsub"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            variable, _, host = process.stdout.readline().strip().partition("=")
            assert variable == "export PUBSUB_EMULATOR_HOST"
            desk = Desk(host)
            topic, subscription = desk.pair()
            desk.publish(topic, "a")
            assert texts(desk.pull(subscription)) == ["a"]
            desk.channel.close()
            process.send_signal(number)
            assert process.wait(LONG) == 0
        finally:
            process.kill()
