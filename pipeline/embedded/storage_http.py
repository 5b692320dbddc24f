"""HTTP server of the embedded Cloud Storage: threads, persistent connections, an interceptor."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from http.server import ThreadingHTTPServer
from typing import Any

from gcp_storage_emulator import server as emulator

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """A request, as passed to an interceptor."""

    method: str
    path: str
    query: Mapping[str, list[str]]


@dataclass(frozen=True)
class Reply:
    """An HTTP response: status, body and headers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Interceptor = Callable[[Call, Callable[[], Reply]], Reply | None]
"""Function called with each request and a function that serves it; it returns the reply to send, or
None to close the connection without one."""


def plain(_call: Call, proceed: Callable[[], Reply]) -> Reply | None:
    """Serve every request unchanged; the default interceptor."""
    return proceed()


def error(status: int, message: str, reason: str) -> Reply:
    """Return an error reply in the format of the JSON API."""
    problem = {
        "code": status,
        "message": message,
        "errors": [{"domain": "global", "reason": reason, "message": message}],
    }
    return Reply(
        status, json.dumps({"error": problem}).encode(), {"Content-Type": "application/json"}
    )


class Request(emulator.Request):
    """A request whose multipart upload is split at its boundary.

    The emulator parses it as e-mail, which takes 20 ms per megabyte and loses the parameters of the
    media type.
    """

    @cached_property
    def data(self) -> Any:
        """The body, parsed according to its media type."""
        kind = self.get_header("Content-Type", "")
        if not kind.startswith("multipart/related"):
            return super().data
        message = Message()
        message["Content-Type"] = kind
        boundary = b"--" + message.get_boundary("").encode()
        body = emulator._decode_raw_data(
            emulator._read_raw_data(self._request_handler), self._request_handler
        )
        _, described, rest = body.split(boundary, 2)
        headers, _, content = rest[: rest.rindex(boundary)].partition(b"\r\n\r\n")
        media_type = re.search(rb"(?i)^content-type:[ \t]*([^\r\n]+)", headers, re.MULTILINE)
        return {
            "meta": json.loads(described.partition(b"\r\n\r\n")[2]),
            "content": content.removesuffix(b"\r\n"),
            "content-type": media_type[1].decode() if media_type else "application/octet-stream",
        }


class Response(emulator.Response):
    """A response of the emulator that is converted to a `Reply` instead of sent."""

    def write(self, content: str) -> None:
        """Append text, without the warning that the emulator logs each time."""
        self._content += content

    def reply(self) -> Reply:
        """Return the status, headers and body as a `Reply`."""
        content = self._content.encode() if isinstance(self._content, str) else self._content
        return Reply(int(self.status), content, dict(self._headers))


class _Incoming(io.BufferedReader):
    """Reader of a client's data that raises if the data end too early.

    Attributes:
        ended: true if the connection ended where a line was expected.
    """

    ended = False

    def read(self, size: int | None = -1, /) -> bytes:
        """Read exactly `size` bytes of the request body.

        Raises:
            EOFError: the client closed the connection before it had sent them.
        """
        data = super().read(size)
        if len(data) < (size or 0):
            raise EOFError(f"the client closed the connection after {len(data)} of {size} bytes")
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line of the request; return an empty one at the end."""
        line = super().readline(size)
        self.ended = not line
        return line


class Handler(emulator.RequestHandler):
    """Handles the HTTP requests of one client's connection.

    Args:
        serve: serves a request.
        intercept: returns the current interceptor.
        arguments: arguments of the base class.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    rfile: _Incoming

    def __init__(
        self,
        serve: Callable[[Any, Response], Reply],
        intercept: Callable[[], Interceptor],
        *arguments: Any,
    ) -> None:
        self._serve = serve
        self._intercept = intercept
        super().__init__(None, *arguments)

    def setup(self) -> None:
        """Replace the reader; the base class would accept a truncated upload as complete."""
        super().setup()
        self.rfile = _Incoming(self.rfile.detach())

    def _answer(self, method: str) -> None:
        method = self.headers.get("x-http-method-override") or method
        request = Request(self, method)
        try:
            _ = request.data  # always read: unread bytes would be parsed as the next request
            if self.rfile.ended:
                raise EOFError("the client closed the connection before the last chunk")
            call = Call(method, request.path, request.query)
            reply = self._intercept()(call, lambda: self._serve(request, Response(self)))
        except EOFError as cut:  # usually a client that was killed
            log.debug("%s %s: %s", method, self.path, cut)
            self.close_connection = True
            reply = error(400, str(cut), "invalid")
        except Exception as problem:  # noqa: BLE001  (a bad request must not end the server)
            log.warning("request %s %s failed: %s", method, self.path, problem)
            reply = error(400, f"{type(problem).__name__}: {problem}", "invalid")
        if reply is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def do_DELETE(self) -> None:
        self._answer("DELETE")


class Server(ThreadingHTTPServer):
    """HTTP server with a thread for every connection; closing it closes all connections."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Callable[..., Handler]) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("the connection from %s broke", client_address, exc_info=True)
