"""Behind a real shuffle, worker processes that are killed or paused lose and condemn no request."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from pipeline.graph import HeavyShards, build
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import held_stages as held
from tests.integration import stand_ins
from tests.integration.held_stages import Stages, wait_until
from tests.integration.ledger_support import let_lease_lapse
from tests.integration.worker_processes import ProcessService
from tests.tcp_proxy import TcpProxy
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger
from transforms.model import Message
from transforms.narration import narrate_script
from transforms.script import write_script
from transforms.stage.suspects import SUSPECT_STARTS, UNPROVEN_FACTOR
from transforms.video import render_video

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP"),
    # Beam's threads that read from a killed worker.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]

PATIENCE = 60.0


class Scene:
    """The streaming graph with stages that a test holds."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger = ledger
        self.folder = folder
        self.store = ArtifactStore(str(folder / "artifacts"))
        gates = folder / "gates"
        gates.mkdir()
        self.stages = Stages(gates)
        self.log = folder / "workers.log"
        self.service: ProcessService

    def start(self, *, shards: int = 1, url: str = "", **options: object) -> None:
        """Start a job, instead of the one before."""
        ledger = Ledger(url or self.ledger.url)
        chosen = VividlyOptions([], **options)
        heavy = HeavyShards(video=shards)
        self.service = ProcessService(
            lambda messages: build(messages, chosen, ledger, self.store, shards=heavy),
            threads=sum(heavy) + 4,
            log=self.log,
        )

    def publish(self, does: str = "", request_id: str = "") -> tuple[Message, str]:
        """Publish a video request; return its message and its id."""
        fields = stand_ins.request(does=does)
        if request_id:
            fields["request_id"] = request_id
        message = stand_ins.message(fields)
        self.service.publish(message)
        return message, str(fields["request_id"])

    def render_together(self, *what: str) -> list[str]:
        """Publish requests that reach the video stage in one bundle; return their ids.

        Those of one bundle are spread evenly over the shards.
        """
        _, leader = self.publish(held.LEADS)
        wait_until(lambda: self.status(leader, "stage") == "narration" and not self.waits(leader))
        found = [self.publish(does)[1] for does in what]
        wait_until(lambda: self.queued() == len(what))
        self.stages.open(held.LED)
        return found

    def waits(self, request_id: str) -> bool:
        """Return whether a request waits behind a shuffle."""
        return self.status(request_id, "queued_at") is not None

    def queued(self) -> int:
        """Return the size of the largest group of elements that wait for one key."""
        return max(map(len, list(self.service._waiting.values())), default=0)

    def wait_for_calls(self, request_ids: list[str], number: int) -> None:
        """Wait until the video stage was called so often for each request."""
        wait_until(lambda: all(len(self.stages.calls(each)) == number for each in request_ids))

    def kill(self, number: signal.Signals) -> None:
        """End the worker process; the service starts another one."""
        killed = self.service.worker
        killed.send(number)
        wait_until(lambda: self.service.worker is not killed)

    def settle(self) -> None:
        """Wait until the service has nothing left."""
        self.service.wait_until_idle(PATIENCE)

    def status(self, request_id: str, column: str = "status") -> object:
        """Return a column of a request's row."""
        found = self.ledger.requests(request_id)
        return getattr(found[0], column) if found else None

    def outcome(self, message: Message) -> object:
        """Return the outcome of a message."""
        rows = self.ledger.run(
            "SELECT outcome FROM messages WHERE message_id = :id", id=message.message_id
        )
        return rows[0]["outcome"] if rows else None


@pytest.fixture
def scene(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    scene = Scene(ledger, tmp_path)
    for module, name in (
        (write_script, "WriteScript"),
        (narrate_script, "Narrate"),
        (render_video, "RenderVideo"),
    ):
        task = getattr(held, name)(scene.stages)
        monkeypatch.setattr(module, f"_{name}", lambda *_, task=task: task)
    yield scene
    scene.service.close()


def test_poison_is_given_up_and_its_company_completes(scene):
    """All are in work whenever the poison kills its process: twice a worker, then its children."""
    deaths = 2
    scene.start(shards=12, max_deliveries=deaths)
    company = [held.WAITS] * 11
    *innocents, poison = scene.render_together(*company, held.DIES)
    for number in range(1, SUSPECT_STARTS + deaths + 1):
        scene.wait_for_calls([poison], number)
        scene.wait_for_calls(innocents, min(number, SUSPECT_STARTS + 1))
        scene.stages.open(held.death(number))
    wait_until(lambda: scene.status(poison) == "failed")
    scene.stages.open(held.RELEASED)
    scene.settle()
    [letter] = scene.ledger.dead_letters()
    assert (letter.request_id, letter.error_type) == (poison, "CrashesWorker")
    assert len(scene.stages.calls(poison)) == SUSPECT_STARTS + deaths
    assert {scene.status(each) for each in innocents} == {"completed"}


def test_request_without_an_end_can_be_retried(scene):
    scene.start(max_deliveries=1)
    _, request_id = scene.publish(held.WAITS)
    for number in range(1, UNPROVEN_FACTOR + 1):
        scene.wait_for_calls([request_id], number)
        scene.kill(signal.SIGKILL)
    scene.settle()
    [letter] = scene.ledger.dead_letters()
    assert (letter.stage, letter.error_type) == ("video", "StartedTooOften")
    assert letter.retryable
    assert len(scene.stages.calls(request_id)) == UNPROVEN_FACTOR
    assert "without an end" in scene.log.read_text()  # an alert watches this line


@pytest.mark.nightly
def test_six_scale_downs_condemn_no_request(scene):
    scene.start(shards=2)
    rendering = scene.render_together(held.WAITS, held.WAITS)
    for number in range(1, 7):
        scene.wait_for_calls(rendering, number)
        scene.kill(signal.SIGTERM)
    scene.stages.open(held.RELEASED)
    scene.settle()
    assert {scene.status(each) for each in rendering} == {"completed"}
    assert scene.ledger.dead_letters() == []


def test_paused_worker_changes_nothing_after_its_successor(scene):
    def everything():
        return (
            {name: scene.store.read(request_id, name) for name in scene.store.list(request_id)},
            scene.ledger.requests(request_id),
            scene.ledger.stages(request_id),
            scene.ledger.totals(),
            scene.ledger.run("SELECT * FROM messages"),
        )

    scene.start()
    message, request_id = scene.publish(held.PAUSES)
    scene.wait_for_calls([request_id], 1)
    paused = scene.service.worker
    wait_until_stopped(paused.process.pid)
    scene.service.replace_worker(paused)
    scene.settle()
    before = everything()
    assert scene.outcome(message) == "completed"
    paused.send(signal.SIGCONT)
    scene.service.join(paused)
    assert everything() == before
    [_, successor] = scene.stages.calls(request_id)
    assert scene.store.read(request_id, "video.mp4") == f"made by process {successor}".encode()


def wait_until_stopped(pid: int) -> None:
    """Wait until a process is stopped by a signal."""
    stat = Path(f"/proc/{pid}/stat")
    wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")


def test_video_completes_after_postgres_was_down(scene):
    url = make_url(scene.ledger.url)
    with TcpProxy(f"{url.host}:{url.port}") as proxy:
        port = int(proxy.host.rpartition(":")[2])
        through = url.set(port=port).render_as_string(hide_password=False)
        scene.start(url=through)
        message, request_id = scene.publish(held.WAITS)
        scene.wait_for_calls([request_id], 1)
        proxy.cut()
        scene.stages.open(held.RELEASED)
        wait_until(lambda: scene.service.failures > 0)
        proxy.restore()
        scene.settle()
    assert scene.outcome(message) == "completed"
    assert scene.ledger.dead_letters() == []


def test_request_cancelled_in_queue_is_not_rendered(scene):
    scene.start()
    first, rendering = scene.publish(held.WAITS)
    scene.wait_for_calls([rendering], 1)
    message, queued = scene.publish()
    wait_until(lambda: scene.waits(queued) and scene.queued() == 1)
    scene.ledger.cancel([queued])
    scene.stages.open(held.RELEASED)
    scene.settle()
    assert (scene.status(queued), scene.outcome(message)) == ("cancelled", "dead_lettered")
    assert scene.stages.calls(queued) == []
    assert scene.outcome(first) == "completed"


def test_queue_longer_than_lease_keeps_its_claims(scene):
    scene.start(lease=1.0)
    _, rendering = scene.publish(held.WAITS)
    scene.wait_for_calls([rendering], 1)
    message, queued = scene.publish()
    wait_until(lambda: scene.waits(queued) and scene.queued() == 1)
    scene.ledger.run("SELECT pg_sleep(1.1)")  # the lease ends by the clock of the ledger
    rival, _ = scene.publish(request_id=queued)
    wait_until(lambda: scene.outcome(rival) is not None)
    scene.stages.open(held.RELEASED)
    scene.settle()
    assert (scene.outcome(message), scene.outcome(rival)) == ("completed", "duplicate")
    assert len(scene.stages.calls(queued)) == 1


def test_cancelled_job_leaves_no_request_behind(scene):
    """Its shuffle is lost with five requests; they are published again to another job."""
    scene.start()
    published = [scene.publish(held.WAITS)]
    scene.wait_for_calls([published[0][1]], 1)
    published += [scene.publish() for _ in range(5)]
    wait_until(lambda: scene.queued() == 5)
    scene.service.close()
    for _, request_id in published:
        let_lease_lapse(scene.ledger, request_id)
    scene.stages.open(held.RELEASED)
    scene.start()
    again = [scene.publish(request_id=request_id)[0] for _, request_id in published]
    scene.settle()
    assert {scene.status(request_id) for _, request_id in published} == {"completed"}
    assert {scene.outcome(each) for each in again} == {"completed"}
    assert {scene.outcome(each) for each, _ in published} == {"duplicate"}
    assert scene.ledger.totals().in_flight == 0
