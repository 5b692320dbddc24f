"""A job whose engine has no quota left settles nothing, and goes on with other engines."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.jobs import drain as module
from pipeline.jobs import scheduler
from pipeline.jobs.batch import Batch
from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import stand_ins
from tests.integration.drain_support import PATIENCE, Queue, start_drain, wait_until
from transforms.artifacts import ArtifactStore
from transforms.errors import Overloaded, QuotaExhausted
from transforms.narration.narrate_script import _Narrate
from transforms.process import waiting as process_waiting
from transforms.process.backoff import Backoff
from transforms.stage import engine_gate

GRACE = 3600.0
"""A drain that takes its whole grace would hang the test."""


@pytest.fixture
def queue(pubsub, monkeypatch):
    monkeypatch.setattr(module, "LINGERING_PULL", 1.1)
    monkeypatch.setattr(module, "EMPTY_PULL_PAUSE", 0.02)
    monkeypatch.setattr(scheduler, "BACKOFF", Backoff(0.05, 0.05))
    return Queue(pubsub.project)


@pytest.fixture
def graph(ledger, tmp_path, monkeypatch):
    stand_ins.install(monkeypatch)
    return GraphRunner(VividlyOptions([]), ledger, ArtifactStore(str(tmp_path)))


def publish(queue: Queue, modality: str) -> bytes:
    data = json.dumps(stand_ins.request(requested_modalities=[modality])).encode()
    queue.publish(data)
    return data


def refuse(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the voice answer every call with a pause of some seconds."""

    def perform(*_):
        raise Overloaded("429 quota", retry_after=seconds)

    monkeypatch.setattr(_Narrate, "perform", perform)


def when_waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Return a function that waits until a call waits for the engine."""
    waits = threading.Event()
    wait = process_waiting.wait

    def waiting(*arguments):
        waits.set()
        wait(*arguments)

    monkeypatch.setattr(engine_gate, "wait", waiting)
    return lambda: waits.wait(PATIENCE)


def test_exhausted_quota_ends_drain_with_remedy(queue, graph, ledger, monkeypatch):
    refuse(monkeypatch, 86_400.0)
    audio = publish(queue, "audio")
    drain = start_drain(queue, graph, dependency_timeout=0.3)
    summary = drain.run()
    assert summary["exit_reason"] == "dependency_down"
    assert isinstance(drain.down, QuotaExhausted)
    assert "raise its quota, or lower --narration-per-minute" in str(drain.down)
    assert ledger.totals().in_flight == 1
    assert ledger.dead_letters() == []
    assert queue.left() == {audio}


def test_texts_go_on_without_quota_for_speech(queue, graph, ledger, monkeypatch):
    refuse(monkeypatch, 86_400.0)
    audio = publish(queue, "audio")
    drain = start_drain(queue, graph, workers=1, empty_queue_timeout=PATIENCE)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        wait_until(lambda: drain._scheduler.down_seconds)
        publish(queue, "text")
        wait_until(lambda: ledger.totals().completed == 1)
        drain._stop.set()
        running.result(PATIENCE)
    assert ledger.totals().in_flight == 1
    assert queue.left() == {audio}


def test_stop_ends_wait_for_engine(queue, graph, ledger, monkeypatch):
    refuse(monkeypatch, 200.0)  # less than the deadline of the narration
    waits = when_waiting(monkeypatch)
    audio = publish(queue, "audio")
    drain = start_drain(queue, graph, shutdown_grace=GRACE, empty_queue_timeout=PATIENCE)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(drain._run)
        assert waits()
        drain._stop.set()
        summary = running.result(PATIENCE)
    assert summary["exit_reason"] == "signal"
    assert drain.down is None
    assert ledger.totals().in_flight == 1
    assert queue.left() == {audio}


def test_stop_of_batch_ends_wait_for_engine(graph, ledger, monkeypatch, tmp_path):
    refuse(monkeypatch, 200.0)
    waits = when_waiting(monkeypatch)
    file = tmp_path / "requests.jsonl"
    file.write_text(json.dumps(stand_ins.request(requested_modalities=["audio"])) + "\n")
    batch = Batch(file, graph, workers=1, dependency_timeout=PATIENCE, shutdown_grace=GRACE)

    def stop_when_waiting() -> None:
        waits()
        batch._stop.set()

    stopping = threading.Thread(target=stop_when_waiting, daemon=True)
    stopping.start()
    summary = batch.run()
    assert (summary["exit_reason"], summary["in_flight"]) == ("signal", 1)
    assert batch.down is None
    assert ledger.dead_letters() == []
