"""A drain while Pub/Sub is down."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from google.api_core import exceptions

from pipeline.jobs import pull_retries
from pipeline.usage_error import UsageError
from tests.clock import HighestDraw
from tests.integration.drain_support import PATIENCE, start_drain, stop, wait_until
from transforms.errors import DependencyDown
from transforms.process import backoff
from transforms.process.backoff import Backoff


def test_missing_subscription_is_a_usage_error(queue, graph):
    queue.name += "-missing"
    with pytest.raises(UsageError, match=queue.name):
        start_drain(queue, graph).run()


def test_pubsub_outage_ends_the_drain(queue, graph, monkeypatch):
    waits = []
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.setattr(pull_retries, "BACKOFF", Backoff(0.01, longest=0.03))
    monkeypatch.setattr(backoff, "random", HighestDraw)
    drain = start_drain(queue, graph, dependency_timeout=0.3)
    wait = drain._stop.wait

    def watched(seconds):
        waits.append(seconds)
        return wait(seconds)

    monkeypatch.setattr(drain._stop, "wait", watched)
    checks = drain._checks()
    with pytest.raises(DependencyDown, match="not reached yet"):
        checks["subscription"]()
    summary = drain._run()
    assert summary["exit_reason"] == "dependency_down"
    assert drain.down
    assert str(drain.down).startswith("pubsub is down")
    assert waits[:3] == [0.01, 0.02, 0.03]
    assert max(waits) == 0.03
    with pytest.raises(DependencyDown, match="pubsub"):
        checks["subscription"]()


@pytest.mark.parametrize("may_read", [True, False])
def test_drain_outlasts_lease_of_lost_response(queue, graph, monkeypatch, may_read):
    """The subscription's deadline is known only to an account that may read it."""
    monkeypatch.setattr(pull_retries, "BACKOFF", Backoff(0.01, longest=0.01))
    monkeypatch.setattr(pull_retries, "LONGEST_ACK_DEADLINE", 2 * PATIENCE)
    queue.publish(b"completed")
    drain = start_drain(queue, graph)
    pull = drain._puller.pull

    def lose_response(*arguments):
        assert pull(*arguments).received_messages
        monkeypatch.setattr(drain._puller, "pull", pull)
        raise exceptions.ServiceUnavailable("connection reset")

    def get_subscription(**_):
        if not may_read:
            raise exceptions.PermissionDenied("pubsub.subscriptions.get")
        return SimpleNamespace(ack_deadline_seconds=2 * PATIENCE)

    monkeypatch.setattr(drain._puller, "pull", lose_response)
    monkeypatch.setattr(drain._client, "get_subscription", get_subscription)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        wait_until(lambda: drain._pulls.unseen_until)
        assert drain._pulls.unseen_until > time.monotonic() + PATIENCE
        time.sleep(0.3)  # more than the empty-queue timeout
        queue.redeliver()  # as it happens at the end of the lease
        wait_until(lambda: graph.deliveries[b"completed"])
        drain._pulls.unseen_until = 0.0
        summary = running.result(PATIENCE)
    assert (summary["completed"], summary["exit_reason"]) == (1, "empty_queue")


def test_stop_ends_waiting_for_pubsub(queue, graph, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.setattr(pull_retries, "BACKOFF", Backoff(PATIENCE, PATIENCE))
    monkeypatch.setattr(backoff, "random", HighestDraw)
    drain = start_drain(queue, graph)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        wait_until(lambda: drain._pulls.trouble not in ("", "not reached yet"))
        drain._stop.set()
        assert running.result(PATIENCE / 2)["exit_reason"] == "signal"


def test_checks_pass_once_pubsub_has_answered(queue, graph):
    drain = start_drain(queue, graph)
    checks = drain._checks()
    assert drain._pull(1.0) == 0
    checks["subscription"]()
    drain._pulls.trouble = "down"
    queue.publish(b"completed")
    assert drain._pull(PATIENCE) == 1
    checks["subscription"]()
    checks["running"]()
    drain._stop.set()
    with pytest.raises(RuntimeError, match="shutting down"):
        checks["running"]()
    stop(drain)


@pytest.mark.parametrize("ended", [exceptions.DeadlineExceeded, exceptions.Cancelled])
def test_pull_that_ends_without_messages_is_an_answer(queue, graph, monkeypatch, ended):
    drain = start_drain(queue, graph)

    def pull(*_):
        raise ended("no messages")

    monkeypatch.setattr(drain._puller, "pull", pull)
    drain._pulls.trouble = "down"
    assert drain._pull(1.0) == 0
    drain._checks()["subscription"]()
    stop(drain)
