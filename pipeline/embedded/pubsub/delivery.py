"""Data classes of the backlog: messages, leases and the delivery policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A published message.

    Attributes:
        sequence: increases with every publish; also the message id.
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
    """Count of the messages and bytes that one consumer holds unsettled."""

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0

    def grow(self, size: int) -> None:
        """Count a delivered message of `size` bytes."""
        self.messages += 1
        self.bytes += size

    def shrink(self, size: int) -> None:
        """Count a message of `size` bytes as settled."""
        self.messages -= 1
        self.bytes -= size


@dataclass(slots=True)
class Lease:
    """A delivered message until it is acknowledged, nacked or expired."""

    ack_id: str
    message: StoredMessage
    attempt: int
    deadline: float
    holder: Holder


@dataclass(frozen=True)
class DeliveryPolicy:
    """Deadlines, order and retries of a subscription; times in seconds.

    Attributes:
        ack_deadline: time from a delivery to the end of its lease.
        ordered: true to deliver the messages of one ordering key in order.
        backoff: shortest and longest wait before a redelivery; None redelivers at once.
        max_attempts: deliveries before a message is a dead letter; None for no limit.
        retention: age at which a message is dropped.
    """

    ack_deadline: float = 10
    ordered: bool = False
    backoff: tuple[float, float] | None = None
    max_attempts: int | None = None
    retention: float = 7 * DAY

    def delay(self, attempt: int) -> float:
        """Return the seconds to wait before the redelivery after delivery number `attempt`."""
        if self.backoff is None:
            return 0.0
        shortest, longest = self.backoff
        # The exponent is bounded so that a message failing for weeks cannot overflow the float.
        return min(longest, shortest * 2.0 ** min(attempt - 1, 64))
