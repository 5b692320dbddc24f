"""PublishResults: the manifest, then the ledger; who sees `completed` finds everything there."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import apache_beam as beam

from transforms import (
    coder,  # noqa: F401  (registers the coders of the outputs)
    events,
    lease,
)
from transforms.artifacts import ArtifactStore
from transforms.dead_letters import DEAD_LETTERS, letter
from transforms.errors import Cancelled, ClaimLost, DependencyDown
from transforms.ledger import CompletedLesson, Ledger
from transforms.lines import dress_worker_log
from transforms.model import DeadLetter, Lesson, Outcome, Saving, Script, decode
from transforms.outcomes import settled
from transforms.prices import saved_by_skipping
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
    """

    def __init__(self, store: ArtifactStore, ledger: Ledger, engines: Mapping[str, str]) -> None:
        super().__init__()
        self._dofn = _Publish(store, ledger, engines)

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


class _Publish(beam.DoFn):
    def __init__(self, store: ArtifactStore, ledger: Ledger, engines: Mapping[str, str]) -> None:
        self._store = store
        self._ledger = ledger
        self._engines = dict(engines)

    def setup(self) -> None:
        dress_worker_log()

    def process(self, lesson: Lesson) -> Iterator[Any]:
        try:
            with lease.handed_back(self._ledger, lesson):
                outcome = self._publish(lesson)
            yield outcome
        except DependencyDown:
            raise
        except ClaimLost:
            yield superseded(lesson, "publish")
        except Cancelled as cancelled:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, stopped(lesson, cancelled))
        except Exception as bug:  # a bug must not stop the pipeline
            log.exception("publish failed", extra=events.fields(lesson, stage="publish"))
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, letter(lesson, "publish", bug))

    def _publish(self, lesson: Lesson) -> Outcome:
        skipped = [s for s in self._engines if s not in STAGES_OF[lesson.request.modality]]
        savings = tuple(
            Saving(stage, engine, saved_by_skipping(stage, engine))
            for stage, engine in self._engines.items()
            if stage in skipped
        )
        saved = sum(saving.usd for saving in savings)
        stored = put(self._store, self._ledger, lesson, MANIFEST, manifest(lesson, saved))
        request_id = lesson.request.request_id
        script = decode(Script, self._store.read(request_id, "script.json") or b"")
        done = CompletedLesson(lesson, manifest=stored, script=script, savings=savings)
        if not all(self._ledger.complete([done])):
            # Rare, so it may take a round trip more to learn why, and to record what was spent.
            raise_on(self._ledger.progress([(lesson, "publish", 99)]), lesson, "publish")
            raise ClaimLost(request_id)
        outcome = Outcome(
            message_id=lesson.message.message_id,
            status="completed",
            request_id=request_id,
            records=lesson.records,
            cost_usd=lesson.cost_usd,
            savings=savings,
        )
        return settled(outcome, lesson, "publish")
