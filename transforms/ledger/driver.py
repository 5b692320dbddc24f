"""Opening connections with pg8000 the way libpq would."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pg8000


class Connection(pg8000.Connection):
    """A connection that may be closed when it is dead already."""

    def close(self) -> None:
        """Say goodbye if the server is still there."""
        with suppress(pg8000.Error):
            super().close()


def connect(timeout: float, arguments: dict[str, Any]) -> pg8000.Connection:
    """Open a connection.

    Args:
        timeout: seconds for connecting; twice as long, the server may keep silent after that.
        arguments: of `pg8000.connect`.

    Raises:
        pg8000.Error: the server does not let us in.
        OSError: it cannot be reached.
    """
    if "instance" in arguments:
        from transforms.ledger import cloud_sql

        return cloud_sql.connect(timeout, arguments)
    if "unix_sock" in arguments:
        return Connection(**arguments, timeout=2 * timeout)
    address = (arguments.get("host", "localhost"), arguments.get("port", 5432))
    opened = socket.create_connection(address, timeout)
    # pg8000 sends a statement in several small writes. With Nagle's algorithm, which it leaves on
    # for sockets that it opens by itself, each batch waits 40 ms for a delayed acknowledgement.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.settimeout(2 * timeout)
    return Connection(**arguments, sock=opened)
