"""Messages, their leases, and the rules by which they are delivered: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A published message.

    Attributes:
        sequence: grows with every publish; also the message id.
        pb: the `PubsubMessage`.
        published_ns: publish time, nanoseconds since the epoch.
        arrived: the same moment on the monotonic clock, seconds.
        size: bytes of `pb`.
    """

    sequence: int
    pb: Any
    published_ns: int
    arrived: float
    size: int


class Holder:
    """What one consumer holds unsettled; counted by the backlog, limited by the consumer."""

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0

    def grow(self, size: int) -> None:
        """Counts a message of `size` bytes."""
        self.messages += 1
        self.bytes += size

    def shrink(self, size: int) -> None:
        """Counts a message no longer."""
        self.messages -= 1
        self.bytes -= size


@dataclass(slots=True)
class Lease:
    """A delivered message until it is acknowledged, handed back or expired."""

    ack_id: str
    message: StoredMessage
    attempt: int
    deadline: float
    holder: Holder


@dataclass(frozen=True)
class DeliveryPolicy:
    """How a subscription delivers; times in seconds.

    Attributes:
        ack_deadline: how long a delivered message may stay unsettled.
        ordered: messages of one ordering key are delivered in order.
        backoff: shortest and longest wait before a redelivery; None redelivers at once.
        max_attempts: deliveries before a message is a dead letter; None for no limit.
        retain_acked: acknowledged messages can be sought back to.
        retention: messages older than this are dropped.
    """

    ack_deadline: float = 10
    ordered: bool = False
    backoff: tuple[float, float] | None = None
    max_attempts: int | None = None
    retain_acked: bool = False
    retention: float = 7 * DAY

    def delay(self, attempt: int) -> float:
        """Seconds to wait before the redelivery that follows delivery number `attempt`."""
        if self.backoff is None:
            return 0.0
        shortest, longest = self.backoff
        # The exponent is bounded so that a message failing for weeks cannot overflow the float.
        return min(longest, shortest * 2.0 ** min(attempt - 1, 64))
