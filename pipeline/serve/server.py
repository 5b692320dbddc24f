"""WebServer runs the web application on a loopback port, in a thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from pipeline.embedded.process import LOOPBACK
from pipeline.ports import port_error

END_SECONDS = 3  # longest wait for requests in progress at the end
MAX_CONNECTIONS = 128
"""Connections at a time; more are answered with 503."""


class WebServer:
    """Serves an application on 127.0.0.1 while the block runs.

    Args:
        build: Function that returns the application for a port.
        port: TCP port; 0 for a free one.

    Raises:
        UsageError: The port is in use, or this process may not use it.
    """

    def __init__(self, build: Callable[[int], ASGIApp], port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, port))
        except OSError as error:
            self._socket.close()
            raise port_error("--port", port, error) from error
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(
            uvicorn.Config(
                build(self.port),
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,  # the command's own
                access_log=False,  # addresses hold search texts
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_keep_alive=10,
                timeout_graceful_shutdown=END_SECONDS,
            )
        )
        self._thread = threading.Thread(
            target=lambda: self._server.run(sockets=[self._socket]), name="web server", daemon=True
        )

    @property
    def url(self) -> str:
        """Address of the page Ask."""
        return f"http://{LOOPBACK}:{self.port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)
        if not self._server.started:
            raise RuntimeError("the web server did not start; its log says why")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(END_SECONDS + 1)
        self._socket.close()
