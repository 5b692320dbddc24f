"""Pub/Sub clients that reconnect quickly, and a publisher of single messages.

The publisher sends replays to their topic, and copies of dead letters to theirs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from transforms.errors import ConfigurationFault, DependencyDown, PermanentError
from transforms.faults import outage_fault
from transforms.process.singletons import process_singleton

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 4000),  # the time limit of one attempt to connect
    ("grpc.max_reconnect_backoff_ms", 3000),
)
"""Limits of gRPC's waits between two attempts to connect.

By default a channel waits up to two minutes, and calls fail at once meanwhile. Names:
https://grpc.github.io/grpc/core/group__grpc__arg__keys.html"""

_REMEDY = "create the topic, and give this account the role Pub/Sub Publisher on it"

TIMEOUT = 15.0
"""Seconds until a message must be accepted, retries included."""

# Limits of a message: https://cloud.google.com/pubsub/quotas#resource_limits
MAX_ATTRIBUTES = 100
MAX_VALUE = 1024  # bytes of UTF-8


def subscriber_client() -> SubscriberClient:
    """Return a subscriber client that reconnects within five seconds."""
    from google.cloud.pubsub_v1 import SubscriberClient
    from google.pubsub_v1.services.subscriber.transports.grpc import SubscriberGrpcTransport

    return SubscriberClient(transport=_transport(SubscriberGrpcTransport))


def publisher_client() -> PublisherClient:
    """Return a publisher client that reconnects within five seconds."""
    from google.cloud.pubsub_v1 import PublisherClient
    from google.pubsub_v1.services.publisher.transports.grpc import PublisherGrpcTransport

    return PublisherClient(transport=_transport(PublisherGrpcTransport))


def _transport(base: Any) -> Any:
    """Return a transport whose channel has `CHANNEL_OPTIONS`.

    For the service it is a class, which the client creates with its own credentials and endpoint.
    For an emulator it is an instance, because the client would open the channel itself.
    """
    emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
    if emulator:
        import grpc

        channel = grpc.insecure_channel(emulator, options=CHANNEL_OPTIONS)
        return base(channel=channel, host=emulator)

    class Transport(base):
        @classmethod
        def create_channel(
            cls, *arguments: Any, options: Sequence[tuple[str, Any]] = (), **named: Any
        ) -> Any:
            return super().create_channel(*arguments, options=[*options, *CHANNEL_OPTIONS], **named)

    return Transport


def publish(
    topic: str, data: bytes, attributes: Mapping[str, str], *, timeout: float = TIMEOUT
) -> str:
    """Publish one message and wait until Pub/Sub has accepted it.

    Args:
        topic: Full resource name.
        data: The message's data.
        attributes: The message's attributes.
        timeout: Seconds until Pub/Sub must have accepted it, retries included.

    Returns:
        Pub/Sub's id of the message.

    Raises:
        PermanentError: Pub/Sub rejects this message for good.
        ConfigurationFault: The topic is missing, or this account may not publish to it.
        DependencyDown: Any other failure; the message may have been published nevertheless.
    """
    from google.api_core import exceptions, retry
    from google.auth.exceptions import GoogleAuthError
    from google.pubsub_v1 import PublisherClient as Api
    from google.pubsub_v1 import PubsubMessage

    again = retry.if_exception_type(
        exceptions.Aborted,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.ResourceExhausted,
        exceptions.ServiceUnavailable,
    )
    try:
        # The API call, since the client's own `publish` takes attributes as keyword arguments,
        # which clash with its parameters, and publishes from a thread.
        response = Api.publish(
            process_singleton(publisher_client),
            topic=topic,
            messages=[PubsubMessage(data=data, attributes=attributes)],
            retry=retry.Retry(again, timeout=timeout),
            timeout=timeout,
        )
    except exceptions.InvalidArgument as error:
        raise PermanentError(f"{topic} does not accept the message: {error.message}") from error
    except _forbidden() as error:
        raise ConfigurationFault("pubsub", f"{topic}: {error.message} ({_REMEDY})") from error
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        reason = getattr(error, "message", None) or str(error)
        down = DependencyDown("pubsub", f"{topic}: {reason}")
        raise outage_fault(error, down) from error
    return response.message_ids[0]


def check_topic(topic: str) -> None:
    """Check that a topic exists and that this account may publish to it; publishes nothing.

    Raises:
        ConfigurationFault: The topic is missing or forbidden.
        DependencyDown: Pub/Sub cannot be reached.
    """
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    client = process_singleton(publisher_client)
    right = "pubsub.topics.publish"
    limits = {"retry": None, "timeout": TIMEOUT}
    try:
        try:
            asked = {"resource": topic, "permissions": [right]}
            granted = client.test_iam_permissions(asked, **limits).permissions
        except exceptions.MethodNotImplemented:  # an emulator has no permissions
            client.get_topic(topic=topic, **limits)
            granted = [right]
    except _forbidden() as error:
        raise ConfigurationFault("pubsub", f"{topic}: {error.message} ({_REMEDY})") from error
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        down = DependencyDown("pubsub", f"{topic}: {error}")
        raise outage_fault(error, down) from error
    if right not in granted:  # the answer for a missing topic too
        raise ConfigurationFault("pubsub", f"{topic} is missing or forbidden ({_REMEDY})")


def is_missing(topic: str) -> bool:
    """Return True if Pub/Sub says that a topic does not exist; False if it says anything else."""
    from google.api_core import exceptions

    try:
        process_singleton(publisher_client).get_topic(topic=topic, retry=None, timeout=TIMEOUT)
    except exceptions.NotFound:
        return True
    except exceptions.GoogleAPIError:  # this account may not look, or Pub/Sub is down
        return False
    return False


def _forbidden() -> tuple[type[GoogleAPICallError], ...]:
    """Return the exception classes for a topic that is missing or forbidden."""
    from google.api_core import exceptions

    return exceptions.NotFound, exceptions.PermissionDenied, exceptions.Unauthenticated


def merge_attributes(original: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes added and as many original ones as Pub/Sub accepts.

    Names that begin with ``goog`` are dropped: Pub/Sub sets them and rejects them from publishers.

    Args:
        original: The message's attributes.
        added: Attributes to add; their values are cut to `MAX_VALUE` bytes.
    """
    fitting = {name: _clipped(value) for name, value in added.items()}
    for name, value in original.items():
        if len(fitting) < MAX_ATTRIBUTES and not name.startswith("goog"):
            fitting.setdefault(name, value)
    return fitting


def _clipped(text: str) -> str:
    return text.encode("utf-8", "replace")[:MAX_VALUE].decode("utf-8", "ignore")
