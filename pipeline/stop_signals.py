"""SIGTERM and SIGINT handling."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

_last: int | None = None


def last_signal() -> int | None:
    """Return the number of the first signal that the last block received; None for no signal."""
    return _last


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Set an event on SIGTERM or SIGINT while the block runs.

    A signal handler runs on the main thread between two bytecodes. If the main thread is inside
    `stop.wait` or `stop.set`, it holds the event's lock, and setting the event in the handler would
    deadlock. So the handler only puts an item on a `SimpleQueue`, which is reentrant, and a thread
    that reads the queue sets the event.
    """
    global _last
    _last = None
    received: SimpleQueue[bool] = SimpleQueue()

    def listen() -> None:
        if received.get():
            stop.set()

    def receive(number: int, _: object) -> None:
        global _last
        _last = _last or number
        received.put(True)

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    previous = {
        number: signal.signal(number, receive) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        received.put(False)
        listener.join()
