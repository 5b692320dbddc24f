"""Pulls that are repeated while Pub/Sub is down."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from google.api_core import exceptions
from google.cloud import pubsub_v1

from pipeline.jobs.puller import Puller
from pipeline.usage_error import UsageError
from transforms.errors import ConfigurationFault, DependencyDown
from transforms.process.backoff import Backoff

log = logging.getLogger(__name__)

LONGEST_ACK_DEADLINE = 600.0
"""Seconds; the longest that Pub/Sub allows: https://cloud.google.com/pubsub/docs/lease-management"""
BACKOFF = Backoff(first=0.5, longest=4.0)  # between pulls while Pub/Sub is down


class RetriedPuller:
    """Pulls messages, again and again while Pub/Sub is down.

    Args:
        puller: Puller of the subscription.
        client: Subscriber client.
        subscription: Full resource name of the subscription.
        stop: Event that ends waiting.
        dependency_timeout: Seconds Pub/Sub may stay down.

    Attributes:
        trouble: Error of the last pull; empty if it succeeded.
        unseen_until: Monotonic time until which messages of a lost response may be delivered again.
    """

    def __init__(
        self,
        puller: Puller,
        client: pubsub_v1.SubscriberClient,
        subscription: str,
        stop: threading.Event,
        dependency_timeout: float,
    ) -> None:
        self._puller = puller
        self._client = client
        self._subscription = subscription
        self._stop = stop
        self._dependency_timeout = dependency_timeout
        self.trouble = "not reached yet"
        self.unseen_until = 0.0

    def pull(
        self, size: Callable[[], int], timeout: float, before_pull: Callable[[], object]
    ) -> Sequence[Any]:
        """Return the received messages; none if the pull timed out or the job stops.

        Args:
            size: Returns the most messages of one response.
            timeout: Longest wait of one pull, in seconds.
            before_pull: Called before each pull.

        Raises:
            UsageError: The subscription does not exist.
            ConfigurationFault: This account may not read it.
            DependencyDown: Pub/Sub stayed down for too long.
        """
        started = time.monotonic()
        failures = 0
        while True:
            before_pull()
            try:
                received = self._puller.pull(size(), timeout).received_messages
                break
            except (exceptions.DeadlineExceeded, exceptions.Cancelled):
                received = []
                break
            except (exceptions.NotFound, exceptions.InvalidArgument) as error:
                raise UsageError(
                    f"cannot pull from {self._subscription}: {error.message} "
                    "(check --subscription and --project)"
                ) from error
            except (exceptions.PermissionDenied, exceptions.Unauthenticated) as error:
                raise ConfigurationFault(
                    "pubsub",
                    f"cannot pull from {self._subscription}: {error.message} (give this account "
                    "the role Pub/Sub Subscriber)",
                ) from error
            except exceptions.GoogleAPICallError as error:
                down = time.monotonic() - started
                self.trouble = str(error.message)
                log.warning("waiting for Pub/Sub, which is down: %s", error.message)
                if down >= self._dependency_timeout:
                    raise DependencyDown("pubsub", error.message) from error
                failures += 1
                if self._stop.wait(BACKOFF.delay(failures)):
                    return []
        self.trouble = ""
        if failures:
            self._wait_for_unseen()
        return received

    def check(self) -> None:
        """Raise `DependencyDown` unless the last pull succeeded."""
        if self.trouble:
            raise DependencyDown("pubsub", self.trouble)

    def _wait_for_unseen(self) -> None:
        """Keep pulling for one acknowledgement deadline more, even if the queue is empty.

        Messages in a response that a cut connection lost are leased to this drain and delivered
        again after that time.
        """
        try:
            found = self._client.get_subscription(subscription=self._subscription, timeout=10)
            seconds = float(found.ack_deadline_seconds)
        except exceptions.GoogleAPIError:  # the right to pull does not include this one
            seconds = LONGEST_ACK_DEADLINE
        log.info("pulling for %.0f s more: messages of a failed pull may come again", seconds)
        self.unseen_until = time.monotonic() + seconds
