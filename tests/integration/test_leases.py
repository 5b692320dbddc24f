"""Extension, acknowledgement and return of messages on a Pub/Sub server."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from google.api_core import exceptions
from google.auth.exceptions import TransportError
from google.cloud import pubsub_v1

from pipeline.jobs import ack_calls
from pipeline.jobs import leases as module
from pipeline.jobs.leases import LEASE, LeaseManager
from tests.integration.drain_support import PATIENCE, Queue, record_requests, wait_until
from tests.tcp_proxy import TcpProxy
from transforms.process.backoff import Backoff
from transforms.pubsub_client import subscriber_client


@pytest.fixture
def client(pubsub):
    return pubsub_v1.SubscriberClient()


@pytest.fixture
def hold(queue, client):
    """Pull messages and hold them."""
    made = []

    def hold(*data, queue=queue, key=""):
        leases = LeaseManager(client, queue.name)
        made.append(leases)
        queue.publish(*data, ordering_key=key)
        received: list[Any] = []
        while len(received) < len(data):
            received += queue.pull()
        for each in received:
            key = each.message.ordering_key
            assert leases.add(each.message.message_id, each.ack_id, key)
        return leases, {each.message.data: each.message.message_id for each in received}

    yield hold
    for each in made:
        each.close(PATIENCE)


def test_settled_messages_are_acknowledged_in_parts(queue, client, hold, monkeypatch):
    monkeypatch.setattr(ack_calls, "REQUEST_IDS", 2)
    leases, ids = hold(b"1", b"2", b"3", b"4", b"5", b"other")
    made = record_requests(client)
    other = ids.pop(b"other")
    leases.acknowledge([*ids.values(), "unknown"])
    assert leases.flush(PATIENCE)
    assert sorted(len(ack_ids) for ack_ids, _ in made["acknowledge"]) == [1, 2, 2]
    leases.acknowledge(ids.values())
    assert leases.flush(PATIENCE)
    assert len(made["acknowledge"]) == 3  # once each
    assert queue.left() == {b"other"}
    assert len(leases) == 1
    assert not leases.add(other, "newer")


def test_chosen_messages_are_nacked(queue, hold):
    leases, ids = hold(b"1", b"2")
    assert leases.nack([ids[b"1"], "unknown"]) == 1
    assert leases.flush(PATIENCE)
    assert [each.message.data for each in queue.pull()] == [b"1"]
    assert leases.nack() == 1
    assert leases.flush(PATIENCE)
    assert [each.message.data for each in queue.pull()] == [b"2"]
    assert leases.nack() == 0


def test_dropped_messages_keep_their_lease(queue, client, hold):
    leases, ids = hold(b"1", b"2")
    made = record_requests(client)
    leases.drop([ids[b"1"]])
    assert len(leases) == 1
    assert made == {"acknowledge": [], "modify_ack_deadline": []}
    assert leases.nack() == 1
    assert leases.flush(PATIENCE)
    assert [each.message.data for each in queue.pull()] == [b"2"]
    assert queue.left() == {b"1", b"2"}


def test_leases_of_held_messages_are_extended(queue, client, hold, monkeypatch):
    monkeypatch.setattr(module, "EXTEND_EVERY", 0.01)
    monkeypatch.setattr(ack_calls, "REQUEST_IDS", 2)
    leases, ids = hold(b"1", b"2", b"3")
    made = record_requests(client)["modify_ack_deadline"]
    held = {each.ack_id for each in leases._held.values()}
    wait_until(lambda: len(made) >= 4)
    assert {ack_id for ack_ids, _ in made[:4] for ack_id in ack_ids} == held
    assert {deadline for _, deadline in made} == {LEASE}
    assert max(len(ack_ids) for ack_ids, _ in made) == 2
    leases.drop(ids.values())
    with leases._changed:
        count = len(made)
    leases.close(PATIENCE)
    assert len(made) <= count + 2  # one that had begun


PASSING = [
    exceptions.ResourceExhausted("quota"),
    exceptions.RetryError("timeout of 60 s exceeded", ValueError("down")),
    TransportError("no token"),
]


def break_call(monkeypatch, client, name, error):
    """Make a call of a client fail; returns an event that is set by the first call."""
    failed = threading.Event()

    def fail(**_):
        failed.set()
        raise error

    monkeypatch.setattr(client, name, fail, raising=False)
    return failed


@pytest.mark.parametrize("error", PASSING)
def test_leases_are_extended_after_a_failure(client, hold, monkeypatch, error):
    monkeypatch.setattr(module, "EXTEND_EVERY", 0.01)
    leases, _ = hold(b"1")
    with monkeypatch.context() as broken:
        assert break_call(broken, client, "modify_ack_deadline", error).wait(PATIENCE)
    made = record_requests(client)["modify_ack_deadline"]
    wait_until(lambda: made)
    assert len(leases) == 1


def test_cut_connection_delays_acknowledgements_only(queue, pubsub, monkeypatch, caplog):
    monkeypatch.setattr(module, "EXTEND_EVERY", 0.01)
    queue.publish(b"1", b"2", b"3")
    with TcpProxy(pubsub.host) as proxy:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", proxy.host)
        with subscriber_client() as client:
            leases = LeaseManager(client, queue.name)
            ids: dict[bytes, str] = {}
            while len(ids) < 3:
                for each in client.pull(subscription=queue.name, max_messages=3).received_messages:
                    ids[each.message.data] = each.message.message_id
                    leases.add(each.message.message_id, each.ack_id)
            proxy.cut()
            leases.acknowledge([ids[b"1"]])
            leases.nack([ids[b"2"]])
            doing = ("extending", "acknowledging", "returning")
            wait_until(lambda: all(f"{each} failed" in caplog.text for each in doing))
            assert (len(leases), leases.in_work) == (2, 1)
            assert not leases.flush(0)
            proxy.restore()
            assert leases.flush(PATIENCE)
            assert leases.close(PATIENCE)
    assert [each.message.data for each in queue.pull()] == [b"2"]
    assert queue.left() == {b"2", b"3"}


@pytest.mark.parametrize("error", PASSING)
@pytest.mark.parametrize("call", ["acknowledge", "modify_ack_deadline"])
def test_calls_are_repeated_after_a_failure(queue, client, hold, monkeypatch, call, error):
    monkeypatch.setattr(module, "BACKOFF", Backoff(0.01, 0.01))
    leases, ids = hold(b"1")
    with monkeypatch.context() as broken:
        failed = break_call(broken, client, call, error)
        if call == "acknowledge":
            leases.acknowledge(ids.values())
        else:
            leases.nack()
        assert failed.wait(PATIENCE)
        assert not leases.flush(0)
    assert leases.flush(PATIENCE)
    assert len(leases) == 0
    assert len(queue.pull()) == (call != "acknowledge")


@pytest.mark.parametrize("call", ["acknowledge", "modify_ack_deadline"])
def test_calls_are_given_up_when_leases_have_ended(queue, client, hold, monkeypatch, call):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    monkeypatch.setattr(module, "LEASE", 0)
    leases, ids = hold(b"1")
    break_call(monkeypatch, client, call, exceptions.ServiceUnavailable("down"))
    if call == "acknowledge":
        leases.acknowledge(ids.values())
    else:
        leases.nack()
    assert leases.flush(PATIENCE)
    assert len(leases) == 0
    assert queue.left() == {b"1"}


def test_refused_acknowledgement_leaves_message_for_redelivery(
    queue, client, hold, monkeypatch, caplog
):
    leases, ids = hold(b"1")
    break_call(monkeypatch, client, "acknowledge", exceptions.PermissionDenied("not allowed"))
    leases.acknowledge(ids.values())
    assert leases.flush(PATIENCE)
    assert len(leases) == 0
    assert queue.left() == {b"1"}
    assert "not allowed" in caplog.text


def test_unreachable_pubsub_does_not_delay_callers(client, queue, hold, monkeypatch):
    leases, ids = hold(b"1", b"2")
    called, answered = threading.Event(), threading.Event()

    def hang(**_):
        called.set()
        assert answered.wait(PATIENCE)

    monkeypatch.setattr(client, "acknowledge", hang, raising=False)
    leases.acknowledge([ids[b"1"]])
    assert called.wait(PATIENCE)
    leases.acknowledge([ids[b"2"]])  # returns, though the first call has no answer
    assert (len(leases), leases.in_work) == (2, 0)
    answered.set()
    assert leases.flush(PATIENCE)


def test_calls_have_time_limits_and_no_long_retries(client, hold, monkeypatch):
    monkeypatch.setattr(module, "EXTEND_EVERY", 0.01)
    named = []
    leases, ids = hold(b"1", b"2")
    for name in ("acknowledge", "modify_ack_deadline"):
        monkeypatch.setattr(client, name, lambda **given: named.append(given), raising=False)
    leases.acknowledge([ids[b"1"]])
    leases.nack([ids[b"2"]])
    assert leases.flush(PATIENCE)
    assert all(given["timeout"] <= 10 and given["retry"] is None for given in named)


def test_unexpected_error_is_a_failure_of_the_thread(client, hold, monkeypatch):
    leases, ids = hold(b"1")
    assert [thread.failure() for thread in leases.threads] == [None, None]
    break_call(monkeypatch, client, "acknowledge", ZeroDivisionError("a bug"))
    leases.acknowledge(ids.values())
    wait_until(lambda: str(leases.threads[1].failure()).startswith("the acknowledger thread"))


def test_redelivered_message_is_acknowledged_by_its_newer_id(queue, client, hold, monkeypatch):
    monkeypatch.setattr(module, "BACKOFF", Backoff(0.01, 0.01))
    leases, ids = hold(b"1")
    with monkeypatch.context() as broken:
        failed = break_call(broken, client, "acknowledge", exceptions.ServiceUnavailable("down"))
        leases.acknowledge(ids.values())
        assert failed.wait(PATIENCE)
        queue.redeliver()
        [again] = queue.pull()
        assert not leases.add(again.message.message_id, again.ack_id)
        assert leases.in_work == 0  # it is settled still
    made = record_requests(client)["acknowledge"]
    assert leases.flush(PATIENCE)
    assert made == [([again.ack_id], None)]
    assert queue.left() == set()


@pytest.fixture
def ordered(pubsub):
    return Queue(pubsub.project, ordered_exactly_once=True)


def test_ordered_messages_are_acknowledged_in_order_of_receipt(ordered, client, hold):
    leases, ids = hold(b"1", b"2", b"3", queue=ordered, key="k")
    made = record_requests(client)["acknowledge"]
    order = [each.ack_id for each in leases._held.values()]
    leases.acknowledge([ids[b"3"], ids[b"2"]])
    assert leases.flush(PATIENCE)  # they wait for the first, so there is nothing to call
    assert made == []
    leases.acknowledge([ids[b"1"]])
    assert leases.flush(PATIENCE)
    assert made == [(order, None)]
    assert ordered.left() == set()


def test_unordered_acknowledgement_is_retried(ordered, client, hold, monkeypatch, caplog):
    monkeypatch.setattr(module, "BACKOFF", Backoff(0.01, 0.01))
    leases, ids = hold(b"1", b"2", queue=ordered, key="k")
    [first, _] = [each.ack_id for each in leases._held.values()]
    leases.drop([ids[b"1"]])  # another worker owns it now
    leases.acknowledge([ids[b"2"]])
    wait_until(lambda: "UNORDERED_ACK_ID" in caplog.text)
    assert not leases.flush(0)
    client.acknowledge(subscription=ordered.name, ack_ids=[first])
    assert leases.flush(PATIENCE)
    assert ordered.left() == set()


def test_lost_acknowledgement_id_is_logged_and_dropped(ordered, client, hold, monkeypatch, caplog):
    monkeypatch.setattr(module, "EXTEND_EVERY", 0.01)
    leases, ids = hold(b"1", b"2", queue=ordered)
    ordered.redeliver()
    wait_until(lambda: all(each.lost for each in leases._held.values()))
    made = record_requests(client)["modify_ack_deadline"]
    caplog.clear()
    leases.acknowledge([ids[b"1"]])
    assert leases.flush(PATIENCE)
    assert "PERMANENT_FAILURE_INVALID_ACK_ID" in caplog.text
    assert len(leases) == 1
    [again, _] = ordered.pull()
    leases.add(ids[b"2"], again.ack_id)
    wait_until(lambda: made)  # extended again, by the newer id
    assert made[0] == ([again.ack_id], LEASE)


def test_lost_acknowledgement_ids_are_not_extended(ordered, client, hold, monkeypatch):
    monkeypatch.setattr(module, "EXTEND_EVERY", 0.01)
    leases, _ = hold(b"1", queue=ordered)
    [lost] = leases._held.values()
    ordered.redeliver()
    wait_until(lambda: lost.lost)
    ordered.publish(b"2")
    kept = next(each for each in ordered.pull() if each.message.data == b"2")
    leases.add(kept.message.message_id, kept.ack_id)
    made = record_requests(client)["modify_ack_deadline"]
    wait_until(lambda: len(made) >= 2)
    assert {ack_id for ack_ids, _ in made for ack_id in ack_ids} == {kept.ack_id}


def test_ordered_messages_are_handed_back_latest_first(ordered, hold, caplog):
    leases, _ = hold(b"1", b"2", b"3", queue=ordered, key="k")
    assert leases.nack() == 3
    assert leases.flush(PATIENCE)
    assert [each.message.data for each in ordered.pull()] == [b"1", b"2", b"3"]
    assert "failed" not in caplog.text


def test_lease_times_fit_limits_of_pubsub():
    assert 10 <= LEASE <= 600
    assert module.EXTEND_EVERY <= 10 / 2  # the shortest deadline a subscription can have
    assert LEASE > 2 * module.EXTEND_EVERY
