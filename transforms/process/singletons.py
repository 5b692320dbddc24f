"""Things that are costly to make and safe to share: made once per process.

A DoFn is pickled, and `setup()` runs anew for every bounded run, so neither may hold a client, a
model or a lock. They live here, by the settings they were made from.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.RLock()
_made: dict[tuple[Callable[..., Any], tuple[Hashable, ...]], Any] = {}


def process_singleton(make: Callable[..., T], *settings: Hashable) -> T:
    """`make(*settings)`, called the first time in this process and remembered after that."""
    key = (make, settings)
    with _lock:
        if key not in _made:
            _made[key] = make(*settings)
        return _made[key]


def clear_singletons() -> None:
    """Give back all that was made, for a forked child that needs none of what its parent made.

    Freed memory stays with the process until the C library is asked to return it; that of macOS and
    musl does so by itself.
    """
    with _lock:
        _made.clear()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
