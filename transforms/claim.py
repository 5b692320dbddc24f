"""ClaimRequests: the step that claims requests in the ledger.

One statement in Postgres claims all new requests of a bundle. Redelivered messages whose worker may
have died are claimed first, one at a time, and the stages of the same bundle process each alone. So
if a message kills its worker again, no other message is in work beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import apache_beam as beam

from transforms.batch_dofn import BatchDoFn, BatchResult
from transforms.dead_letters import DEAD_LETTERS, make_dead_letter
from transforms.errors import Cancelled, ContentError, OverQuota
from transforms.ledger import ClaimRequest, ClaimResult, Ledger, StudentQuota
from transforms.model import ContentRequest, DeadLetter, Lesson, Outcome, Received
from transforms.stage.entering import queue_failures
from transforms.stage.failures import failure_output
from transforms.stage.lapsed_claims import lapsed_claims_meter
from transforms.stage.task import OUTCOMES
from transforms.telemetry import log_events, tracing
from transforms.telemetry.display import display_items
from transforms.telemetry.outcomes import report_outcome
from transforms.telemetry.span import Span

log = logging.getLogger(__name__)

Refusal = Callable[[ContentRequest], ContentError | None]
"""Returns why a request cannot be completed, before anything is paid for it, or None."""


class ClaimRequests(beam.PTransform):
    """Claim the requests of received messages in the ledger, so that one worker processes each.

    PCollection[Received] -> tagged `lessons`, `OUTCOMES` and `DEAD_LETTERS`.

    `OUTCOMES` receives duplicates and redelivered messages that are settled. `DEAD_LETTERS`
    receives cancelled and refused requests, and those that exceed their student's quota.

    Args:
        ledger: Ledger to claim in.
        lease: Seconds until a claim expires unless it is renewed.
        queue_lease: As for `transforms.stage.task.StageRuntime`.
        refusals: Reasons to refuse a claimed request.
        quota: Limits of each student; None for none.
    """

    def __init__(
        self,
        ledger: Ledger,
        lease: float,
        queue_lease: float | None = None,
        refusals: Sequence[Refusal] = (),
        quota: StudentQuota | None = None,
    ) -> None:
        super().__init__()
        self._dofn = _Claim(ledger, lease, queue_lease, refusals, quota)

    def expand(self, received: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        tags = {OUTCOMES: Outcome, DEAD_LETTERS: DeadLetter}
        return received | "Claim" >> beam.ParDo(self._dofn).with_output_types(
            Lesson, **tags
        ).with_outputs(*tags, main="lessons")


class _Claim(BatchDoFn[Received]):
    def __init__(
        self,
        ledger: Ledger,
        lease: float,
        queue_lease: float | None,
        refusals: Sequence[Refusal],
        quota: StudentQuota | None,
    ) -> None:
        self._ledger = ledger
        self._lease = lease
        self._queue_lease = queue_lease
        self._refusals = tuple(refusals)
        self._quota = quota

    def display_data(self) -> dict[str, Any]:
        return display_items(
            lease_seconds=self._lease,
            queue_lease_seconds=self._queue_lease,
            student_requests_per_hour=self._quota.requests_per_hour if self._quota else None,
            student_usd_per_day=self._quota.usd_per_day if self._quota else None,
            ledger=self._ledger.masked_url,
        )

    def process_elements(self, elements: Sequence[Received]) -> Iterator[BatchResult]:
        message_ids = [received.message.message_id for received in elements]
        has_company = len(elements) > 1  # otherwise it is claimed alone in any case
        interrupted = self._ledger.interrupted(message_ids) if has_company else ()
        fresh = []
        for position, received in enumerate(elements):
            if received.message.message_id in interrupted:
                yield from self._claim([(position, received)], isolated=True)
            else:
                fresh.append((position, received))
        if fresh:
            yield from self._claim(fresh)
        lapsed_claims_meter(self._ledger).refresh()

    def _claim(
        self, batch: Sequence[tuple[int, Received]], isolated: bool = False
    ) -> Iterator[BatchResult]:
        started = tracing.now()
        replays = self._ledger.accept_replays([(r.message, r.request.request_id) for _, r in batch])
        requests = [
            ClaimRequest(r.message, r.request, r.message.message_id in replays) for _, r in batch
        ]
        results = self._ledger.claim(requests, timedelta(seconds=self._lease), self._quota)
        for (position, received), result in zip(batch, results, strict=True):
            with tracing.span("claim", received, start=started, result=result.kind) as span:
                decided = self._decide(position, received, result, isolated, span)
            yield decided

    def _decide(
        self,
        position: int,
        received: Received,
        result: ClaimResult,
        isolated: bool,
        span: Span,
    ) -> BatchResult:
        if result.outcome:
            outcome = report_outcome(result.outcome, received, "claim", again=result.kind == "done")
            return BatchResult(position, outcome, OUTCOMES)
        if result.again_at:
            over = OverQuota(result.again_at)
            span.fail(over)
            letter = make_dead_letter(received, "claim", over)
            return BatchResult(position, letter, DEAD_LETTERS)
        assert result.claim
        lesson = Lesson(
            received.message, received.request, replace(result.claim, isolated=isolated)
        )
        refused = self._refuse(result.kind, received.request)
        if refused:
            span.fail(refused)
            failed: dict[int, tuple[Lesson, Exception]] = {0: (lesson, refused)}
            left, reason = queue_failures(self._ledger, failed, self._queue_lease)[0]
            return BatchResult(position, *failure_output(left, "claim", reason))
        log.info(
            "claimed the request (%s)",
            result.kind,
            extra=log_events.log_fields(lesson, stage="claim", modality=received.request.modality),
        )
        return BatchResult(position, lesson)

    def _refuse(self, kind: str, request: ContentRequest) -> ContentError | None:
        if kind == "cancelled":
            return Cancelled("script")
        return next(filter(None, (refusal(request) for refusal in self._refusals)), None)
