"""A Pub/Sub subscription as a drain uses it: pulls that can be called off, leases that are kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence

import grpc
from google.api_core import exceptions
from google.api_core.gapic_v1 import routing_header
from google.cloud import pubsub_v1

log = logging.getLogger(__name__)

LEASE = 20  # seconds by which an acknowledgement deadline is extended (Pub/Sub allows 10-600)
EXTEND_EVERY = 5.0  # seconds; well within the shortest deadline a subscription can have, 10 s
REQUEST_IDS = 1000  # acknowledgement ids in one request; Pub/Sub allows 512 KiB


class Puller:
    """Pulls that can be called off.

    `SubscriberClient.pull` cannot: what is handed back while it still waits would be delivered to
    it, and be lost for a whole acknowledgement deadline when this process ends.

    Args:
        client: a subscriber.
        subscription: its full resource name.
    """

    def __init__(self, client: pubsub_v1.SubscriberClient, subscription: str) -> None:
        self._stub = client.transport.pull
        self._subscription = subscription
        self._metadata = (routing_header.to_grpc_metadata({"subscription": subscription}),)
        self._lock = threading.Lock()
        self._pending: grpc.Future | None = None
        self._closed = False

    def pull(self, max_messages: int, timeout: float) -> pubsub_v1.types.PullResponse:
        """Wait for messages.

        Raises:
            google.api_core.exceptions.Cancelled: `close` was called.
            google.api_core.exceptions.GoogleAPICallError: as the service answered.
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
        """Call off the pull that waits, and all that would follow."""
        with self._lock:
            self._closed = True
            if self._pending:
                self._pending.cancel()


class Leases:
    """The messages that are pulled and not settled, kept from being delivered to anybody else.

    Args:
        client: a subscriber.
        subscription: its full resource name.
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

    def hold(self, message_id: str, ack_id: str) -> bool:
        """Keep a message; false when it is held already, and was only delivered once more."""
        with self._lock:
            fresh = message_id not in self._ack_ids
            self._ack_ids[message_id] = ack_id
            return fresh

    def acknowledge(self, message_ids: Iterable[str]) -> None:
        """They are settled. What cannot be acknowledged comes again, and is found settled."""
        for ack_ids in self._release(message_ids):
            try:
                self._client.acknowledge(subscription=self._subscription, ack_ids=ack_ids)
            except exceptions.GoogleAPIError as error:
                log.warning("%d acknowledgements failed: %s", len(ack_ids), error)

    def hand_back(self, message_ids: Iterable[str] | None = None) -> int:
        """Have messages (all that are held, by default) delivered to somebody else, now."""
        with self._lock:
            chosen = list(self._ack_ids) if message_ids is None else list(message_ids)
        for ack_ids in self._release(chosen):
            self._modify(ack_ids, 0)
        return len(chosen)

    def forget(self, message_ids: Iterable[str]) -> None:
        """They were delivered to somebody else, who works on them now."""
        for _ in self._release(message_ids):
            pass

    def close(self) -> None:
        """Stop extending."""
        self._stop.set()
        self._extender.join()

    def _release(self, message_ids: Iterable[str]) -> list[list[str]]:
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
            log.warning("%d leases could not be changed: %s", len(ack_ids), error)
