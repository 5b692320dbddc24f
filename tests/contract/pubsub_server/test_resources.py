"""Topics and subscriptions of a Pub/Sub server: their names and settings."""

from __future__ import annotations

import datetime

import pytest
from google.api_core import exceptions

from tests.contract.pubsub_server.support import texts


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
