"""Waits of worker threads that are interrupted when their job ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from transforms.errors import Interrupted

_lock = threading.Lock()
_waited_on: WeakSet[threading.Condition] = WeakSet()
_ending = 0  # jobs of this process that end now


def wait(changed: threading.Condition, seconds: float, subject: str) -> None:
    """Wait on a condition as `Condition.wait`; raise if the job ends.

    Args:
        changed: The condition.
        seconds: Longest wait.
        subject: What is waited for, for the message.

    Raises:
        Interrupted: The job ends.
    """
    with _lock:
        _waited_on.add(changed)
    _check(subject)
    changed.wait(seconds)
    _check(subject)


@contextmanager
def interrupted_waits() -> Iterator[None]:
    """Interrupt all waits, and refuse new ones, during the block."""
    global _ending
    with _lock:
        _ending += 1
        conditions = list(_waited_on)
    for changed in conditions:
        with changed:
            changed.notify_all()
    try:
        yield
    finally:
        with _lock:
            _ending -= 1


def _check(subject: str) -> None:
    if _ending:
        raise Interrupted(subject, "the job ends")
