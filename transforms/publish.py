"""PublishResults: the step that completes requests.

It writes each request's manifest first and then marks it `completed` in the ledger, so a reader who
sees `completed` finds every artifact. The manifests of a bundle's texts are written in parallel,
and their requests are completed by one statement; a heavy request is completed at once.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import apache_beam as beam

from transforms.artifacts import ArtifactStore
from transforms.artifacts.parts import Parts
from transforms.batch_dofn import BatchDoFn, BatchResult
from transforms.dead_letters import DEAD_LETTERS
from transforms.errors import ClaimLost, EnvironmentFault, StartedTooOften
from transforms.ledger import CompletedLesson, Entered, Ledger
from transforms.modality import is_heavy
from transforms.model import (
    PROGRESS,
    STAGES_OF,
    DeadLetter,
    Lesson,
    Outcome,
    Saving,
    Script,
    decode,
)
from transforms.prices import INCLUDED, Prices, costs_more_than_machine, saved_by_skipping
from transforms.process.thread_pool import parallel_map
from transforms.process.worker_health import hidden_fault
from transforms.stage import heartbeat
from transforms.stage.canary import canary_lesson
from transforms.stage.entering import may_work, queue_failures, refused_output
from transforms.stage.failure_streak import FailureStreak, failure_streak
from transforms.stage.failures import claim_error, failure_output
from transforms.stage.suspects import check_starts
from transforms.stage.task import OUTCOMES, put_artifacts
from transforms.telemetry import tracing
from transforms.telemetry.display import display_items
from transforms.telemetry.outcomes import report_outcome

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


class PublishResults(beam.PTransform):
    """Write the manifests of finished lessons and complete their requests in the ledger.

    PCollection[Lesson] -> tagged `OUTCOMES` and `DEAD_LETTERS`.

    Args:
        store: Artifact store to write manifests to.
        ledger: Ledger to complete requests in.
        engines: Engine of each stage that a modality can skip, by stage; prices the savings.
        workers: As for `transforms.stage.task.StageRuntime`.
        may_defer: As for `transforms.stage.task.StageRuntime`.
        queue_lease: As for `transforms.stage.task.StageRuntime`.
        max_deliveries: As for `transforms.stage.task.StageRuntime`.
        prices: As for `transforms.stage.task.StageRuntime`.
    """

    def __init__(
        self,
        store: ArtifactStore,
        ledger: Ledger,
        engines: Mapping[str, str],
        workers: int | None = None,
        may_defer: bool = False,
        queue_lease: float | None = None,
        max_deliveries: int = 5,
        prices: Prices = INCLUDED,
    ) -> None:
        super().__init__()
        # Priced here, so that a missing price fails the launch and not every element.
        savings = {
            stage: Saving(stage, engine, saved_by_skipping(stage, engine, prices))
            for stage, engine in engines.items()
        }
        self._dofn = _Publish(
            store, ledger, savings, workers, may_defer, queue_lease, max_deliveries
        )

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return lessons | "Publish" >> beam.ParDo(self._dofn).with_output_types(
            Outcome, **{DEAD_LETTERS: DeadLetter}
        ).with_outputs(DEAD_LETTERS, main=OUTCOMES)


def manifest(lesson: Lesson, saved_usd: float) -> bytes:
    """Return the manifest of a lesson: its artifacts, stages and costs, as JSON in UTF-8.

    Args:
        lesson: The finished lesson.
        saved_usd: US dollars that the skipped stages would have cost.
    """
    request = lesson.request
    return json.dumps(
        {
            "manifest_version": MANIFEST_VERSION,
            "request_id": request.request_id,
            "correlation_id": request.correlation_id,
            "modality": request.modality,
            "language": request.language,
            "artifacts": [asdict(a) for record in lesson.records for a in record.artifacts],
            "stages": [
                {
                    "stage": record.stage,
                    "engine": record.engine,
                    "model": record.model,
                    "fallback": record.fallback,
                    "problems": list(record.problems),
                    "fingerprint": record.fingerprint,
                    "shared": record.shared,
                    "seconds": record.seconds,
                    "cost_usd": record.cost_usd,
                    "usage": {used.sku: used.quantity for used in record.usage},
                }
                for record in lesson.records
            ],
            "seconds": round(sum(record.seconds for record in lesson.records), 3),
            "cost_usd": lesson.cost_usd,
            "cost_saved_usd": saved_usd,
        },
        indent=2,
    ).encode()


class _Publish(BatchDoFn[Lesson]):
    def __init__(
        self,
        store: ArtifactStore,
        ledger: Ledger,
        savings: Mapping[str, Saving],
        workers: int | None,
        may_defer: bool,
        queue_lease: float | None,
        max_deliveries: int,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._savings = savings
        self._workers = workers
        self._may_defer = may_defer
        self._queue_lease = queue_lease
        self._max_deliveries = max_deliveries

    def display_data(self) -> dict[str, Any]:
        return display_items(
            max_deliveries=self._max_deliveries,
            artifacts=self._store.root,
            ledger=self._ledger.masked_url,
        )

    def is_isolated(self, element: Lesson) -> bool:
        return is_heavy(element)  # the bundle goes on with other heavy lessons, for minutes

    def process_elements(self, elements: Sequence[Lesson]) -> Iterator[BatchResult]:
        lessons: dict[int, Entered] = {}
        heartbeat.release_late(self._ledger)
        for position, entered in enumerate(self._ledger.enter(elements, "publish")):
            if may_work(entered):
                lessons[position] = entered
            else:
                yield _result(position, *refused_output(entered, "publish"))
        completed, failed = self._publish(lessons) if lessons else ({}, {})
        paid = [done.lesson for done in completed.values() if _has_paid(done.lesson)]
        parallel_map(self._delete_parts, paid, self._workers)
        for position, done in completed.items():
            yield BatchResult(position, self._completed(done))
        for position, (lesson, error) in failed.items():
            yield _result(position, *failure_output(lesson, "publish", error))

    def _publish(
        self, entered: Mapping[int, Entered]
    ) -> tuple[dict[int, CompletedLesson], dict[int, tuple[Lesson, Exception]]]:
        """Publish lessons; return those completed and those failed, by position."""
        started = tracing.now()
        given = [each.lesson for each in entered.values()]
        with heartbeat.release_on_outage(self._ledger, given, self._queue_lease):
            with heartbeat.heartbeats(self._ledger, given):
                stored = parallel_map(self._unless_deferred, list(entered.values()), self._workers)
                self._judge(given, stored)
            refused = self._complete([done for done in stored if not isinstance(done, Exception)])
            completed: dict[int, CompletedLesson] = {}
            failed: dict[int, tuple[Lesson, Exception]] = {}
            for position, lesson, done in zip(entered, given, stored, strict=True):
                result = refused.get(lesson.claim.token, done)
                with tracing.span("publish", lesson, start=started) as span:
                    if isinstance(result, Exception):
                        failed[position] = lesson, result
                        span.fail(result)
                    else:
                        completed[position] = result
            return completed, queue_failures(self._ledger, failed, self._queue_lease)

    def _delete_parts(self, lesson: Lesson) -> None:
        """Delete the stored answers of paid calls, which the artifacts replace."""
        with suppress(EnvironmentFault):  # they are swept later
            Parts(self._store).delete(lesson.request.request_id)

    @property
    def _streak(self) -> FailureStreak:
        return failure_streak(self._ledger, "publish")

    def _unless_deferred(self, entered: Entered) -> CompletedLesson | Exception:
        lesson = entered.lesson
        try:
            check_starts(lesson, "publish", entered.starts, self._max_deliveries)
        except StartedTooOften as error:
            return error
        return self._streak.held(lesson.message.message_id) or self._store_manifest(lesson)

    def _judge(
        self, lessons: Sequence[Lesson], stored: Sequence[CompletedLesson | Exception]
    ) -> None:
        """Decide whether unexpected failures become dead letters or the bundle is repeated."""
        self._streak.judge(
            {
                lesson.message.message_id: done
                for lesson, done in zip(lessons, stored, strict=True)
                if isinstance(done, Exception)
            },
            succeeded=any(isinstance(done, CompletedLesson) for done in stored),
            canary=self._run_canary,
            may_defer=self._may_defer,
        )

    def _run_canary(self) -> None:
        with canary_lesson("publish") as (lesson, store):
            alone = copy.copy(self)
            alone._store = store
            done = alone._store_manifest(lesson)
        if isinstance(done, Exception):
            raise done

    def _store_manifest(self, lesson: Lesson) -> CompletedLesson | Exception:
        try:
            ran = STAGES_OF[lesson.request.modality]
            savings = tuple(s for stage, s in self._savings.items() if stage not in ran)
            saved = sum(saving.usd for saving in savings)
            content = manifest(lesson, saved)
            [stored] = put_artifacts(self._store, self._ledger, lesson, {MANIFEST: content})
            text = self._store.read(lesson.request.request_id, "script.json")
            script = decode(Script, text or b"")
        except Exception as error:
            fault = hidden_fault(error)
            if fault:
                raise fault from error
            return error
        return CompletedLesson(lesson, manifest=stored, script=script, savings=savings)

    def _complete(self, lessons: Sequence[CompletedLesson]) -> dict[str, Exception]:
        """Complete requests; return the errors of those refused, by claim token."""
        completed = self._ledger.complete(lessons)
        refused = [done.lesson for done, ours in zip(lessons, completed, strict=True) if not ours]
        if not refused:
            return {}
        # A second round trip, needed rarely, records the costs and returns the reasons.
        percent = PROGRESS["publish"]
        status = self._ledger.progress([(lesson, "publish", percent) for lesson in refused])
        return {
            lesson.claim.token: claim_error(status, lesson, "publish")
            or ClaimLost(lesson.request.request_id)
            for lesson in refused
        }

    def _completed(self, done: CompletedLesson) -> Outcome:
        lesson = done.lesson
        outcome = Outcome(
            message_id=lesson.message.message_id,
            status="completed",
            request_id=lesson.request.request_id,
            records=lesson.records,
            cost_usd=lesson.cost_usd,
            savings=done.savings,
        )
        return report_outcome(outcome, lesson, "publish")


def _has_paid(lesson: Lesson) -> bool:
    return any(costs_more_than_machine(record.usage) for record in lesson.records)


def _result(position: int, value: object, tag: str) -> BatchResult:
    """Wrap an output with its position and tag; outcomes go to the main output."""
    return BatchResult(position, value, None if tag == OUTCOMES else tag)
