"""Publishing messages again: to the topic they came from, or to one for dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from transforms.errors import DependencyDown, PermanentError
from transforms.process.singletons import process_singleton

if TYPE_CHECKING:
    from google.cloud.pubsub_v1 import PublisherClient

TIMEOUT = 15.0
"""Seconds for one message to be accepted, tries that fail at first included."""

# Limits of a message: https://cloud.google.com/pubsub/quotas#resource_limits
MAX_ATTRIBUTES = 100
MAX_VALUE = 1024  # bytes of UTF-8


def publish(topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
    """Publish one message and wait until Pub/Sub has it.

    Args:
        topic: full resource name.

    Returns:
        Pub/Sub's id of the message.

    Raises:
        PermanentError: Pub/Sub never accepts this message.
        DependencyDown: anything else; the message may have been published all the same.
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
        # Not the client's own `publish`: it takes attributes as keyword arguments, beside others
        # that have names of their own, and publishes from a thread.
        response = Api.publish(
            process_singleton(_client),
            topic=topic,
            messages=[PubsubMessage(data=data, attributes=attributes)],
            retry=retry.Retry(again, timeout=TIMEOUT),
            timeout=TIMEOUT,
        )
    except exceptions.InvalidArgument as error:
        raise PermanentError(f"{topic} does not accept the message: {error.message}") from error
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        reason = getattr(error, "message", None) or str(error)
        raise DependencyDown("pubsub", f"{topic}: {reason}") from error
    return response.message_ids[0]


def merge_attributes(original: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Attributes as Pub/Sub accepts them: those added, then the original ones as far as they fit.

    Names that begin with ``goog`` are Pub/Sub's own: messages arrive with them, but nobody may
    publish them.
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

    return PublisherClient()  # looks for the local server's address, which `Api()` would not
