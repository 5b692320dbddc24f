"""Reading, scheduling, health and end of a batch; the graph is a stand-in."""

from __future__ import annotations

import gzip
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline.embedded.process import free_port
from pipeline.jobs import batch as module
from pipeline.jobs.batch import Batch, messages
from pipeline.jobs.run_size import MIN_RUN
from pipeline.usage_error import UsageError
from tests.e2e import command
from transforms.errors import DependencyDown
from transforms.model import Outcome

PATIENCE = 20


class Graph:
    """Completes every message once the gate is open."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.runs = []
        self.error = None

    def run(self, messages):
        self.runs.append(len(messages))
        self.entered.release()
        assert self.gate.wait(PATIENCE)
        if self.error:
            raise self.error
        return [Outcome(each.message_id, "completed") for each in messages]

    def uncount_delivery(self, messages):
        pass

    def shared_key(self, request):
        return None

    def checks(self):
        return {"postgres": lambda: None}

    meter = None
    lapsed_claims = None


@pytest.fixture
def graph():
    graph = Graph()
    yield graph
    graph.gate.set()


@pytest.fixture
def start(graph, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "AHEAD", MIN_RUN)

    def start(lines, timeout=PATIENCE, grace=PATIENCE, port=None, file=None) -> Batch:
        if not file:
            file = tmp_path / "requests.jsonl"
            file.write_bytes(b"\n".join(lines) + b"\n")
        stand_in: Any = graph
        return Batch(file, stand_in, 1, timeout, grace, port, keep_ids=True)

    return start


def lines(count, modality="text"):
    request = command.request(requested_modalities=[modality])
    return [json.dumps({**request, "number": number}).encode() for number in range(count)]


def test_each_nonblank_line_is_a_message(tmp_path):
    file = tmp_path / "requests.jsonl"
    file.write_bytes(b'{"a": 1}\r\n\n \t\n{"a": 1}\n{"b": "\xff"} \n')
    found = list(messages(file))
    assert [each.data for each in found] == [b'{"a": 1}', b'{"a": 1}', b'{"b": "\xff"} ']
    ids = [each.message_id for each in found]
    assert [each.split("-")[1] for each in ids] == ["1", "4", "5"]
    assert ids[0].split("-")[2] == ids[1].split("-")[2] != ids[2].split("-")[2]
    assert [each.message_id for each in messages(file)] == ids
    file.write_bytes(b'{"a": 2}\n')
    assert next(messages(file)).message_id != ids[0]


def test_every_line_is_processed(start, graph):
    batch = start(lines(3 * MIN_RUN))
    summary = batch.run()
    assert (summary["exit_reason"], summary["in_flight"]) == ("end_of_file", 0)
    assert summary["unread_input"] is False
    assert summary["received"] == summary["completed"] == sum(graph.runs) == 3 * MIN_RUN
    assert len(set(batch.message_ids)) == 3 * MIN_RUN


def test_heavy_message_gets_separate_run(start, graph):
    start(lines(3, "video") + lines(2, "audio")).run()
    assert graph.runs == [1] * 5


def test_signal_ends_reading_and_waits_for_runs(start, graph):
    batch = start(lines(10 * MIN_RUN, "video"))
    graph.gate.clear()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(_run_without_signals, batch)
        assert graph.entered.acquire(timeout=PATIENCE)
        with batch._scheduler._changed:
            assert batch._scheduler._changed.wait_for(
                lambda: batch._scheduler.waiting == MIN_RUN, PATIENCE
            )
        batch._stop.set()
        with batch._scheduler._changed:
            assert batch._scheduler._changed.wait_for(lambda: batch._scheduler._closed, PATIENCE)
        assert not running.done()
        graph.gate.set()
        summary = running.result(PATIENCE)
    assert (summary["exit_reason"], summary["completed"]) == ("signal", 1)
    assert summary["received"] == MIN_RUN + 1  # it read no further ahead than it may
    assert summary["unread_input"] is True


def test_signal_ends_wait_for_slow_input(start, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    batch = start([], file=fifo)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(_run_without_signals, batch)
        with fifo.open("wb", buffering=0) as pipe:
            pipe.write(lines(1)[0] + b"\n")
            _wait_until(lambda: batch.message_ids)
            batch._stop.set()
            summary = running.result(PATIENCE)
    assert (summary["exit_reason"], summary["completed"]) == ("signal", 1)
    assert summary["unread_input"] is True


def test_signal_after_last_outcome_leaves_nothing_over(start, graph):
    batch = start(lines(1))
    graph.gate.clear()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(_run_without_signals, batch)
        assert graph.entered.acquire(timeout=PATIENCE)
        _wait_until(lambda: batch._read_to_end)
        batch._stop.set()
        graph.gate.set()
        summary = running.result(PATIENCE)
    assert (summary["exit_reason"], summary["in_flight"]) == ("end_of_file", 0)


def test_read_error_ends_batch_with_summary(start, graph):
    request = lines(3)
    batch = start(request)
    packed = gzip.compress(b"\n".join(request) + b"\n")
    batch._file.write_bytes(packed[:-4] + b"1234")
    summary = batch.run()
    assert (summary["exit_reason"], summary["completed"]) == ("input_error", 3)
    assert summary["unread_input"] is True
    assert "gzipped file is damaged" in str(batch.down)


def test_read_error_before_any_message_is_raised(start):
    batch = start([b"\xff"])
    with pytest.raises(UsageError, match="not UTF-8 text"):
        batch.run()


def test_failing_runs_leave_messages_over(start, graph):
    graph.error = RuntimeError("outside a stage")
    summary = start(lines(2)).run()
    assert (summary["exit_reason"], summary["in_flight"]) == ("end_of_file", 2)


def test_dependency_that_stays_down_ends_the_batch(start, graph):
    graph.error = DependencyDown("postgres", "no answer")
    batch = start(lines(10 * MIN_RUN, "video"), timeout=0)
    summary = batch.run()
    assert (summary["exit_reason"], summary["completed"]) == ("dependency_down", 0)
    assert batch.down is graph.error
    assert summary["received"] <= MIN_RUN + 1


def test_batch_serves_health_and_metrics(start, graph):
    port = free_port()
    batch = start(lines(3, "video"), port=port)
    graph.gate.clear()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(_run_without_signals, batch)
        try:
            assert graph.entered.acquire(timeout=PATIENCE)
            assert command.get(port, "/healthz")[0] == 200
            assert command.get(port, "/readyz")[0] == 200
            assert "vividly_received_total" in command.get(port, "/metrics")[1]
            batch._stop.set()
            _wait_until(lambda: command.get(port, "/readyz")[0] == 503)  # checked once a second
            body = command.get(port, "/readyz")[1]
            assert json.loads(body)["down"] == {"running": "shutting down"}
        finally:
            graph.gate.set()
        running.result(PATIENCE)
    with pytest.raises(OSError, match="refused"):
        command.get(port, "/healthz")


def _wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _run_without_signals(batch):
    """Run a batch off the main thread, which alone may handle signals."""
    from contextlib import nullcontext
    from unittest.mock import patch

    with patch.object(module, "stop_on_signals", lambda _: nullcontext()):
        return batch.run()
