"""Proxy of a Pub/Sub server that delivers messages without an id."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc
from google.pubsub_v1.types import PullResponse

from pipeline.embedded.process import LOOPBACK


class NamelessMessages(grpc.GenericRpcHandler):
    """Forwards every unary call, and removes the ids from pulled messages.

    Args:
        target: ``host:port`` of the server.
    """

    def __init__(self, target: str) -> None:
        self._channel = grpc.insecure_channel(target)
        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[self])
        self.host = f"{LOOPBACK}:{self._server.add_insecure_port(f'{LOOPBACK}:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait()
        self._channel.close()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Return the handler of a call."""
        call = self._channel.unary_unary(details.method)

        def forward(request: bytes, context: grpc.ServicerContext) -> bytes:
            try:
                reply: bytes = call(request, timeout=context.time_remaining())
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            return _nameless(reply) if details.method.endswith("/Pull") else reply

        return grpc.unary_unary_rpc_method_handler(forward)


def _nameless(reply: bytes) -> bytes:
    pulled: Any = PullResponse.pb().FromString(reply)
    for each in pulled.received_messages:
        each.message.message_id = ""
    return bytes(pulled.SerializeToString())
