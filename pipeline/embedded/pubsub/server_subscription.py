"""A subscription as the server holds it: its settings, its backlog and who waits for messages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from pipeline.embedded.pubsub import config
from pipeline.embedded.pubsub.backlog import Backlog
from pipeline.embedded.pubsub.delivery import Holder, Lease, StoredMessage
from pipeline.embedded.pubsub.filters import compile_filter
from pipeline.embedded.pubsub.refusal import Refused, failed_precondition, invalid, not_found

MAX_RESPONSE_BYTES = 10_000_000
INVALID_ACK_ID = "PERMANENT_FAILURE_INVALID_ACK_ID"
"""https://cloud.google.com/pubsub/docs/exactly-once-delivery#ack-error-codes"""


class Subscription:
    """Lives on one event loop: nothing here is locked because nothing here runs twice at a time.

    Args:
        pb: the complete `Subscription` message.
        bury: takes a message that was delivered too often, as for `Backlog`.
    """

    def __init__(self, pb: Any, bury: Callable[[Subscription, StoredMessage, int], bool]) -> None:
        self.pb = pb
        self._matches = compile_filter(pb.filter)
        self.backlog = Backlog(config.policy(pb), lambda message, n: bury(self, message, n))
        self._loop = asyncio.get_running_loop()
        self._waiters: dict[asyncio.Future[None], None] = {}  # an ordered set
        self._timer: asyncio.TimerHandle | None = None
        self._gone: Callable[[], Refused] | None = None

    def configure(self, pb: Any) -> None:
        """Replaces the settings."""
        self.pb = pb
        self.backlog.policy = config.policy(pb)
        self._changed()

    def deliver(self, message: StoredMessage) -> None:
        """Accepts a message of the topic, unless the filter says otherwise."""
        if self.matches(message):
            self.backlog.add(message)
            self._changed()

    def matches(self, message: StoredMessage) -> bool:
        """Whether the filter lets a message through."""
        return self._matches(message.pb.attributes)

    def take(
        self, messages: int, size: int, holder: Holder, ack_deadline: float | None = None
    ) -> list[Lease]:
        """What can be delivered now; arguments as for `Backlog.take`.

        Raises:
            Refused: the subscription was deleted or detached.
        """
        self.check_alive()
        size = min(size, MAX_RESPONSE_BYTES)
        leases = self.backlog.take(self._loop.time(), messages, size, holder, ack_deadline)
        self._changed()
        return leases

    async def wait(self, until: float | None) -> bool:
        """Waits for its turn to take messages.

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
            # The turn of a waiter that was woken and cancelled in the same moment passes on.
            if not woken:
                self._wake()
        return woken

    def ack(self, ack_ids: list[str]) -> dict[str, str]:
        """Acknowledges messages.

        Returns:
            What went wrong by ack id; empty unless delivery is exactly once.

        Raises:
            Refused: INVALID_ARGUMENT: an id was not issued by this server.
        """
        self.check_alive()
        self._check_ack_ids(ack_ids)
        now = self._loop.time()
        return self._failures([x for x in ack_ids if not self.backlog.ack(x, now)])

    def modify(self, ack_ids: list[str], seconds: list[int]) -> dict[str, str]:
        """Moves the end of leases to `seconds` from now each, 0 handing back; else as `ack`."""
        self.check_alive()
        self._check_ack_ids(ack_ids)
        if min(seconds, default=0) < 0:
            raise invalid("Ack deadline cannot be negative")
        if max(seconds, default=0) > 600:
            raise invalid("Ack deadline out of bounds: it must be between 0 and 600 seconds.")
        now = self._loop.time()
        pairs = zip(ack_ids, seconds, strict=True)
        return self._failures([x for x, s in pairs if not self.backlog.modify(x, s, now)])

    def seek(self, messages: dict[int, StoredMessage], unacked: set[int]) -> None:
        """Starts over as `Backlog.seek` says."""
        self.backlog.seek((m for m in messages.values() if self.matches(m)), unacked)
        self._changed()

    def detach(self) -> None:
        """Refuses consumers from now on; the settings stay visible."""
        self.pb.detached = True
        name = self.pb.name
        self._end(lambda: failed_precondition(f"Subscription is detached (resource={name})."))

    def delete(self) -> None:
        """Turns consumers away."""
        self._end(lambda: not_found(self.pb.name))

    def check_alive(self) -> None:
        """Raises `Refused` when the subscription was deleted or detached."""
        if self._gone is not None:
            raise self._gone()

    def _end(self, reason: Callable[[], Refused]) -> None:
        self._gone = reason
        self.backlog.seek([], ())  # ends all leases, which wakes streams that hold their fill
        if self._timer is not None:
            self._timer.cancel()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _failures(self, ack_ids: list[str]) -> dict[str, str]:
        self._changed()
        if not self.pb.enable_exactly_once_delivery:
            return {}
        return dict.fromkeys(ack_ids, INVALID_ACK_ID)

    @staticmethod
    def _check_ack_ids(ack_ids: list[str]) -> None:
        for ack_id in ack_ids:
            if not re.fullmatch(r"[0-9]+-[0-9]+", ack_id):
                raise invalid(f"Invalid ack id (ack_id={ack_id})")

    def _changed(self) -> None:
        if self._gone is not None:
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
        """Wakes one waiter if there is something to take; taking wakes the next."""
        while self.backlog.ready and self._waiters:
            waiter = next(iter(self._waiters))
            del self._waiters[waiter]
            if not waiter.done():
                waiter.set_result(None)
                return
