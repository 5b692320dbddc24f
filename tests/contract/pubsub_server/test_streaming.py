"""Streaming pulls, and Google's high-level clients."""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.subscriber.exceptions import AcknowledgeError
from google.pubsub_v1 import types

from tests.contract.pubsub_server.support import LONG, texts


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
