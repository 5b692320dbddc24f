"""Cancellable pulls from a Pub/Sub subscription, and lease management of pulled messages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence

import grpc
from google.api_core import exceptions
from google.api_core.gapic_v1 import routing_header
from google.cloud import pubsub_v1

log = logging.getLogger(__name__)

LEASE = 20  # new acknowledgement deadline of an extension, in seconds (Pub/Sub allows 10-600)
EXTEND_EVERY = 5.0  # seconds; less than the shortest deadline of a subscription, 10 s
REQUEST_IDS = 1000  # most acknowledgement ids in one call; Pub/Sub limits a call to 512 KiB


class Puller:
    """Pulls messages from a subscription; a waiting pull can be cancelled.

    `SubscriberClient.pull` cannot be cancelled. A pull that is still waiting when the job ends may
    receive the messages that the job has just returned to the subscription, and keep them from
    other workers for a whole acknowledgement deadline.

    Args:
        client: Subscriber client.
        subscription: Full resource name of the subscription.
    """

    def __init__(self, client: pubsub_v1.SubscriberClient, subscription: str) -> None:
        self._stub = client.transport.pull
        self._subscription = subscription
        self._metadata = (routing_header.to_grpc_metadata({"subscription": subscription}),)
        self._lock = threading.Lock()
        self._pending: grpc.Future | None = None
        self._closed = False

    def pull(self, max_messages: int, timeout: float) -> pubsub_v1.types.PullResponse:
        """Wait for messages and return them.

        Args:
            max_messages: Most messages in the response.
            timeout: Longest wait, in seconds.

        Raises:
            google.api_core.exceptions.Cancelled: `close` was called.
            google.api_core.exceptions.GoogleAPICallError: The service returned an error.
        """
        request = pubsub_v1.types.PullRequest(
            subscription=self._subscription, max_messages=max_messages
        )
        with self._lock:
            if self._closed:
                raise exceptions.Cancelled("pulling has stopped")
            self._pending = self._stub.future(request, timeout=timeout, metadata=self._metadata)
        try:
            return self._pending.result()
        except grpc.FutureCancelledError:
            raise exceptions.Cancelled("pulling has stopped") from None
        except grpc.RpcError as error:
            raise exceptions.from_grpc_error(error) from error

    def close(self) -> None:
        """Cancel the waiting pull and refuse further ones."""
        with self._lock:
            self._closed = True
            if self._pending:
                self._pending.cancel()


class LeaseManager:
    """Extends the acknowledgement deadlines of pulled messages until they are settled.

    Args:
        client: Subscriber client.
        subscription: Full resource name of the subscription.
    """

    def __init__(self, client: pubsub_v1.SubscriberClient, subscription: str) -> None:
        self._client = client
        self._subscription = subscription
        self._lock = threading.Lock()
        self._ack_ids: dict[str, str] = {}  # by message id
        self._stop = threading.Event()
        self._extender = threading.Thread(target=self._extend, name="leases", daemon=True)
        self._extender.start()

    def __len__(self) -> int:
        with self._lock:
            return len(self._ack_ids)

    def add(self, message_id: str, ack_id: str) -> bool:
        """Start extending the deadline of a message.

        Returns:
            False if the message is managed already, and this is another delivery of it.
        """
        with self._lock:
            fresh = message_id not in self._ack_ids
            self._ack_ids[message_id] = ack_id
            return fresh

    def acknowledge(self, message_ids: Iterable[str]) -> None:
        """Acknowledge settled messages. After a failure they are redelivered and found settled."""
        for ack_ids in self._remove(message_ids):
            try:
                self._client.acknowledge(subscription=self._subscription, ack_ids=ack_ids)
            except exceptions.GoogleAPIError as error:
                log.warning("acknowledging %d messages failed: %s", len(ack_ids), error)

    def nack(self, message_ids: Iterable[str] | None = None) -> int:
        """Make messages available for immediate redelivery.

        Args:
            message_ids: The messages; all managed ones by default.

        Returns:
            The number of messages.
        """
        with self._lock:
            chosen = list(self._ack_ids) if message_ids is None else list(message_ids)
        for ack_ids in self._remove(chosen):
            self._modify(ack_ids, 0)
        return len(chosen)

    def drop(self, message_ids: Iterable[str]) -> None:
        """Stop managing messages that another worker owns now; neither ack nor nack."""
        for _ in self._remove(message_ids):
            pass

    def close(self) -> None:
        """Stop extending deadlines."""
        self._stop.set()
        self._extender.join()

    def _remove(self, message_ids: Iterable[str]) -> list[list[str]]:
        with self._lock:
            released = [self._ack_ids.pop(m) for m in message_ids if m in self._ack_ids]
        return [released[i : i + REQUEST_IDS] for i in range(0, len(released), REQUEST_IDS)]

    def _extend(self) -> None:
        while not self._stop.wait(EXTEND_EVERY):
            with self._lock:
                held = list(self._ack_ids.values())
            for start in range(0, len(held), REQUEST_IDS):
                self._modify(held[start : start + REQUEST_IDS], LEASE)

    def _modify(self, ack_ids: Sequence[str], deadline: int) -> None:
        try:
            self._client.modify_ack_deadline(
                subscription=self._subscription, ack_ids=ack_ids, ack_deadline_seconds=deadline
            )
        except exceptions.GoogleAPIError as error:
            log.warning("changing the deadlines of %d messages failed: %s", len(ack_ids), error)
