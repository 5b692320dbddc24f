"""`vividly drain` during network failures and with a Postgres that does not answer."""

from __future__ import annotations

import json
import signal
from contextlib import ExitStack

import pytest

from pipeline.embedded.postgres import EmbeddedPostgres
from pipeline.embedded.process import free_port
from tests.conftest import Database
from tests.e2e import command
from tests.e2e.test_drain import Place
from tests.postgres_faults import frozen
from tests.tcp_proxy import TcpProxy

BOUND = 30
"""Seconds for the end of a stopped job without grace.

It takes three; unbounded calls to a service that hangs would take at least as long as this."""


@pytest.fixture
def server(tmp_path):
    """A Postgres server that the test may freeze."""
    with EmbeddedPostgres(tmp_path / "postgres", fsync=False) as server:
        yield server


@pytest.fixture
def proxy(pubsub):
    with TcpProxy(pubsub.host) as proxy:
        yield proxy


@pytest.fixture
def place(pubsub, server, proxy, tmp_path, monkeypatch):
    """A place whose drains reach Pub/Sub through the proxy."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
    return Place(pubsub, Database(server.url, server), tmp_path)


def start(place, proxy, *arguments):
    place.environment["PUBSUB_EMULATOR_HOST"] = proxy.host
    return place.start("--workers", "1", "--dependency-timeout", "300", *arguments)


def test_work_goes_on_while_pubsub_is_cut_off(place, proxy):
    place.publish(command.request(), command.request(), command.request())
    process = start(place, proxy)
    place.wait_for(lambda: "pulled" in place.log(), process)
    proxy.cut()
    logged = ("completed after", "acknowledging failed", "waiting for Pub/Sub")
    place.wait_for(lambda: all(each in place.log() for each in logged), process)
    proxy.restore()
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, place.log()
    assert command.summary(output)["completed"] == 3
    place.environment["VIVIDLY_EMPTY_QUEUE_TIMEOUT"] = "0"
    assert command.summary(place.drain().stdout)["received"] == 0  # all are acknowledged


@pytest.mark.parametrize("outage", ["pubsub", "postgres"])
def test_signal_during_outage_ends_with_a_summary(place, proxy, server, outage):
    port = free_port()
    place.publish(command.request(requested_modalities=["video"]))
    process = start(place, proxy, "--shutdown-grace", "0", "--health-port", port)
    place.wait_for(lambda: "claimed" in place.log(), process)
    with ExitStack() as stack:
        if outage == "pubsub":
            proxy.cut()
        else:
            stack.enter_context(frozen(server))
            status, body = command.get(port, "/readyz")
            assert (status, json.loads(body)["down"]["postgres"]) == (503, "no answer within 1.5 s")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 128 + signal.SIGTERM, place.log()
    assert command.summary(output)["in_flight"] == 1
    warning = {"pubsub": "Pub/Sub did not answer in time", "postgres": "ledger does not answer"}
    assert warning[outage] in place.log()
