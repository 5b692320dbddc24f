"""LightQueue: the light messages that wait, and which of them share the next run."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from pipeline.jobs.run_size import RunSize
from pipeline.jobs.turns import Batch
from transforms.model import Message

MAX_LINGER = 0.01
"""Longest time that light messages wait for others to share their run, in seconds.

They wait only while other runs are in progress, about as long as a run of one message computes."""


class LightQueue:
    """Messages in the order of their arrival, taken in batches of at most `run_size`.

    The queue has no lock; the scheduler holds its own around every call.
    """

    def __init__(self, run_size: RunSize) -> None:
        self._run_size = run_size
        self._waiting: deque[Message] = deque()
        self._since = 0.0  # arrival of the oldest message, monotonic seconds

    def append(self, message: Message) -> None:
        """Add a message at the end."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(message)

    def linger_seconds(self) -> float:
        """Return how long to wait for more messages before a batch is taken, in seconds."""
        if len(self._waiting) >= self._run_size.limit:
            return 0.0
        return self._since + MAX_LINGER - time.monotonic()

    def take(self) -> Batch:
        """Remove and return the oldest messages, as many as one run may have."""
        share = min(len(self._waiting), self._run_size.limit)
        taken = Batch([self._waiting.popleft() for _ in range(share)], light=True)
        self._since = time.monotonic()
        return taken

    def clear(self) -> None:
        """Remove all messages."""
        self._waiting.clear()

    def __iter__(self) -> Iterator[Message]:
        return iter(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)
