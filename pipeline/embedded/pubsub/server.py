"""PubSubServer runs an in-memory Pub/Sub server in a thread of this process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Self

import grpc
import grpc.aio

from pipeline.embedded.process import LOOPBACK
from pipeline.embedded.pubsub.broker import Broker
from pipeline.embedded.pubsub.service import Service
from transforms.errors import DependencyDown

_OPTIONS = (
    # A busy port must be an error, not a share of another server's traffic.
    ("grpc.so_reuseport", 0),
    # Above the limit on a publish, so that the broker can refuse larger ones with a reason.
    ("grpc.max_receive_message_length", 32 * 1024 * 1024),
    ("grpc.max_send_message_length", -1),
    # Google's clients ping every 30 s; by default gRPC closes the connection for that.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
)


class PubSubServer:
    """A google.pubsub.v1 server for one process and its children; `stop` discards all data.

    Args:
        port: port to listen on; 0 picks a free one.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._thread: threading.Thread | None = None
        self._finish: Callable[[], object] | None = None

    @property
    def host(self) -> str:
        """``host:port``, as the clients read it from `PUBSUB_EMULATOR_HOST`."""
        return f"{LOOPBACK}:{self._port}"

    def start(self) -> str:
        """Start the gRPC server.

        Returns:
            `host`.

        Raises:
            DependencyDown: the port is in use.
        """
        started: Future[int] = Future()

        def run() -> None:
            try:
                asyncio.run(self._serve(started))
            except Exception as error:
                if started.done():
                    raise
                started.set_exception(error)

        self._thread = threading.Thread(target=run, name="pubsub-server", daemon=True)
        self._thread.start()
        self._port = started.result()
        return self.host

    def stop(self) -> None:
        """Stop serving, cancel calls in progress and discard all data."""
        if self._thread is None or self._finish is None:
            return
        self._finish()
        self._thread.join()
        self._thread = self._finish = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _check_port(self) -> None:
        """Raise if the port is in use, which gRPC would also print to standard error."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, self._port))
            except OSError as error:
                raise DependencyDown(
                    "pubsub", f"cannot listen on {self.host}: {error.strerror}; choose another port"
                ) from error

    async def _serve(self, started: Future[int]) -> None:
        self._check_port()
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers(Service(Broker()).handlers())
        try:
            port = server.add_insecure_port(self.host)
        except RuntimeError as error:
            raise DependencyDown("pubsub", f"cannot listen on {self.host}: {error}") from error
        await server.start()
        loop, finished = asyncio.get_running_loop(), asyncio.Event()
        self._finish = partial(loop.call_soon_threadsafe, finished.set)
        started.set_result(port)
        await finished.wait()
        await server.stop(grace=None)
