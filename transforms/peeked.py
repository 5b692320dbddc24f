"""PeekedRequests caches requests that a job has parsed before the graph does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transforms.model import ContentRequest


class PeekedRequests:
    """Cache of requests that `peek` has parsed for `ParseRequests`; thread-safe.

    Args:
        limit: maximum total size of their messages, in bytes; the oldest are dropped beyond it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._requests: dict[bytes, ContentRequest] = {}
        self._lock = threading.Lock()

    def put(self, data: bytes, request: ContentRequest) -> None:
        with self._lock:
            if data not in self._requests:
                self._requests[data] = request
                self._size += len(data)
            while self._size > self._limit:
                oldest = next(iter(self._requests))
                del self._requests[oldest]
                self._size -= len(oldest)

    def take(self, data: bytes) -> ContentRequest | None:
        with self._lock:
            request = self._requests.pop(data, None)
            if request:
                self._size -= len(data)
            return request
