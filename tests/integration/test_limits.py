"""The graph applies concurrency and rate limits to engine calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.clock import Clock
from tests.held_calls import HeldCalls
from tests.integration import stand_ins
from transforms.artifacts import ArtifactStore
from transforms.narration.narrate_script import _Narrate
from transforms.script.write_script import _WriteScript
from transforms.stage import rate_limit
from transforms.video.render_video import _RenderVideo

TASKS: dict[str, Any] = {"script": _WriteScript, "narration": _Narrate, "video": _RenderVideo}


@pytest.fixture
def run(ledger, tmp_path, monkeypatch):
    """Run videos through a graph with options; each engine call also calls `entered[stage]`."""
    stand_ins.install(monkeypatch)

    def run(videos: int, entered: dict[str, Callable[[], object]], **options) -> None:
        for stage, task in TASKS.items():
            perform = task.perform

            def entering(task, lesson, *rest, stage=stage, perform=perform):
                entered[stage]()
                return perform(task, lesson, *rest)

            monkeypatch.setattr(task, "perform", entering)
        graph = GraphRunner(VividlyOptions([], **options), ledger, ArtifactStore(str(tmp_path)))
        outcomes = graph.run([stand_ins.message(stand_ins.request()) for _ in range(videos)])
        assert [outcome.status for outcome in outcomes] == ["completed"] * videos

    return run


@pytest.mark.parametrize(
    "options",
    [{"workers": 2}, {"workers": 4, **{f"{stage}_concurrency": 2 for stage in TASKS}}],
    ids=["workers", "concurrency of a stage"],
)
def test_more_calls_than_allowed_wait(run, options):
    calls = {stage: HeldCalls(2) for stage in TASKS}
    run(4, dict(calls), **options)
    assert {stage: held.most for stage, held in calls.items()} == dict.fromkeys(TASKS, 2)


def test_calls_of_stage_are_spread_over_minute(run, monkeypatch):
    clock = Clock.instead_of_time_in(rate_limit, monkeypatch)
    begun: dict[str, list[float]] = {stage: [] for stage in TASKS}
    entered = {stage: lambda times=times: times.append(clock.now) for stage, times in begun.items()}
    run(2, entered, workers=1, script_per_minute=60, narration_per_minute=30, video_per_minute=20)
    waits = {stage: second - first for stage, (first, second) in begun.items()}
    assert waits == pytest.approx({"script": 1, "narration": 2, "video": 3})
