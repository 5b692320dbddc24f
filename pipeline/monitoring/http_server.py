"""BoundedHTTPServer: an HTTP server that slow or many clients cannot exhaust.

Each connection carries one request on a thread of its own, and ends after a time limit however
slowly it sends. If all threads are taken, a new connection takes the place of the oldest one, so
that clients that hold connections open do not keep out probes.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 16
"""Connections at the same time, each with a thread. Probes and scrapes need two or three."""

MAX_THREADS = 2 * MAX_CONNECTIONS
"""Threads, those of cut connections that have not ended yet included."""

CONNECTION_SECONDS = 10.0
"""Longest time of a connection. Probes give up earlier, and a scrape takes milliseconds."""

BACKLOG = 64
"""Connections that the system keeps until the server accepts them."""


class BoundedHTTPServer(ThreadingHTTPServer):
    """HTTP server with a bound on its threads and on the time of each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = BACKLOG

    stamp: Callable[[], None]
    """Function called in each pass of the server's loop."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}  # with the start of each, the oldest first
        self._active = 0
        super().__init__(address, handler)

    @property
    def threads(self) -> int:
        """Number of threads that serve connections."""
        with self._lock:
            return self._active

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a new thread, in place of the oldest if there are too many."""
        with self._lock:
            is_refused = self._active >= MAX_THREADS
            if not is_refused:
                self._active += 1
                self._open[request] = time.monotonic()
            evicted = list(self._open)[:-MAX_CONNECTIONS]
            for oldest in evicted:
                del self._open[oldest]
        for oldest in evicted:
            _cut(oldest)
        if is_refused:
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._end_thread()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer the request of a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._end_thread()

    def _end_thread(self) -> None:
        with self._lock:
            self._active -= 1

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget it."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Record that the loop makes progress, and close connections that take too long."""
        self.stamp()
        with self._lock:
            limit = time.monotonic() - CONNECTION_SECONDS
            expired = [each for each, start in self._open.items() if start < limit]
        for each in expired:
            _cut(each)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log an exception of the handler, unless the connection failed."""
        if not isinstance(sys.exception(), OSError):
            log.exception("a request to the health server failed")


def _cut(connection: socket.socket) -> None:
    """Shut a connection down, which ends the thread that reads from it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
