"""Open pg8000 connections with timeouts and keep-alive, as libpq does."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pg8000


class Connection(pg8000.Connection):
    """A pg8000 connection whose `close` does not raise if the server is gone."""

    def close(self) -> None:
        """Close the session, ignoring errors of a broken connection."""
        with suppress(pg8000.Error):
            super().close()


def connect(timeout: float, arguments: dict[str, Any]) -> pg8000.Connection:
    """Open a connection to Postgres, with a timeout for every read.

    Args:
        timeout: seconds for connecting; reads from the socket time out after twice as long.
        arguments: keyword arguments for `pg8000.connect`.

    Raises:
        pg8000.Error: the server refuses the login.
        OSError: the server cannot be reached.
    """
    if "instance" in arguments:
        from transforms.ledger import cloud_sql

        return cloud_sql.connect(timeout, arguments)
    if "unix_sock" in arguments:
        return Connection(**arguments, timeout=2 * timeout)
    address = (arguments.get("host", "localhost"), arguments.get("port", 5432))
    opened = socket.create_connection(address, timeout)
    # pg8000 sends a statement in several small writes. On sockets that it opens itself Nagle's
    # algorithm is on, so each statement would wait 40 ms for a delayed acknowledgement.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.settimeout(2 * timeout)
    return Connection(**arguments, sock=opened)
