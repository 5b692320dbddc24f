"""Drains share heavy requests and find texts among them; the graph is a stand-in."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pipeline.jobs import drain, pull_size
from pipeline.jobs.leases import LEASE
from tests.e2e import command
from tests.integration.drain_support import (
    PATIENCE,
    Graph,
    record_requests,
    start_drain,
    wait_until,
)
from transforms.model import Outcome
from transforms.parse import peek

REQUESTS = 24


class Stepped(Graph):
    """Completes texts at once, and each heavy message when the test allows it."""

    def __init__(self):
        super().__init__()
        self.steps = threading.Semaphore(0)
        self.done: list[bytes] = []

    def run(self, messages):
        request = peek(messages[0].data)
        if request and request.modality != "text":
            assert self.steps.acquire(timeout=PATIENCE)
        self.done += [each.data for each in messages]
        return [Outcome(each.message_id, "completed") for each in messages]


def request(modality: str) -> bytes:
    return json.dumps(command.request(requested_modalities=[modality])).encode()


def test_two_drains_share_heavy_requests(queue, monkeypatch):
    monkeypatch.setattr(pull_size, "FIRST_PAUSE", 10 * PATIENCE)
    monkeypatch.setattr(pull_size, "LONGEST_PAUSE", 10 * PATIENCE)
    monkeypatch.setattr(drain, "EMPTY_PULL_PAUSE", 0.02)
    queue.publish(*(request("audio") for _ in range(REQUESTS)))
    graphs = Stepped(), Stepped()
    drains = [
        start_drain(queue, graph, workers=1, pull_timeout=1, max_runtime=4 * PATIENCE)
        for graph in graphs
    ]
    made = [record_requests(each._client) for each in drains]

    def is_full(each):
        return each._leases.in_work == 2

    def has_gone_on(each, graph, step):
        pulled = sum(other._tally.summary("")["received"] for other in drains)
        return len(graph.done) >= step and (is_full(each) or pulled == REQUESTS)

    with ThreadPoolExecutor() as pool:
        running = []
        for each in drains:  # the second begins when the first holds all that it may
            running.append(pool.submit(each._run))
            wait_until(partial(is_full, each))
        for step in range(1, REQUESTS // 2 + 1):
            for each, graph in zip(drains, graphs, strict=True):
                graph.steps.release()
                wait_until(partial(has_gone_on, each, graph, step))
        for graph in graphs:
            graph.steps.release(REQUESTS)
        summaries = [each.result(2 * PATIENCE) for each in running]
    completed = [summary["completed"] for summary in summaries]
    assert sum(completed) == REQUESTS
    assert max(completed) <= 1.2 * REQUESTS / 2
    deadlines = {deadline for each in made for _, deadline in each["modify_ack_deadline"]}
    assert deadlines <= {LEASE}  # no message was handed back
    assert queue.left() == set()


def test_text_does_not_wait_for_heavy_places(queue, monkeypatch):
    monkeypatch.setattr(pull_size, "FIRST_PAUSE", 0.05)
    text, graph = request("text"), Stepped()
    running = start_drain(queue, graph, workers=1, pull_timeout=1)
    queue.publish(*(request("video") for _ in range(2)))
    with ThreadPoolExecutor() as pool:
        draining = pool.submit(running._run)
        wait_until(lambda: running._leases.in_work == 2)
        queue.publish(request("video"), text)
        wait_until(lambda: graph.done == [text])  # no video has ended
        wait_until(lambda: running._leases.in_work == 3)  # the third video is kept
        graph.steps.release(3)
        assert draining.result(PATIENCE)["completed"] == 4
