"""Calls that are counted while they are held, to see how many a limit lets through."""

from __future__ import annotations

import threading

MOMENT = 0.3
"""Seconds for which a full house stays open to one call too many."""


class HeldCalls:
    """Hold each call until `limit` of them run at once, then until one more comes or a moment ends.

    No machine is too slow for the limit to be kept, and none of the calls goes on before `limit`
    of them have met, so only a call that gets in beside them makes `most` larger.

    Args:
        limit: calls that should be able to run at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._running = 0
        self.most = 0
        """Calls that ran at the same time, at most."""

    def __call__(self) -> None:
        with self._changed:
            self._running += 1
            self.most = max(self.most, self._running)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self._limit, 30)
            self._changed.wait_for(lambda: self.most > self._limit, MOMENT)
            self._running -= 1
