"""Dead letters: build one for a failed element and store it in the ledger.

A topic may receive copies of the stored letters; see `transforms.dead_letter_topic`.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import apache_beam as beam

from transforms import coder  # noqa: F401  (registers the coders of the outputs)
from transforms.batch_dofn import BatchDoFn, BatchResult
from transforms.dead_letter_topic import publish_copy
from transforms.errors import Cancelled, ContentError, InvalidRequest, TransientError
from transforms.model import (
    Attempt,
    ContentRequest,
    DeadLetter,
    FailedStage,
    Lesson,
    Message,
    Outcome,
    Received,
)
from transforms.telemetry import tracing
from transforms.telemetry.display import display_items
from transforms.telemetry.outcomes import report_outcome

if TYPE_CHECKING:
    from transforms.ledger import Entered, Ledger

_FIELDS = frozenset(ContentRequest.__dataclass_fields__) | {"message"}

DEAD_LETTERS = "dead_letters"
"""Tag of each step's output of dead letters."""


def make_dead_letter(
    source: Message | Received | Lesson,
    stage: str,
    error: Exception,
    attempts: Sequence[Attempt] = (),
    spent: FailedStage | None = None,
) -> DeadLetter:
    """Build the dead letter of a failed element.

    Args:
        source: the element: a message, a parsed request or a claimed lesson.
        stage: name of the step or stage that failed.
        error: the cause; anything but a `ContentError` is a bug and is kept with its traceback.
        attempts: earlier attempts that failed.
        spent: cost of the stage that failed.
    """
    known = isinstance(error, ContentError)
    return DeadLetter(
        message=source if isinstance(source, Message) else source.message,
        stage=stage,
        error_type=type(error).__name__,
        error=_encodable(
            error.reason if isinstance(error, InvalidRequest) else str(error) or repr(error)
        ),
        occurred_at=datetime.now(UTC),
        request_id=None if isinstance(source, Message) else source.request.request_id,
        request=None if isinstance(source, Message) else source.request,
        claim=source.claim if isinstance(source, Lesson) else None,
        field=error.field if isinstance(error, InvalidRequest) else None,
        traceback=None if known else _encodable("".join(traceback.format_exception(error))),
        retryable=isinstance(error, TransientError),
        attempts=tuple(replace(each, message=_encodable(each.message)) for each in attempts),
        records=source.records if isinstance(source, Lesson) else (),
        spent=spent,
    )


def _encodable(text: str) -> str:
    r"""Escape lone surrogates, which UTF-8 cannot encode, as ``\udc80``."""
    return text.encode("utf-8", "backslashreplace").decode()


class WriteDeadLetters(beam.PTransform):
    """Store dead letters in the ledger and publish copies to a topic if one is given.

    PCollection[DeadLetter] -> PCollection[Outcome], each emitted once its row is committed.

    Args:
        ledger: stores the dead letters.
        topic: full resource name of the Pub/Sub topic that copies are published to, if any.
    """

    def __init__(self, ledger: Ledger, topic: str | None = None) -> None:
        super().__init__()
        self._dofn = _Write(ledger, topic)

    def expand(self, letters: beam.PCollection) -> beam.PCollection:
        return letters | "Write" >> beam.ParDo(self._dofn).with_output_types(Outcome)


class RepeatDeadLetters(beam.PTransform):
    """Publish the dead letters of redelivered messages again; outcomes pass through unchanged.

    A worker can die, or Pub/Sub be down, after a letter is committed and before its copy is
    published. If its message is redelivered, it is found settled, and the copy is published here.

    Args:
        ledger: holds the letters.
        topic: as for `WriteDeadLetters`.
    """

    def __init__(self, ledger: Ledger, topic: str | None = None) -> None:
        super().__init__()
        self._dofn = _Repeat(ledger, topic)

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        return outcomes | "Publish" >> beam.ParDo(self._dofn).with_output_types(Outcome)


class _Write(BatchDoFn[DeadLetter]):
    def __init__(self, ledger: Ledger, topic: str | None) -> None:
        self._ledger = ledger
        self._topic = topic

    def display_data(self) -> dict[str, Any]:
        return display_items(topic=self._topic, ledger=self._ledger.masked_url)

    def process_elements(self, elements: Sequence[DeadLetter]) -> Iterator[BatchResult]:
        letters = dict(enumerate(elements))
        for position, entered in self._enter(elements).items():
            dead = elements[position]
            if entered.lesson.claim.entry:
                letters[position] = replace(dead, claim=entered.lesson.claim)
            elif entered.kind == "cancelled":  # the claim has ended: the message owns the letter
                letters[position] = replace(dead, claim=None)
            else:
                del letters[position]
                yield BatchResult(position, self._refused(dead, entered))
        yield from self._write(letters)

    def _enter(self, elements: Sequence[DeadLetter]) -> dict[int, Entered]:
        """Enter this step with lessons that their stage queued for it; return the answers."""
        lessons = {
            position: Lesson(dead.message, dead.request, dead.claim, dead.records)
            for position, dead in enumerate(elements)
            if dead.request and dead.claim and not dead.claim.entry
        }
        answers = self._ledger.enter(list(lessons.values()), DEAD_LETTERS)
        return dict(zip(lessons, answers, strict=True))

    def _refused(self, dead: DeadLetter, entered: Entered) -> Outcome:
        outcome = entered.outcome
        if not outcome:
            lost = "another worker has taken this request over"
            outcome = Outcome(
                dead.message.message_id, "superseded", dead.request_id, dead.stage, lost
            )
        again = outcome.status != "superseded" and not entered.is_new
        if again and self._topic:
            # The worker that wrote the letter may have died before it published the copy.
            _publish_again(self._ledger, self._topic, outcome)
        return report_outcome(outcome, _source(dead), dead.stage, again=again)

    def _write(self, letters: Mapping[int, DeadLetter]) -> Iterator[BatchResult]:
        helped = self._settle_with_help(letters)
        for position, outcome in helped.items():
            yield BatchResult(position, outcome)
        letters = {at: dead for at, dead in letters.items() if at not in helped}
        started = tracing.now()
        settled = self._ledger.dead_letter(list(letters.values()))
        for (position, dead), is_settled in zip(letters.items(), settled, strict=True):
            kept = is_settled and self._is_stored(dead)
            tracing.span(
                "dead letter", _source(dead), start=started, stage=dead.stage,
                error_type=dead.error_type, kept=kept,
            ).end()  # fmt: skip
            if kept and self._topic and not self._is_erased(dead):
                publish_copy(self._topic, dead)
            outcome = Outcome(
                message_id=dead.message.message_id,
                status="dead_lettered" if kept else "superseded",
                request_id=dead.request_id,
                stage=dead.stage,
                reason=f"{dead.field}: {dead.error}" if dead.field else dead.error,
                records=dead.records,
                cost_usd=sum(record.paid_usd for record in dead.records)
                + (dead.spent.usd if dead.spent else 0.0),
                error_type=dead.error_type,
                spent=dead.spent,
            )
            known_field = dead.field if dead.field in _FIELDS else None
            yield BatchResult(
                position,
                report_outcome(
                    outcome,
                    _source(dead),
                    dead.stage,
                    error_type=dead.error_type,
                    field=known_field,
                ),
            )

    def _settle_with_help(self, letters: Mapping[int, DeadLetter]) -> dict[int, Outcome]:
        """Settle refused requests as `needs_care` if danger was found in their student's words.

        Their words may be about a topic, so an engine was asked; it refused. The help is recorded
        already, and a failure with the nearest topics would add nothing to it.
        """
        from transforms.ledger import care

        refused = {
            at: Lesson(dead.message, dead.request, dead.claim)
            for at, dead in letters.items()
            if dead.request and dead.claim and dead.stage == "script" and _is_refusal(dead)
        }
        noted = care.noted(self._ledger, [each.request.request_id for each in refused.values()])
        helped = {at: each for at, each in refused.items() if each.request.request_id in noted}
        settled = care.settle(self._ledger, [(lesson, None) for lesson in helped.values()])
        return {
            at: report_outcome(_helped(letters[at]), lesson, "script")
            for (at, lesson), done in zip(helped.items(), settled, strict=True)
            if done
        }

    def _is_erased(self, dead: DeadLetter) -> bool:
        """Return whether the request was cancelled to erase its student, so it gets no copy."""
        cancelled = dead.error_type == Cancelled.__name__
        return bool(cancelled and dead.request_id and self._ledger.is_erased(dead.request_id))

    def _is_stored(self, dead: DeadLetter) -> bool:
        """Return whether the ledger holds the dead letter of a settled message.

        It holds none if another worker completed the request while this worker gave the message up
        without a claim.
        """
        if dead.claim or not dead.request_id:
            return True
        found = self._ledger.dead_letter_of(dead.request_id, dead.message.message_id)
        return found is not None


class _Repeat(beam.DoFn):
    def __init__(self, ledger: Ledger, topic: str | None) -> None:
        self._ledger = ledger
        self._topic = topic

    def display_data(self) -> dict[str, Any]:
        return display_items(topic=self._topic, ledger=self._ledger.masked_url)

    def process(self, outcome: Outcome) -> Iterator[Outcome]:
        if self._topic:
            _publish_again(self._ledger, self._topic, outcome)
        yield outcome


def _publish_again(ledger: Ledger, topic: str, outcome: Outcome) -> None:
    if outcome.status == "dead_lettered" and outcome.request_id:
        found = ledger.dead_letter_of(outcome.request_id, outcome.message_id)
        if found:
            publish_copy(topic, found)


def _is_refusal(dead: DeadLetter) -> bool:
    """Return whether a dead letter is a final refusal, neither a bug nor a cancellation."""
    return not (dead.retryable or dead.traceback or dead.error_type == Cancelled.__name__)


def _helped(dead: DeadLetter) -> Outcome:
    return Outcome(
        message_id=dead.message.message_id,
        status="completed",
        request_id=dead.request_id,
        stage="care",
        records=dead.records,
        cost_usd=sum(record.paid_usd for record in dead.records)
        + (dead.spent.usd if dead.spent else 0.0),
        spent=dead.spent,
        needs_care=True,
    )


def _source(dead: DeadLetter) -> Message | Received | Lesson:
    """Rebuild the element that failed, for log fields."""
    if dead.request and dead.claim:
        return Lesson(dead.message, dead.request, dead.claim)
    return Received(dead.message, dead.request) if dead.request else dead.message
