"""Number of messages that a drain pulls at once, with heavy requests left for other drains."""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 8.0
"""Shortest and longest wait in seconds before a pull without a free heavy place.

A text that arrives meanwhile waits so long. Each heavy message that such a pull takes is kept from
other drains, so the pause is doubled while pulls find only heavy messages: at one a second a drain
would take a backlog of videos before a second drain has started."""


class PullSize:
    """Decides how many messages the next pull asks for.

    Messages held here cannot be delivered to other drains, and returning them would count towards
    a dead-letter policy. So after a pull with heavy messages (audio or video), and before the first
    pull, a drain asks for no more messages than it has free places for heavy ones. Without a free
    place it asks for a single message, after a pause, because that may be a text. After a pull of
    texts only it asks for as many as it may.

    Args:
        most: Most messages in one pull.
        free_places: Function that returns the number of free places for heavy messages.
    """

    def __init__(self, most: int, free_places: Callable[[], int]) -> None:
        self._most = most
        self._free_places = free_places
        self._heavy_expected = True
        self._pause = FIRST_PAUSE
        self._pause_end = 0.0  # monotonic seconds
        self._placeless = False  # true if the last pull had no free place

    def next(self) -> int:
        """Return the size of a pull that starts now; 0 if it is too early for one."""
        if not self._heavy_expected:
            return self._most
        places = self._free_places()
        self._placeless = places <= 0
        if places > 0:
            return min(places, self._most)
        return 1 if time.monotonic() >= self._pause_end else 0

    def record(self, messages: int, heavy: int) -> None:
        """Record how many messages a pull received, and how many of them are heavy."""
        if messages:
            self._heavy_expected = heavy > 0
        again = heavy and self._placeless
        self._pause = min(2 * self._pause, LONGEST_PAUSE) if again else FIRST_PAUSE
        if messages:
            self._pause_end = time.monotonic() + self._pause
