"""Per-process concurrency and rate limits of an engine.

When an engine answers that it is overloaded, all its callers in the process pause for as long as
it asked. Otherwise one 429 would turn every waiting request into a dead letter. A request that
waits for too long is handed back, because Dataflow ends a process whose element takes too long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from transforms.errors import DependencyDown, TransientError
from transforms.process.retry import LONGEST_WAIT
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
    def admitted(self, patience: float = LONGEST_WAIT) -> Iterator[None]:
        """Wait until the limits allow a call; hold its place during the block.

        Args:
            patience: Maximum number of seconds to wait.

        Raises:
            DependencyDown: The limits do not allow a call in that time.
        """
        gate = process_singleton(_Gate, self)
        deadline = time.monotonic() + patience
        with gate.slot(patience):
            gate.wait_for_turn(deadline)
            try:
                yield
            except TransientError as error:
                if error.retry_after:
                    gate.pause(error.retry_after)
                raise

    def take_throttled(self) -> int:
        """Return the whole seconds that calls have waited for their turn since the last call.

        Waits for a slot are not counted: unlike a quota, more workers shorten them.
        """
        return process_singleton(_Gate, self).take_throttled()


def overdue(stage: str, reason: str) -> DependencyDown:
    """Return the fault of work that waited too long for a stage's engine.

    Args:
        stage: Name of the stage.
        reason: What kept it waiting.
    """
    return DependencyDown(
        f"{stage} engine",
        f"{reason} for too long; compare its quota with --{stage}-concurrency and "
        f"--{stage}-per-minute",
    )


class _Gate:
    """The state of one engine's limits in this process."""

    def __init__(self, limits: EngineLimits) -> None:
        self._stage = limits.stage
        self._slots = threading.BoundedSemaphore(limits.at_once) if limits.at_once else None
        self._interval = 60.0 / limits.per_minute if limits.per_minute else 0.0
        self._lock = threading.Lock()
        self._next = 0.0  # on the monotonic clock
        self._throttled = 0.0

    @contextmanager
    def slot(self, patience: float) -> Iterator[None]:
        if self._slots and not self._slots.acquire(timeout=patience):
            raise overdue(self._stage, "all its slots were taken")
        try:
            yield
        finally:
            if self._slots:
                self._slots.release()

    def wait_for_turn(self, deadline: float) -> None:
        while True:
            with self._lock:
                now = time.monotonic()
                if now >= self._next:
                    self._next = now + self._interval
                    return
                if self._next > deadline:
                    raise overdue(self._stage, "its limits allowed no call")
                wait = self._next - now
                self._throttled += wait
            time.sleep(wait)

    def take_throttled(self) -> int:
        with self._lock:
            whole = int(self._throttled)
            self._throttled -= whole
            return whole

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
