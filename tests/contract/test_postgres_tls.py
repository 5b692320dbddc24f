"""The ledger's connections are encrypted as `sslmode` says; the proxy here speaks TLS only."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.engine import make_url

from tests.contract.fakes import cloud_sql
from transforms.errors import DependencyDown
from transforms.ledger import Ledger


@pytest.fixture
def through_tls(migrated_postgres, tmp_path) -> Iterator[str]:
    """Return the URL of a proxy that answers a request for TLS, and forwards nothing else."""
    url = make_url(migrated_postgres.url)
    behind = (str(url.host), int(url.port or 0))
    context = cloud_sql.Instance("lessons", behind, tmp_path).tls()
    context.verify_mode = ssl.CERT_NONE  # of clients
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        if client.recv(8) == b"\0\0\0\x08\x04\xd2\x16\x2f":
            client.sendall(b"S")
            cloud_sql._relay(client, context, behind)
        client.close()

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port = listener.getsockname()[1]
    yield url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize(
    "mode", ["", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca&sslrootcert={root}"]
)
def test_sslmode_that_fits_connects_with_tls(through_tls, tmp_path, mode):
    ledger = Ledger(through_tls + mode.format(root=tmp_path / "authority.pem"))
    assert ledger.totals().received == 0
    ledger.close()


@pytest.mark.parametrize("mode", ["sslmode=disable", "sslmode=verify-full"])
def test_sslmode_that_does_not_fit_is_refused(through_tls, mode):
    with pytest.raises(DependencyDown):
        Ledger(f"{through_tls}?{mode}").totals()


def test_server_without_tls_is_used_unless_required(migrated_postgres):
    assert Ledger(migrated_postgres.url).totals().received == 0
    with pytest.raises(DependencyDown, match="refuses SSL"):
        Ledger(f"{migrated_postgres.url}?sslmode=require").totals()
