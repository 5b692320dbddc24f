"""Stage records: files that state which inputs a stage had and which artifacts it made.

A stage whose record has the fingerprint of its inputs, and whose artifacts are intact, is not run
again.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError

from transforms.artifacts import ArtifactStore
from transforms.model import Lesson, StageRecord, decode
from transforms.prices import total
from transforms.process.fingerprints import fingerprint
from transforms.stage.stage_calls import StageCalls
from transforms.stage.task import Produced, StageTask, files_of


def record_name(stage: str) -> str:
    """Return the name of a stage's record in the artifact store."""
    return f"stages/{stage}.json"


def input_digest(task: StageTask, lesson: Lesson) -> str:
    """Return the fingerprint of a stage's inputs for a lesson."""
    return fingerprint({"stage": task.stage, **task.inputs(lesson)})


def new_record(task: StageTask, produced: Produced, calls: StageCalls, digest: str) -> StageRecord:
    """Make the record of a new result, before it is stored.

    Args:
        task: The work of the stage.
        produced: Its result.
        calls: Its paid calls, which have ended.
        digest: Fingerprint of its inputs.
    """
    prices, usage = calls.runtime.prices, total((*produced.usage, *calls.usage))
    described = calls.runtime.store.describe(
        calls.lesson.request.request_id, files_of(produced.artifacts)
    )
    return StageRecord(
        stage=task.stage,
        engine=produced.engine or task.engine,
        fingerprint=digest,
        seconds=round(calls.seconds, 3),
        cost_usd=prices.price(usage),
        usage=usage,
        artifacts=tuple(replace(each, alt=produced.alt.get(each.name, "")) for each in described),
        attempts=len(calls.failures) + 1,
        model=produced.model,
        fallback=produced.fallback,
        problems=produced.problems,
        topic="" if produced.fallback else task.topic(calls.lesson),
        calls_usd=prices.price(calls.usage),
    )


def reusable_record(
    store: ArtifactStore, request_id: str, stage: str, digest: str
) -> StageRecord | None:
    """Return the stored record of a stage if its inputs are equal and its artifacts are intact."""
    data = store.read(request_id, record_name(stage))
    try:
        record = decode(StageRecord, data) if data else None
    except ValidationError:
        return None  # truncated, or written by another version
    if record is None or record.fingerprint != digest:
        return None
    return record if all(map(store.verify, record.artifacts)) else None
