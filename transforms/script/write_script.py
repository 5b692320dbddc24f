"""WriteScript: from a question to `script.json` and `script.md`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam

from transforms.artifacts import ArtifactStore
from transforms.model import Lesson, Usage, encode
from transforms.prices import typical
from transforms.process.singletons import process_singleton
from transforms.script.engines.script_engine import ScriptEngine
from transforms.script.script_markdown import to_markdown
from transforms.stage.run import RunStage
from transforms.stage.task import Produced, StageRuntime, StageTask


class WriteScript(beam.PTransform):
    """PCollection[Lesson] -> the tagged outputs of `RunStage`.

    Args:
        engine: ``offline`` or ``gemini``.
        settings: keyword arguments of the engine's settings class.
        runtime: how and where stages run.
    """

    def __init__(self, engine: str, settings: Mapping[str, Any], runtime: StageRuntime) -> None:
        super().__init__()
        self._task = _WriteScript(engine, tuple(sorted(settings.items())))
        self._runtime = runtime

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return lessons | RunStage(self._task, self._runtime)


def make_engine(name: str, settings: tuple[tuple[str, Any], ...]) -> ScriptEngine:
    """The engine of that name; its client library is imported only now."""
    if name == "gemini":
        from transforms.script.engines.gemini import GeminiScriptEngine, GeminiSettings

        return GeminiScriptEngine(GeminiSettings(**dict(settings)))
    from transforms.script.engines.offline_writer import OfflineScriptEngine

    return OfflineScriptEngine()


@dataclass(frozen=True)
class _WriteScript(StageTask):
    engine: str
    settings: tuple[tuple[str, Any], ...]

    stage = "script"
    needs_folder = False

    def _engine(self) -> ScriptEngine:
        return process_singleton(make_engine, self.engine, self.settings)

    def typical(self) -> tuple[Usage, ...]:
        return typical(self.stage, self.engine, dict(self.settings).get("model"))

    def inputs(self, lesson: Lesson) -> Mapping[str, Any]:
        request = lesson.request
        return {
            "query": request.student_query,
            "grade": request.grade_level,
            "interest": request.interest,
            "language": request.language,
            "engine": {"name": self.engine, **self._engine().identity},
        }

    def perform(
        self, lesson: Lesson, store: ArtifactStore, folder: Path, timeout: float
    ) -> Produced:
        written = self._engine().write(lesson.request, timeout=timeout)
        return Produced(
            {
                "script.json": encode(written.script),
                "script.md": to_markdown(written.script).encode(),
            },
            written.usage,
        )
