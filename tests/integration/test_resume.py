"""A replay reuses valid results and repeats only what a change affects."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import stand_ins
from tests.integration.ledger_support import replay_marks
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger, upgrade
from transforms.narration import narrate_script as narration
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine


class Place:
    """A ledger, a store and one request; counts the scripts written."""

    def __init__(self, url, folder, monkeypatch):
        upgrade(url)
        self.ledger = Ledger(url)
        self.store = ArtifactStore(str(folder))
        self.request_id = str(uuid.uuid4())
        self.scripts = 0
        write = OfflineScriptEngine.write

        def counted(*arguments, **named):
            self.scripts += 1
            return write(*arguments, **named)

        monkeypatch.setattr(OfflineScriptEngine, "write", counted)

    def run(self, modality="audio", fault="", **options):
        """Run the request through a graph, as a replay from the second time on."""
        fields = stand_ins.request(
            fault, request_id=self.request_id, requested_modalities=[modality]
        )
        again = bool(self.ledger.dead_letters(request_id=self.request_id))
        attributes = replay_marks(self.ledger, self.request_id) if again else {}
        message = stand_ins.message(fields, **attributes)
        graph = GraphRunner(VividlyOptions([], **options), self.ledger, self.store)
        [outcome] = graph.run([message])
        return outcome

    def file(self, name):
        return Path(self.store.root) / self.request_id / name


@pytest.fixture
def place(postgres, tmp_path, monkeypatch):
    stand_ins.install(monkeypatch)
    return Place(postgres.url, tmp_path, monkeypatch)


def reused(outcome):
    return {record.stage: record.reused for record in outcome.records}


FAILING = {"fault": "narration:transient"}


def test_finished_stage_is_not_repeated(place):
    failed = place.run(**FAILING)
    assert (failed.status, failed.stage) == ("dead_lettered", "narration")
    [letter] = place.ledger.dead_letters()
    assert letter.retryable
    done = place.run()
    assert done.status == "completed"
    assert reused(done) == {"script": True, "narration": False}
    assert place.scripts == 1


def test_force_repeats_every_stage(place):
    place.run(**FAILING)
    done = place.run(force=True)
    assert reused(done) == {"script": False, "narration": False}
    assert place.scripts == 2


def test_change_repeats_only_dependent_stages(place, monkeypatch):
    failed = place.run("video", "video:transient")
    assert (failed.status, failed.stage) == ("dead_lettered", "video")
    spoken = place.file("narration.m4a").stat().st_mtime_ns
    failed = place.run("video", "video:transient", video_size=(1920, 1080))
    assert place.file("narration.m4a").stat().st_mtime_ns == spoken
    monkeypatch.setattr(narration, "MASTERING_VERSION", 99)
    done = place.run("video")
    assert reused(done) == {"script": True, "narration": False, "video": False}
    assert place.scripts == 1


@pytest.mark.parametrize("damage", [b"", b"{}", b"half of it"])
@pytest.mark.parametrize("name", ["script.json", "stages/script.json"])
def test_damaged_artifact_or_record_repeats_its_stage(place, name, damage):
    place.run(**FAILING)
    place.file(name).write_bytes(damage)
    done = place.run()
    assert done.status == "completed"
    assert reused(done)["script"] is False


def test_completed_request_is_not_repeated(place):
    done = place.run()
    again = place.run()
    assert (done.status, again.status) == ("completed", "duplicate")
    assert place.scripts == 1
