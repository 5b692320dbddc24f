"""`vividly serve` refuses requests of other hosts and sites, and large bodies."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette

from pipeline.serve.app import build_app
from pipeline.serve.safety import MAX_BODY
from pipeline.serve.server import WebServer
from pipeline.serve.services import RequestService
from pipeline.usage_error import UsageError
from tests.integration.serve_support import ESTIMATES
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger


@dataclass(frozen=True)
class Served:
    client: httpx.Client
    port: int


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server whose ledger and topic nothing here reaches."""
    store = ArtifactStore(str(tmp_path_factory.mktemp("lessons")))
    nowhere = Ledger("postgresql+pg8000://me@127.0.0.1:1/none")
    service = RequestService(nowhere, store, "projects/none/topics/none")
    with (
        WebServer(lambda port: build_app(service, ESTIMATES, port), 0) as server,
        httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client,
    ):
        yield Served(client, server.port)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{}", 200), ("localhost:{}", 200), ("[::1]:{}", 200), ("LOCALHOST:{}", 200),
        ("127.0.0.1", 421), ("evil.example:{}", 421), ("127.0.0.1:{}.evil.example", 421),
        ("localhost:1", 421), ("", 421),
    ],
)  # fmt: skip
def test_host_header_must_name_this_server(served, host, status):
    headers = {"host": host.format(served.port)}
    assert served.client.get("/openapi.json", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 422),
        ({"origin": "http://127.0.0.1:{}"}, 422),
        ({"sec-fetch-site": "same-origin"}, 422),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"origin": "https://127.0.0.1:{}"}, 403),
        ({"origin": "http://localhost:{}"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_changing_request_must_be_of_same_origin(served, headers, status):
    sent = {name: value.format(served.port) for name, value in headers.items()}
    sent["content-type"] = "application/json"
    assert served.client.post("/v1/requests", content=b"{}", headers=sent).status_code == status


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_form_of_another_site_is_no_request(served, kind):
    headers = {"content-type": kind}
    assert served.client.post("/v1/requests", content=b"{}", headers=headers).status_code == 415


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [MAX_BODY + 1, 300 * MAX_BODY])
def test_large_body_is_refused(served, chunked, size):
    data = b" " * size
    answer = served.client.post(
        "/v1/requests",
        content=iter([data[:1000], data[1000:]]) if chunked else data,
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 413
    assert served.client.get("/openapi.json").status_code == 200


def test_every_answer_forbids_foreign_content(served):
    for path in ("/openapi.json", "/no/such/page"):
        headers = served.client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_server_listens_on_loopback_only(served):
    with socket.socket() as probe:
        probe.settimeout(5)
        addresses = socket.gethostbyname_ex(socket.gethostname())[2]
        for address in addresses:
            if not address.startswith("127."):
                assert probe.connect_ex((address, served.port)) != 0


def test_busy_port_names_the_option(served):
    with pytest.raises(UsageError, match=f"--port {served.port}: .*in use; give another"):
        WebServer(lambda port: Starlette(), served.port)
