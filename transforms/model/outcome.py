"""How a message ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from transforms.model.lesson import Claim
from transforms.model.request import ContentRequest, Message
from transforms.model.stages import StageRecord


@dataclass(frozen=True)
class Attempt:
    """One failed try."""

    at: datetime
    error_type: str
    message: str


@dataclass(frozen=True)
class DeadLetter:
    """A message that cannot be completed, with the reason.

    Attributes:
        stage: where it failed: ``parse``, ``claim`` or one of `STAGES`.
        claim: the claim it was worked on under; None before it was claimed.
        field: the field of the message at fault, if one is.
        traceback: set when the cause was a bug of ours.
        retryable: a replay may succeed with nothing changed.
        records: the stages that went well before.
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


@dataclass(frozen=True)
class Saving:
    """A stage that was not asked for, and the US dollars it would have cost."""

    stage: str
    engine: str
    usd: float


OutcomeStatus = Literal["completed", "duplicate", "dead_lettered", "superseded"]


@dataclass(frozen=True)
class Outcome:
    """What became of one message, emitted after it was committed to the ledger.

    `superseded` is the one status that settles nothing: another worker took the request over, and
    the message stays unacknowledged until that worker's outcome is known.

    Attributes:
        seconds: from the publication of the message until this was committed.
        error_type: why it is a dead letter; None if it is not, or was one before.
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

    @property
    def cost_saved_usd(self) -> float:
        """What the stages that were not asked for would have cost, in US dollars."""
        return sum(saving.usd for saving in self.savings)
