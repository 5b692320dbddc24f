"""Size of a drain's pulls: heavy requests are shared with other drains."""

from __future__ import annotations

import time
from collections.abc import Callable

PROBE_EVERY = 1.0
"""Seconds between two pulls while no heavy place is free.

A text that arrives meanwhile waits so long at most. Each of these pulls may take one more heavy
message from other drains, so they are no more frequent."""


class PullSize:
    """Decides how many messages the next pull asks for.

    Messages held here cannot be delivered to other drains, and returning them would count towards
    a dead-letter policy. So after a pull with heavy messages (audio or video), and before the first
    pull, a drain asks for no more messages than it has free places for heavy ones. Without a free
    place it asks for a single message, every `PROBE_EVERY` seconds, because that may be a text.
    After a pull of texts only it asks for as many as it may.

    Args:
        most: Most messages in one pull.
        free_places: Function that returns the number of free places for heavy messages.
    """

    def __init__(self, most: int, free_places: Callable[[], int]) -> None:
        self._most = most
        self._free_places = free_places
        self._heavy_expected = True
        self._probe_at = 0.0  # monotonic seconds

    def next(self) -> int:
        """Return the size of a pull that starts now; 0 if it is too early for one."""
        if not self._heavy_expected:
            return self._most
        places = self._free_places()
        if places > 0:
            return min(places, self._most)
        return 1 if time.monotonic() >= self._probe_at else 0

    def record(self, messages: int, heavy: int) -> None:
        """Record how many messages a pull received, and how many of them are heavy."""
        if messages:
            self._heavy_expected = heavy > 0
            self._probe_at = time.monotonic() + PROBE_EVERY
