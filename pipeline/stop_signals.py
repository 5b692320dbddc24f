"""SIGTERM and SIGINT handling."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, NoReturn

from pipeline.exit_status import SIGNAL

if TYPE_CHECKING:
    from transforms.errors import EnvironmentFault

_last: int | None = None
_fault: EnvironmentFault | None = None
_raised: int | None = None


class Stopped(KeyboardInterrupt):
    """SIGTERM or SIGINT has ended the command; the text says which.

    Attributes:
        status: Exit status of the command.
    """

    def __init__(self, number: int) -> None:
        super().__init__("interrupted" if number == signal.SIGINT else "terminated")
        self.status = SIGNAL + number


def raise_on_signals() -> None:
    """Install signal handlers that raise `Stopped` in the main thread on SIGTERM and SIGINT.

    Without a handler SIGTERM ends a process without cleaning up, and does not end the first process
    of a container at all. An ignored signal stays ignored.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _raise)


def _raise(number: int, _: object) -> NoReturn:
    global _raised
    _raised = number
    raise Stopped(number)


def last_signal() -> int | None:
    """Return the number of the signal that ended the last block; None for no signal."""
    return _last


def stop_with(fault: EnvironmentFault) -> None:
    """Stop this command as SIGTERM does, with a fault as the reason; callable from any thread."""
    global _fault
    _fault = fault
    os.kill(os.getpid(), signal.SIGTERM)


def stop_fault() -> EnvironmentFault | None:
    """Return the fault that `stop_with` was called with; None if it was not."""
    return _fault


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Set an event on SIGTERM or SIGINT while the block runs.

    A signal before the block counts, if `raise_on_signals` handled it and an import or a finalizer
    has swallowed the exception.

    A signal handler runs on the main thread between two bytecodes. If the main thread is inside
    `stop.wait` or `stop.set`, it holds the event's lock, and setting the event in the handler would
    deadlock. So the handler only puts an item on a `SimpleQueue`, which is reentrant, and a thread
    that reads the queue sets the event.
    """
    global _last, _raised, _fault
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
    _last = None
    if not _raised:
        _fault = None
    previous = {
        number: signal.signal(number, receive) for number in (signal.SIGTERM, signal.SIGINT)
    }
    if _raised:
        _last, _raised = _raised, None
        stop.set()
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        received.put(False)
        listener.join()
