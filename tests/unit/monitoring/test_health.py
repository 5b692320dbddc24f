"""Paths and methods of the health server."""

from __future__ import annotations

import http.client

import pytest
from prometheus_client import CollectorRegistry

from pipeline.monitoring.health import HealthServer


def fail():
    raise RuntimeError("no answer")


@pytest.fixture
def ask():
    with HealthServer(0, {"postgres": fail}, CollectorRegistry()) as server:

        def ask(method, path):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            try:
                connection.request(method, path)
                reply = connection.getresponse()
                return reply.status, reply.getheader("Content-Length"), reply.read()
            finally:
                connection.close()

        yield ask


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/health", 200, b"alive"),
        ("/healthz", 200, b"alive"),
        ("/ready", 503, b"no answer"),
        ("/readyz", 503, b"no answer"),
        ("/metrics", 200, b""),
        ("/healthy", 404, b"there are /health, /ready and /metrics"),
        ("/", 404, b"there are"),
    ],
)
@pytest.mark.parametrize("query", ["", "?probe=1&x=/healthz"])
def test_get_and_head_answer_alike(ask, path, status, text, query):
    found, length, body = ask("GET", path + query)
    assert found == status
    assert text in body
    assert int(length) == len(body)
    assert ask("HEAD", path + query) == (status, length, b"")
