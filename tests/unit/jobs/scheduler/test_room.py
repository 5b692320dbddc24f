"""How many messages may be submitted to the scheduler."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.jobs.run_size import MAX_RUN
from pipeline.jobs.scheduler import HELD_PER_THREAD, RUNS_AHEAD
from tests.unit.jobs.scheduler.support import PATIENCE, submit, take


@pytest.mark.parametrize(
    ("held", "heavy", "size", "room"),
    [
        (2 * HELD_PER_THREAD - 1, 0, 1, True),
        (2 * HELD_PER_THREAD, 0, 1, False),
        (0, 2 * HELD_PER_THREAD - 1, 1, True),
        (0, 2 * HELD_PER_THREAD, 1, False),
        (RUNS_AHEAD * 100 - 1, 0, 100, True),
        (RUNS_AHEAD * 100, 0, 100, False),
    ],
)
def test_room_is_bounded_for_light_and_heavy_messages(still, held, heavy, size, room):
    running = still(workers=1)
    running._run_size.limit = size
    submit(running, heavy, heavy=True)
    assert running.has_room(held, timeout=0) is room


@pytest.mark.usefixtures("no_waiting")
def test_heavy_places_are_for_running_and_next_ones(still):
    running = still(workers=2)
    submit(running, 1)
    assert running.heavy_places == 3
    submit(running, 2, heavy=True)
    take(running)
    assert running.heavy_places == 1
    submit(running, 3, heavy=True)
    assert running.heavy_places == -2


def test_wait_for_change_ends_with_a_run(graph, start):
    running = start(workers=1)
    submit(running, 1)
    graph.wait_for(1)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(running.wait_for_change, PATIENCE)
        while not waiting.done():  # it may not have begun to wait when a run ends
            submit(running, 1)
            graph.gate.set()


def test_wait_for_room_ends_when_messages_are_taken(graph, start):
    running = start(workers=1)
    held = RUNS_AHEAD * MAX_RUN
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(running.has_room, held, PATIENCE)
        submit(running, 1)
        graph.gate.set()
        assert waiting.result(PATIENCE / 2) is False


def test_wait_for_room_lasts_its_timeout(still):
    found = still(workers=1)
    started = time.monotonic()
    assert found.has_room(RUNS_AHEAD * MAX_RUN, timeout=0.1) is False
    assert time.monotonic() - started >= 0.1
