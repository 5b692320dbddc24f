"""Acknowledgement, release and end conditions of a drain."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from google.api_core import exceptions

from pipeline.jobs import drain as module
from pipeline.usage_error import UsageError
from tests.clock import HighestDraw
from tests.e2e import command
from tests.integration.drain_support import (
    PATIENCE,
    Graph,
    Queue,
    record_requests,
    start_drain,
    wait_until,
)
from transforms.errors import DependencyDown
from transforms.model import Message, Outcome
from transforms.process import backoff
from transforms.process.backoff import Backoff
from transforms.process.supervision import ThreadFailed


@pytest.fixture
def queue(pubsub):
    return Queue(pubsub.project)


@pytest.fixture
def graph():
    graph = Graph()
    yield graph
    graph.gate.set()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Shorter times than a real service needs."""
    monkeypatch.setattr(module, "LINGERING_PULL", 1.1)
    monkeypatch.setattr(module, "EMPTY_PULL_PAUSE", 0.02)


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


def test_drain_does_not_end_with_messages_in_flight(queue, graph):
    queue.publish(b"completed")
    graph.gate.clear()
    drain = start_drain(queue, graph)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        assert graph.entered.acquire(timeout=PATIENCE)
        pulls = count_pulls(drain)
        wait_until(lambda: pulls() >= 2)  # long past the empty-queue timeout
        assert not running.done()
        graph.gate.set()
        assert running.result(PATIENCE)["completed"] == 1


@pytest.mark.parametrize("timing", [{"empty_queue_timeout": 0}, {"pull_timeout": 0.1}])
def test_drain_pulls_once_before_it_ends(queue, graph, timing):
    queue.publish(b"completed", b"duplicate", b"dead_lettered")
    summary = start_drain(queue, graph, batch_size=1, **timing).run()
    assert (summary["exit_reason"], summary["received"]) == ("empty_queue", 3)


def test_message_restarts_empty_queue_timeout(queue, graph, monkeypatch):
    passed: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(passed))
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(module, "SHORTEST_PULL", 0.1)
    limits = {"empty_queue_timeout": 100 * PATIENCE, "max_runtime": 1000 * PATIENCE}
    drain = start_drain(queue, graph, pull_timeout=0.1, **limits)
    pulls = []
    pull = drain._puller.pull

    def counted_pull(*arguments):
        try:
            return pull(*arguments)
        finally:
            pulls.append(arguments)

    monkeypatch.setattr(drain._puller, "pull", counted_pull)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        wait_until(lambda: pulls)
        passed.append(75 * PATIENCE)
        queue.publish(b"completed")
        wait_until(lambda: drain.message_ids)
        passed.append(75 * PATIENCE)
        made = len(pulls)
        wait_until(lambda: len(pulls) > made + 2 or running.done())
        assert not running.done()
        passed.append(200 * PATIENCE)
        assert running.result(PATIENCE)["exit_reason"] == "empty_queue"


def test_drain_over_budget_neither_pulls_nor_ends(queue, monkeypatch):
    class Poor(Graph):
        looks = 0

        @property
        def budget_exhausted(self):
            self.looks += 1
            if self.looks == 2:  # once the queue was found empty
                queue.publish(b"completed")
                passed.append(2 * PATIENCE)
            if 2 <= self.looks < 10:
                assert drain._tally.in_flight == 0
                return True
            return False

        @budget_exhausted.setter
        def budget_exhausted(self, _):
            pass

    passed: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(passed))
    monkeypatch.setattr(module, "time", clock)
    drain = start_drain(
        queue, Poor(), pull_timeout=1, empty_queue_timeout=PATIENCE, max_runtime=10 * PATIENCE
    )
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        wait_until(lambda: drain._tally.in_flight == 0 and drain.message_ids)
        passed.append(2 * PATIENCE)
        summary = running.result(PATIENCE)
    assert (summary["exit_reason"], summary["completed"]) == ("empty_queue", 1)


def test_drain_pulls_only_when_scheduler_has_room(queue, graph, monkeypatch):
    drain = start_drain(queue, graph)
    held = []

    def has_room(*arguments):
        held.append(arguments)
        return len(held) > 3

    monkeypatch.setattr(drain._scheduler, "has_room", has_room)
    queue.publish(b"completed")
    assert drain.run()["completed"] == 1
    assert held[:4] == [(0, module.EMPTY_PULL_PAUSE)] * 4


def test_drain_ends_at_max_runtime(queue, graph):
    started = time.monotonic()
    summary = start_drain(queue, graph, max_runtime=0.3, empty_queue_timeout=PATIENCE).run()
    assert summary["exit_reason"] == "max_runtime"
    assert time.monotonic() - started >= 0.3


def test_messages_cut_off_are_nacked_and_uncounted(queue, graph):
    cut_off = queue.publish(b"completed")
    graph.gate.clear()
    drain = start_drain(queue, graph, workers=1, shutdown_grace=0, empty_queue_timeout=PATIENCE)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        assert graph.entered.acquire(timeout=PATIENCE)
        drain._stop.set()
        summary = running.result(PATIENCE)
    assert (summary["exit_reason"], summary["in_flight"]) == ("signal", 1)
    assert graph.uncounted == cut_off
    assert [each.message.data for each in queue.pull()] == [b"completed"]  # at once, so not leased
    graph.gate.set()


def test_runs_in_progress_finish_within_grace(queue, graph):
    queue.publish(b"completed")
    graph.gate.clear()
    drain = start_drain(queue, graph, empty_queue_timeout=PATIENCE)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        assert graph.entered.acquire(timeout=PATIENCE)
        drain._stop.set()
        wait_until(lambda: drain._scheduler._closed)
        graph.gate.set()
        summary = running.result(PATIENCE)
    assert (summary["exit_reason"], summary["completed"]) == ("signal", 1)
    assert queue.left() == set()


def test_messages_not_begun_are_returned_before_the_grace(queue, graph):
    queue.publish(*(json.dumps(command.request(requested_modalities=["video"])).encode(),) * 2)
    graph.gate.clear()
    drain = start_drain(queue, graph, workers=1, empty_queue_timeout=PATIENCE)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        wait_until(lambda: drain._leases.in_work == 2)
        drain._stop.set()
        returned: list[object] = []

        def pull() -> bool:
            returned.extend(queue.pull())
            return bool(returned)

        wait_until(pull)
        assert len(returned) == 1
        assert not running.done()
        graph.gate.set()
        running.result(PATIENCE)
    assert len(graph.deliveries) == 1


def test_messages_pulled_after_stop_are_nacked(queue, graph):
    queue.publish(b"completed", b"duplicate")
    drain = start_drain(queue, graph)
    drain._stop.set()
    received = queue.pull()
    assert drain._accept(received, 0.0) == 0
    assert drain._leases.flush(PATIENCE)
    assert {each.message.data for each in queue.pull()} == {b"completed", b"duplicate"}
    assert drain._tally.in_flight == 0
    assert not graph.deliveries
    stop(drain)


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


def test_missing_subscription_is_a_usage_error(queue, graph):
    queue.name += "-missing"
    with pytest.raises(UsageError, match=queue.name):
        start_drain(queue, graph).run()


def test_pubsub_outage_ends_the_drain(queue, graph, monkeypatch):
    waits = []
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.setattr(module, "BACKOFF", Backoff(0.01, longest=0.03))
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
    monkeypatch.setattr(module, "BACKOFF", Backoff(0.01, longest=0.01))
    monkeypatch.setattr(module, "LONGEST_ACK_DEADLINE", 2 * PATIENCE)
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
        wait_until(lambda: drain._unseen_until)
        assert drain._unseen_until > time.monotonic() + PATIENCE
        time.sleep(0.3)  # more than the empty-queue timeout
        queue.redeliver()  # as it happens at the end of the lease
        wait_until(lambda: graph.deliveries[b"completed"])
        drain._unseen_until = 0.0
        summary = running.result(PATIENCE)
    assert (summary["completed"], summary["exit_reason"]) == (1, "empty_queue")


def test_stop_ends_waiting_for_pubsub(queue, graph, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.setattr(module, "BACKOFF", Backoff(PATIENCE, PATIENCE))
    monkeypatch.setattr(backoff, "random", HighestDraw)
    drain = start_drain(queue, graph)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        wait_until(lambda: drain._trouble not in ("", "not reached yet"))
        drain._stop.set()
        assert running.result(PATIENCE / 2)["exit_reason"] == "signal"


def test_checks_pass_once_pubsub_has_answered(queue, graph):
    drain = start_drain(queue, graph)
    checks = drain._checks()
    assert drain._pull(1.0) == 0
    checks["subscription"]()
    drain._trouble = "down"
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
    drain._trouble = "down"
    assert drain._pull(1.0) == 0
    drain._checks()["subscription"]()
    stop(drain)


def test_stopped_scheduler_ends_the_drain(queue, graph):
    down = DependencyDown("postgres", "no answer")

    def run(_):
        raise down

    graph.run = run
    queue.publish(b"completed")
    late = PATIENCE + 10  # so long a pull may wait, and so long the drain must not
    drain = start_drain(
        queue, graph, dependency_timeout=0, empty_queue_timeout=late, pull_timeout=late
    )
    with ThreadPoolExecutor() as pool:
        summary = pool.submit(drain._run).result(PATIENCE)
    assert summary["exit_reason"] == "dependency_down"
    assert drain.down is down
    assert [each.message.data for each in queue.pull()] == [b"completed"]


def fail_puller(drain, graph):
    drain._puller.pull = fail


def fail_acknowledger(drain, graph):
    drain._client.acknowledge = fail


def fail_worker(drain, graph):
    graph.run = sys.exit  # unlike a bug, it leaves the run's own handlers


def make_puller_stale(drain, graph):
    graph.entered.acquire(timeout=PATIENCE)
    drain._pulling._due = 0.0


@pytest.mark.parametrize(
    ("harm", "thread", "unsettled"),
    [
        (fail_puller, "puller", {b"completed"}),
        (make_puller_stale, "puller", set()),
        (fail_acknowledger, "acknowledger", {b"completed"}),
        (fail_worker, "scheduler-", {b"completed"}),
    ],
)
def test_dead_thread_ends_the_drain(queue, graph, harm, thread, unsettled, caplog):
    queue.publish(b"completed")
    drain = start_drain(queue, graph, workers=1, empty_queue_timeout=PATIENCE)
    with ThreadPoolExecutor() as pool:
        harming = pool.submit(harm, drain, graph)
        summary = pool.submit(drain._run).result(PATIENCE)
        harming.result(PATIENCE)
    assert summary["exit_reason"] == "thread_failed"
    assert isinstance(drain.down, ThreadFailed)
    assert f"the {thread}" in str(drain.down)
    assert f"the {thread}" in caplog.text
    assert queue.left() == unsettled


def fail(*_, **__):
    raise ZeroDivisionError("a bug")


def message(data: bytes) -> Message:
    return Message(data, {}, data.decode(), datetime.now(UTC))


def held_ids(drain) -> list[str]:
    """Return the acknowledgement ids that a drain holds."""
    with drain._leases._changed:
        return [each.ack_id for each in drain._leases._held.values()]


def stop(drain) -> None:
    """End a drain that was not run."""
    drain._puller.close()
    assert drain._scheduler.close(PATIENCE)
    drain._leases.close(PATIENCE)


def count_pulls(drain):
    """Count pulls from now on."""
    made: list[float] = []
    pull = drain._puller.pull

    def counted(*arguments):
        made.append(time.monotonic())
        return pull(*arguments)

    drain._puller.pull = counted
    return lambda: len(made)
