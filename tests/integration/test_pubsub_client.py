"""Pub/Sub clients that reconnect after a network failure."""

from __future__ import annotations

import os

import grpc
import pytest
from google.api_core import exceptions, grpc_helpers
from google.auth.credentials import AnonymousCredentials

from tests.integration.drain_support import PATIENCE
from tests.tcp_proxy import TcpProxy
from transforms.pubsub_client import CHANNEL_OPTIONS, publisher_client, subscriber_client

CLIENTS = [subscriber_client, publisher_client]


@pytest.mark.parametrize("client", CLIENTS)
def test_channel_to_service_limits_reconnect_waits(client, monkeypatch):
    opened = []
    create = grpc_helpers.create_channel

    def recorded(host, **named):
        opened.append((host, dict(named["options"])))
        return create(host, **named)

    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(grpc_helpers, "create_channel", recorded)
    monkeypatch.setattr("google.auth.default", lambda **_: (AnonymousCredentials(), "p"))
    with client():
        [(host, options)] = opened
    assert host == "pubsub.googleapis.com:443"
    assert options["grpc.max_reconnect_backoff_ms"] <= 5000 / 1.2  # gRPC adds up to 20 %
    assert options["grpc.min_reconnect_backoff_ms"] <= 5000
    assert options["grpc.max_receive_message_length"] == -1  # the client's own options are kept


@pytest.mark.parametrize("client", CLIENTS)
def test_channel_to_emulator_limits_reconnect_waits(client, pubsub, monkeypatch):
    opened = []
    create = grpc.insecure_channel

    def recorded(target, options=None):
        opened.append((target, options))
        return create(target, options)

    monkeypatch.setattr(grpc, "insecure_channel", recorded)
    with client():
        assert opened == [(pubsub.host, CHANNEL_OPTIONS)]


def test_client_reconnects_after_a_cut(pubsub, monkeypatch):
    topic = f"projects/{pubsub.project}/topics/t-{os.urandom(4).hex()}"
    with TcpProxy(pubsub.host) as proxy:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", proxy.host)
        with publisher_client() as client:
            client.create_topic(name=topic)
            proxy.cut()
            for _ in range(2):  # the first may fail on the old connection, the second is refused
                with pytest.raises(exceptions.ServiceUnavailable):
                    client.get_topic(topic=topic, retry=None, timeout=PATIENCE)
            proxy.restore()
            assert proxy.wait_for_connection(PATIENCE)
            assert client.get_topic(topic=topic, timeout=PATIENCE).name == topic
