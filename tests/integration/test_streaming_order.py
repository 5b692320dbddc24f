"""In the streaming graph heavy requests delay no text, and each ends before the next one begins."""

from __future__ import annotations

import threading
from functools import partial

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import StandardOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.testing import test_stream

from benchmarks.keyed_service import MESSAGES, KeyedService
from pipeline.graph import HeavyShards, build
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import stand_ins
from tests.integration.stage_support import wait_for
from transforms.artifacts import ArtifactStore
from transforms.errors import PermanentError
from transforms.narration.narrate_script import _Narrate
from transforms.video.render_video import _RenderVideo

PATIENCE = 60.0


@pytest.fixture
def graph(ledger, tmp_path, monkeypatch):
    """Return a function that makes the graph's builder from options."""
    stand_ins.install(monkeypatch)
    store = ArtifactStore(str(tmp_path / "artifacts"))

    def make(shards=HeavyShards(), **options):  # noqa: B008
        chosen = VividlyOptions([], **options)
        return lambda messages: build(messages, chosen, ledger, store, shards=shards)

    return make


def requests(count, modality, fault=""):
    return [
        stand_ins.message(stand_ins.request(fault, requested_modalities=[modality]))
        for _ in range(count)
    ]


def outcomes(ledger):
    """Return the outcomes of settled messages, by message id."""
    rows = ledger.run("SELECT message_id, outcome FROM messages WHERE outcome IS NOT NULL")
    return {row["message_id"]: row["outcome"] for row in rows}


def are_completed(ledger, messages):
    found = outcomes(ledger)
    return all(found.get(each.message_id) == "completed" for each in messages)


def before(monkeypatch, task, call):
    """Call a function with the lesson before each call of a stage's work."""
    perform = task.perform

    def calling(self, lesson, *rest):
        call(lesson)
        return perform(self, lesson, *rest)

    monkeypatch.setattr(task, "perform", calling)


def test_texts_of_a_pull_complete_before_first_narration(graph, ledger, monkeypatch):
    texts, videos = requests(2, "text"), requests(2, "video")
    before(monkeypatch, _Narrate, lambda _: wait_for(partial(are_completed, ledger, texts)))
    pulled = [videos[0], texts[0], videos[1], texts[1]]
    options = VividlyOptions([])
    options.view_as(StandardOptions).streaming = True
    with beam.Pipeline(runner=BundleBasedDirectRunner(), options=options) as pipeline:
        stream = (
            test_stream.TestStream(coder=MESSAGES)
            .add_elements(pulled)
            .advance_watermark_to_infinity()
        )
        graph()(pipeline | stream)
    assert are_completed(ledger, pulled)


def test_videos_without_a_slot_do_not_delay_texts(graph, ledger, monkeypatch):
    rendering, release = threading.Semaphore(0), threading.Event()

    def hold(_):
        rendering.release()
        assert release.wait(PATIENCE)

    before(monkeypatch, _RenderVideo, hold)
    shards = HeavyShards(narration=3, video=14)  # all of them on this worker
    service = KeyedService(graph(shards, video_concurrency=2), threads=sum(shards) + 4)
    videos, texts = requests(20, "video"), requests(5, "text")
    for each in videos:
        service.publish(each)
    for _ in range(2):
        assert rendering.acquire(timeout=PATIENCE)
    for each in texts:
        service.publish(each)
    wait_for(partial(are_completed, ledger, texts))
    assert not rendering.acquire(blocking=False)  # two videos are in work, as allowed
    release.set()
    service.wait_until_idle(PATIENCE)
    service.close()
    assert are_completed(ledger, [*videos, *texts])


def test_each_narration_of_a_shard_ends_before_the_next(graph, ledger, monkeypatch):
    begun: list[str] = []
    unsettled: list[str] = []
    first, release = threading.Event(), threading.Event()

    def check(lesson):
        unsettled.extend(set(begun) - set(outcomes(ledger)))
        begun.append(lesson.message.message_id)
        first.set()
        assert release.wait(PATIENCE)

    before(monkeypatch, _Narrate, check)
    service = KeyedService(graph(HeavyShards(narration=1)), threads=8)
    audios = requests(1, "audio")
    service.publish(audios[0])
    assert first.wait(PATIENCE)
    audios += requests(6, "audio")
    for each in audios[1:]:
        service.publish(each)
    wait_for(lambda: max(map(len, service._waiting.values()), default=0) == 6)
    release.set()
    service.wait_until_idle(PATIENCE)
    service.close()
    assert max(service.sizes) == 6  # the shard's backlog was one bundle
    assert (len(begun), unsettled) == (7, [])
    assert are_completed(ledger, audios)


def test_failed_video_is_dead_lettered_beside_others(graph, ledger):
    service = KeyedService(graph(), threads=6)
    good, bad = requests(3, "video"), requests(1, "video", "video:permanent")
    for each in (good[0], *bad, *good[1:]):
        service.publish(each)
    service.wait_until_idle(PATIENCE)
    service.close()
    found = outcomes(ledger)
    assert found == {
        **{each.message_id: "completed" for each in good},
        bad[0].message_id: "dead_lettered",
    }
    assert PermanentError.__name__ in str(ledger.run("SELECT error_type FROM dead_letters"))
