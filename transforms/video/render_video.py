"""RenderVideo: from script and narration to the video, its captions, chapters and thumbnail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam

from transforms.artifacts import ArtifactStore
from transforms.engine_plugin import ChosenEngine
from transforms.model import Lesson, Usage
from transforms.process import child
from transforms.process.singletons import process_singleton
from transforms.stage.engine_task import EngineTask
from transforms.stage.paid_call import PaidCalls
from transforms.stage.run import RunStage
from transforms.stage.task import Produced, StageRuntime
from transforms.video.engines.video_engine import ARTIFACTS, VideoSettings
from transforms.video.render_child import make_video_engine, render_in_child


class RenderVideo(beam.PTransform):
    """Run the video stage: render the video of each lesson.

    PCollection[Lesson] -> the tagged outputs of `RunStage`.

    Args:
        engine: the video engine and its own settings.
        settings: settings that every video engine gets.
        runtime: limits and services of the stage.
    """

    def __init__(
        self, engine: ChosenEngine, settings: VideoSettings, runtime: StageRuntime
    ) -> None:
        super().__init__()
        self._task = _RenderVideo(engine, settings)
        self._runtime = runtime

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return lessons | RunStage(self._task, self._runtime)


@dataclass(frozen=True)
class _RenderVideo(EngineTask):
    settings: VideoSettings

    stage = "video"

    def inputs(self, lesson: Lesson) -> Mapping[str, Any]:
        return {
            "script": lesson.artifact("script.json").sha256,
            "narration": lesson.artifact("narration.m4a").sha256,
            "timings": lesson.artifact("narration.json").sha256,
            "engine": {
                "name": self.engine,
                **process_singleton(make_video_engine, self.chosen, self.settings).identity,
            },
        }

    def perform(
        self, lesson: Lesson, store: ArtifactStore, folder: Path, calls: PaidCalls
    ) -> Produced:
        for name in ("script.json", "narration.json", "narration.m4a"):
            store.fetch(lesson.artifact(name), folder / name)
        out = folder / "out"
        out.mkdir()
        # A child process can be killed when an encoder hangs, and gives back its memory.
        done = child.call_in_child(
            render_in_child, self.chosen, self.settings, folder, timeout=calls.left
        )
        return Produced(
            {name: out / name for name in ARTIFACTS},
            (Usage("cpu-seconds", round(done.cpu_seconds, 3)),),
            {name: done.value.alt for name in ARTIFACTS if name.startswith("thumbnail.")},
        )
