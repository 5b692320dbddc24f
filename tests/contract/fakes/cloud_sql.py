"""Fake Cloud SQL instance for Google's connector: Admin API, token endpoint and TLS proxy.

The proxy relays connections to a real Postgres, as the proxy of each Cloud SQL instance does.
"""

from __future__ import annotations

import json
import random
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.contract.fakes.json_http import JsonHandler, http_server

PROXY_PORT = 3307  # the same for every Cloud SQL instance, and fixed in the connector
_PEM = serialization.Encoding.PEM


@dataclass
class Instance:
    """A fake instance that records the requests it receives.

    Attributes:
        name: ``PROJECT:REGION:INSTANCE``.
        postgres: Host and port of the server behind the proxy.
        folder: Folder for keys and certificates.
        addresses: IP addresses by the Admin API's address type.
        scopes: Scope of each token issued.
        logins: For each certificate issued, True if it holds an access token, as IAM logins need.
        paths: Path of each request.
        refusal: Status and message of the Admin API's error answers; None to answer normally.
        endpoint: URL of the Admin API and the token endpoint.
    """

    name: str
    postgres: tuple[str, int]
    folder: Path
    addresses: dict[str, str] = field(default_factory=dict)
    scopes: list[str] = field(default_factory=list)
    logins: list[bool] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    refusal: tuple[int, str] | None = None
    endpoint: str = ""

    def __post_init__(self) -> None:
        self._key = _new_key()
        self._certificate = self._sign(self._key.public_key(), authority=True)
        self._authority = self._write("authority.pem", self._pem(self._certificate))

    def environment(self) -> dict[str, str]:
        """Return environment variables that make Google's libraries use this instance."""
        account = {
            "type": "service_account",
            "client_email": "lessons@test.iam.gserviceaccount.com",
            "private_key": _private_pem(_new_key()).decode(),
            "private_key_id": "1",
            "project_id": "test",
            "token_uri": f"{self.endpoint}/token",
        }
        credentials = self._write("account.json", json.dumps(account).encode())
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL": self.endpoint,
        }

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Return status and body of the answer of the Admin API or the token endpoint."""
        self.paths.append(path)
        project, region, instance = self.name.split(":")
        base = f"/sql/v1beta4/projects/{project}/instances/{instance}"
        if path == "/token":
            self.scopes.append(_scope(body))
            return 200, {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}
        if self.refusal:
            status, message = self.refusal
            return status, {"error": {"code": status, "message": message}}
        if path == f"{base}/connectSettings":
            return 200, {
                "region": region,
                "databaseVersion": "POSTGRES_18",
                "ipAddresses": [
                    {"type": kind, "ipAddress": address} for kind, address in self.addresses.items()
                ],
                "serverCaCert": {"cert": self._pem(self._certificate).decode()},
            }
        if path == f"{base}:generateEphemeralCert":
            request = json.loads(body)
            self.logins.append("access_token" in request)
            key = serialization.load_pem_public_key(request["public_key"].encode())
            return 200, {"ephemeralCert": {"cert": self._pem(self._sign(key)).decode()}}
        return 404, {"error": {"code": 404, "message": f"no such path {path}"}}

    def tls(self) -> ssl.SSLContext:
        """Return the proxy's TLS context; it requires a client certificate of this instance."""
        key = _new_key()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            self._write("server.pem", self._pem(self._sign(key.public_key()))),
            self._write("server.key", _private_pem(key)),
        )
        context.load_verify_locations(self._authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _sign(self, key: Any, authority: bool = False) -> x509.Certificate:
        issuer, subject = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
            for name in ("authority", "authority" if authority else self.name)
        )
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def _pem(self, certificate: x509.Certificate) -> bytes:
        return certificate.public_bytes(_PEM)

    def _write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


@contextmanager
def serving(name: str, postgres: tuple[str, int], folder: Path) -> Iterator[Instance]:
    """Run a fake instance for the length of a block."""
    instance = Instance(name, postgres, folder)
    handler = type("_Bound", (_AdminApi,), {"instance": instance})
    listener = _listener()
    instance.addresses = {"PRIMARY": listener.getsockname()[0]}
    context = instance.tls()
    threading.Thread(target=_accept, args=(listener, context, postgres), daemon=True).start()
    with http_server(handler) as url, closing(listener):
        instance.endpoint = url
        yield instance


class _AdminApi(JsonHandler):
    instance: Instance

    def do_GET(self) -> None:
        self.reply(*self.instance.answer(self.path, self.body()))

    do_POST = do_GET


def _listener() -> socket.socket:
    """Listen at the fixed port of a random loopback address; all of 127/8 is loopback."""
    while True:
        address = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(2, 254)}"
        with suppress(OSError):
            return socket.create_server((address, PROXY_PORT))


def _accept(listener: socket.socket, context: ssl.SSLContext, to: tuple[str, int]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # closed
            return
        threading.Thread(target=_relay, args=(client, context, to), daemon=True).start()


def _relay(client: socket.socket, context: ssl.SSLContext, to: tuple[str, int]) -> None:
    """Copy both ways on one thread: OpenSSL's connections must not be used by two at once."""
    with (
        suppress(OSError),
        context.wrap_socket(client, server_side=True) as inside,
        socket.create_connection(to) as outside,
    ):
        while True:
            ready = [inside] if inside.pending() else select.select([inside, outside], [], [])[0]
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                (outside if source is inside else inside).sendall(data)


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _scope(body: bytes) -> str:
    """Return the scope in a service account's signed JWT (RFC 7523)."""
    from urllib.parse import parse_qs

    from google.auth import jwt

    return str(jwt.decode(parse_qs(body.decode())["assertion"][0], verify=False)["scope"])
