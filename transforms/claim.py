"""ClaimRequests: who works on a request is decided by one statement in Postgres.

A bundle's requests are claimed together, in one round trip. Messages that were worked on before and
came again are claimed after those, one by one, each when its turn has come, and excused once it has
passed the stages that run in the same bundle: whoever kills the process every time is counted, and
those that happen to be in its company are not.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms import (
    coder,  # noqa: F401  (registers the coders of the outputs)
    events,
)
from transforms.dead_letters import DEAD_LETTERS, letter
from transforms.deduplicate import is_replay
from transforms.errors import Cancelled, PermanentError
from transforms.ledger import ClaimRequest, ClaimResult, Ledger
from transforms.lines import dress_worker_log
from transforms.model import DeadLetter, Lesson, Outcome, Received
from transforms.outcomes import settled
from transforms.stage import OUTCOMES, stopped

log = logging.getLogger(__name__)

MAX_BATCH = 500
"""Requests claimed in one statement; larger bundles take several."""


class ClaimRequests(beam.PTransform):
    """PCollection[Received] -> tagged `lessons`, `OUTCOMES` and `DEAD_LETTERS`.

    `OUTCOMES` holds what needs no work: duplicates, and messages delivered again whose request is
    settled. `DEAD_LETTERS` holds messages that were delivered too often without ever being settled:
    they kill whoever works on them.

    Args:
        ledger: where claims are kept.
        lease: seconds after which a claim lapses unless it is extended.
        max_deliveries: a message delivered more often than this is not worked on any more.
    """

    def __init__(self, ledger: Ledger, lease: float, max_deliveries: int) -> None:
        super().__init__()
        self._dofn = _Claim(ledger, lease, max_deliveries)

    def expand(self, received: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        tags = {OUTCOMES: Outcome, DEAD_LETTERS: DeadLetter}
        return received | "Claim" >> beam.ParDo(self._dofn).with_output_types(
            Lesson, **tags
        ).with_outputs(*tags, main="lessons")


class _Claim(beam.DoFn):
    def __init__(self, ledger: Ledger, lease: float, max_deliveries: int) -> None:
        self._ledger = ledger
        self._lease = lease
        self._max_deliveries = max_deliveries
        self._waiting: list[tuple[Received, Any]] = []

    def setup(self) -> None:
        dress_worker_log()

    def start_bundle(self) -> None:
        self._waiting = []

    def process(
        self, received: Received, timestamp: Any = beam.DoFn.TimestampParam
    ) -> Iterator[Any] | None:
        self._waiting.append((received, timestamp))
        return self._claim() if len(self._waiting) >= MAX_BATCH else None

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._claim()

    def _claim(self) -> Iterator[Any]:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        begun = self._ledger.begun([received.message.message_id for received, _ in waiting])
        fresh = [each for each in waiting if each[0].message.message_id not in begun]
        if fresh:
            yield from self._claim_together(fresh)
        for each in waiting:
            if each[0].message.message_id in begun:
                yield from self._claim_together([each])
                self._ledger.excuse(each[0].message.message_id)

    def _claim_together(self, waiting: Sequence[tuple[Received, Any]]) -> Iterator[Any]:
        requests = [ClaimRequest(r.message, r.request, is_replay(r)) for r, _ in waiting]
        results = self._ledger.claim(requests, timedelta(seconds=self._lease), self._max_deliveries)
        for (received, timestamp), result in zip(waiting, results, strict=True):
            tag, value = self._decide(received, result)
            windowed = WindowedValue(value, timestamp, (GlobalWindow(),))
            yield beam.pvalue.TaggedOutput(tag, windowed) if tag else windowed

    def _decide(self, received: Received, result: ClaimResult) -> tuple[str | None, Any]:
        if result.outcome:
            return OUTCOMES, settled(result.outcome, received, "claim", again=result.kind == "done")
        if not result.claim:
            error = PermanentError(
                f"delivered {result.deliveries} times without ever being settled: it stops "
                "whoever works on it"
            )
            return DEAD_LETTERS, letter(received, "claim", error)
        lesson = Lesson(received.message, received.request, result.claim)
        if result.kind == "cancelled":
            return DEAD_LETTERS, stopped(lesson, Cancelled("script"))
        log.info(
            "claimed (%s)",
            result.kind,
            extra=events.fields(lesson, stage="claim", modality=received.request.modality),
        )
        return None, lesson
