"""The end of a scheduler: runs in progress, and messages that were not taken."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from pipeline.jobs import scheduler
from tests.unit.jobs.scheduler.support import DOWN, PATIENCE, ids, submit
from transforms.process.backoff import Backoff


def test_outcomes_are_reported_before_scheduler_is_idle(graph, start):
    reported = []

    def settled(messages, outcomes):
        reported.append((running.idle, ids(messages), [o.message_id for o in outcomes]))

    running = start(1, settled)
    graph.gate.set()
    assert running.idle
    submit(running, 1)
    assert running.close(PATIENCE)
    expected = ["message-light-0"]
    assert reported in ([], [(False, expected, expected)])  # closed before, or after it was taken


def test_close_ends_wait_for_dependency(graph, start, monkeypatch):
    monkeypatch.setattr(scheduler, "BACKOFF", Backoff(3600.0, 3600.0))
    graph.errors.extend([DOWN] * 9)
    graph.gate.set()
    running = start(workers=1)
    submit(running, 1, heavy=True)
    graph.wait_for(1)
    assert running.close(PATIENCE)
    assert running.down is DOWN


def test_outage_while_closing_is_no_error(graph, start, monkeypatch):
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)

    def fail(_):
        raise DOWN

    graph.uncount_delivery = fail
    running = start(workers=1)
    submit(running, 1)
    graph.wait_for(1)
    assert not running.close(0)
    assert raised == []
    graph.gate.set()


def test_closed_scheduler_does_not_wait_for_dependency(still):
    running = still(workers=1)
    running.close(0)
    assert running._dependency_timed_out(DOWN)


def test_close_waits_for_runs_and_drops_the_rest(graph, start, settled):
    running = start(workers=1)
    submit(running, 2, heavy=True)
    graph.wait_for(1)
    submit(running, 1)
    graph.wait_for(2)
    submit(running, 1)
    with ThreadPoolExecutor() as pool:
        closing = pool.submit(running.close, 3 * PATIENCE)
        with running._changed:
            assert running._changed.wait_for(lambda: running._closed, PATIENCE)
        assert running.waiting == 0
        assert not closing.done()
        graph.gate.set()
        assert closing.result(PATIENCE) is True
    for thread in running._threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert len(settled) == len(graph.begun) == 2
    assert graph.uncounted == []


def test_deliveries_cut_off_by_close_are_uncounted(graph, start):
    running = start(workers=2)
    for runs in (1, 2):
        submit(running, 1, heavy=True)
        graph.wait_for(runs)
    assert running.close(grace=0) is False
    assert graph.uncounted == [["message-heavy-0"] * 2]


def test_outage_does_not_keep_scheduler_from_closing(graph, start, monkeypatch):
    def uncount_delivery(_):
        raise DOWN

    running = start(workers=1)
    submit(running, 1)
    graph.wait_for(1)
    monkeypatch.setattr(graph, "uncount_delivery", uncount_delivery)
    assert running.close(grace=0) is False


def test_hanging_ledger_does_not_keep_scheduler_from_closing(graph, start, monkeypatch, caplog):
    answer = threading.Event()
    running = start(workers=1)
    submit(running, 1)
    graph.wait_for(1)
    monkeypatch.setattr(graph, "uncount_delivery", lambda _: answer.wait(PATIENCE))
    monkeypatch.setattr(scheduler, "UNCOUNT_SECONDS", 0.01)
    assert running.close(grace=0) is False
    assert "ledger does not answer; 1 deliveries count as deaths" in caplog.text
    answer.set()


def test_withdrawn_messages_are_those_not_taken(graph, start):
    running = start(workers=1)
    submit(running, 2, heavy=True)
    graph.wait_for(1)
    assert ids(running.withdraw()) == ["message-heavy-1"]
    assert running.withdraw() == []
    submit(running, 1, heavy=True)
    graph.gate.set()
    assert running.close(PATIENCE)
    assert len(graph.begun) == 1
