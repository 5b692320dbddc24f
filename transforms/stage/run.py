"""RunStage: the one DoFn that runs a stage, whatever the stage does.

It reuses a valid result, else works under the stage's deadline with retries, stores what was made,
records it, and turns every failure into what `transforms.errors` says it is. The lessons of a
bundle are worked on side by side, and recorded together when all are done.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import apache_beam as beam
from pydantic import ValidationError

from transforms import (
    coder,  # noqa: F401  (registers the coders of the outputs)
)
from transforms.batch_dofn import BatchDoFn, BatchResult
from transforms.dead_letters import DEAD_LETTERS, make_dead_letter
from transforms.errors import Cancelled, ClaimLost, ContentError, DependencyDown, OverBudget
from transforms.model import (
    Artifact,
    Attempt,
    DeadLetter,
    Lesson,
    Outcome,
    StageRecord,
    decode,
    encode,
)
from transforms.prices import price
from transforms.process import (
    retry,
    temp_dirs,
)
from transforms.process.fingerprints import fingerprint
from transforms.process.thread_pool import parallel_map
from transforms.stage import (
    heartbeat,
)
from transforms.stage.task import (
    FINISHED,
    OUTCOMES,
    PROGRESS,
    STAGES_OF,
    Produced,
    StageRuntime,
    StageTask,
    cancelled_dead_letter,
    put_artifacts,
    raise_if_lost,
    superseded_outcome,
)
from transforms.telemetry import (
    log_events,
    metrics,
)
from transforms.telemetry.log_format import install_worker_log_format

log = logging.getLogger(__name__)


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


@dataclass
class _Work:
    """One lesson in one stage, and how that went.

    Attributes:
        lesson: as it came.
        stage: the stage.
        failures: the tries that failed.
        waited: seconds until the budget allowed it; None if nobody had to ask.
        record: the stage as it was done, or found done; None if it was not.
        error: why the lesson does not go on.
    """

    lesson: Lesson
    stage: str
    failures: list[Attempt] = field(default_factory=list)
    waited: float | None = None
    record: StageRecord | None = None
    error: Exception | None = None

    @property
    def following(self) -> str:
        """The stage after this one; none when it is empty."""
        stages = STAGES_OF[self.lesson.request.modality]
        return next(iter(stages[stages.index(self.stage) + 1 :]), "")

    @property
    def advanced(self) -> Lesson:
        """The lesson, one stage further."""
        assert self.record
        return self.lesson.with_record(self.record)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """What goes wrong in the block is this lesson's, unless a dependency is down."""
        try:
            yield
        except DependencyDown:
            raise
        except Exception as error:  # noqa: BLE001  (a bug must not stop the pipeline)
            self.error = error


class _RunStage(BatchDoFn[Lesson]):
    def __init__(self, task: StageTask, runtime: StageRuntime) -> None:
        self._task = task
        self._runtime = runtime
        # Says at once, and not for every element, if the price table knows nothing of the stage.
        self._expected_usd = price(task.typical()) if runtime.budget else 0.0

    def setup(self) -> None:
        install_worker_log_format()

    def is_isolated(self, element: Lesson) -> bool:
        return element.claim.isolated

    def process_elements(self, elements: Sequence[Lesson]) -> Iterator[BatchResult]:
        works = [_Work(lesson, self._task.stage) for lesson in elements]
        # Those that wait for their turn keep their lease as well.
        with heartbeat.release_on_outage(self._runtime.ledger, elements):
            with heartbeat.heartbeats(self._runtime.ledger, elements) as check:
                parallel_map(self._perform, works, self._runtime.workers)
                for work in works:
                    with work.failing():
                        check(work.lesson)
            self._advance([work for work in works if not work.error and work.following])
        for position, work in enumerate(works):
            yield BatchResult(position, *self._emitted(work))

    def _perform(self, work: _Work) -> None:
        with work.failing():
            work.record = self._result(work)

    def _advance(self, works: Sequence[_Work]) -> None:
        """Record stages; the last stage is recorded together with the completion."""
        percent = PROGRESS[self._task.stage]
        standing = self._runtime.ledger.progress(
            [(work.advanced, work.following, percent) for work in works]
        )
        for work in works:
            with work.failing():
                raise_if_lost(standing, work.lesson, work.following)

    def _emitted(self, work: _Work) -> tuple[Any, str | None]:
        """What comes of a lesson, and the output it goes to."""
        self._count(work)
        error = work.error
        if isinstance(error, ClaimLost):
            return superseded_outcome(work.lesson, work.stage), OUTCOMES
        if isinstance(error, Cancelled):
            return cancelled_dead_letter(work.lesson, error), DEAD_LETTERS
        if error:
            dead = make_dead_letter(work.lesson, work.stage, error, work.failures)
            code = error.code if isinstance(error, ContentError) else None
            said = log_events.log_fields(
                work.lesson, stage=work.stage, error_type=dead.error_type, error_code=code
            )
            if dead.traceback:
                log.error("%s failed, which is a bug", work.stage, exc_info=error, extra=said)
            else:
                log.warning("%s failed", work.stage, extra=said)
            log.debug("because: %s", dead.traceback or dead.error, extra=said)
            return dead, DEAD_LETTERS
        return work.advanced, None if work.following else FINISHED

    def _count(self, work: _Work) -> None:
        """Only the bundle's own thread may: Beam drops what others count."""
        stage, record = work.stage, work.record
        metrics.STAGE_TRIES_FAILED[stage].inc(len(work.failures))
        if work.waited is not None:
            metrics.BUDGET_WAIT.update(round(work.waited * 1000))
        if record and record.reused:
            metrics.STAGE_REUSED[stage].inc()
            metrics.COST_REUSED.inc(metrics.nano(record.cost_usd))
        elif record:
            metrics.STAGE_MILLISECONDS[stage].update(round(record.seconds * 1000))
            metrics.COST.inc(metrics.nano(record.cost_usd))
            metrics.STAGE_COST[stage].inc(metrics.nano(record.cost_usd))
        if isinstance(work.error, OverBudget):
            metrics.OVER_BUDGET.inc()
        if work.error and not isinstance(work.error, ClaimLost | Cancelled):
            metrics.STAGE_FAILED[stage].inc()

    def _result(self, work: _Work) -> StageRecord:
        lesson, failures = work.lesson, work.failures
        digest = fingerprint({"stage": self._task.stage, **self._task.inputs(lesson)})
        found = None if self._runtime.force else self._reusable(lesson, digest)
        if found:
            log.info(
                "%s reused",
                self._task.stage,
                extra=log_events.log_fields(lesson, stage=self._task.stage),
            )
            return replace(found, reused=True)
        self._admit(work)

        def failed(error: ContentError, delay: float | None) -> None:
            if delay is None:
                return  # `_emitted` says so
            about = {"stage": self._task.stage, "try": len(failures)}
            said = log_events.log_fields(
                lesson, **about, error_type=type(error).__name__, error_code=error.code
            )
            log.info("%s failed, again in %.1f s", self._task.stage, delay, extra=said)
            log.debug("because: %s", error, extra=said)

        started: list[float] = []  # waiting to be admitted is no work
        with self._folder() as folder:
            produced = retry.retry_until_deadline(
                lambda left: self._attempt(lesson, folder, left, started),
                self._runtime.policy,
                failures,
                self._runtime.admitted,
                failed,
            )
            artifacts = tuple(
                replace(artifact, alt=produced.alt.get(artifact.name, ""))
                for artifact in self._put(lesson, produced.artifacts)
            )
        seconds = time.monotonic() - started[0]
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
        self._put(lesson, {_record_name(record.stage): encode(record)})
        log.info(
            log_events.STAGE_DONE, record.stage, record.seconds, record.cost_usd,
            extra=log_events.log_fields(
                lesson, stage=record.stage, seconds=record.seconds, cost_usd=record.cost_usd
            ),
        )  # fmt: skip
        return record

    def _admit(self, work: _Work) -> None:
        if self._runtime.budget:
            budget, expected = self._runtime.budget, self._expected_usd
            work.waited = budget.admit(work.lesson, self._task.stage, expected)

    def _attempt(self, lesson: Lesson, within: Path, left: float, started: list[float]) -> Produced:
        started.append(time.monotonic())
        folder = within / f"try-{len(started)}"
        if self._task.needs_folder:
            folder.mkdir()
        return self._task.perform(lesson, self._runtime.store, folder, left)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """A folder for the tries of a lesson; making one costs a disk more than a text does."""
        if not self._task.needs_folder:
            yield Path(os.devnull)
            return
        with temp_dirs.temp_dir() as folder:
            yield folder

    def _put(self, lesson: Lesson, sources: Mapping[str, Path | bytes]) -> tuple[Artifact, ...]:
        return put_artifacts(self._runtime.store, self._runtime.ledger, lesson, sources)

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
