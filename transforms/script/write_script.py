"""WriteScript: the step that writes `script.json` and `script.md` for a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import apache_beam as beam

from transforms.artifacts import ArtifactStore
from transforms.engine_plugin import ChosenEngine
from transforms.model import ContentRequest, Lesson, Usage, encode
from transforms.prices import typical
from transforms.process.singletons import process_singleton
from transforms.script.checks import find_problems
from transforms.script.checks.pictures import FindLayoutProblems, LayoutCheck
from transforms.script.engines.claim_checker import ClaimChecker
from transforms.script.engines.script_engine import ScriptEngine, is_citing
from transforms.script.matching.shared_question import SharedQuestion, shared_question
from transforms.script.order_of_tries import Check, OrderOfTries, checks_of
from transforms.script.script_markdown import to_markdown
from transforms.script.shuffled_quiz import shuffle_choices
from transforms.script.sources.passage import Passage
from transforms.script.sources.source_library import shared_library
from transforms.script.visual_rules import with_drawable_visuals
from transforms.stage.engine_task import EngineTask
from transforms.stage.paid_call import PaidCalls
from transforms.stage.run import RunStage
from transforms.stage.task import Produced, Reuse, StageRuntime
from transforms.text.hidden import without_hidden


class WriteScript(beam.PTransform):
    """Run the script stage: write the script of each lesson.

    PCollection[Lesson] -> the tagged outputs of `RunStage`.

    Args:
        engine: the script engine and its settings.
        runtime: limits and services of the stage.
        fallbacks: engines that are tried in this order when the first gives no script.
        sources: folder of Markdown files whose passages engines may cite, besides the cards.
        claim_checker: checks the claims of every script; None for none.
        layouts: finds pictures whose layout is not legible; None for none.
    """

    def __init__(
        self,
        engine: ChosenEngine,
        runtime: StageRuntime,
        fallbacks: Sequence[ChosenEngine] = (),
        sources: str | None = None,
        claim_checker: ChosenEngine | None = None,
        layouts: FindLayoutProblems | None = None,
    ) -> None:
        super().__init__()
        self._task = _WriteScript(
            engine, tuple(fallbacks), sources, claim_checker, layouts, runtime.reuse
        )
        self._runtime = runtime

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return lessons | RunStage(self._task, self._runtime)


def make_script_engine(chosen: ChosenEngine) -> ScriptEngine:
    """Create the chosen script engine; import its client library only now."""
    engine: ScriptEngine = chosen.make()
    return engine


def make_claim_checker(chosen: ChosenEngine) -> ClaimChecker:
    """Create the chosen claim checker; import its client library only now."""
    checker: ClaimChecker = chosen.make()
    return checker


def make_order(
    chosen: tuple[ChosenEngine, ...],
    claim_checker: ChosenEngine | None,
    layouts: FindLayoutProblems | None = None,
) -> OrderOfTries:
    """Create an `OrderOfTries` with the chosen engines, checks and claim checker."""
    engines = [process_singleton(make_script_engine, each) for each in chosen]
    checker = process_singleton(make_claim_checker, claim_checker) if claim_checker else None
    checks: list[Check] = [find_problems]
    if layouts:
        checks.append(LayoutCheck(layouts))
    return OrderOfTries(engines, checks, checker)


@dataclass(frozen=True)
class _WriteScript(EngineTask):
    fallbacks: tuple[ChosenEngine, ...] = ()
    sources: str | None = None
    claim_checker: ChosenEngine | None = None
    layouts: FindLayoutProblems | None = None
    reuse: Reuse = "off"

    stage = "script"
    needs_folder = False

    @property
    def makes_calls(self) -> bool:
        return self.chosen.paid or self.claim_checker is not None

    def typical(self) -> tuple[Usage, ...]:
        """Return the expected usage of a typical lesson, its claim check included."""
        usage = super().typical()
        checker = self.claim_checker
        return usage + (typical("script", checker.name, checker.values()) if checker else ())

    def _engine(self) -> ScriptEngine:
        return process_singleton(make_script_engine, self.chosen)

    def inputs(self, lesson: Lesson) -> Mapping[str, Any]:
        request = self._request(lesson)
        inputs = {
            "query": request.student_query,
            "grade": request.grade_level,
            "interest": request.interest,
            "language": request.language,
            "engine": {"name": self.engine, **self._engine().identity},
        }
        if self.claim_checker:
            checker = process_singleton(make_claim_checker, self.claim_checker)
            inputs["claim_checker"] = {"name": checker.name, **checker.identity}
        passages = self.passages(request)
        if passages:
            inputs["passages"] = [[passage.text, passage.source] for passage in passages]
        return inputs

    def topic(self, lesson: Lesson) -> str:
        """Return the topic of a shared question; empty if the lesson is not shared."""
        shared = self._shared(lesson)
        return shared.topic if shared else ""

    def _shared(self, lesson: Lesson) -> SharedQuestion | None:
        """Return the shared question that the lesson answers, or None.

        Scripts that are written for each request do not change for the sake of later stages, unless
        the engine has only cards to write from.
        """
        if self.reuse == "off" or (self.reuse == "stage" and self.makes_calls):
            return None
        return shared_question(lesson.request)

    def _request(self, lesson: Lesson) -> ContentRequest:
        """Return the shared question's request, or the lesson's own if none is shared."""
        shared = self._shared(lesson)
        return shared.request if shared else lesson.request

    def passages(self, request: ContentRequest) -> tuple[Passage, ...]:
        """Find the passages for a request; none if neither engine nor checker uses them."""
        if not (self.claim_checker or is_citing(self._engine())):
            return ()
        return shared_library(self.sources).find(request)

    def perform(
        self, lesson: Lesson, store: ArtifactStore, folder: Path, calls: PaidCalls
    ) -> Produced:
        order = process_singleton(
            make_order, (self.chosen, *self.fallbacks), self.claim_checker, self.layouts
        )
        shared, request = self._shared(lesson), self._request(lesson)
        tried = order.write(request, calls, self.passages(request))
        written = tried.written
        seed = shared.topic if shared else request.request_id
        drawable = with_drawable_visuals(_strip_hidden(written.script))
        if self.layouts:
            drawable = LayoutCheck(self.layouts).without_illegible(drawable)
        script = shuffle_choices(drawable, seed)
        if shared:
            band = shared.band
            script = replace(script, grade_level=band.lowest, highest_grade=band.highest)
        script = replace(script, model=written.model, fallback=tried.is_fallback)
        return Produced(
            {"script.json": encode(script), "script.md": to_markdown(script).encode()},
            written.usage,
            engine=tried.engine,
            model=written.model,
            fallback=tried.is_fallback,
            problems=checks_of(tried.problems),
        )


def _strip_hidden(value: Any) -> Any:
    """Remove the hidden characters from all texts of a script, or of a part of one."""
    if isinstance(value, str):
        return without_hidden(value)
    if isinstance(value, tuple):
        return tuple(map(_strip_hidden, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value,
            **{each.name: _strip_hidden(getattr(value, each.name)) for each in fields(value)},
        )
    return value
