"""Cancellable pulls on a Pub/Sub server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1

from pipeline.jobs.puller import Puller
from tests.integration.drain_support import PATIENCE, wait_until


@pytest.fixture
def client(pubsub):
    return pubsub_v1.SubscriberClient()


def test_pull_returns_messages(queue, client):
    queue.publish(b"1", b"2", b"3")
    puller = Puller(client, queue.name)
    found: list[bytes] = []
    while len(found) < 3:
        received = puller.pull(2, PATIENCE).received_messages
        assert len(received) <= 2
        found += [each.message.data for each in received]
    assert sorted(found) == [b"1", b"2", b"3"]


def test_waiting_pull_is_cancelled(queue, client):
    puller = Puller(client, queue.name)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(puller.pull, 1, PATIENCE)
        wait_until(lambda: puller._pending)
        puller.close()
        with pytest.raises(exceptions.Cancelled):
            waiting.result(PATIENCE / 2)
    queue.publish(b"later")
    assert [each.message.data for each in queue.pull()] == [b"later"]  # not lost to that pull


def test_closed_puller_sends_nothing(queue, client):
    puller = Puller(client, queue.name)
    puller.close()
    with pytest.raises(exceptions.Cancelled):
        puller.pull(1, PATIENCE)
    assert puller._pending is None


def test_errors_of_the_service_are_translated(queue, client):
    with pytest.raises(exceptions.NotFound):
        Puller(client, queue.name + "-missing").pull(1, PATIENCE)
