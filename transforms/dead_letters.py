"""Dead letters: made where an element fails, written in one place."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import apache_beam as beam

from transforms import coder  # noqa: F401  (registers the coders of the outputs)
from transforms.errors import ContentError, InvalidRequest, TransientError
from transforms.model import Attempt, DeadLetter, Lesson, Message, Outcome, Received

if TYPE_CHECKING:
    from transforms.ledger import Ledger

DEAD_LETTERS = "dead_letters"
"""Tag of the output that every step has beside its own."""


def letter(
    source: Message | Received | Lesson,
    stage: str,
    error: Exception,
    attempts: Sequence[Attempt] = (),
) -> DeadLetter:
    """The dead letter for an element that failed.

    Args:
        source: the element, as far as it had come.
        stage: where it failed.
        error: why; anything but a `ContentError` is a bug and is kept with its traceback.
        attempts: the tries that failed before.
    """
    known = isinstance(error, ContentError)
    return DeadLetter(
        message=source if isinstance(source, Message) else source.message,
        stage=stage,
        error_type=type(error).__name__,
        error=error.reason if isinstance(error, InvalidRequest) else str(error) or repr(error),
        occurred_at=datetime.now(UTC),
        request_id=None if isinstance(source, Message) else source.request.request_id,
        request=None if isinstance(source, Message) else source.request,
        claim=source.claim if isinstance(source, Lesson) else None,
        field=error.field if isinstance(error, InvalidRequest) else None,
        traceback=None if known else "".join(traceback.format_exception(error)),
        retryable=isinstance(error, TransientError),
        attempts=tuple(attempts),
    )


class WriteDeadLetters(beam.PTransform):
    """PCollection[DeadLetter] -> PCollection[Outcome], each emitted once its row is committed.

    Args:
        ledger: where they are kept.
    """

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def expand(self, letters: beam.PCollection) -> beam.PCollection:
        return letters | "Write" >> beam.ParDo(_Write(self._ledger)).with_output_types(Outcome)


class _Write(beam.DoFn):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def process(self, dead: DeadLetter) -> Iterator[Outcome]:
        [settled] = self._ledger.dead_letter([dead])
        yield Outcome(
            message_id=dead.message.message_id,
            status="dead_lettered" if settled else "superseded",
            request_id=dead.request_id,
            stage=dead.stage,
            reason=f"{dead.field}: {dead.error}" if dead.field else dead.error,
        )
