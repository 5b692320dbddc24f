"""Two workers with one request: the promises hold if one is slow, frozen or cancelled."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.faults.campaign import ARGUMENTS
from tests.faults.inject import POINTS
from tests.faults.place import Place
from tests.faults.traffic import Traffic
from tests.faults.verdict import broken_promises, engine_calls, lost_messages, needless_calls
from tests.faults.worker import Worker, Workers

LEASE = 4  # seconds; long enough for a busy machine to extend it
PATIENCE = 60.0
DRAIN = (*ARGUMENTS, f"--lease={LEASE}", "--empty-queue-timeout=0")
ENGINE, MANIFEST = "before script engine", "before put manifest.json"

pytestmark = pytest.mark.timeout(300)


class Scene:
    """A request, its messages, and the workers that process them."""

    def __init__(self, place: Place, folder):
        self.place = place
        self.folder = folder
        self.workers = Workers(folder, place.environment)
        self.traffic = Traffic(random.Random(), place.publish)
        self.running: list[Worker] = []
        self.traffic.send("text")
        [self.request_id] = self.traffic.of_request

    def hold(self, point) -> Worker:
        """Start a worker that stops at a point, and wait until it is there."""
        assert point in POINTS
        worker = self.start(point)
        assert worker.wait_for("held", PATIENCE)
        assert worker.events_of("held") == [point], worker.log.read_text()
        return worker

    def start(self, point=None) -> Worker:
        """Start a worker."""
        gate = self.folder / f"gate-{len(self.running) + 1}"
        self.running.append(self.workers.start(DRAIN, point, gate=gate if point else None))
        return self.running[-1]

    def release(self, worker) -> None:
        """Let a held worker continue."""
        (self.folder / f"gate-{worker.number}").touch()

    def end(self, worker) -> None:
        """Wait until a worker exits because the queue is empty."""
        assert worker.wait(PATIENCE) == 0, worker.log.read_text()
        assert "drain ends (empty_queue)" in worker.log.read_text()

    def publish_rival(self) -> None:
        """Publish the request again in another message."""
        self.traffic.repeat(self.request_id)

    def wait_for_lease(self, seconds) -> None:
        """Wait by the clock of the ledger, which decides about leases."""
        self.place.ledger.run("SELECT pg_sleep(:seconds)", seconds=seconds)

    def wait_until_lapsed(self) -> None:
        """Wait until the request's lease has lapsed."""
        query = (
            "SELECT lease_expires_at < now() AS lapsed FROM requests "
            "WHERE CAST(request_id AS text) = :request_id"
        )
        for _ in range(int(PATIENCE)):
            [row] = self.place.ledger.run(query, request_id=self.request_id)
            if row["lapsed"]:
                return
            self.wait_for_lease(1)
        raise AssertionError("the lease was extended")

    def judge(self, interrupted=()) -> None:
        """Assert that every promise was kept."""
        assert list(lost_messages(self.place)) == []
        self.end(self.start())
        self.place.store.sweep(timedelta(0))  # temporary files of killed writers
        calls = engine_calls(self.workers.events())
        interrupted = {worker.number for worker in interrupted}
        assert list(needless_calls(calls, interrupted)) == []
        assert broken_promises(self.place, self.traffic) == []


@pytest.fixture
def scene(postgres, pubsub_server, pubsub, tmp_path):
    place = Place(tmp_path, postgres, pubsub_server, None, random.Random(), pubsub.project)
    logs = tmp_path / "logs"
    logs.mkdir()
    with _killed_at_end(Scene(place, logs)) as scene:
        yield scene


@contextmanager
def _killed_at_end(scene: Scene) -> Iterator[Scene]:
    try:
        yield scene
    finally:
        for worker in scene.running:
            worker.send(signal.SIGKILL)
            worker.wait(PATIENCE)
        scene.place.ledger.close()


def test_slow_engine_keeps_its_claim(scene):
    slow = scene.hold(ENGINE)
    scene.wait_for_lease(LEASE + 1)
    scene.publish_rival()
    scene.end(scene.start())
    scene.release(slow)
    scene.end(slow)
    scene.judge()


@pytest.mark.parametrize("point", [MANIFEST, "after put manifest.json"])
def test_request_cancelled_during_manifest_is_not_completed(scene, point):
    worker = scene.hold(point)
    [state] = scene.place.ledger.cancel([scene.request_id])
    assert state.cancel_requested_at
    scene.traffic.cancelled.add(scene.request_id)
    scene.release(worker)
    scene.end(worker)
    scene.judge()


@pytest.mark.parametrize("point", [ENGINE, MANIFEST])
def test_superseded_message_survives_death_of_rival(scene, point):
    frozen = scene.hold(point)
    frozen.send(signal.SIGSTOP)
    scene.wait_until_lapsed()
    scene.publish_rival()
    rival = scene.hold(point)
    scene.release(frozen)
    frozen.send(signal.SIGCONT)
    scene.end(frozen)  # its message has been taken over
    rival.send(signal.SIGKILL)
    rival.wait(PATIENCE)
    scene.judge(interrupted=[frozen, rival])
