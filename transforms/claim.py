"""ClaimRequests: who works on a request is decided by one statement in Postgres.

A bundle's requests are claimed together, in one round trip. Messages that were worked on before and
came again are claimed before those, one by one, each when its turn has come; the stages work on
each by itself, and it is excused once it has passed those that run in the same bundle: whoever
kills the process every time is counted, and those that happen to be in its company are not.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import apache_beam as beam

from transforms import (
    coder,  # noqa: F401  (registers the coders of the outputs)
)
from transforms.batch_dofn import BatchDoFn, BatchResult
from transforms.dead_letters import DEAD_LETTERS, make_dead_letter
from transforms.deduplicate import is_replay
from transforms.errors import Cancelled, PermanentError
from transforms.ledger import ClaimRequest, ClaimResult, Ledger
from transforms.model import DeadLetter, Lesson, Outcome, Received
from transforms.stage.task import OUTCOMES, cancelled_dead_letter
from transforms.telemetry import (
    log_events,
)
from transforms.telemetry.log_format import install_worker_log_format
from transforms.telemetry.outcomes import report_outcome

log = logging.getLogger(__name__)


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


class _Claim(BatchDoFn[Received]):
    def __init__(self, ledger: Ledger, lease: float, max_deliveries: int) -> None:
        self._ledger = ledger
        self._lease = lease
        self._max_deliveries = max_deliveries

    def setup(self) -> None:
        install_worker_log_format()

    def process_elements(self, elements: Sequence[Received]) -> Iterator[BatchResult]:
        begun = self._ledger.unsettled([received.message.message_id for received in elements])
        fresh = []
        for position, received in enumerate(elements):
            message_id = received.message.message_id
            if message_id not in begun:
                fresh.append((position, received))
                continue
            [result] = self._claim([(position, received)], alone=True)
            yield result
            if result.tag is None:  # the stages of this bundle are done with the lesson
                self._ledger.reset_deliveries(message_id)
        if fresh:
            yield from self._claim(fresh)

    def _claim(
        self, waiting: Sequence[tuple[int, Received]], alone: bool = False
    ) -> Iterator[BatchResult]:
        requests = [ClaimRequest(r.message, r.request, is_replay(r)) for _, r in waiting]
        results = self._ledger.claim(requests, timedelta(seconds=self._lease), self._max_deliveries)
        for (position, received), result in zip(waiting, results, strict=True):
            yield self._decide(position, received, result, alone)

    def _decide(
        self, position: int, received: Received, result: ClaimResult, alone: bool
    ) -> BatchResult:
        if result.outcome:
            outcome = report_outcome(result.outcome, received, "claim", again=result.kind == "done")
            return BatchResult(position, outcome, OUTCOMES)
        if not result.claim:
            error = PermanentError(
                f"delivered {result.deliveries} times without ever being settled: it stops "
                "whoever works on it"
            )
            return BatchResult(position, make_dead_letter(received, "claim", error), DEAD_LETTERS)
        lesson = Lesson(received.message, received.request, replace(result.claim, isolated=alone))
        if result.kind == "cancelled":
            return BatchResult(
                position, cancelled_dead_letter(lesson, Cancelled("script")), DEAD_LETTERS
            )
        log.info(
            "claimed (%s)",
            result.kind,
            extra=log_events.log_fields(lesson, stage="claim", modality=received.request.modality),
        )
        return BatchResult(position, lesson)
