"""Dead-letter and retry policies, ordering and exactly-once delivery."""

from __future__ import annotations

import datetime

import pytest
from google.api_core import exceptions

from tests.contract.pubsub_server.support import texts


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
