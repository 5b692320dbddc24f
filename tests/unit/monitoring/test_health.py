"""Paths, methods, time limits and restarts of the health server."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry

from pipeline.monitoring import health, http_server, readiness
from pipeline.monitoring.health import RESTARTS, HealthServer
from pipeline.monitoring.http_server import MAX_CONNECTIONS, MAX_THREADS, BoundedHTTPServer
from pipeline.monitoring.readiness import Readiness
from pipeline.usage_error import UsageError
from transforms.process.supervision import ThreadFailed


def fail():
    raise RuntimeError("no answer")


def request(server, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.getheader("Content-Length"), reply.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def ask():
    with HealthServer(0, {"postgres": fail}, CollectorRegistry()) as server:
        yield lambda method, path: request(server, method, path)


def test_taken_port_is_a_usage_error():
    with HealthServer(0, {}, CollectorRegistry()) as server:
        taken = server.port
        with pytest.raises(UsageError, match=f"--health-port {taken}: address already in use"):
            HealthServer(taken, {}, CollectorRegistry())


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


def test_reply_to_head_ends_after_its_headers():
    """`http.client` reads no body after HEAD, so the bytes themselves are read here."""
    with (
        HealthServer(0, {}, CollectorRegistry()) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection,
    ):
        connection.sendall(b"HEAD /health HTTP/1.0\r\n\r\n")
        reply = b"".join(iter(lambda: connection.recv(4096), b""))
    assert reply.startswith(b"HTTP/1.0 200 ")
    assert reply.endswith(b"\r\n\r\n")


def test_failed_thread_fails_health_but_not_readiness():
    failure = ThreadFailed("the puller thread has made no progress for 200 s")
    with HealthServer(0, {}, CollectorRegistry(), lambda: failure) as server:
        status, _, body = request(server, "GET", "/healthz")
        assert (status, json.loads(body)["reason"]) == (503, str(failure))
        assert request(server, "GET", "/readyz")[0] == 200


def test_hanging_check_does_not_delay_readiness(monkeypatch):
    monkeypatch.setattr(readiness, "LIMIT", 0.05)
    monkeypatch.setattr(readiness, "MAX_AGE", 0.0)
    calls, answer = [], threading.Event()

    def hang():
        calls.append(1)
        answer.wait(20)

    with HealthServer(0, {"postgres": hang, "artifacts": fail}, CollectorRegistry()) as server:
        for _ in range(2):
            status, _, body = request(server, "GET", "/readyz")
            assert status == 503
            assert json.loads(body)["down"] == {
                "postgres": "no answer within 0.05 s",
                "artifacts": "no answer",
            }
        assert len(calls) == 1  # not called again while it hangs
        answer.set()


def test_limit_of_checks_keeps_probes_within_two_seconds():
    assert readiness.LIMIT < 2


def test_failed_server_is_restarted(monkeypatch):
    left = [RuntimeError("a bug")] * RESTARTS
    act = BoundedHTTPServer.service_actions

    def fail_first(server):
        if left:
            raise left.pop()
        act(server)

    monkeypatch.setattr(BoundedHTTPServer, "service_actions", fail_first)
    with HealthServer(0, {}, CollectorRegistry()) as server:
        while left:  # the server's loop makes a pass after each request
            assert request(server, "GET", "/healthz")[0] == 200
        assert request(server, "GET", "/healthz")[0] == 200
        assert server.thread.failure() is None


def test_hanging_server_does_not_delay_the_end(monkeypatch):
    monkeypatch.setattr(health, "END_SECONDS", 0.01)
    hanging, end = threading.Event(), threading.Event()

    def hang():
        hanging.set()
        end.wait(20)

    server = HealthServer(0, {}, CollectorRegistry())
    monkeypatch.setattr(server._server, "service_actions", hang)
    with server:
        assert hanging.wait(20)
    assert server.thread.is_alive()
    end.set()
    server.thread.join(20)


@pytest.fixture
def held():
    """Open connections to a server that send half a request and wait."""
    opened: list[socket.socket] = []

    def hold(server, count):
        for _ in range(count):
            opened.append(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            opened[-1].sendall(b"GET /health HTTP/1.0\r\nX-Slow: ")
        return opened[-count:]

    yield hold
    for each in opened:
        each.close()


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_slow_clients_do_not_keep_out_probes(held):
    with HealthServer(0, {}, CollectorRegistry()) as server:
        slow = held(server, 3 * MAX_CONNECTIONS)
        for _ in range(3):
            assert request(server, "GET", "/healthz")[0] == 200
        assert slow[0].recv(100) == b""  # the oldest were cut
        wait_until(lambda: server._server.threads <= MAX_CONNECTIONS)


def test_connection_ends_after_its_time(held, monkeypatch):
    monkeypatch.setattr(http_server, "CONNECTION_SECONDS", 0.0)
    with HealthServer(0, {}, CollectorRegistry()) as server:
        [slow] = held(server, 1)
        assert slow.recv(100) == b""
        wait_until(lambda: server._server.threads == 0)


def test_threads_are_bounded_while_handlers_hang(monkeypatch):
    """Beyond the bound a connection is closed at once."""
    answer = threading.Event()
    monkeypatch.setattr(Readiness, "down", lambda _: answer.wait(20) and {})
    with HealthServer(0, {}, CollectorRegistry()) as server:
        opened = []
        for _ in range(2 * MAX_THREADS):
            opened.append(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            opened[-1].sendall(b"GET /ready HTTP/1.0\r\n\r\n")
        wait_until(lambda: server._server.threads == MAX_THREADS)
        assert opened[-1].recv(100) == b""
        assert server._server.threads == MAX_THREADS
        answer.set()
        wait_until(lambda: server._server.threads == 0)
        assert request(server, "GET", "/ready")[0] == 200
        for each in opened:
            each.close()


def test_details_are_for_this_machine_only(monkeypatch):
    monkeypatch.setattr(health._Handler, "_is_local", lambda _: False)
    failure = ThreadFailed("the puller thread has failed")
    with HealthServer(0, {"postgres": fail}, CollectorRegistry(), lambda: failure) as server:
        assert request(server, "GET", "/ready")[2] == b'{"ready": false}'
        assert request(server, "GET", "/health")[2] == b'{"status": "failed"}'


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("10.0.0.1", False), ("169.254.1.1", False)],
)
def test_loopback_addresses_are_local(address, local):
    handler = health._Handler.__new__(health._Handler)
    handler.client_address = (address, 1)
    assert handler._is_local() is local


def test_probes_within_a_second_share_one_check(monkeypatch):
    calls = []
    clock = Clock()
    monkeypatch.setattr(readiness, "time", clock)
    found = Readiness({"postgres": lambda: calls.append(1)})
    for now, checks in ((0.0, 1), (0.9, 1), (1.0, 2), (1.9, 2), (2.5, 3)):
        clock.now = 100 + now
        assert found.down() == {}
        assert len(calls) == checks


def test_probes_at_the_same_time_share_one_check():
    calls, answer = [], threading.Event()

    def slow():
        calls.append(1)
        answer.wait(20)

    found = Readiness({"postgres": slow})
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(found.down) for _ in range(8)]
        wait_until(lambda: calls)
        answer.set()
        assert [each.result() for each in waiting] == [{}] * 8
    assert len(calls) == 1


class Clock:
    """Stands in for the module `time`."""

    now = 100.0

    def monotonic(self):
        return self.now
