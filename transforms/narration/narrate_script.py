"""Narrate: from `script.json` to `narration.m4a`, its timings and its transcript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam

from transforms.artifacts import ArtifactStore
from transforms.model import Lesson, Script, decode, encode
from transforms.narration.engines.voice_engine import MASTERING_VERSION, VoiceEngine
from transforms.narration.narration_child import make_voice_engine, narrate_offline
from transforms.narration.sound_settings import SoundSettings
from transforms.narration.transcript import transcript
from transforms.process import child
from transforms.process.singletons import process_singleton
from transforms.stage.run import RunStage
from transforms.stage.task import Produced, StageRuntime, StageTask

_SPEECH_ALONE = SoundSettings()


class Narrate(beam.PTransform):
    """PCollection[Lesson] -> the tagged outputs of `RunStage`.

    Args:
        engine: ``offline`` or ``google``.
        settings: keyword arguments of the engine's settings class.
        runtime: how and where stages run.
        sound: what is heard besides the voice.
    """

    def __init__(
        self,
        engine: str,
        settings: Mapping[str, Any],
        runtime: StageRuntime,
        sound: SoundSettings = _SPEECH_ALONE,
    ) -> None:
        super().__init__()
        self._task = _Narrate(engine, tuple(sorted(settings.items())), sound)
        self._runtime = runtime

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return lessons | RunStage(self._task, self._runtime)


@dataclass(frozen=True)
class _Narrate(StageTask):
    engine: str
    settings: tuple[tuple[str, Any], ...]
    sound: SoundSettings = _SPEECH_ALONE

    stage = "narration"

    def _voice(self) -> VoiceEngine:
        return process_singleton(make_voice_engine, self.engine, self.settings)

    def inputs(self, lesson: Lesson) -> Mapping[str, Any]:
        return {
            "script": lesson.artifact("script.json").sha256,
            "mastering": MASTERING_VERSION,
            "sound": self.sound.identity,
            "engine": {"name": self.engine, **self._voice().identity},
        }

    def perform(
        self, lesson: Lesson, store: ArtifactStore, folder: Path, timeout: float
    ) -> Produced:
        script_file = store.fetch(lesson.artifact("script.json"), folder / "script.json")
        script = decode(Script, script_file.read_bytes())
        if self.engine == "offline":
            # Native code of a process of its own: if it hangs or crashes it can be killed.
            done = child.call_in_child(
                narrate_offline, script, folder, timeout, self.sound, timeout=timeout
            )
            narration, usage = done.value
        else:  # waits for a service, under the deadlines of its client
            from transforms.narration.recording import record_narration

            narration, usage = record_narration(
                script, self._voice(), folder, timeout=timeout, sound=self.sound
            )
        return Produced(
            {
                "narration.m4a": folder / "narration.m4a",
                "narration.json": encode(narration),
                "transcript.txt": transcript(script, narration).encode(),
            },
            usage,
        )
