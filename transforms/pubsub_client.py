"""Publisher of single messages: replays to their topic, and dead letters to theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from transforms.errors import ConfigurationFault, DependencyDown, PermanentError
from transforms.process.singletons import process_singleton

if TYPE_CHECKING:
    from google.cloud.pubsub_v1 import PublisherClient

TIMEOUT = 15.0
"""Seconds until a message must be accepted, retries included."""

# Limits of a message: https://cloud.google.com/pubsub/quotas#resource_limits
MAX_ATTRIBUTES = 100
MAX_VALUE = 1024  # bytes of UTF-8


def publish(topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
    """Publish one message and wait until Pub/Sub has accepted it.

    Args:
        topic: Full resource name.
        data: The message's data.
        attributes: The message's attributes.

    Returns:
        Pub/Sub's id of the message.

    Raises:
        PermanentError: Pub/Sub rejects this message for good.
        ConfigurationFault: This account may not publish to the topic.
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
            process_singleton(_client),
            topic=topic,
            messages=[PubsubMessage(data=data, attributes=attributes)],
            retry=retry.Retry(again, timeout=TIMEOUT),
            timeout=TIMEOUT,
        )
    except exceptions.InvalidArgument as error:
        raise PermanentError(f"{topic} does not accept the message: {error.message}") from error
    except (exceptions.PermissionDenied, exceptions.Unauthenticated) as error:
        raise ConfigurationFault(
            "pubsub",
            f"{topic}: {error.message} (give this account the role Pub/Sub Publisher)",
        ) from error
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        reason = getattr(error, "message", None) or str(error)
        raise DependencyDown("pubsub", f"{topic}: {reason}") from error
    return response.message_ids[0]


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


def _client() -> PublisherClient:
    from google.cloud.pubsub_v1 import PublisherClient

    return PublisherClient()  # honours PUBSUB_EMULATOR_HOST, unlike `Api()`
