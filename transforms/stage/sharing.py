"""Sharing: copy a stage result that another request has shared, or make and share it.

Before the work of a shared key, a thread takes the lead of it in this process; others wait outside
the slots of engines. A thread whose leader fails tries by itself. Between processes a result may be
made twice: the first record wins, and each request keeps its own files.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from transforms.artifacts import SourceGone
from transforms.artifacts.shared import SharedResults
from transforms.errors import EnvironmentFault
from transforms.model import Lesson, StageRecord, encode
from transforms.prices import Prices
from transforms.process.fingerprints import fingerprint
from transforms.stage.single_flight import single_flight
from transforms.stage.stage_record import input_digest, record_name
from transforms.stage.task import StageRuntime, StageTask, put_artifacts
from transforms.stage.work import SharedKey, Work
from transforms.telemetry import log_events

log = logging.getLogger(__name__)


def rounds(task: StageTask, runtime: StageRuntime, works: Sequence[Work]) -> list[list[Work]]:
    """Split works into two rounds: the second can copy the shared results of the first.

    Args:
        task: The stage's work.
        runtime: Its limits and services.
        works: The works of a bundle.
    """
    if (
        runtime.force
        or runtime.reuse == "off"
        or (runtime.reuse, task.stage) == ("stage", "script")
    ):
        return [list(works)]
    found: list[list[Work]] = [[], []]
    keys: set[SharedKey] = set()
    for work in works:
        with work.capture_error():
            work.key = _shared_key(task, runtime, work.lesson)
        found[work.key in keys].append(work)
        if work.key:
            keys.add(work.key)
    return [each for each in found if each]


def _shared_key(task: StageTask, runtime: StageRuntime, lesson: Lesson) -> SharedKey | None:
    """Return the key of a lesson's result, or None if the result is not shared.

    Prices are part of it, so that savings are stated at the prices of today.
    """
    if not task.topic(lesson):
        return None
    about = {"inputs": input_digest(task, lesson), "prices": _price_version(runtime.prices)}
    return SharedKey(runtime.store.root, task.stage, fingerprint(about))


@lru_cache(maxsize=8)
def _price_version(prices: Prices) -> str:
    table = prices.table()
    return fingerprint({sku: [price.usd, price.per] for sku, price in table.items()})


def shared_script(lesson: Lesson) -> str | None:
    """Return the fingerprint of a lesson's script if other requests share it, or None.

    It is known before the later stages, whose results then follow from it.
    """
    scripts = (record for record in lesson.records if record.stage == "script" and record.topic)
    return next((record.fingerprint for record in scripts), None)


def share(
    runtime: StageRuntime, work: Work, key: SharedKey, make: Callable[[], StageRecord]
) -> StageRecord:
    """Copy the shared result of a key, or make and share it; return its record.

    Args:
        runtime: Limits and services of the stage.
        work: The work; its `sharing` tells what was done.
        key: The key of the result.
        make: Makes the result for the lesson, and stores it under its prefix.

    Raises:
        ClaimLost: Other content has to be replaced, and another worker holds the claim.
        Exception: As `make`.
    """
    flight = single_flight(runtime.workers)
    while True:
        found = _copy_shared(runtime, work.lesson, key)
        if found:
            work.sharing = "hit"
            return found
        with flight.lead(key) as leads:
            if leads:
                # The leader before may have stored it since the search.
                return _copy_again(runtime, work, key) or _make(runtime, work, key, make, "miss")
        if not flight.wait(key, runtime.policy.timeout):
            return _make(runtime, work, key, make, "double")


def _copy_again(runtime: StageRuntime, work: Work, key: SharedKey) -> StageRecord | None:
    found = _copy_shared(runtime, work.lesson, key)
    if found:
        work.sharing = "hit"
    return found


def _make(
    runtime: StageRuntime,
    work: Work,
    key: SharedKey,
    make: Callable[[], StageRecord],
    sharing: str,
) -> StageRecord:
    work.sharing = sharing
    record = make()
    if record.topic:
        # The lesson is made; the next one makes its own if this fails.
        with suppress(EnvironmentFault, SourceGone):
            SharedResults(runtime.store).put(record, key.fingerprint)
    return record


def _copy_shared(runtime: StageRuntime, lesson: Lesson, key: SharedKey) -> StageRecord | None:
    """Copy a shared result under the lesson's prefix and return its record, or None."""
    store = runtime.store
    found = SharedResults(store).find(key.stage, key.fingerprint)
    if found is None:
        return None
    request_id = lesson.request.request_id
    own = tuple(
        replace(artifact, uri=store.uri(request_id, artifact.name))
        for artifact in found.record.artifacts
    )
    record = replace(found.record, artifacts=own)
    try:
        put_artifacts(
            store,
            runtime.ledger,
            lesson,
            {**found.sources, record_name(record.stage): encode(record)},
        )
    except SourceGone:
        return None  # purged meanwhile
    log.info(
        log_events.RESULT_COPIED,
        key.stage,
        record.cost_usd,
        extra=log_events.log_fields(lesson, stage=key.stage),
    )
    return replace(record, reused=True)
