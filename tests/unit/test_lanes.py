"""How messages are shared out among runs; what a run does is tested where the graph is."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.lanes import LIGHT_RUNS, MAX_RUN, MIN_RUN, Lanes
from transforms.model import Message

PATIENCE = 60


class Gated:
    """A graph whose runs last until they are let go."""

    def __init__(self):
        self.begun: list[int] = []
        self.changed = threading.Condition()
        self.gate = threading.Event()

    def run(self, messages):
        with self.changed:
            self.begun.append(len(messages))
            self.changed.notify_all()
        assert self.gate.wait(PATIENCE)
        return []

    def wait_for(self, runs):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= runs, PATIENCE)


@pytest.fixture
def graph():
    return Gated()


@pytest.fixture
def start(graph):
    started = []

    def start(workers) -> Lanes:
        stand_in: Any = graph
        started.append(Lanes(stand_in, workers, lambda *_: None, dependency_timeout=1))
        return started[-1]

    yield start
    graph.gate.set()
    for each in started:
        assert each.close(PATIENCE)


def message(number):
    return Message(b"{}", {}, f"message-{number}", datetime.now(UTC))


def submit(to, count, heavy=False):
    for number in range(count):
        to.submit(message(number), heavy)


def test_light_messages_share_two_runs_and_heavy_ones_have_their_own(graph, start):
    running = start(workers=4)
    with running._changed:  # no lane looks before all are there
        submit(running, 3 * MIN_RUN)
    graph.wait_for(LIGHT_RUNS)
    submit(running, 1, heavy=True)
    graph.wait_for(LIGHT_RUNS + 1)
    assert graph.begun == [MIN_RUN] * LIGHT_RUNS + [1]
    assert running.waiting == MIN_RUN


def test_a_worker_that_is_idle_is_given_a_run_however_many_go_on(graph, start):
    running = start(workers=4)
    for runs in range(1, 5):
        submit(running, 1)
        graph.wait_for(runs)
    submit(running, 1)
    assert graph.begun == [1] * 4
    assert running.waiting == 1


@pytest.mark.parametrize(
    ("seconds", "sizes"),
    [
        ([0.1, 0.1, 0.1], [MIN_RUN * 4, MIN_RUN * 16, MAX_RUN]),
        ([1.0, 2.0, 4.0], [MIN_RUN * 2, MIN_RUN * 2, MIN_RUN]),
        ([60.0, 0.1, 60.0], [MIN_RUN, MIN_RUN * 4, MIN_RUN * 2]),
    ],
)
def test_runs_are_sized_by_how_long_the_last_full_one_took(start, seconds, sizes):
    running = start(workers=1)
    found = []
    for took in seconds:
        running._learn(running._size - 1, took / 100)  # not full, so it tells nothing
        running._learn(running._size, took)
        found.append(running._size)
    assert found == [min(size, MAX_RUN) for size in sizes]
