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
    events,
    lease,
)
from transforms.artifacts import ArtifactStore
from transforms.bundles import Result, Together
from transforms.dead_letters import DEAD_LETTERS, letter
from transforms.errors import Cancelled, ClaimLost, DependencyDown
from transforms.ledger import CompletedLesson, Ledger
from transforms.lines import dress_worker_log
from transforms.model import DeadLetter, Lesson, Outcome, Saving, Script, decode
from transforms.outcomes import settled
from transforms.prices import saved_by_skipping
from transforms.side_by_side import side_by_side
from transforms.stage import OUTCOMES, STAGES_OF, put, raise_on, stopped, superseded

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


class PublishResults(beam.PTransform):
    """PCollection[Lesson] -> tagged `OUTCOMES` and `DEAD_LETTERS`.

    Args:
        store: where the manifest goes.
        ledger: where the request becomes `completed`.
        engines: the engine of every stage that a request may do without, by stage.
        workers: as for `transforms.stage.StageRuntime`.
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


class _Publish(Together[Lesson]):
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
        dress_worker_log()

    def together(self, elements: Sequence[Lesson]) -> Iterator[Result]:
        with lease.handed_back(self._ledger, elements):
            with lease.kept(self._ledger, elements):
                stored = side_by_side(self._store_manifest, elements, self._workers)
            refused = self._complete([done for done in stored if not isinstance(done, Exception)])
        for position, (lesson, done) in enumerate(zip(elements, stored, strict=True)):
            if isinstance(done, Exception):
                yield self._given_up(position, lesson, done)
            elif lesson.claim.token in refused:
                yield self._given_up(position, lesson, refused[lesson.claim.token])
            else:
                yield Result(position, self._completed(done))

    def _store_manifest(self, lesson: Lesson) -> CompletedLesson | Exception:
        try:
            ran = STAGES_OF[lesson.request.modality]
            savings = tuple(s for stage, s in self._savings.items() if stage not in ran)
            saved = sum(saving.usd for saving in savings)
            content = manifest(lesson, saved)
            [stored] = put(self._store, self._ledger, lesson, {MANIFEST: content})
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
                raise_on(standing, lesson, "publish")
                raise ClaimLost(lesson.request.request_id)
            except (Cancelled, ClaimLost) as reason:
                reasons[lesson.claim.token] = reason
        return reasons

    def _given_up(self, position: int, lesson: Lesson, error: Exception) -> Result:
        if isinstance(error, ClaimLost):
            return Result(position, superseded(lesson, "publish"))
        if isinstance(error, Cancelled):
            return Result(position, stopped(lesson, error), DEAD_LETTERS)
        said = events.fields(lesson, stage="publish")
        log.error("publish failed", exc_info=error, extra=said)
        return Result(position, letter(lesson, "publish", error), DEAD_LETTERS)

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
        return settled(outcome, lesson, "publish")
