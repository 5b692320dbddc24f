"""Process-wide singletons: objects that are costly to make and safe to share.

A DoFn is pickled, and `setup()` runs again for every bounded run, so neither can hold a client, a
model or a lock. Those objects are kept here, by the settings they were made from.
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
    """Return `make(*settings)`, calling it only the first time in this process.

    Calls are serialized; `make` may itself call this function.
    """
    key = (make, settings)
    with _lock:
        if key not in _made:
            _made[key] = make(*settings)
        return _made[key]


def clear_singletons() -> None:
    """Drop all singletons and return their memory, for a forked child that needs none of them.

    glibc keeps freed memory until `malloc_trim`; the C libraries of macOS and musl return it
    themselves.
    """
    with _lock:
        _made.clear()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
