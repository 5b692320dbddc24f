"""HeldCalls: counts concurrent calls to test a limit without depending on timing."""

from __future__ import annotations

import threading

MOMENT = 0.3
"""Seconds to wait for a call beyond the limit."""


class HeldCalls:
    """Holds each call until `limit` calls run at once, and then a moment longer.

    No call returns before `limit` of them run, so `most` reaches the limit on any machine. Only a
    call that the limit should have stopped makes it larger.

    Args:
        limit: Number of calls that can run at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._running = 0
        self.most = 0
        """Largest number of concurrent calls."""

    def __call__(self) -> None:
        with self._changed:
            self._running += 1
            self.most = max(self.most, self._running)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self._limit, 30)
            self._changed.wait_for(lambda: self.most > self._limit, MOMENT)
            self._running -= 1
