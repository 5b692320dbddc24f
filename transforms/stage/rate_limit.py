"""Per-process concurrency and rate limits of an engine.

When an engine answers that it is overloaded, all its callers in the process pause for as long as
it asked. Otherwise one 429 would turn every waiting request into a dead letter.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from transforms.errors import TransientError
from transforms.process.singletons import process_singleton


@dataclass(frozen=True)
class EngineLimits:
    """Limits of one stage's engine.

    Attributes:
        stage: The stage; each has limits of its own.
        at_once: Maximum number of concurrent calls; None for no limit.
        per_minute: Maximum number of calls started per minute, evenly spread; None for no limit.
    """

    stage: str
    at_once: int | None = None
    per_minute: float | None = None

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Wait until the limits allow a call; hold its place during the block."""
        gate = process_singleton(_Gate, self)
        with gate.slots:
            gate.wait_for_turn()
            try:
                yield
            except TransientError as error:
                if error.retry_after:
                    gate.pause(error.retry_after)
                raise


class _Gate:
    """The state of one engine's limits in this process."""

    def __init__(self, limits: EngineLimits) -> None:
        self.slots: AbstractContextManager[object] = (
            threading.BoundedSemaphore(limits.at_once) if limits.at_once else nullcontext()
        )
        self._interval = 60.0 / limits.per_minute if limits.per_minute else 0.0
        self._lock = threading.Lock()
        self._next = 0.0  # on the monotonic clock

    def wait_for_turn(self) -> None:
        while True:
            with self._lock:
                now = time.monotonic()
                if now >= self._next:
                    self._next = now + self._interval
                    return
                wait = self._next - now
            time.sleep(wait)

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
