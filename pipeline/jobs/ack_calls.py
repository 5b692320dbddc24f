"""Calls that acknowledge messages and change their deadlines, with one result per message."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud import pubsub_v1

log = logging.getLogger(__name__)

TIMEOUT = 5.0  # seconds; of one call
REQUEST_IDS = 1000  # most acknowledgement ids in one call; Pub/Sub limits a call to 512 KiB

TRANSIENT = "TRANSIENT_FAILURE"
PERMANENT = "PERMANENT_FAILURE"
"""Beginnings of the reasons that Pub/Sub gives by acknowledgement id, with exactly-once delivery.

https://cloud.google.com/pubsub/docs/exactly-once-delivery#ack-error-codes"""

_TRANSIENT_ERRORS = (
    exceptions.Aborted,
    exceptions.Cancelled,
    exceptions.GatewayTimeout,
    exceptions.ServerError,
    exceptions.TooManyRequests,
)


class AckCalls:
    """Acknowledges messages and changes their deadlines; each call is tried once.

    The calls have a short time limit, and the caller decides what is repeated.

    Args:
        client: Subscriber client.
        subscription: Full resource name of the subscription.
    """

    def __init__(self, client: pubsub_v1.SubscriberClient, subscription: str) -> None:
        self._client = client
        self._subscription = subscription

    def acknowledge(self, ack_ids: Sequence[str]) -> dict[str, str]:
        """Acknowledge messages; return the reason of each that failed.

        Args:
            ack_ids: Acknowledgement ids, at most `REQUEST_IDS`; with ordering keys, in the order of
                their receipt.

        Returns:
            The reason for each id that failed. It begins with `TRANSIENT` if a retry may succeed.
        """
        return self._call("acknowledge", "acknowledging", ack_ids)

    def modify(self, ack_ids: Sequence[str], seconds: int) -> dict[str, str]:
        """Set the deadlines of messages; 0 makes them available again. Otherwise as above."""
        doing = "extending" if seconds else "returning"
        return self._call("modify_ack_deadline", doing, ack_ids, ack_deadline_seconds=seconds)

    def _call(
        self, method: str, doing: str, ack_ids: Sequence[str], **named: Any
    ) -> dict[str, str]:
        try:
            getattr(self._client, method)(
                subscription=self._subscription,
                ack_ids=ack_ids,
                **named,
                retry=None,
                timeout=TIMEOUT,
            )
            return {}
        except exceptions.GoogleAPICallError as error:
            failures = _failures_by_id(error, ack_ids)
        except (exceptions.GoogleAPIError, GoogleAuthError) as error:
            failures = dict.fromkeys(ack_ids, f"{TRANSIENT}: {error}")
        for reason, count in Counter(failures.values()).items():
            log.warning("%s failed for %d of %d messages: %s", doing, count, len(ack_ids), reason)
        return failures


def in_parts(ack_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split acknowledgement ids into as many as one call may have."""
    for start in range(0, len(ack_ids), REQUEST_IDS):
        yield ack_ids[start : start + REQUEST_IDS]


def _failures_by_id(error: exceptions.GoogleAPICallError, ack_ids: Sequence[str]) -> dict[str, str]:
    """Return the reasons in an error's details; if it has none, its own for every id.

    Ids that the details do not name have succeeded.
    """
    reasons: Mapping[str, str] = error.metadata or {}
    failures = {ack_id: reasons[ack_id] for ack_id in ack_ids if ack_id in reasons}
    if failures:
        return failures
    transient = isinstance(error, _TRANSIENT_ERRORS)
    return dict.fromkeys(ack_ids, f"{TRANSIENT}: {error}" if transient else str(error))
