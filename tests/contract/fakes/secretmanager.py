"""Fake of Secret Manager v1 for Google's client, over gRPC or REST."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import google_crc32c
import grpc
from google.cloud import secretmanager as sm
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
)

from tests.contract.fakes.json_http import JsonHandler, http_server

_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"


@dataclass
class Vault:
    """The fake's secrets, and the requests it has received.

    Attributes:
        secrets: Values by full name of the secret's version.
        requests: Names of the versions requested, in order.
        failures: Errors to send to the next requests.
        checksum_error: Number added to the checksum of each answer.
        endpoint: ``host:port`` over gRPC, a URL over REST.
    """

    secrets: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    failures: deque[tuple[grpc.StatusCode, str]] = field(default_factory=deque)
    checksum_error: int = 0
    endpoint: str = ""

    def client(self) -> sm.SecretManagerServiceClient:
        """Return Google's client, connected to this server."""
        channel = grpc.insecure_channel(self.endpoint)
        return sm.SecretManagerServiceClient(
            transport=SecretManagerServiceGrpcTransport(channel=channel)
        )

    def access(self, name: str) -> sm.AccessSecretVersionResponse:
        """Return a version's value in the service's answer format.

        Raises:
            Failure: the version does not exist, or a failure is scheduled.
        """
        self.requests.append(name)
        if self.failures:
            raise Failure(*self.failures.popleft())
        if name not in self.secrets:
            raise Failure(
                grpc.StatusCode.NOT_FOUND, f"Secret [{name}] not found or has no versions."
            )
        data = self.secrets[name]
        checksum = google_crc32c.value(data) + self.checksum_error
        payload = sm.SecretPayload(data=data, data_crc32c=checksum)
        return sm.AccessSecretVersionResponse(name=name, payload=payload)


class Failure(Exception):
    """An error answer: status and message."""


@contextmanager
def serving() -> Iterator[Vault]:
    """Run a gRPC server without secrets for the length of a block."""
    vault = Vault()

    def access(request: sm.AccessSecretVersionRequest, context: grpc.ServicerContext):
        try:
            return vault.access(request.name)
        except Failure as failure:
            context.abort(*failure.args)

    methods = {
        "AccessSecretVersion": grpc.unary_unary_rpc_method_handler(
            access,
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


@contextmanager
def serving_rest() -> Iterator[Vault]:
    """Run a REST server without secrets for the length of a block."""
    vault = Vault()
    with http_server(partial(_Rest, vault)) as url:
        vault.endpoint = f"{url}/"
        yield vault


class _Rest(JsonHandler):
    def __init__(self, vault: Vault, *arguments) -> None:
        self._vault = vault
        super().__init__(*arguments)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        name = path.removeprefix("/v1/").removesuffix(":access")
        try:
            found = self._vault.access(name)
            status, answer = 200, json.loads(sm.AccessSecretVersionResponse.to_json(found))
        except Failure as failure:
            status = {grpc.StatusCode.PERMISSION_DENIED: 403}.get(failure.args[0], 404)
            answer = {"error": {"code": status, "message": failure.args[1]}}
        self.reply(status, answer)
