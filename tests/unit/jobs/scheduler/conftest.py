"""Schedulers over a graph that waits at a gate."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pipeline.jobs import light_queue, scheduler
from pipeline.jobs.scheduler import Scheduler
from tests.unit.jobs.scheduler.support import PATIENCE, Clock, Gated, Settled, Waits
from transforms.process.supervision import SupervisedThread


@pytest.fixture
def graph():
    return Gated()


@pytest.fixture
def settled():
    return Settled()


@pytest.fixture
def start(graph, settled):
    started = []

    def start(workers, settled=settled, dependency_timeout=PATIENCE) -> Scheduler:
        stand_in: Any = graph
        started.append(Scheduler(stand_in, workers, settled, dependency_timeout))
        return started[-1]

    yield start
    graph.gate.set()
    for each in started:
        assert each.close(PATIENCE)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (scheduler, light_queue):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def still(monkeypatch, graph):
    """Make a scheduler without running threads, so that a test takes batches itself."""

    def still(workers) -> Scheduler:
        with monkeypatch.context() as patch:
            patch.setattr(SupervisedThread, "start", lambda _: None)
            stand_in: Any = graph
            return Scheduler(stand_in, workers, lambda *_: None, PATIENCE)

    return still


@pytest.fixture
def no_waiting(monkeypatch):
    def wait(*_):
        raise Waits

    monkeypatch.setattr(threading.Condition, "wait", wait)
