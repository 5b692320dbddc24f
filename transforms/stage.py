"""RunStage: the one DoFn that runs a stage, whatever the stage does.

It reuses a valid result, else works under the stage's deadline with retries, stores what was made,
records it, and turns every failure into what `transforms.errors` says it is.
"""

from __future__ import annotations

import logging
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import apache_beam as beam
from pydantic import ValidationError

from transforms import (
    coder,  # noqa: F401  (registers the coders of the outputs)
    events,
    lease,
    metrics,
    retry,
)
from transforms.artifacts import ArtifactConflict, ArtifactStore
from transforms.budget import Budget
from transforms.dead_letters import DEAD_LETTERS, letter
from transforms.errors import Cancelled, ClaimLost, ContentError, DependencyDown, OverBudget
from transforms.fingerprint import fingerprint
from transforms.ledger import Ledger, Standing
from transforms.limits import Limits
from transforms.lines import dress_worker_log
from transforms.model import (
    Artifact,
    Attempt,
    DeadLetter,
    Lesson,
    Modality,
    Outcome,
    StageRecord,
    Usage,
    decode,
    encode,
)
from transforms.outcomes import settled
from transforms.prices import price, typical

log = logging.getLogger(__name__)

FINISHED = "finished"
"""Tag of the lessons whose modality asks for no further stage."""

OUTCOMES = "outcomes"
"""Tag of what is settled, or given up, before the end of the graph."""

STAGES_OF: dict[Modality, tuple[str, ...]] = {
    "text": ("script",),
    "audio": ("script", "narration"),
    "video": ("script", "narration", "video"),
}

PROGRESS = {"script": 25, "narration": 50, "video": 90}
"""Percent done once a stage is done, as readers of the ledger see it."""

CONTENT_TYPES = {
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt; charset=utf-8",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
}


@dataclass(frozen=True)
class Produced:
    """What a stage made.

    Attributes:
        artifacts: by name, as a file or as bytes.
        usage: what that used up.
        alt: by name, what a picture shows, in words.
    """

    artifacts: Mapping[str, Path | bytes]
    usage: tuple[Usage, ...] = ()
    alt: Mapping[str, str] = field(default_factory=dict)


class StageTask(ABC):
    """What one stage does to one lesson. Pickled: holds settings, makes engines lazily."""

    stage: ClassVar[str]
    engine: str
    """The engine's name, as shown to people."""

    @abstractmethod
    def inputs(self, lesson: Lesson) -> Mapping[str, Any]:
        """Everything that shapes the result (JSON values), for the fingerprint."""

    def typical(self) -> tuple[Usage, ...]:
        """What the stage uses for a typical lesson.

        Raises:
            ValueError: the price table does not say.
        """
        return typical(self.stage, self.engine)

    @abstractmethod
    def perform(
        self, lesson: Lesson, store: ArtifactStore, folder: Path, timeout: float
    ) -> Produced:
        """Do the work in an empty folder of its own, within `timeout` seconds.

        Raises:
            ContentError: as `transforms.errors` says.
        """


@dataclass(frozen=True)
class StageRuntime:
    """How and where a stage runs.

    Attributes:
        policy: its deadline and retries.
        limits: how hard its engine may be driven.
        store: where its artifacts go.
        ledger: where it is recorded.
        force: do the work even if a valid result lies there.
        budget: what may be spent; None for any amount.
    """

    policy: retry.Policy
    limits: Limits
    store: ArtifactStore
    ledger: Ledger
    force: bool = False
    budget: Budget | None = None


def put(
    store: ArtifactStore, ledger: Ledger, lesson: Lesson, name: str, source: Path | bytes
) -> Artifact:
    """Store an artifact of a lesson, once.

    What lies there already under another checksum was made from other inputs, or left by a worker
    that died before it could record it; whoever holds the claim replaces it.

    Raises:
        ClaimLost: this worker no longer holds it.
    """
    request_id = lesson.request.request_id
    content_type = CONTENT_TYPES[Path(name).suffix]
    try:
        return store.put(request_id, name, source, content_type)
    except ArtifactConflict:
        lease.confirm(ledger, lesson)
        return store.put(request_id, name, source, content_type, replace=True)


def superseded(lesson: Lesson, stage: str) -> Outcome:
    """The outcome of a lesson whose claim went to another worker."""
    outcome = Outcome(
        message_id=lesson.message.message_id,
        status="superseded",
        request_id=lesson.request.request_id,
        stage=stage,
        reason="another worker has taken this request over",
    )
    return settled(outcome, lesson, stage)


def raise_on(standing: Standing, lesson: Lesson, stage: str) -> None:
    """Do not go on with a lesson that is somebody else's, or nobody's any more.

    Args:
        standing: how its claim stands.
        stage: the stage that would be next.

    Raises:
        ClaimLost: another worker has taken it over.
        Cancelled: somebody asked for that.
    """
    if lesson.request.request_id in standing.lost:
        raise ClaimLost(lesson.request.request_id)
    if lesson.request.request_id in standing.cancelled:
        raise Cancelled(stage)


def stopped(lesson: Lesson, cancelled: Cancelled) -> DeadLetter:
    """The dead letter of a lesson that was cancelled."""
    log.info("cancelled", extra=events.fields(lesson, stage=cancelled.stage))
    return letter(lesson, cancelled.stage, cancelled)


class RunStage(beam.PTransform):
    """PCollection[Lesson] -> tagged `onward`, `FINISHED`, `DEAD_LETTERS` and `OUTCOMES`.

    Args:
        task: what the stage does.
        runtime: how and where.
    """

    def __init__(self, task: StageTask, runtime: StageRuntime) -> None:
        super().__init__()
        self._dofn = _RunStage(task, runtime)

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        tags = {FINISHED: Lesson, DEAD_LETTERS: DeadLetter, OUTCOMES: Outcome}
        return lessons | "Run" >> beam.ParDo(self._dofn).with_output_types(
            Lesson, **tags
        ).with_outputs(*tags, main="onward")


class _RunStage(beam.DoFn):
    def __init__(self, task: StageTask, runtime: StageRuntime) -> None:
        self._task = task
        self._runtime = runtime
        # Says at once, and not for every element, if the price table knows nothing of the stage.
        self._expected_usd = price(task.typical()) if runtime.budget else 0.0

    def setup(self) -> None:
        dress_worker_log()

    def process(self, lesson: Lesson) -> Iterator[Any]:
        stage = self._task.stage
        failures: list[Attempt] = []
        try:
            with lease.handed_back(self._runtime.ledger, lesson):
                with lease.kept(self._runtime.ledger, lesson):
                    advanced = lesson.with_record(self._result(lesson, failures))
                following = self._following(lesson)
                if following:  # the last stage is recorded together with the completion
                    self._advance(advanced, following)
        except DependencyDown:
            raise
        except ClaimLost:
            yield beam.pvalue.TaggedOutput(OUTCOMES, superseded(lesson, stage))
        except Cancelled as cancelled:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, stopped(lesson, cancelled))
        except Exception as error:  # a bug must not stop the pipeline
            metrics.STAGE_FAILED[stage].inc()
            dead = letter(lesson, stage, error, failures)
            code = error.code if isinstance(error, ContentError) else None
            said = events.fields(lesson, stage=stage, error_type=dead.error_type, error_code=code)
            if dead.traceback:
                log.error("%s failed, which is a bug", stage, exc_info=True, extra=said)
            else:
                log.warning("%s failed", stage, extra=said)
            log.debug("because: %s", dead.traceback or dead.error, extra=said)
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, dead)
        else:
            yield advanced if following else beam.pvalue.TaggedOutput(FINISHED, advanced)

    def _following(self, lesson: Lesson) -> str | None:
        stages = STAGES_OF[lesson.request.modality]
        return next(iter(stages[stages.index(self._task.stage) + 1 :]), None)

    def _advance(self, lesson: Lesson, stage: str) -> None:
        standing = self._runtime.ledger.progress([(lesson, stage, PROGRESS[self._task.stage])])
        raise_on(standing, lesson, stage)

    def _result(self, lesson: Lesson, failures: list[Attempt]) -> StageRecord:
        digest = fingerprint({"stage": self._task.stage, **self._task.inputs(lesson)})
        found = None if self._runtime.force else self._reusable(lesson, digest)
        if found:
            metrics.STAGE_REUSED[self._task.stage].inc()
            metrics.COST_REUSED.inc(metrics.nano(found.cost_usd))
            log.info(
                "%s reused", self._task.stage, extra=events.fields(lesson, stage=self._task.stage)
            )
            return replace(found, reused=True)
        self._admit(lesson)

        def failed(error: ContentError, delay: float | None) -> None:
            metrics.STAGE_TRIES_FAILED[self._task.stage].inc()
            if delay is None:
                return  # `process` says so
            about = {"stage": self._task.stage, "try": len(failures)}
            said = events.fields(
                lesson, **about, error_type=type(error).__name__, error_code=error.code
            )
            log.info("%s failed, again in %.1f s", self._task.stage, delay, extra=said)
            log.debug("because: %s", error, extra=said)

        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="vividly-") as folder:
            produced = retry.run(
                lambda left: self._task.perform(
                    lesson, self._runtime.store, Path(tempfile.mkdtemp(dir=folder)), left
                ),
                self._runtime.policy,
                failures,
                self._runtime.limits.admitted,
                failed,
            )
            artifacts = tuple(
                replace(self._put(lesson, name, source), alt=produced.alt.get(name, ""))
                for name, source in produced.artifacts.items()
            )
        seconds = time.monotonic() - started
        record = StageRecord(
            stage=self._task.stage,
            engine=self._task.engine,
            fingerprint=digest,
            seconds=round(seconds, 3),
            cost_usd=price(produced.usage),
            usage=produced.usage,
            artifacts=artifacts,
            attempts=len(failures) + 1,
        )
        put(
            self._runtime.store,
            self._runtime.ledger,
            lesson,
            _record_name(record.stage),
            encode(record),
        )
        metrics.STAGE_MILLISECONDS[record.stage].update(round(seconds * 1000))
        metrics.COST.inc(metrics.nano(record.cost_usd))
        metrics.STAGE_COST[record.stage].inc(metrics.nano(record.cost_usd))
        log.info(
            events.STAGE_DONE, record.stage, record.seconds, record.cost_usd,
            extra=events.fields(
                lesson, stage=record.stage, seconds=record.seconds, cost_usd=record.cost_usd
            ),
        )  # fmt: skip
        return record

    def _admit(self, lesson: Lesson) -> None:
        if not self._runtime.budget:
            return
        try:
            waited = self._runtime.budget.admit(lesson, self._task.stage, self._expected_usd)
        except OverBudget:
            metrics.OVER_BUDGET.inc()
            raise
        metrics.BUDGET_WAIT.update(round(waited * 1000))

    def _put(self, lesson: Lesson, name: str, source: Path | bytes) -> Artifact:
        return put(self._runtime.store, self._runtime.ledger, lesson, name, source)

    def _reusable(self, lesson: Lesson, digest: str) -> StageRecord | None:
        data = self._runtime.store.read(lesson.request.request_id, _record_name(self._task.stage))
        try:
            record = decode(StageRecord, data) if data else None
        except ValidationError:
            return None  # truncated, or written by another version
        if record is None or record.fingerprint != digest:
            return None
        return record if all(map(self._runtime.store.verify, record.artifacts)) else None


def _record_name(stage: str) -> str:
    return f"stages/{stage}.json"
