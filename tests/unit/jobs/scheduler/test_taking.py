"""Which messages a thread of the scheduler takes for a run."""

from __future__ import annotations

import pytest

from pipeline.jobs.light_queue import MAX_LINGER
from pipeline.jobs.run_size import MIN_RUN
from pipeline.jobs.scheduler import LIGHT_RUNS
from tests.unit.jobs.scheduler.support import ids, message, submit, take


def test_light_messages_share_runs_apart_from_heavy(graph, start):
    running = start(workers=4)
    with running._changed:  # no thread takes a batch before all are queued
        submit(running, 3 * MIN_RUN)
    graph.wait_for(LIGHT_RUNS)
    submit(running, 1, heavy=True)
    graph.wait_for(LIGHT_RUNS + 1)
    assert graph.sizes == [MIN_RUN] * LIGHT_RUNS + [1]
    assert running.waiting == MIN_RUN


@pytest.mark.parametrize("workers", [1, 3])
def test_heavy_messages_do_not_block_light_message(graph, start, workers):
    running = start(workers)
    with running._changed:
        submit(running, workers + 1, heavy=True)
        submit(running, 1)
    graph.wait_for(workers + 1)
    heavy = [f"message-heavy-{number}" for number in range(workers)]
    assert sorted(run[0] for run in graph.begun) == [*heavy, "message-light-0"]
    assert running.waiting == 1


def test_idle_worker_gets_a_light_run(graph, start):
    running = start(workers=4)
    for runs in range(1, 5):
        submit(running, 1)
        graph.wait_for(runs)
    submit(running, 1)
    assert graph.sizes == [1] * 4
    assert running.waiting == 1


@pytest.mark.usefixtures("no_waiting")
def test_light_thread_takes_no_heavy_message(still):
    running = still(workers=1)
    submit(running, 1, heavy=True)
    assert not running.idle
    assert take(running, heavy=False) is None
    assert take(running).messages[0].message_id == "message-heavy-0"
    assert not running.idle
    assert running.waiting == 0


@pytest.mark.usefixtures("no_waiting")
def test_heavy_messages_are_taken_first_and_in_order(still, clock):
    running = still(workers=2)
    submit(running, 1)
    clock.now += MAX_LINGER
    submit(running, 2, heavy=True)
    found = [ids(take(running).messages) for _ in range(3)]
    assert found == [["message-heavy-0"], ["message-heavy-1"], ["message-light-0"]]


@pytest.mark.usefixtures("no_waiting")
def test_students_take_turns_with_heavy_messages(still, clock):
    running = still(workers=1)
    for student in ("ann", "ann", "bob", "ann"):
        running.submit(message(student), True, student)
    found = [take(running).messages[0].message_id for _ in range(4)]
    assert found == [f"message-{student}" for student in ("ann", "bob", "ann", "ann")]


def test_heavy_run_does_not_count_as_light(still, clock):
    running = still(workers=1)
    submit(running, 1, heavy=True)
    assert not take(running).light
    submit(running, LIGHT_RUNS * MIN_RUN)
    assert [take(running).light for _ in range(LIGHT_RUNS)] == [True] * LIGHT_RUNS


@pytest.mark.usefixtures("no_waiting")
def test_light_messages_linger_while_runs_go_on(still, clock):
    running = still(workers=4)
    submit(running, 1)
    assert len(take(running).messages) == 1  # at once: nothing else goes on
    submit(running, 1)
    clock.now += MAX_LINGER / 2
    submit(running, 1)  # does not make the first one wait longer
    assert take(running) is None
    clock.now += MAX_LINGER / 2
    assert len(take(running).messages) == 2


@pytest.mark.usefixtures("no_waiting")
def test_full_run_of_light_messages_does_not_linger(still, clock):
    running = still(workers=2 * MIN_RUN)
    submit(running, 1, heavy=True)
    take(running)
    size = 2 * MIN_RUN  # one message for each worker
    submit(running, size + 1)
    clock.now += MAX_LINGER / 2
    found = ids(take(running).messages)
    assert found == [f"message-light-{number}" for number in range(size)]
    clock.now += MAX_LINGER / 2
    assert take(running) is None  # what is left waits from the moment others were taken
    clock.now += MAX_LINGER / 2
    assert len(take(running).messages) == 1


def test_quick_full_run_makes_next_run_larger(graph, start, settled):
    running = start(workers=1)
    graph.gate.set()
    with running._changed:
        submit(running, MIN_RUN)
    settled.wait_for(1)
    with running._changed:
        submit(running, 2 * MIN_RUN)
    settled.wait_for(2)
    assert graph.sizes == [MIN_RUN, 2 * MIN_RUN]


def test_heavy_message_waits_for_equal_one(start, graph, settled):
    running = start(3)
    for name, key in (("first", "topic"), ("equal", "topic"), ("other", None)):
        running.submit(message(name), True, name, key)
    graph.wait_for(2)
    assert sorted(graph.begun) == [["message-first"], ["message-other"]]
    graph.gate.set()
    settled.wait_for(3)
    assert graph.begun[-1] == ["message-equal"]
