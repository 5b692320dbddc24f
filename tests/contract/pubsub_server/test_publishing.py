"""Messages that are published to a Pub/Sub server."""

from __future__ import annotations

import datetime
import os

import pytest
from google.api_core import exceptions

from tests.contract.pubsub_server.support import texts


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
