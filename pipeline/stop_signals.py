"""SIGTERM and SIGINT handling."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Set an event on SIGTERM or SIGINT while the block runs.

    A signal handler runs on the main thread between two bytecodes. If the main thread is inside
    `stop.wait` or `stop.set`, it holds the event's lock, and setting the event in the handler would
    deadlock. So the handler only puts an item on a `SimpleQueue`, which is reentrant, and a thread
    that reads the queue sets the event.
    """
    received: SimpleQueue[bool] = SimpleQueue()

    def listen() -> None:
        if received.get():
            stop.set()

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    previous = {
        number: signal.signal(number, lambda *_: received.put(True))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        received.put(False)
        listener.join()
