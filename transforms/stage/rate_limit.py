"""How hard an engine may be driven: at once, and per minute; per process.

When an engine answers that it is overloaded, everybody who shares the gate stays away for as long
as it asked, so that one 429 does not become as many dead letters as there are requests waiting.
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
    """The limits of one stage's engine.

    Attributes:
        stage: the stage they are for; stages do not share.
        at_once: calls at the same time; None for any number.
        per_minute: calls begun in a minute, evenly spread; None for any number.
    """

    stage: str
    at_once: int | None = None
    per_minute: float | None = None

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Wait until a call may begin; the block is the call."""
        gate = process_singleton(_Gate, self)
        with gate.slots:
            gate.wait_for_turn()
            try:
                yield
            except TransientError as error:
                if error.retry_after:
                    gate.stay_away(error.retry_after)
                raise


class _Gate:
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

    def stay_away(self, seconds: float) -> None:
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
