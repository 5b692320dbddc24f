"""Being told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def heeded(stop: threading.Event) -> Iterator[None]:
    """Set an event on SIGTERM or SIGINT, for as long as the block runs.

    The main thread handles signals, between any two steps of whatever it does. So it must not wait
    for the event itself: in the middle of that it holds the lock that setting the event takes.
    """
    previous = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
