"""PublishResults: the manifest, then the ledger; who sees `completed` finds everything there.

The manifests of a bundle are written side by side, and its requests completed by one statement.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import apache_beam as beam

from transforms import (
    coder,  # noqa: F401  (registers the coders of the outputs)
)
from transforms.artifacts import ArtifactStore
from transforms.batch_dofn import BatchDoFn, BatchResult
from transforms.dead_letters import DEAD_LETTERS, make_dead_letter
from transforms.errors import Cancelled, ClaimLost, DependencyDown
from transforms.ledger import CompletedLesson, Ledger
from transforms.model import DeadLetter, Lesson, Outcome, Saving, Script, decode
from transforms.prices import saved_by_skipping
from transforms.process.thread_pool import parallel_map
from transforms.stage import (
    heartbeat,
)
from transforms.stage.task import (
    OUTCOMES,
    STAGES_OF,
    cancelled_dead_letter,
    put_artifacts,
    raise_if_lost,
    superseded_outcome,
)
from transforms.telemetry import (
    log_events,
)
from transforms.telemetry.log_format import install_worker_log_format
from transforms.telemetry.outcomes import report_outcome

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


class PublishResults(beam.PTransform):
    """PCollection[Lesson] -> tagged `OUTCOMES` and `DEAD_LETTERS`.

    Args:
        store: where the manifest goes.
        ledger: where the request becomes `completed`.
        engines: the engine of every stage that a request may do without, by stage.
        workers: as for `transforms.stage.task.StageRuntime`.
    """

    def __init__(
        self,
        store: ArtifactStore,
        ledger: Ledger,
        engines: Mapping[str, str],
        workers: int | None = None,
    ) -> None:
        super().__init__()
        self._dofn = _Publish(store, ledger, engines, workers)

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return lessons | "Publish" >> beam.ParDo(self._dofn).with_output_types(
            Outcome, **{DEAD_LETTERS: DeadLetter}
        ).with_outputs(DEAD_LETTERS, main=OUTCOMES)


def manifest(lesson: Lesson, saved_usd: float) -> bytes:
    """What a request has led to, as its readers find it: JSON, UTF-8."""
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
                    "fingerprint": record.fingerprint,
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
        engines: Mapping[str, str],
        workers: int | None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        # Says at once, and not for every element, if the price table knows nothing of an engine.
        self._savings = {
            stage: Saving(stage, engine, saved_by_skipping(stage, engine))
            for stage, engine in engines.items()
        }
        self._workers = workers

    def setup(self) -> None:
        install_worker_log_format()

    def process_elements(self, elements: Sequence[Lesson]) -> Iterator[BatchResult]:
        with heartbeat.release_on_outage(self._ledger, elements):
            with heartbeat.heartbeats(self._ledger, elements):
                stored = parallel_map(self._store_manifest, elements, self._workers)
            refused = self._complete([done for done in stored if not isinstance(done, Exception)])
        for position, (lesson, done) in enumerate(zip(elements, stored, strict=True)):
            if isinstance(done, Exception):
                yield self._given_up(position, lesson, done)
            elif lesson.claim.token in refused:
                yield self._given_up(position, lesson, refused[lesson.claim.token])
            else:
                yield BatchResult(position, self._completed(done))

    def _store_manifest(self, lesson: Lesson) -> CompletedLesson | Exception:
        try:
            ran = STAGES_OF[lesson.request.modality]
            savings = tuple(s for stage, s in self._savings.items() if stage not in ran)
            saved = sum(saving.usd for saving in savings)
            content = manifest(lesson, saved)
            [stored] = put_artifacts(self._store, self._ledger, lesson, {MANIFEST: content})
            text = self._store.read(lesson.request.request_id, "script.json")
            script = decode(Script, text or b"")
        except DependencyDown:
            raise
        except Exception as error:  # noqa: BLE001  (a bug must not stop the pipeline)
            return error
        return CompletedLesson(lesson, manifest=stored, script=script, savings=savings)

    def _complete(self, lessons: Sequence[CompletedLesson]) -> dict[str, Exception]:
        """Complete requests; why those that are not are not, by claim token."""
        completed = self._ledger.complete(lessons)
        refused = [done.lesson for done, ours in zip(lessons, completed, strict=True) if not ours]
        if not refused:
            return {}
        # Rare, so it may take a round trip more to learn why, and to record what was spent.
        standing = self._ledger.progress([(lesson, "publish", 99) for lesson in refused])
        reasons: dict[str, Exception] = {}
        for lesson in refused:
            try:
                raise_if_lost(standing, lesson, "publish")
                raise ClaimLost(lesson.request.request_id)
            except (Cancelled, ClaimLost) as reason:
                reasons[lesson.claim.token] = reason
        return reasons

    def _given_up(self, position: int, lesson: Lesson, error: Exception) -> BatchResult:
        if isinstance(error, ClaimLost):
            return BatchResult(position, superseded_outcome(lesson, "publish"))
        if isinstance(error, Cancelled):
            return BatchResult(position, cancelled_dead_letter(lesson, error), DEAD_LETTERS)
        said = log_events.log_fields(lesson, stage="publish")
        log.error("publish failed", exc_info=error, extra=said)
        return BatchResult(position, make_dead_letter(lesson, "publish", error), DEAD_LETTERS)

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
