"""When a drain pulls, and when it ends because the queue is empty."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from pipeline.jobs import drain as drain_module
from tests.integration.drain_support import PATIENCE, Graph, start_drain, wait_until


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
    monkeypatch.setattr(drain_module, "time", clock)
    monkeypatch.setattr(drain_module, "SHORTEST_PULL", 0.1)
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
    monkeypatch.setattr(drain_module, "time", clock)
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
    assert held[:4] == [(0, drain_module.EMPTY_PULL_PAUSE)] * 4


def test_drain_ends_at_max_runtime(queue, graph):
    started = time.monotonic()
    summary = start_drain(queue, graph, max_runtime=0.3, empty_queue_timeout=PATIENCE).run()
    assert summary["exit_reason"] == "max_runtime"
    assert time.monotonic() - started >= 0.3


def count_pulls(drain):
    """Count pulls from now on."""
    made: list[float] = []
    pull = drain._puller.pull

    def counted(*arguments):
        made.append(time.monotonic())
        return pull(*arguments)

    drain._puller.pull = counted
    return lambda: len(made)
