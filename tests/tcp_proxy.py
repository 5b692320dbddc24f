"""TCP proxy that cuts its connections and refuses new ones on request."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

from pipeline.embedded.process import LOOPBACK


class TcpProxy:
    """Forwards connections on a local port to a server.

    Args:
        target: ``host:port`` of the server.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK, 0))
        self._port = self._listener.getsockname()[1]
        self._connected = threading.Event()
        self._accept_from(self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._listener.close()

    @property
    def host(self) -> str:
        """``host:port`` of the proxy."""
        return f"{LOOPBACK}:{self._port}"

    def cut(self) -> None:
        """Close every connection, and refuse new ones."""
        self._connected.clear()
        # `accept` keeps a closed socket listening; `shutdown` ends it.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = socket.socket()  # keeps the port; until it listens, it refuses connections
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((LOOPBACK, self._port))
        with self._lock:
            cut, self._sockets = self._sockets, set()
        for each in cut:
            _close(each)

    def restore(self) -> None:
        """Accept connections again, on the same port."""
        self._listener.listen()
        self._accept_from(self._listener)

    def wait_for_connection(self, timeout: float) -> bool:
        """Wait for a connection since the last cut; return false after `timeout` seconds."""
        return self._connected.wait(timeout)

    def _accept_from(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:  # the server is down
                _close(client)
                continue
            with self._lock:
                self._sockets |= {client, server}
                listening = listener is self._listener and listener.fileno() >= 0
            if not listening:  # cut meanwhile
                _close(client)
                _close(server)
                return
            self._connected.set()
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    _close(source)
    _close(sink)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
