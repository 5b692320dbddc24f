"""Rows and sums that are read from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from transforms.model import Attempt, Message


@dataclass(frozen=True)
class RequestRow:
    """A row of the table of requests.

    Attributes:
        status: ``running``, ``completed``, ``failed``, ``cancelled`` or ``needs_care``.
        stage: the stage that runs, or in which the request ended.
        progress: percent, 0-100.
        request: the fields of `ContentRequest`.
        message_id: the message that owns the request; empty, like the other columns that a message
            fills, if the request was cancelled before it was received.
        attempts: number of claims.
        lease_expires_at: when another message may take over the claim; None unless running.
        artifacts: by name, each with `uri`, `size`, `sha256`, `content_type`.
        script: the lesson's script as plain text; None until completed.
        created_at: time of the first claim.
        started_at: time of the current claim.
        cancel_requested_at: time of the cancel call; cleared when the request is reopened.
        savings: estimated cost of each stage that was not requested: by stage, with `engine` and
            `usd`.
        queued_at: since when it waits for its stage; None while a worker has it.
        lapsed: no worker holds the claim: its lease has expired, by the clock of the database, or
            was released. The next delivery of a message takes the request over.
    """

    request_id: str
    status: str
    stage: str | None
    progress: int
    modality: str
    student_id: str
    correlation_id: str
    request: Mapping[str, Any]
    message_id: str
    attempts: int
    lease_expires_at: datetime | None
    artifacts: Mapping[str, Mapping[str, Any]]
    script_uri: str | None
    narration_uri: str | None
    captions_uri: str | None
    video_uri: str | None
    thumbnail_uri: str | None
    manifest_uri: str | None
    script: str | None
    error_type: str | None
    error: str | None
    cost_usd: float
    cost_saved_usd: float
    created_at: datetime
    started_at: datetime
    completed_at: datetime | None
    updated_at: datetime
    cancel_requested_at: datetime | None
    savings: Mapping[str, Mapping[str, Any]]
    queued_at: datetime | None = None
    lapsed: bool = False

    @property
    def shown_status(self) -> str:
        """The status, or one of ``lapsed``, ``cancelling`` and ``queued`` of a running request."""
        if self.lapsed:
            return "lapsed"
        if self.status == "running" and self.cancel_requested_at:
            return "cancelling"
        return "queued" if self.status == "running" and self.queued_at else self.status


@dataclass(frozen=True)
class StageRow:
    """One stage of one attempt at a request.

    Attributes:
        attempt: number of the request's claim, from 1.
        tries: engine calls within the attempt.
        seconds: wall time of the stage; for a reused result, of the run that made it.
        usage: billed quantity by SKU of `transforms.prices`.
        model: the model that answered; empty if the engine has none.
        fallback: true if the engine or model that was chosen first did not do the work.
    """

    request_id: str
    attempt: int
    stage: str
    engine: str
    fingerprint: str
    seconds: float
    cost_usd: float
    usage: Mapping[str, float]
    artifacts: Mapping[str, Mapping[str, Any]]
    tries: int
    reused: bool
    started_at: datetime
    finished_at: datetime
    model: str = ""
    fallback: bool = False


@dataclass(frozen=True)
class DeadLetterRow:
    """A dead letter without its payload.

    Attributes:
        id: number in the ledger.
        size: size of the message's data in bytes.
        occurred_at: time of the failure by the worker's clock.
        recorded_at: time of the write by the database's clock.
        replays: number of replays.
        replayed_as: message id of the latest replay.
    """

    id: int
    message_id: str
    request_id: str | None
    stage: str
    field: str | None
    error_type: str
    error: str
    retryable: bool
    size: int
    publish_time: datetime
    occurred_at: datetime
    recorded_at: datetime
    replays: int
    replayed_at: datetime | None
    replayed_as: str | None


@dataclass(frozen=True)
class DeadLetterDetail(DeadLetterRow):
    """A dead letter with its message, traceback and failed tries.

    Attributes:
        message: the original message.
        attempts: the failed tries.
    """

    message: Message
    traceback: str | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class ReplayState:
    """State of a dead letter's replay.

    Attributes:
        replayed_as: message id of the latest replay; None without a replay.
        replay_outcome: outcome of that message; None if it was not received yet.
        request_status: current status of the request; None if the letter has no request.
        newer: number of the latest later dead letter of the request or of the replay.
        request_id: the letter's request; None without one.
        size: size of the message's data in bytes.
    """

    id: int
    request_id: str | None
    size: int
    replayed_as: str | None
    replayed_at: datetime | None
    replay_outcome: str | None
    request_status: str | None
    newer: int | None


@dataclass(frozen=True)
class CostRow:
    """Costs and savings of one group of stages, in US dollars.

    Attributes:
        key: the group's day (UTC), modality, engine or stage.
        requests: number of requests with stages in the group.
        done: number of stages that ran.
        reused: number of stages whose stored result was reused.
        skipped: number of stages that completed requests did not ask for.
        cost_usd: cost of the stages that ran.
        reuse_saved_usd: original cost of the reused results.
        skip_saved_usd: estimated cost of the skipped stages.
    """

    key: str
    requests: int
    done: int
    reused: int
    skipped: int
    cost_usd: float
    reuse_saved_usd: float
    skip_saved_usd: float

    @property
    def reuse_rate(self) -> float | None:
        """Share of results that were reused; None if there are no results."""
        results = self.done + self.reused
        return self.reused / results if results else None


@dataclass(frozen=True)
class Totals:
    """The accounts: `received` = `completed` + `duplicates` + `dead_lettered` + `in_flight`."""

    received: int
    completed: int
    duplicates: int
    dead_lettered: int
    in_flight: int
