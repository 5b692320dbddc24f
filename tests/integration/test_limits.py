"""The graph applies concurrency and rate limits to engine calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.clock import Clock
from tests.held_calls import HeldCalls
from tests.integration import stand_ins
from tests.integration.stage_support import made
from transforms.artifacts import ArtifactStore
from transforms.errors import DependencyDown, Overloaded, QuotaExhausted
from transforms.ledger import Ledger
from transforms.ledger.rate_limits import GrantedCalls
from transforms.narration.narrate_script import _Narrate
from transforms.process.retry import LONGEST_WAIT
from transforms.script.write_script import _WriteScript
from transforms.stage import run as run_module
from transforms.video.render_video import _RenderVideo

TASKS: dict[str, Any] = {"script": _WriteScript, "narration": _Narrate, "video": _RenderVideo}


@pytest.fixture
def run(ledger, tmp_path, monkeypatch):
    """Run bundles of requests side by side; each engine call also calls `entered[stage]`."""
    stand_ins.install(monkeypatch)

    def run(
        *bundles: Sequence[str], entered: dict[str, Callable[[], object]], **options: Any
    ) -> None:
        for stage, task in TASKS.items():
            perform = task.perform

            def entering(task, lesson, *rest, stage=stage, perform=perform):
                entered[stage]()
                return perform(task, lesson, *rest)

            monkeypatch.setattr(task, "perform", entering)
        graph = GraphRunner(VividlyOptions([], **options), ledger, ArtifactStore(str(tmp_path)))

        def work(modalities):
            asked = [stand_ins.request(requested_modalities=[each]) for each in modalities]
            return [each.status for each in graph.run([*map(stand_ins.message, asked)])]

        with ThreadPoolExecutor(len(bundles)) as pool:
            found = list(pool.map(work, bundles))
        assert found == [["completed"] * len(bundle) for bundle in bundles]

    return run


def test_scripts_of_bundle_share_workers(run):
    calls = HeldCalls(2)
    run(["text"] * 4, entered={"script": calls}, workers=2)
    assert calls.most == 2


def test_more_calls_than_allowed_wait(run):
    calls = {stage: HeldCalls(2) for stage in TASKS}
    limits = {f"{stage}_concurrency": 2 for stage in TASKS}
    run(*[["video"]] * 4, entered=dict(calls), **limits)
    assert {stage: held.most for stage, held in calls.items()} == dict.fromkeys(TASKS, 2)


def test_limits_of_all_workers_are_in_the_ledger(run, ledger):
    per_minute = {"script_per_minute": 6000, "narration_per_minute": 3000, "video_per_minute": 2000}
    run(["video"] * 2, entered=dict.fromkeys(TASKS, int), workers=1, **per_minute)
    limits = ledger.run("SELECT name FROM rate_limits ORDER BY name")
    assert [limit["name"] for limit in limits] == [
        "narration/offline", "script/offline", "video/slides",
    ]  # fmt: skip


def test_calls_wait_for_the_limit_of_all_workers(run, monkeypatch):
    granted = []

    def grant(ledger, name, calls, interval, within):
        granted.append((name, calls, interval))
        return GrantedCalls(calls, 0.0)

    monkeypatch.setattr(Ledger, "grant_calls", grant)
    per_minute = {"script_per_minute": 60, "narration_per_minute": 30, "video_per_minute": 20}
    run(["video"], entered=dict.fromkeys(TASKS, int), workers=1, **per_minute)
    assert granted == [
        ("script/offline", 1, 1.0), ("narration/offline", 1, 2.0), ("video/slides", 1, 3.0),
    ]  # fmt: skip


def test_exhausted_quota_settles_nothing(ledger, tmp_path, monkeypatch):
    stand_ins.install(monkeypatch)
    calls = []

    def refuse(*_):
        calls.append(1)
        raise Overloaded("429 quota", retry_after=86_400.0)

    monkeypatch.setattr(TASKS["narration"], "perform", refuse)
    graph = GraphRunner(VividlyOptions([]), ledger, ArtifactStore(str(tmp_path)))
    audio = stand_ins.message(stand_ins.request(requested_modalities=["audio"]))
    for _ in range(3):
        with pytest.raises(QuotaExhausted, match="narration engine is down"):
            graph.run([audio])
    assert len(calls) == 1  # the others would only be refused
    text = stand_ins.message(stand_ins.request(requested_modalities=["text"]))
    assert [each.status for each in graph.run([text])] == ["completed"]
    assert ledger.totals().in_flight == 1
    assert ledger.dead_letters() == []


def test_bundle_of_slow_scripts_is_handed_back_in_time(place, monkeypatch):
    """Dataflow ends a process whose bundle emits nothing for too long; what is done stays done."""
    clock = Clock.instead_of_time_in(run_module, monkeypatch)
    lessons = [place.lesson() for _ in range(3)]
    written: list[str] = []

    def write_slowly(lesson, *_):
        written.append(lesson.request.request_id)
        clock.sleep(LONGEST_WAIT + 1)
        return made(lesson)

    for count in (1, 2):
        with pytest.raises(DependencyDown, match="kept it busy"):
            place.run_stage(write_slowly, *lessons)
        assert len(written) == count
    assert len(place.run_stage(write_slowly, *lessons)["onward"]) == 3
    assert sorted(written) == sorted(each.request.request_id for each in lessons)
