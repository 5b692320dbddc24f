"""Being told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Set an event on SIGTERM or SIGINT, for as long as the block runs.

    The main thread handles signals, between any two steps of whatever it does. In the middle of
    waiting for the event, or of setting it for the signal before, it holds the lock that setting it
    takes, and would wait for itself. So a thread of its own sets it, told through the one queue
    that is made to be used in a handler.
    """
    told: SimpleQueue[bool] = SimpleQueue()

    def listen() -> None:
        if told.get():
            stop.set()

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    previous = {
        number: signal.signal(number, lambda *_: told.put(True))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        told.put(False)
        listener.join()
