"""What may be set on a topic or a subscription, and what is set when nothing is said.

Bounds and defaults: https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import grpc
from google.pubsub_v1 import types

from pipeline.embedded.pubsub.delivery import DAY, DeliveryPolicy
from pipeline.embedded.pubsub.names import check
from pipeline.embedded.pubsub.refusal import Refused, invalid, unimplemented

_RETENTION = (600.0, 31 * DAY)
_BACKOFF = (0.0, 600.0)
_DELIVERY_ATTEMPTS = (5, 100)
_ELSEWHERE = {
    "push_config": "push_endpoint",
    "bigquery_config": "table",
    "cloud_storage_config": "bucket",
    "bigtable_config": "table",
}
"""Deliveries to other services: the field, and its own field that turns it on."""

TOPIC_FIELDS = frozenset(
    {"labels", "message_retention_duration", "message_storage_policy", "kms_key_name"}
)
SUBSCRIPTION_FIELDS = frozenset(
    {
        "ack_deadline_seconds",
        "dead_letter_policy",
        "enable_exactly_once_delivery",
        "expiration_policy",
        "labels",
        "message_retention_duration",
        "push_config",
        "retain_acked_messages",
        "retry_policy",
    }
)
SNAPSHOT_FIELDS = frozenset({"labels", "expire_time"})


def complete_topic(topic: Any) -> None:
    """Checks a `Topic` and sets what the service sets.

    Raises:
        Refused: a field is out of bounds or not served here.
    """
    check(topic.name, "topics")
    for name in ("schema_settings", "ingestion_data_source_settings"):
        if topic.HasField(name):
            raise unimplemented(f"The embedded server has no {name}.")
    if topic.message_transforms:
        raise unimplemented("The embedded server has no message_transforms.")
    if topic.HasField("message_retention_duration"):
        _bounded(topic.message_retention_duration, "message_retention_duration", *_RETENTION)
    topic.state = types.Topic.State.ACTIVE


def complete_subscription(subscription: Any) -> None:
    """Checks a `Subscription` and sets what the service sets.

    Raises:
        Refused: a field is out of bounds or not served here.
    """
    check(subscription.name, "subscriptions")
    _refuse_elsewhere(subscription)
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
    """How a complete `Subscription` delivers."""
    retries = subscription.retry_policy
    return DeliveryPolicy(
        ack_deadline=subscription.ack_deadline_seconds,
        ordered=subscription.enable_message_ordering,
        backoff=(_seconds(retries.minimum_backoff), _seconds(retries.maximum_backoff))
        if subscription.HasField("retry_policy")
        else None,
        max_attempts=subscription.dead_letter_policy.max_delivery_attempts or None,
        retain_acked=subscription.retain_acked_messages,
        retention=_seconds(subscription.message_retention_duration),
    )


def retention(topic: Any) -> float:
    """Seconds for which a topic itself keeps its messages; 0 when it does not."""
    return _seconds(topic.message_retention_duration)


def merge(current: Any, update: Any, paths: Sequence[str], mutable: Iterable[str]) -> Any:
    """A copy of `current` with the fields named by an update mask taken from `update`.

    Raises:
        Refused: INVALID_ARGUMENT: the mask is empty or names a field that is unknown or fixed.
    """
    kind = current.DESCRIPTOR.name
    if not paths:
        raise invalid(
            f"The update_mask in the Update{kind}Request must be set, and must contain a "
            "non-empty paths list."
        )
    for path in paths:
        top = path.split(".")[0]
        if top not in current.DESCRIPTOR.fields_by_name:
            raise invalid(
                f"Invalid update_mask provided in the Update{kind}Request: {path} is not a known "
                f"{kind} field."
            )
        if top not in mutable:
            raise invalid(
                f"Invalid update_mask provided in the Update{kind}Request: the {top} field in the "
                f"{kind} is not mutable."
            )
    merged = type(current)()
    merged.CopyFrom(current)
    mask = types.UpdateTopicRequest.pb()().update_mask
    mask.paths.extend(paths)
    try:
        mask.MergeMessage(update, merged, replace_message_field=True, replace_repeated_field=True)
    except ValueError as error:
        raise invalid(f"Invalid update_mask: {error}") from error
    return merged


def _refuse_elsewhere(subscription: Any) -> None:
    for name, switch in _ELSEWHERE.items():
        if getattr(getattr(subscription, name), switch):
            raise unimplemented(f"The embedded server delivers to pull clients only: no {name}.")
    if subscription.message_transforms:
        raise unimplemented("The embedded server has no message_transforms.")


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
