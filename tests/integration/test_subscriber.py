"""Cancellable pulls and lease management on a Pub/Sub server."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1

from pipeline.jobs import subscriber
from pipeline.jobs.subscriber import LEASE, LeaseManager, Puller
from tests.integration.drain_support import PATIENCE, Queue, record_requests, wait_until


@pytest.fixture
def queue(pubsub):
    return Queue(pubsub.project)


@pytest.fixture
def client(pubsub):
    return pubsub_v1.SubscriberClient()


@pytest.fixture
def hold(queue, client):
    """Pull messages and hold them."""
    made = []

    def hold(*data):
        leases = LeaseManager(client, queue.name)
        made.append(leases)
        queue.publish(*data)
        received: list[Any] = []
        while len(received) < len(data):
            received += queue.pull()
        for each in received:
            assert leases.add(each.message.message_id, each.ack_id)
        return leases, {each.message.data: each.message.message_id for each in received}

    yield hold
    for each in made:
        each.close()


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


def test_settled_messages_are_acknowledged_in_parts(queue, client, hold, monkeypatch):
    monkeypatch.setattr(subscriber, "REQUEST_IDS", 2)
    leases, ids = hold(b"1", b"2", b"3", b"4", b"5", b"other")
    made = record_requests(client)
    other = ids.pop(b"other")
    leases.acknowledge([*ids.values(), "unknown"])
    assert sorted(len(ack_ids) for ack_ids, _ in made["acknowledge"]) == [1, 2, 2]
    leases.acknowledge(ids.values())
    assert len(made["acknowledge"]) == 3  # once each
    assert queue.left() == {b"other"}
    assert len(leases) == 1
    assert not leases.add(other, "newer")


def test_chosen_messages_are_nacked(queue, hold):
    leases, ids = hold(b"1", b"2")
    assert leases.nack([ids[b"1"]]) == 1
    assert [each.message.data for each in queue.pull()] == [b"1"]
    assert leases.nack() == 1
    assert [each.message.data for each in queue.pull()] == [b"2"]
    assert leases.nack() == 0


def test_dropped_messages_keep_their_lease(queue, client, hold):
    leases, ids = hold(b"1", b"2")
    made = record_requests(client)
    leases.drop([ids[b"1"]])
    assert len(leases) == 1
    assert made == {"acknowledge": [], "modify_ack_deadline": []}
    assert leases.nack() == 1
    assert [each.message.data for each in queue.pull()] == [b"2"]
    assert queue.left() == {b"1", b"2"}


def test_leases_of_held_messages_are_extended(queue, client, hold, monkeypatch):
    monkeypatch.setattr(subscriber, "EXTEND_EVERY", 0.01)
    monkeypatch.setattr(subscriber, "REQUEST_IDS", 2)
    leases, ids = hold(b"1", b"2", b"3")
    made = record_requests(client)["modify_ack_deadline"]
    held = set(leases._ack_ids.values())
    wait_until(lambda: len(made) >= 4)
    assert {ack_id for ack_ids, _ in made[:4] for ack_id in ack_ids} == held
    assert {deadline for _, deadline in made} == {LEASE}
    assert max(len(ack_ids) for ack_ids, _ in made) == 2
    leases.drop(ids.values())
    with leases._lock:
        count = len(made)
    leases.close()
    assert len(made) <= count + 2  # one that had begun


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ServiceUnavailable("down"),
        exceptions.RetryError("timeout of 60 s exceeded", ValueError("down")),
    ],
)
def test_leases_are_extended_after_a_failure(client, hold, monkeypatch, error):
    monkeypatch.setattr(subscriber, "EXTEND_EVERY", 0.01)
    leases, _ = hold(b"1")
    failed = threading.Event()

    def fail(**_):
        failed.set()
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(client, "modify_ack_deadline", fail, raising=False)
        assert failed.wait(PATIENCE)
    made = record_requests(client)["modify_ack_deadline"]
    wait_until(lambda: made)
    assert len(leases) == 1


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ServiceUnavailable("down"),
        exceptions.RetryError("timeout of 60 s exceeded", ValueError("down")),
    ],
)
def test_failed_acknowledgement_leaves_message_for_redelivery(
    queue, client, hold, monkeypatch, error
):
    leases, ids = hold(b"1")

    def fail(**_):
        raise error

    monkeypatch.setattr(client, "acknowledge", fail, raising=False)
    leases.acknowledge(ids.values())
    assert len(leases) == 0
    assert queue.left() == {b"1"}


def test_lease_times_fit_limits_of_pubsub():
    assert 10 <= LEASE <= 600
    assert subscriber.EXTEND_EVERY <= 10 / 2  # the shortest deadline a subscription can have
    assert LEASE > 2 * subscriber.EXTEND_EVERY
