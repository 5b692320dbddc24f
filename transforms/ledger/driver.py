"""Open pg8000 connections with timeouts and keep-alive, as libpq does."""

from __future__ import annotations

import select
import socket
import ssl
import struct
from contextlib import suppress
from functools import lru_cache
from typing import Any

import pg8000
from pg8000.converters import make_params
from pg8000.core import NULL_BYTE, SYNC, Context
from pg8000.legacy import to_statement

_UNNAMED = NULL_BYTE

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""https://www.postgresql.org/docs/current/protocol-message-formats.html"""


class Connection(pg8000.Connection):
    """A pg8000 connection that can run a transaction in one round trip.

    Attributes:
        server_process: process id of the server, as told at login.
    """

    server_process: int

    def handle_BACKEND_KEY_DATA(self, data: bytes, context: Context) -> None:
        """Keep the server's process id, which precedes the cancel key."""
        self.server_process = int.from_bytes(data[:4], "big", signed=True)
        super().handle_BACKEND_KEY_DATA(data, context)

    def run_simple(self, statements: str) -> list[list[Any]]:
        """Run statements without parameters; return the rows."""
        return self.execute_simple(statements).rows or []

    def run_transaction(
        self, begin: str, statement: str, parameters: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Run a statement as an unnamed one between BEGIN and COMMIT, in one round trip.

        Args:
            begin: BEGIN, and SET LOCAL statements.
            statement: SQL with `:name` parameters; a constant text.

        Returns:
            The rows as dictionaries by column name.
        """
        text, select = _parsed(statement)
        values = make_params(self.py_types, select(parameters))
        results = Context(begin), Context(text), Context("COMMIT")
        self.send_QUERY(begin)
        self.send_PARSE(_UNNAMED, text)
        self.send_DESCRIBE_STATEMENT(_UNNAMED)
        self.send_BIND(_UNNAMED, values)
        self.send_EXECUTE()
        self._send_message(SYNC, b"")
        self.send_QUERY("COMMIT")
        self._sock.flush()
        errors = []
        for result in results:
            try:
                self.handle_messages(result)
            except pg8000.Error as error:
                errors.append(result.error or error)
                if result.error is None:
                    break  # the connection is broken
        if errors:
            raise errors[0]  # after a failed statement, COMMIT fails too
        columns = [column["name"] for column in results[1].columns or ()]
        return [dict(zip(columns, row, strict=True)) for row in results[1].rows or ()]

    def close(self) -> None:
        """Close the session, ignoring errors of a broken connection."""
        with suppress(pg8000.Error):
            super().close()


_parsed = lru_cache(to_statement)  # it reads the text character by character


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
    known = {"ssl_context": None, **arguments}
    if "unix_sock" in arguments:
        known["ssl_context"] = known["ssl_context"] or False
        return Connection(**known, timeout=2 * timeout)
    address = (arguments.get("host", "localhost"), arguments.get("port", 5432))
    opened = socket.create_connection(address, timeout)
    # pg8000 sends a statement in several small writes. On sockets that it opens itself Nagle's
    # algorithm is on, so each statement would wait 40 ms for a delayed acknowledgement.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.settimeout(2 * timeout)
    if known["ssl_context"] is None:
        opened = _encrypted_if_supported(opened)
        known["ssl_context"] = False  # decided
    elif known["ssl_context"] is True:
        known["ssl_context"] = _unverified()
    return Connection(**known, sock=opened)


def has_input(connection: pg8000.Connection) -> bool:
    """Return whether an idle connection has received data or was closed by the server."""
    poll = select.poll()
    poll.register(connection._usock, select.POLLIN)
    return bool(poll.poll(0))


def _encrypted_if_supported(opened: socket.socket) -> socket.socket:
    """Encrypt a new connection if the server supports it, without checking its certificate."""
    opened.sendall(_SSL_REQUEST)
    return _unverified().wrap_socket(opened) if opened.recv(1) == b"S" else opened


def _unverified() -> ssl.SSLContext:
    """Return TLS settings that accept any certificate.

    pg8000's own would load all certificate authorities, although it asks none of them: 50 ms of CPU
    for each connection.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
