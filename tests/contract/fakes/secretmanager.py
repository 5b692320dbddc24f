"""A local server that speaks Secret Manager v1 over gRPC, for its own client."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field

import google_crc32c
import grpc
from google.cloud import secretmanager as sm
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
)

_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"


@dataclass
class Vault:
    """Secrets by the full name of their version; what was asked; failures for the next requests."""

    secrets: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    failures: deque[tuple[grpc.StatusCode, str]] = field(default_factory=deque)
    checksum_error: int = 0
    endpoint: str = ""

    def client(self) -> sm.SecretManagerServiceClient:
        """Google's client, connected to this server."""
        channel = grpc.insecure_channel(self.endpoint)
        return sm.SecretManagerServiceClient(
            transport=SecretManagerServiceGrpcTransport(channel=channel)
        )

    def access(self, request: sm.AccessSecretVersionRequest, context: grpc.ServicerContext):
        """One answer, as the service gives it."""
        self.requests.append(request.name)
        if self.failures:
            context.abort(*self.failures.popleft())
        if request.name not in self.secrets:
            context.abort(
                grpc.StatusCode.NOT_FOUND,
                f"Secret [{request.name}] not found or has no versions.",
            )
        data = self.secrets[request.name]
        checksum = google_crc32c.value(data) + self.checksum_error
        payload = sm.SecretPayload(data=data, data_crc32c=checksum)
        return sm.AccessSecretVersionResponse(name=request.name, payload=payload)


@contextmanager
def serving() -> Iterator[Vault]:
    """A server with an empty vault."""
    vault = Vault()
    methods = {
        "AccessSecretVersion": grpc.unary_unary_rpc_method_handler(
            vault.access,
            request_deserializer=sm.AccessSecretVersionRequest.deserialize,
            response_serializer=sm.AccessSecretVersionResponse.serialize,
        )
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, methods),))
    vault.endpoint = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield vault
    finally:
        server.stop(None).wait()
