"""Outcomes of messages, and dead letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from transforms.model.lesson import Claim
from transforms.model.request import ContentRequest, Message
from transforms.model.stages import StageRecord


@dataclass(frozen=True)
class Attempt:
    """Time, type and message of a stage's failed try."""

    at: datetime
    error_type: str
    message: str


@dataclass(frozen=True)
class FailedStage:
    """A stage that failed, and the US dollars that its calls have cost."""

    stage: str
    engine: str
    usd: float


@dataclass(frozen=True)
class DeadLetter:
    """A message that cannot be completed, with the reason.

    Attributes:
        message: The message, unchanged, for a replay.
        stage: The step that failed: ``parse``, ``claim`` or one of `STAGES`.
        error_type: Class name of the error.
        error: Text of the error.
        occurred_at: Time of the failure, UTC.
        request_id: Request id; None if the message has none.
        request: The parsed request; None if parsing failed.
        claim: The claim it was processed under; None if it was not claimed.
        field: The invalid field of the message, if there is one.
        traceback: Traceback, if the error is a bug.
        retryable: True if a replay may succeed with nothing changed.
        attempts: Failed tries of the stage.
        records: Records of the stages before.
        spent: Cost of the stage that failed; None if it cost nothing.
    """

    message: Message
    stage: str
    error_type: str
    error: str
    occurred_at: datetime
    request_id: str | None = None
    request: ContentRequest | None = None
    claim: Claim | None = None
    field: str | None = None
    traceback: str | None = None
    retryable: bool = False
    attempts: tuple[Attempt, ...] = ()
    records: tuple[StageRecord, ...] = ()
    spent: FailedStage | None = None


@dataclass(frozen=True)
class Saving:
    """A stage that the modality skipped, and the US dollars it would have cost."""

    stage: str
    engine: str
    usd: float


OutcomeStatus = Literal["completed", "duplicate", "dead_lettered", "superseded"]


@dataclass(frozen=True)
class Outcome:
    """The result of one message, emitted after it is committed to the ledger.

    The status `superseded` does not settle the message: another worker took the request over, and
    the message stays unacknowledged until that worker's outcome is known.

    Attributes:
        message_id: Id of the message.
        status: The result.
        request_id: Id of the request; None if the message has none.
        stage: Stage of a failure.
        reason: Why it did not complete; may quote the message.
        records: Records of the stages passed.
        cost_usd: Cost of these stages, and of the one that failed, in US dollars.
        savings: Stages that the modality skipped.
        seconds: Seconds from the publication of the message to the commit.
        error_type: Class name of the error of a new dead letter; None otherwise.
        spent: Cost of the stage that failed; None if it cost nothing.
        needs_care: True for a completed message whose student gets help instead of a lesson.
    """

    message_id: str
    status: OutcomeStatus
    request_id: str | None = None
    stage: str | None = None
    reason: str | None = None
    records: tuple[StageRecord, ...] = ()
    cost_usd: float = 0.0
    savings: tuple[Saving, ...] = ()
    seconds: float = 0.0
    error_type: str | None = None
    spent: FailedStage | None = None
    needs_care: bool = False

    @property
    def cost_saved_usd(self) -> float:
        """Cost that the skipped stages would have had, in US dollars."""
        return sum(saving.usd for saving in self.savings)
