"""Pulls, leases and acknowledgements."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.api_core import exceptions
from google.pubsub_v1 import types

from tests.contract.pubsub_server.support import LONG, texts


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
