"""A drain acknowledges the messages that are settled, and returns the others."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.e2e import command
from tests.integration.drain_support import (
    PATIENCE,
    Queue,
    record_requests,
    start_drain,
    stop,
    wait_until,
)
from transforms.model import Message, Outcome


@pytest.mark.parametrize(
    ("status", "acknowledged", "nacked", "deliveries"),
    [
        ("completed", 1, 0, 1),
        ("duplicate", 1, 0, 1),
        ("dead_lettered", 1, 0, 1),
        ("superseded", 0, 0, 1),
        ("none", 1, 1, 2),
    ],
)
def test_message_is_acknowledged_dropped_or_nacked(
    queue, graph, status, acknowledged, nacked, deliveries
):
    [message_id] = queue.publish(status.encode())
    drain = start_drain(queue, graph)
    made = record_requests(drain._client)
    summary = drain.run()
    assert summary["exit_reason"] == "empty_queue"
    assert len(made["acknowledge"]) == acknowledged
    assert [deadline for _, deadline in made["modify_ack_deadline"]] == [0] * nacked
    assert graph.deliveries == {status.encode(): deliveries}
    assert (summary["received"], summary["in_flight"]) == (1, 1 - acknowledged)
    assert drain.message_ids == (message_id,) * acknowledged
    assert queue.left() == (set() if acknowledged else {status.encode()})


def test_redelivered_superseded_message_is_processed(queue, graph):
    queue.publish(b"superseded")
    drain = start_drain(queue, graph, empty_queue_timeout=PATIENCE)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        wait_until(lambda: graph.deliveries[b"superseded"] and not len(drain._leases))
        queue.redeliver()  # as it happens when the worker that took it over is killed
        wait_until(lambda: graph.deliveries[b"superseded"] == 2)
        wait_until(lambda: not drain._tally.in_flight)
        drain._stop.set()
        summary = running.result(PATIENCE)
    assert (summary["received"], summary["completed"]) == (1, 1)
    assert queue.left() == set()


def test_run_acknowledges_only_settled_messages(queue, graph):
    texts = [b"completed", b"duplicate", b"dead_lettered", b"superseded", b"none"]
    drain = start_drain(queue, graph)
    made = record_requests(drain._client)
    messages = [message(text) for text in texts]
    for each in messages:
        drain._leases.add(each.message_id, f"ack {each.message_id}")
    drain._tally.received(len(messages))
    drain._settled(messages, graph.run(messages))
    assert drain._leases.flush(PATIENCE)
    assert [set(ack_ids) for ack_ids, _ in made["acknowledge"]] == [
        {"ack completed", "ack duplicate", "ack dead_lettered"}
    ]
    assert made["modify_ack_deadline"] == [(["ack none"], 0)]
    assert len(drain._leases) == 0
    assert drain._unsettled == {"superseded", "none"}
    stop(drain)


def test_ordered_exactly_once_subscription_is_drained(pubsub, graph):
    queue = Queue(pubsub.project, ordered_exactly_once=True)
    for key in ("a", "b"):
        queue.publish(*(b"completed %d" % n for n in range(5)), ordering_key=key)
    graph.run = lambda messages: [Outcome(m.message_id, "completed") for m in reversed(messages)]
    drain = start_drain(queue, graph, workers=3)
    summary = drain.run()
    assert (summary["exit_reason"], summary["completed"]) == ("empty_queue", 10)
    assert queue.left() == set()


def test_redelivery_of_held_message_is_ignored(queue, graph):
    queue.publish(b"completed")
    graph.gate.clear()
    drain = start_drain(queue, graph)
    made = record_requests(drain._client)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        assert graph.entered.acquire(timeout=PATIENCE)
        first = held_ids(drain)
        queue.redeliver()
        wait_until(lambda: held_ids(drain) != first)
        [second] = held_ids(drain)
        graph.gate.set()
        summary = running.result(PATIENCE)
    assert graph.deliveries == {b"completed": 1}
    assert summary["received"] == 1
    assert made["acknowledge"] == [([second], None)]  # by the newer id, which is the one that holds
    assert queue.left() == set()


@pytest.mark.parametrize(
    ("modality", "heavy"), [("text", False), ("audio", True), ("video", True), (None, False)]
)
def test_only_audio_and_video_requests_are_heavy(queue, graph, modality, heavy, monkeypatch):
    request = command.request(requested_modalities=[modality])
    data = json.dumps(request).encode() if modality else b"not JSON"
    queue.publish(data)
    drain = start_drain(queue, graph)
    submitted = []

    def submit(message, heavy, student, key):
        submitted.append((message, heavy))
        assert key is None
        assert student == (request["student_id"] if modality else "")

    monkeypatch.setattr(drain._scheduler, "submit", submit)
    received = queue.pull()
    assert drain._accept(received, 0.0) == 1
    [(submitted_message, found)] = submitted
    assert (submitted_message.data, found) == (data, heavy)
    assert submitted_message.message_id == received[0].message.message_id
    assert submitted_message.publish_time == received[0].message.publish_time
    stop(drain)


def message(data: bytes) -> Message:
    return Message(data, {}, data.decode(), datetime.now(UTC))


def held_ids(drain) -> list[str]:
    """Return the acknowledgement ids that a drain holds."""
    with drain._leases._changed:
        return [each.ack_id for each in drain._leases._held.values()]
