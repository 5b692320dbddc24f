"""Checks and defaults of the settings of topics and subscriptions.

Bounds and defaults: https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1.
"""

from __future__ import annotations

from typing import Any

import grpc
from google.pubsub_v1 import types

from pipeline.embedded.pubsub.delivery import DAY, DeliveryPolicy
from pipeline.embedded.pubsub.names import check
from pipeline.embedded.pubsub.refusal import Refused, invalid, unimplemented

_RETENTION = (600.0, 31 * DAY)
_BACKOFF = (0.0, 600.0)
_DELIVERY_ATTEMPTS = (5, 100)
_PULL_ONLY = {
    "push_config": "push_endpoint",
    "bigquery_config": "table",
    "cloud_storage_config": "bucket",
    "bigtable_config": "table",
}
"""Deliveries to other services, which are refused: the field, and the subfield that enables it."""

_TOPIC_UNSERVED = (
    "schema_settings",
    "ingestion_data_source_settings",
    "message_retention_duration",
)
_SUBSCRIPTION_UNSERVED = ("filter", "retain_acked_messages", "message_transforms")


def complete_topic(topic: Any) -> None:
    """Check a `Topic` and fill in defaults.

    Raises:
        Refused: a field is out of bounds or not supported.
    """
    check(topic.name, "topics")
    for name in _TOPIC_UNSERVED:
        if topic.HasField(name):
            raise unimplemented(f"The embedded server has no {name}.")
    if topic.message_transforms:
        raise unimplemented("The embedded server has no message_transforms.")
    topic.state = types.Topic.State.ACTIVE


def complete_subscription(subscription: Any) -> None:
    """Check a `Subscription` and fill in defaults.

    Raises:
        Refused: a field is out of bounds or not supported.
    """
    check(subscription.name, "subscriptions")
    _refuse_unserved(subscription)
    subscription.ack_deadline_seconds = subscription.ack_deadline_seconds or 10
    if not 10 <= subscription.ack_deadline_seconds <= 600:
        raise invalid("ack_deadline_secs out of bounds: it must be between 10 and 600 seconds.")
    if not subscription.HasField("message_retention_duration"):
        subscription.message_retention_duration.seconds = int(7 * DAY)
    _bounded(subscription.message_retention_duration, "message_retention_duration", *_RETENTION)
    if not subscription.HasField("expiration_policy"):
        subscription.expiration_policy.ttl.seconds = int(31 * DAY)
    elif subscription.expiration_policy.HasField("ttl"):
        _bounded(subscription.expiration_policy.ttl, "expiration_policy.ttl", DAY, 3650 * DAY)
    _complete_dead_letters(subscription)
    _complete_retries(subscription)
    subscription.state = types.Subscription.State.ACTIVE


def policy(subscription: Any) -> DeliveryPolicy:
    """Return the delivery policy of a complete `Subscription`."""
    retries = subscription.retry_policy
    return DeliveryPolicy(
        ack_deadline=subscription.ack_deadline_seconds,
        ordered=subscription.enable_message_ordering,
        backoff=(_seconds(retries.minimum_backoff), _seconds(retries.maximum_backoff))
        if subscription.HasField("retry_policy")
        else None,
        max_attempts=subscription.dead_letter_policy.max_delivery_attempts or None,
        retention=_seconds(subscription.message_retention_duration),
    )


def _refuse_unserved(subscription: Any) -> None:
    for name, switch in _PULL_ONLY.items():
        if getattr(getattr(subscription, name), switch):
            raise unimplemented(f"The embedded server delivers to pull clients only: no {name}.")
    for name in _SUBSCRIPTION_UNSERVED:
        if getattr(subscription, name):
            raise unimplemented(f"The embedded server has no {name}.")


def _complete_dead_letters(subscription: Any) -> None:
    if not subscription.HasField("dead_letter_policy"):
        return
    dead_letters = subscription.dead_letter_policy
    check(dead_letters.dead_letter_topic, "topics")
    least, most = _DELIVERY_ATTEMPTS
    attempts = dead_letters.max_delivery_attempts = dead_letters.max_delivery_attempts or least
    if not least <= attempts <= most:
        small = attempts < least
        raise Refused(
            grpc.StatusCode.OUT_OF_RANGE,
            f"The value for max_delivery_attempts is too {'small' if small else 'large'}. You "
            f"passed {attempts} in the request, but the {'minimum' if small else 'maximum'} value "
            f"is {least if small else most}.",
        )


def _complete_retries(subscription: Any) -> None:
    if not subscription.HasField("retry_policy"):
        return
    retries = subscription.retry_policy
    if not retries.HasField("minimum_backoff"):
        retries.minimum_backoff.seconds = 10
    if not retries.HasField("maximum_backoff"):
        retries.maximum_backoff.seconds = 600
    _bounded(retries.minimum_backoff, "minimum_backoff", *_BACKOFF)
    _bounded(
        retries.maximum_backoff, "maximum_backoff", _seconds(retries.minimum_backoff), _BACKOFF[1]
    )


def _bounded(value: Any, name: str, least: float, most: float) -> None:
    if not least <= _seconds(value) <= most:
        raise invalid(
            f"The value for {name} is out of bounds. You passed {_seconds(value):g}s in the "
            f"request, but the value must be between {least:g}s and {most:g}s."
        )


def _seconds(value: Any) -> float:
    return float(value.seconds + value.nanos / 1e9)
