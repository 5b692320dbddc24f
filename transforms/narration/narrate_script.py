"""Narrate: the step that turns `script.json` into `narration.m4a`, timings and transcript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam

from transforms.artifacts import ArtifactStore
from transforms.engine_plugin import ChosenEngine
from transforms.model import Lesson, Script, decode, encode
from transforms.narration.engines.voice_engine import MASTERING_VERSION, VoiceEngine
from transforms.narration.narration_child import make_voice_engine, narrate_in_child
from transforms.narration.sound_settings import SoundSettings
from transforms.narration.transcript import transcript
from transforms.process import child
from transforms.process.singletons import process_singleton
from transforms.stage.engine_task import EngineTask
from transforms.stage.paid_call import PaidCalls
from transforms.stage.run import RunStage
from transforms.stage.task import Produced, StageRuntime

_SPEECH_ALONE = SoundSettings()


class Narrate(beam.PTransform):
    """Run the narration stage: record the script of each lesson.

    PCollection[Lesson] -> the tagged outputs of `RunStage`.

    Args:
        engine: the voice engine and its settings.
        runtime: limits and services of the stage.
        sound: music and the pause for an opening card.
    """

    def __init__(
        self,
        engine: ChosenEngine,
        runtime: StageRuntime,
        sound: SoundSettings = _SPEECH_ALONE,
    ) -> None:
        super().__init__()
        self._task = _Narrate(engine, sound)
        self._runtime = runtime

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return lessons | RunStage(self._task, self._runtime)


@dataclass(frozen=True)
class _Narrate(EngineTask):
    sound: SoundSettings = _SPEECH_ALONE

    stage = "narration"

    @property
    def makes_calls(self) -> bool:
        return self.chosen.paid and not self.chosen.isolated

    def _voice(self) -> VoiceEngine:
        return process_singleton(make_voice_engine, self.chosen)

    def inputs(self, lesson: Lesson) -> Mapping[str, Any]:
        return {
            "script": lesson.artifact("script.json").sha256,
            "mastering": MASTERING_VERSION,
            "sound": self.sound.identity,
            "engine": {"name": self.engine, **self._voice().identity},
        }

    def perform(
        self, lesson: Lesson, store: ArtifactStore, folder: Path, calls: PaidCalls
    ) -> Produced:
        script_file = store.fetch(lesson.artifact("script.json"), folder / "script.json")
        script = decode(Script, script_file.read_bytes())
        if self.chosen.isolated:
            # A child process can be killed when native code hangs, and may crash.
            left = calls.left
            done = child.call_in_child(
                narrate_in_child, self.chosen, script, folder, left, self.sound, timeout=left
            )
            narration, usage = done.value
        else:  # waits for a service, under the deadlines of its client
            from transforms.narration.recording import record_narration

            narration, usage = record_narration(
                script, self._voice(), folder, calls=calls, sound=self.sound
            )
        return Produced(
            {
                "narration.m4a": folder / "narration.m4a",
                "narration.json": encode(narration),
                "transcript.txt": transcript(script, narration).encode(),
            },
            usage,
        )
