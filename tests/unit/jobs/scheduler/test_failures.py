"""Runs that fail, and dependencies that are down."""

from __future__ import annotations

from collections import deque

import pytest

from pipeline.jobs import scheduler
from pipeline.jobs.scheduler import Scheduler
from pipeline.jobs.turns import Batch
from tests.clock import HighestDraw
from tests.integration.drain_support import wait_until
from tests.unit.jobs.scheduler.support import DOWN, PATIENCE, ids, message, submit
from transforms.errors import DependencyDown, Interrupted, Undecided, WorkerFault
from transforms.process import backoff


def test_failed_run_settles_nothing(graph, start, settled):
    running = start(workers=1)
    graph.errors.append(RuntimeError("a bug"))
    graph.gate.set()
    submit(running, 1, heavy=True)
    settled.wait_for(1)
    submit(running, 1, heavy=True)
    settled.wait_for(2)
    assert settled == [(["message-heavy-0"], []), (["message-heavy-0"], ["message-heavy-0"])]


def test_failing_callback_stops_the_scheduler(graph, start):
    def broken(messages, outcomes):
        raise ZeroDivisionError("a bug")

    running = start(1, broken)
    graph.gate.set()
    assert running.down is None
    submit(running, 1, heavy=True)
    wait_until(lambda: running.thread_failure)
    assert "failed with ZeroDivisionError" in str(running.down)
    assert running.idle


def test_run_is_repeated_until_dependency_is_back(graph, start, settled, clock, monkeypatch):
    monkeypatch.setattr(backoff, "random", HighestDraw)
    monkeypatch.setattr(Scheduler, "_pause", lambda _, seconds: clock.sleep(seconds))
    graph.errors.extend([DOWN] * 6)
    graph.gate.set()
    running = start(workers=1)
    submit(running, 1, heavy=True)
    settled.wait_for(1)
    assert graph.events == ["run"] + ["uncount", "run"] * 6
    assert graph.uncounted == [["message-heavy-0"]] * 6
    assert settled == [(["message-heavy-0"], ["message-heavy-0"])]
    assert clock.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]  # doubled up to a limit
    assert running.down is None
    assert running.down_seconds == 0


def test_interrupted_messages_are_not_settled(still, graph):
    graph.errors.append(Interrupted("script engine", "the job ends"))
    graph.gate.set()
    running = still(workers=1)
    running.withdraw()
    running._work(Batch([message("first")], light=True))
    assert graph.uncounted == [["message-first"]]
    assert running.down is None
    assert running.idle


@pytest.mark.parametrize("heavy", [True, False])
def test_undecided_messages_run_again_behind_others(still, graph, heavy):
    graph.errors.append(Undecided("script", "waits"))
    graph.gate.set()
    running = still(workers=1)
    taken = Batch([message("first")], light=not heavy)
    running.submit(message("second"), heavy)
    running._work(taken)
    assert ids(running._heavy if heavy else running._light) == ["message-second", "message-first"]
    assert graph.uncounted == [["message-first"]]


@pytest.mark.parametrize(
    ("error", "status"), [(WorkerFault("disk", "full"), "worker_fault"), (RuntimeError(), None)]
)
def test_fault_outside_messages_stops_scheduler(graph, start, settled, error, status):
    graph.errors.append(error)
    graph.gate.set()
    running = start(workers=1)
    submit(running, 1, heavy=True)
    if status:
        running._threads[1].join(PATIENCE)
        assert running.down.exit_reason == status
        assert settled == []
        with pytest.raises(type(error)):
            running.check()
    else:
        settled.wait_for(1)
        running.check()


def test_sick_worker_is_told_from_outage(still, monkeypatch):
    sick = WorkerFault("open files", "too many")
    monkeypatch.setattr(scheduler, "probe_worker", lambda: sick)
    running = still(workers=1)
    assert running._dependency_timed_out(DOWN)
    assert running.down is sick


def test_outage_while_uncounting_is_waited_for(graph, start, settled, clock):
    uncount, failing = graph.uncount_delivery, deque([DOWN])

    def fail_once(messages):
        if failing:
            raise failing.popleft()
        uncount(messages)

    graph.uncount_delivery = fail_once
    graph.errors.append(DOWN)
    graph.gate.set()
    submit(start(workers=1), 1)
    settled.wait_for(1)
    assert graph.events == ["run", "uncount", "run"]


def test_scheduler_stops_when_dependency_stays_down(graph, start, settled):
    graph.errors.append(DOWN)
    running = start(workers=1, dependency_timeout=0)
    with running._changed:
        submit(running, 2, heavy=True)
    graph.gate.set()
    for thread in running._threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert running.thread_failure is None
    assert running.down is DOWN
    assert graph.begun == [["message-heavy-0"]]
    assert settled == []


def test_outage_is_timed_from_its_first_failure(still, clock):
    running = still(workers=1)
    assert running.down_seconds == 0
    for later, gave_up in ((0, False), (PATIENCE - 1, False), (1, True)):
        clock.now += later
        assert running._dependency_timed_out(DOWN) is gave_up
    assert running.down_seconds == PATIENCE
    assert running.down is DOWN
    running._dependency_timed_out(DependencyDown("artifacts", "another"))
    assert running.down is DOWN  # the first is what it is given up for


def test_success_ends_an_outage(still, graph, clock):
    running = still(workers=1)
    assert not running._dependency_timed_out(DOWN)
    clock.now += PATIENCE
    graph.gate.set()
    running._work(Batch([message(1)], light=True))
    assert not running._dependency_timed_out(DOWN)
