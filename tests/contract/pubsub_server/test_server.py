"""The embedded Pub/Sub server as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.api_core import exceptions

from pipeline.embedded.pubsub import PubSubServer
from tests.contract.pubsub_server.support import LONG, Desk, texts
from transforms.errors import DependencyDown


def test_two_servers_share_no_state(ours):
    with PubSubServer() as server:
        other = Desk(server.host)
        topic = ours.topic()
        with pytest.raises(exceptions.NotFound):
            other.publisher.get_topic(topic=topic)
        other.channel.close()


def test_message_ids_stay_unique_across_servers():
    ids = set()
    for _ in range(2):
        with PubSubServer() as server:
            desk = Desk(server.host)
            ids.update(desk.publish(desk.topic(), *map(str, range(10))))
            desk.channel.close()
    assert len(ids) == 20


def test_port_in_use_is_named_in_the_error(pubsub_server):
    port = int(pubsub_server.host.split(":")[1])
    server = PubSubServer(port)
    with pytest.raises(DependencyDown, match=str(port)):
        server.start()
    server.stop()
    command = [sys.executable, "-m", "pipeline.embedded.pubsub", "--port", str(port)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"pubsub is down: cannot listen on 127.0.0.1:{port}" in done.stderr


def test_server_restarts_at_the_same_address():
    server = PubSubServer()
    hosts = set()
    for _ in range(2):
        with server:
            hosts.add(server.host)
            desk = Desk(server.host)
            desk.topic()
            desk.channel.close()
    assert len(hosts) == 1


def test_stop_ends_waiting_pulls():
    server = PubSubServer()
    server.start()
    desk = Desk(server.host)
    _, subscription = desk.pair()
    with ThreadPoolExecutor(1) as pool:
        pulled = pool.submit(desk.pull, subscription)
        assert desk.nothing(subscription)
        server.stop()
        with pytest.raises(exceptions.GoogleAPICallError):
            pulled.result()
    desk.channel.close()
    server.stop()  # again does no harm


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_until_signalled(number):
    command = [sys.executable, "-m", "pipeline.embedded.pubsub"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            variable, _, host = process.stdout.readline().strip().partition("=")
            assert variable == "export PUBSUB_EMULATOR_HOST"
            desk = Desk(host)
            topic, subscription = desk.pair()
            desk.publish(topic, "a")
            assert texts(desk.pull(subscription)) == ["a"]
            desk.channel.close()
            process.send_signal(number)
            assert process.wait(LONG) == 0
        finally:
            process.kill()
