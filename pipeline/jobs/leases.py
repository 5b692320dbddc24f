"""Extend the acknowledgement deadlines of pulled messages, and acknowledge or nack them.

Two threads extend, acknowledge and return, so that an unreachable Pub/Sub never delays work.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.cloud import pubsub_v1

from pipeline.jobs.ack_calls import PERMANENT, TRANSIENT, AckCalls, in_parts
from transforms.process.backoff import Backoff
from transforms.process.supervision import SupervisedThread

LEASE = 20  # new acknowledgement deadline of an extension, in seconds (Pub/Sub allows 10-600)
EXTEND_EVERY = 5.0  # seconds; less than the shortest deadline of a subscription, 10 s
RETRY_SECONDS = 600.0
"""Seconds after which acknowledging or returning is given up: Pub/Sub's longest deadline."""

BACKOFF = Backoff(first=0.5, longest=4.0)  # between retries of acknowledgements and returns
FLUSH_PAUSE = 0.5  # seconds; longest of these waits at the end of a job
IDLE = 1.0  # seconds between two stamps of a thread that has nothing to do
STALE = 60.0  # seconds without a stamp after which a thread counts as dead


@dataclass
class _Held:
    """A message that is in work, or settled and not acknowledged yet."""

    ack_id: str
    ordering_key: str
    settled_at: float | None = None  # monotonic seconds; None while it is in work
    lost: bool = False  # true if Pub/Sub no longer accepts the acknowledgement id


class LeaseManager:
    """Extends the acknowledgement deadlines of pulled messages until they are settled.

    `acknowledge` and `nack` return at once; a thread makes the calls and repeats them after
    failures that may pass. Messages are acknowledged in the order of their receipt; one with an
    ordering key waits for those of its key that were received before it.

    Args:
        client: Subscriber client.
        subscription: Full resource name of the subscription.
    """

    def __init__(self, client: pubsub_v1.SubscriberClient, subscription: str) -> None:
        self._calls = AckCalls(client, subscription)
        self._changed = threading.Condition()
        self._held: dict[str, _Held] = {}  # by message id, in order of receipt
        self._returned: dict[str, float] = {}  # acknowledgement ids to return, and since when
        self._flushing = False
        self._stop = threading.Event()
        self._extender = SupervisedThread("lease extender", self._extend_loop, STALE)
        self._acknowledger = SupervisedThread("acknowledger", self._acknowledge_loop, STALE)
        self.threads = self._extender, self._acknowledger
        """The threads, for supervision."""
        for thread in self.threads:
            thread.start()

    def __len__(self) -> int:
        """Return the number of messages that are neither acknowledged nor returned."""
        with self._changed:
            return len(self._held)

    @property
    def in_work(self) -> int:
        """Number of messages that are not settled."""
        with self._changed:
            return sum(held.settled_at is None for held in self._held.values())

    def add(self, message_id: str, ack_id: str, ordering_key: str = "") -> bool:
        """Start extending the deadline of a message.

        Returns:
            False if the message is managed already, and this is another delivery of it.
        """
        with self._changed:
            known = self._held.pop(message_id, None)
            settled_at = known.settled_at if known else None
            self._held[message_id] = _Held(ack_id, ordering_key, settled_at)
            self._changed.notify_all()
            return known is None

    def acknowledge(self, message_ids: Iterable[str]) -> None:
        """Mark messages as settled, so that the background thread acknowledges them.

        After a lasting failure they are redelivered and found settled.
        """
        now = time.monotonic()
        with self._changed:
            for message_id in message_ids:
                held = self._held.get(message_id)
                if held and held.settled_at is None:
                    held.settled_at = now
            self._changed.notify_all()

    def nack(self, message_ids: Iterable[str] | None = None) -> int:
        """Give unsettled messages to the background thread, which nacks them.

        Args:
            message_ids: The messages; all that are not settled by default.

        Returns:
            The number of messages.
        """
        now = time.monotonic()
        with self._changed:
            chosen = set(self._held if message_ids is None else message_ids)
            unsettled = [
                message_id
                for message_id, held in self._held.items()
                if message_id in chosen and held.settled_at is None
            ]
            # The latest first: returning a message with an ordering key ends the leases of those
            # behind it.
            for message_id in reversed(unsettled):
                self._returned[self._held.pop(message_id).ack_id] = now
            self._changed.notify_all()
        return len(unsettled)

    def drop(self, message_ids: Iterable[str]) -> None:
        """Stop managing messages that another worker owns now; neither ack nor nack."""
        with self._changed:
            for message_id in message_ids:
                self._held.pop(message_id, None)
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until all settled messages are acknowledged and all returned ones nacked.

        Args:
            timeout: Longest wait, in seconds.

        Returns:
            False if calls are left.
        """
        with self._changed:
            self._flushing = True  # shortens the waits before retries
            self._changed.notify_all()
            if not self._acknowledger.is_alive():
                return not self._pending()
            return self._changed.wait_for(lambda: not self._pending(), max(0.0, timeout))

    def close(self, timeout: float) -> bool:
        """Stop the background threads.

        Args:
            timeout: Longest wait for the calls in progress, in seconds.

        Returns:
            True if no call is in progress.
        """
        end = time.monotonic() + timeout
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self.threads:
            thread.join(end - time.monotonic())
        return not any(thread.is_alive() for thread in self.threads)

    def _pending(self) -> bool:
        return bool(self._returned or self._to_acknowledge())

    def _to_acknowledge(self) -> dict[str, str]:
        """Return the message ids of settled messages, by acknowledgement id.

        Pub/Sub refuses the acknowledgement of a message while one before it, with the same ordering
        key, is not acknowledged.
        """
        blocked: set[str] = set()
        found = {}
        for message_id, held in self._held.items():
            if held.settled_at is None:
                blocked.add(held.ordering_key)
            elif not held.ordering_key or held.ordering_key not in blocked:
                found[held.ack_id] = message_id
        return found

    def _extend_loop(self) -> None:
        while not self._stop.wait(EXTEND_EVERY):
            with self._changed:
                held = {each.ack_id: each for each in self._held.values() if not each.lost}
            for part in in_parts(list(held)):
                self._extender.stamp()
                for ack_id, reason in self._calls.modify(part, LEASE).items():
                    held[ack_id].lost = reason.startswith(PERMANENT)
            self._extender.stamp()

    def _acknowledge_loop(self) -> None:
        failed = 0  # rounds in a row
        while not self._stop.is_set():
            self._acknowledger.stamp()
            with self._changed:
                if not self._pending():
                    self._changed.wait(IDLE)
                    continue
                settled = self._to_acknowledge()
                returned = list(self._returned)
            retry = self._acknowledge_now(settled) | self._return_now(returned)
            failed = failed + 1 if retry else 0
            if failed:
                self._wait_to_retry(BACKOFF.delay(failed))

    def _wait_to_retry(self, seconds: float) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: self._flushing, seconds):
                seconds = min(seconds, FLUSH_PAUSE)
            else:
                return
        self._stop.wait(seconds)

    def _acknowledge_now(self, messages: Mapping[str, str]) -> bool:
        """Acknowledge messages; return true if some are to be retried."""
        retry = False
        for part in in_parts(list(messages)):
            self._acknowledger.stamp()
            failures = self._calls.acknowledge(part)
            given_up = time.monotonic() - RETRY_SECONDS
            with self._changed:
                for ack_id in part:
                    held = self._held.get(messages[ack_id])
                    if held is None or held.ack_id != ack_id:  # redelivered meanwhile
                        continue
                    transient = failures.get(ack_id, "").startswith(TRANSIENT)
                    if transient and (held.settled_at or 0.0) > given_up:
                        retry = True
                    else:
                        del self._held[messages[ack_id]]
                self._changed.notify_all()
        return retry

    def _return_now(self, ack_ids: list[str]) -> bool:
        """Nack messages; return true if some are to be retried."""
        for part in in_parts(ack_ids):
            self._acknowledger.stamp()
            failures = self._calls.modify(part, 0)
            given_up = time.monotonic() - RETRY_SECONDS
            with self._changed:
                for ack_id in part:
                    transient = failures.get(ack_id, "").startswith(TRANSIENT)
                    if not (transient and self._returned[ack_id] > given_up):
                        del self._returned[ack_id]
                self._changed.notify_all()
        with self._changed:
            return any(ack_id in self._returned for ack_id in ack_ids)
