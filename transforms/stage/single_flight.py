"""SingleFlight: threads that need equal work at the same time do it once.

The number of threads that wait is limited, because they are those that could do other work.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from transforms.process.singletons import process_singleton
from transforms.process.thread_pool import STORE_THREADS, available_cpus

PART = 4
"""A thread of so many may wait for the work of another."""


class SingleFlight:
    """The keys of work in progress in this process.

    Args:
        most_waiting: Number of threads that may wait at the same time.
    """

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._waiting = 0
        self._changed = threading.Condition()
        self._working: set[Hashable] = set()

    @contextmanager
    def lead(self, key: Hashable) -> Iterator[bool]:
        """Mark the work of a key as in progress during the block, unless it is already.

        Yields:
            False if another thread does it.
        """
        with self._changed:
            leads = key not in self._working
            self._working.add(key)
        try:
            yield leads
        finally:
            if leads:
                with self._changed:
                    self._working.remove(key)
                    self._changed.notify_all()

    def wait(self, key: Hashable, timeout: float) -> bool:
        """Wait until no thread works on a key.

        Returns:
            False if too many threads wait already, or it takes longer than `timeout` seconds.
        """
        with self._changed:
            if key not in self._working:
                return True
            if self._waiting >= self._most_waiting:
                return False
            self._waiting += 1
            try:
                return self._changed.wait_for(lambda: key not in self._working, timeout)
            finally:
                self._waiting -= 1


def single_flight(workers: int | None) -> SingleFlight:
    """Return this process's instance for a number of workers, as for `engine_slot`."""
    threads = (workers or available_cpus()) + STORE_THREADS
    return process_singleton(SingleFlight, threads // PART)
