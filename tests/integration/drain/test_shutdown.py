"""The end of a drain: messages in progress, and faults that end it."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e import command
from tests.integration.drain_support import PATIENCE, start_drain, stop, wait_until
from transforms.errors import DependencyDown
from transforms.process.supervision import ThreadFailed


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
