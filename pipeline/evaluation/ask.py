"""Ask an engine the questions of a golden set, several at the same time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from pipeline.evaluation.cached_calls import CachedCalls
from pipeline.evaluation.golden_set import Row
from pipeline.evaluation.results import Outcome
from pipeline.evaluation.second_judges import SecondJudges
from transforms.artifacts.parts import Parts
from transforms.crisis.phrases import find_care
from transforms.errors import CallRejected, PermanentError, TransientError
from transforms.model import Script, Usage
from transforms.script.engines.script_engine import ScriptEngine, is_citing
from transforms.script.order_of_tries import OrderOfTries
from transforms.script.sources.passage import Passage
from transforms.script.sources.source_library import shared_library

AT_ONCE = 8
"""Questions that a paid engine is asked at the same time."""

TIMEOUT = 180.0
"""Seconds for one question."""


@dataclass(frozen=True)
class Answered:
    """An engine's answer to one question of a golden set.

    Attributes:
        script: None if the engine gave no lesson.
        reason: Why it gave none.
        seconds: Time of the answer; that of the first run if it came from the cache.
        found_care: The words are those of a student in danger, so the engine was not asked.
        passages: The passages that the engine was given.
        verdicts: As for `RowResult`.
        judges_usage: Usage of the judges.
    """

    row: Row
    outcome: Outcome
    script: Script | None = None
    reason: str = ""
    usage: tuple[Usage, ...] = ()
    seconds: float = 0.0
    found_care: bool = False
    passages: tuple[Passage, ...] = ()
    verdicts: Mapping[str, bool] = field(default_factory=dict)
    judges_usage: tuple[Usage, ...] = ()


def ask(
    rows: Sequence[Row],
    engine: ScriptEngine,
    cache: Parts,
    is_paid: bool,
    sources: str | None = None,
    judges: SecondJudges | None = None,
) -> Iterator[Answered]:
    """Yield an engine's answers to the rows, in their order.

    The content of a lesson is not repaired: its checks count what the engine wrote.

    Args:
        rows: The questions.
        engine: The engine.
        cache: Stored answers of paid calls.
        is_paid: The engine makes paid calls.
        sources: Folder of Markdown files that lessons may cite, besides the cards.
        judges: Judge the lessons by a second model; None for none.

    Raises:
        EnvironmentFault: The engine cannot be used; answers so far are in the cache.
    """
    order = OrderOfTries([engine])
    library = shared_library(sources) if judges or is_citing(engine) else None

    def answer(row: Row) -> Answered:
        passages = library.find(row.request) if library else ()
        answered = _answer(row, order, cache, passages)
        return _judged(answered, judges, cache) if judges else answered

    with ThreadPoolExecutor(AT_ONCE if is_paid or judges else 1) as pool:
        try:
            yield from pool.map(answer, rows)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _answer(row: Row, order: OrderOfTries, cache: Parts, passages: tuple[Passage, ...]) -> Answered:
    started = time.monotonic()
    care = find_care((row.request.student_query, row.request.interest))
    if care and care.level == "urgent":
        return Answered(row, "refused", reason=f"needs care: {care.category}", found_care=True)
    calls = CachedCalls(cache, row.request.request_id, TIMEOUT)
    script, reason = None, ""
    outcome: Outcome = "lesson"
    usage: tuple[Usage, ...] = ()
    try:
        written = order.write(row.request, calls, passages).written
        script, usage = written.script, written.usage
    except (CallRejected, TransientError) as error:
        outcome, reason = "failed", str(error)
    except PermanentError as error:
        outcome, reason = "refused", str(error)
    seconds = time.monotonic() - started + calls.saved_seconds
    return Answered(
        row, outcome, script, reason, (*usage, *calls.usage), seconds, passages=passages
    )


def _judged(answered: Answered, judges: SecondJudges, cache: Parts) -> Answered:
    if answered.script is None:
        return answered
    calls = CachedCalls(cache, answered.row.request.request_id, TIMEOUT)
    verdicts = judges.verdicts(answered.script, answered.passages, calls)
    return replace(answered, verdicts=verdicts, judges_usage=calls.usage)
