"""CareForStudents: the step that gives students in danger help instead of a lesson.

`transforms.parse` finds them by what they wrote. This step records an urgent request with the
status `needs_care` and the text of help; no engine is called, and the row holds none of the words.
A request whose words are ambiguous gets that text beside its lesson. Staff are notified on a topic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import apache_beam as beam

from transforms.batch_dofn import BatchDoFn, BatchResult
from transforms.care_topic import CareTopic
from transforms.crisis.help_text import help_text, region_of
from transforms.crisis.readable import read_message
from transforms.errors import ClaimLost
from transforms.ledger import ClaimRequest, ClaimResult, Ledger, care
from transforms.ledger.care import CareNote
from transforms.model import CareFinding, ContentRequest, Lesson, Outcome, Received
from transforms.parse import words_of
from transforms.process.singletons import process_singleton
from transforms.stage.failures import failure_output
from transforms.stage.task import OUTCOMES
from transforms.telemetry.display import display_items
from transforms.telemetry.outcomes import report_outcome


class CareForStudents(beam.PTransform):
    """Settle the requests of students in danger with help; pass all others on.

    PCollection[Received] -> tagged `requests` (Received) and `OUTCOMES`.

    It precedes the claim, so no quota, budget or engine decides about these requests.

    Args:
        ledger: Ledger to record them in.
        lease: As for `transforms.claim.ClaimRequests`.
        region: Region of students whose messages state none; None for none.
        topic: Full resource name of the Pub/Sub topic that notifies staff, if any.
    """

    def __init__(
        self, ledger: Ledger, lease: float, region: str | None = None, topic: str | None = None
    ) -> None:
        super().__init__()
        self._dofn = _Care(ledger, lease, region, topic)

    def expand(self, received: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return received | "Record" >> beam.ParDo(self._dofn).with_output_types(
            Received, **{OUTCOMES: Outcome}
        ).with_outputs(OUTCOMES, main="requests")


class _Care(BatchDoFn[Received]):
    def __init__(self, ledger: Ledger, lease: float, region: str | None, topic: str | None) -> None:
        self._ledger = ledger
        self._lease = lease
        self._region = region
        self._topic = topic

    def display_data(self) -> dict[str, Any]:
        return display_items(
            lease_seconds=self._lease,
            region=self._region,
            topic=self._topic,
            ledger=self._ledger.masked_url,
        )

    def process_elements(self, elements: Sequence[Received]) -> Iterator[BatchResult]:
        unsure: list[tuple[int, Received]] = []
        urgent: list[tuple[int, Received]] = []
        for at, received in enumerate(elements):
            if received.care:
                (urgent if received.care.level == "urgent" else unsure).append((at, received))
        if unsure:
            new = care.note(self._ledger, [self._note(r, r.care) for _, r in unsure if r.care])
            self._notify([r for _, r in unsure if r.request.request_id in new])
        for at, received in enumerate(elements):
            if not received.care or received.care.level == "unsure":
                yield BatchResult(at, received)
        if urgent:
            yield from self._settle(urgent)
        if self._topic:
            process_singleton(CareTopic, self._topic).notify_unsent(self._ledger)

    def _settle(self, batch: Sequence[tuple[int, Received]]) -> Iterator[BatchResult]:
        ledger = self._ledger
        replays = ledger.accept_replays([(r.message, r.request.request_id) for _, r in batch])
        asked = [
            ClaimRequest(r.message, _without_words(r.request), r.message.message_id in replays)
            for _, r in batch
        ]
        results = ledger.claim(asked, timedelta(seconds=self._lease))
        claimed = [
            (at, r, Lesson(r.message, request.request, result.claim))
            for (at, r), request, result in zip(batch, asked, results, strict=True)
            if result.claim
        ]
        notes = [(lesson, self._note(r, r.care)) for _, r, lesson in claimed if r.care]
        settled = care.settle(ledger, notes)
        self._notify([r for (_, r, _), done in zip(claimed, settled, strict=True) if done])
        for (at, received, lesson), done in zip(claimed, settled, strict=True):
            if done:
                yield BatchResult(at, _helped(lesson), OUTCOMES)
            else:
                lost = ClaimLost(received.request.request_id)
                yield BatchResult(at, *failure_output(lesson, "care", lost))
        for (at, received), result in zip(batch, results, strict=True):
            if not result.claim:
                yield BatchResult(at, _repeated(received, result), OUTCOMES)

    def _note(self, received: Received, found: CareFinding) -> CareNote:
        read = read_message(received.message)
        region = region_of(read.language, self._region)
        typed = words_of(received.request) if received.request.student_query else read.words
        return CareNote(
            request_id=received.request.request_id,
            category=found.category,
            level=found.level,
            language=found.language,
            region=region,
            help=help_text(found, region),
            words="\n".join(typed),
            student_id=received.request.student_id,
        )

    def _notify(self, received: Sequence[Received]) -> None:
        if self._topic:
            topic = process_singleton(CareTopic, self._topic)
            notified = [
                r.request.request_id
                for r in received
                if r.care and topic.notify(r.request.request_id, r.care.category, r.care.level)
            ]
            if notified:
                care.mark_notified(self._ledger, notified)


def _without_words(request: ContentRequest) -> ContentRequest:
    return replace(request, student_query="", interest="general", environment=None, metadata={})


def _helped(lesson: Lesson) -> Outcome:
    outcome = Outcome(
        message_id=lesson.message.message_id,
        status="completed",
        request_id=lesson.request.request_id,
        stage="care",
        needs_care=True,
    )
    return report_outcome(outcome, lesson, "care")


def _repeated(received: Received, result: ClaimResult) -> Outcome:
    assert result.outcome
    outcome = replace(result.outcome, needs_care=result.outcome.status == "completed")
    return report_outcome(outcome, received, "care", again=result.kind == "done")
