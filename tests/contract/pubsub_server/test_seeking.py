"""Seeks and snapshots of subscriptions."""

from __future__ import annotations

import datetime

import pytest
from google.api_core import exceptions

from tests.contract.pubsub_server.support import texts


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
