"""Subscription joins the settings, the backlog and the waiting consumers of one subscription."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from pipeline.embedded.pubsub import config
from pipeline.embedded.pubsub.backlog import Backlog
from pipeline.embedded.pubsub.delivery import Holder, Lease, StoredMessage
from pipeline.embedded.pubsub.refusal import invalid, not_found

MAX_RESPONSE_BYTES = 10_000_000
INVALID_ACK_ID = "PERMANENT_FAILURE_INVALID_ACK_ID"
UNORDERED_ACK_ID = "TRANSIENT_FAILURE_UNORDERED_ACK_ID"
"""https://cloud.google.com/pubsub/docs/exactly-once-delivery#ack-error-codes"""


class Subscription:
    """One subscription; it lives on one event loop and therefore needs no locks.

    Args:
        pb: the complete `Subscription` message.
        bury: moves a message elsewhere that was delivered too often, as for `Backlog`.
    """

    def __init__(self, pb: Any, bury: Callable[[Subscription, StoredMessage, int], bool]) -> None:
        self.pb = pb
        self.backlog = Backlog(config.policy(pb), lambda message, n: bury(self, message, n))
        self._loop = asyncio.get_running_loop()
        self._waiters: dict[asyncio.Future[None], None] = {}  # an ordered set
        self._timer: asyncio.TimerHandle | None = None
        self._deleted = False

    def deliver(self, message: StoredMessage) -> None:
        """Queue a message of the topic."""
        self.backlog.add(message)
        self._changed()

    def take(
        self, messages: int, size: int, holder: Holder, ack_deadline: float | None = None
    ) -> list[Lease]:
        """Deliver ready messages; arguments as for `Backlog.take`.

        Raises:
            Refused: the subscription was deleted.
        """
        self.check_alive()
        size = min(size, MAX_RESPONSE_BYTES)
        leases = self.backlog.take(self._loop.time(), messages, size, holder, ack_deadline)
        self._changed()
        return leases

    async def wait(self, until: float | None) -> bool:
        """Wait until a message is ready for this caller.

        Args:
            until: when to give up, in the loop's time; None for never.

        Returns:
            False when the time was up.
        """
        waiter = self._loop.create_future()
        self._waiters[waiter] = None
        woken = False
        try:
            async with asyncio.timeout_at(until):
                await waiter
            woken = True
        except TimeoutError:
            pass
        finally:
            self._waiters.pop(waiter, None)
            # A waiter that was woken and cancelled at the same moment must wake the next one.
            if not woken:
                self._wake()
        return woken

    def ack(self, ack_ids: list[str]) -> dict[str, str]:
        """Acknowledge messages by their ack ids.

        Returns:
            Failure reason by ack id; empty unless delivery is exactly once.

        Raises:
            Refused: INVALID_ARGUMENT: an id was not issued by this server.
        """
        self.check_alive()
        self._check_ack_ids(ack_ids)
        now = self._loop.time()
        self.backlog.advance(now)
        exactly_once = self.pb.enable_exactly_once_delivery
        failures = {}
        for ack_id in ack_ids:
            if exactly_once and self.backlog.follows_leased(ack_id):
                failures[ack_id] = UNORDERED_ACK_ID
            elif not self.backlog.ack(ack_id, now):
                failures[ack_id] = INVALID_ACK_ID
        return self._reported(failures)

    def modify(self, ack_ids: list[str], seconds: list[int]) -> dict[str, str]:
        """Move the end of each lease to `seconds` from now (0 nacks); otherwise as `ack`."""
        self.check_alive()
        self._check_ack_ids(ack_ids)
        if min(seconds, default=0) < 0:
            raise invalid("Ack deadline cannot be negative")
        if max(seconds, default=0) > 600:
            raise invalid("Ack deadline out of bounds: it must be between 0 and 600 seconds.")
        now = self._loop.time()
        pairs = zip(ack_ids, seconds, strict=True)
        failed = [x for x, s in pairs if not self.backlog.modify(x, s, now)]
        return self._reported(dict.fromkeys(failed, INVALID_ACK_ID))

    def seek(self, messages: list[StoredMessage]) -> None:
        """Replace the backlog by `messages` and end all leases."""
        self.backlog.seek(messages)
        self._changed()

    def delete(self) -> None:
        """Delete the subscription; the calls of its consumers end with NOT_FOUND."""
        self._deleted = True
        self.backlog.seek([])  # ends all leases, which wakes streams whose window is full
        if self._timer is not None:
            self._timer.cancel()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def check_alive(self) -> None:
        """Raise `Refused` when the subscription was deleted."""
        if self._deleted:
            raise not_found(self.pb.name)

    def _reported(self, failures: dict[str, str]) -> dict[str, str]:
        self._changed()
        return failures if self.pb.enable_exactly_once_delivery else {}

    @staticmethod
    def _check_ack_ids(ack_ids: list[str]) -> None:
        for ack_id in ack_ids:
            if not re.fullmatch(r"[0-9]+-[0-9]+", ack_id):
                raise invalid(f"Invalid ack id (ack_id={ack_id})")

    def _changed(self) -> None:
        if self._deleted:
            return
        self._wake()
        when = self.backlog.next_event()
        if when is None or (self._timer is not None and self._timer.when() <= when):
            return  # a timer that fires early does no harm: it sets the next one
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.backlog.advance(self._loop.time())
        self._changed()

    def _wake(self) -> None:
        """Wake one waiter if a message is ready; taking a message wakes the next."""
        while self.backlog.ready and self._waiters:
            waiter = next(iter(self._waiters))
            del self._waiters[waiter]
            if not waiter.done():
                waiter.set_result(None)
                return
