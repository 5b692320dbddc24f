"""What goes into the ledger and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from transforms.model import (
    Artifact,
    Attempt,
    Claim,
    ContentRequest,
    Lesson,
    Message,
    Outcome,
    Saving,
    Script,
)

ClaimKind = Literal[
    "new",
    "resumed",
    "taken_over",
    "reopened",
    "cancelled",
    "duplicate",
    "done",
    "poisoned",
    "superseded",
]


@dataclass(frozen=True)
class ClaimRequest:
    """A message that asks to work on its request.

    Attributes:
        replay: somebody asks for this request to be opened again if it has failed.
    """

    message: Message
    request: ContentRequest
    replay: bool = False


@dataclass(frozen=True)
class ClaimResult:
    """What the ledger decided about one message.

    ============  ====================================================================  =======
    kind          meaning                                                               carries
    ============  ====================================================================  =======
    `new`         nobody has asked for this request before                              claim
    `resumed`     the same message again; the claim it had before is void               claim
    `taken_over`  another message's lease has lapsed                                    claim
    `reopened`    a replay of a request that had failed                                 claim
    `cancelled`   the request is to be cancelled: make this message its dead letter     claim
    `duplicate`   another message holds the request or has settled it; settled now      outcome
    `done`        this message was settled before                                       outcome
    `superseded`  the same message stands further on in the same batch; nothing done    outcome
    `poisoned`    delivered too often without being settled: make it a dead letter      neither
    ============  ====================================================================  =======

    Attributes:
        deliveries: how often this message has been received, this time included; 0 if superseded.
    """

    kind: ClaimKind
    deliveries: int
    claim: Claim | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class ClaimStatus:
    """How claims stand after progress was recorded, by request id.

    Attributes:
        lost: somebody else has taken the request over; nothing was written.
        cancelled: the request is to be cancelled: stop, and make a dead letter of it.
    """

    lost: frozenset[str]
    cancelled: frozenset[str]


@dataclass(frozen=True)
class CancelState:
    """What a request is after it was asked to be cancelled.

    Attributes:
        status: as of `RequestRow`; ``running`` if its worker has yet to learn of it.
        received: whether a message has asked for it yet.
        cancel_requested_at: None if it had ended before.
    """

    request_id: str
    status: str
    received: bool
    cancel_requested_at: datetime | None


@dataclass(frozen=True)
class CompletedLesson:
    """A lesson whose artifacts and manifest are stored.

    Attributes:
        manifest: the artifact written last.
        savings: what the stages that were not asked for would have cost.
    """

    lesson: Lesson
    manifest: Artifact
    script: Script
    savings: tuple[Saving, ...] = ()


@dataclass(frozen=True)
class RequestRow:
    """A request as its readers see it.

    Attributes:
        status: ``running``, ``completed``, ``failed`` or ``cancelled``.
        stage: the stage it is in, or ended in.
        progress: percent, 0-100.
        request: the fields of `ContentRequest`.
        message_id: the message that owns it; empty, as is all it would bring, for a request that
            was cancelled before it was received.
        attempts: how often it has been claimed.
        lease_expires_at: when somebody else may take it over; None unless it is running.
        artifacts: by name, each with `uri`, `size`, `sha256`, `content_type`.
        script: the lesson's words, to be read; None until it is completed.
        created_at: when it was first claimed.
        started_at: when the present attempt began.
        cancel_requested_at: when somebody asked to cancel it; cleared when it is reopened.
        savings: what each stage that was not asked for would have cost: by stage, with `engine`
            and `usd`.
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


@dataclass(frozen=True)
class StageRow:
    """One stage of one attempt at a request.

    Attributes:
        attempt: which claim of the request this was, from 1.
        tries: how often the engine was tried within that attempt.
        seconds: wall time of the work, or of the work that made a reused result.
        usage: quantity by SKU of `transforms.prices`.
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


@dataclass(frozen=True)
class DeadLetterRow:
    """A dead letter without its payload.

    Attributes:
        id: its number in the ledger.
        size: bytes of the message's data.
        occurred_at: when it failed, by the worker's clock.
        recorded_at: when it was written down, by the database's clock.
        replays: how often it has been replayed.
        replayed_as: the message id of the latest replay.
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
    """A dead letter, whole.

    Attributes:
        message: the message as it arrived.
        attempts: the tries that failed.
    """

    message: Message
    traceback: str | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class ReplayState:
    """What has become of a dead letter since it was written.

    Attributes:
        replayed_as: the message id of its latest replay; None if it was never replayed.
        replay_outcome: what became of that message; None if the ledger has not seen it.
        request_status: the status its request has now; None if it belongs to none.
        newer: the number of the latest dead letter that its request, or its replay, left since.
    """

    id: int
    replayed_as: str | None
    replayed_at: datetime | None
    replay_outcome: str | None
    request_status: str | None
    newer: int | None


@dataclass(frozen=True)
class CostRow:
    """What was spent and saved in one group of stages; amounts in US dollars.

    Attributes:
        key: the day (UTC), modality, engine or stage they have in common.
        requests: how many requests they belong to.
        done: stages that were worked on.
        reused: stages whose result lay there already.
        skipped: stages that completed requests did not ask for.
        cost_usd: what those that were done have cost.
        reuse_saved_usd: what those that were reused had cost when they were made.
        skip_saved_usd: what those that were skipped would have cost.
    """

    key: str
    requests: int
    done: int
    reused: int
    skipped: int
    cost_usd: float
    reuse_saved_usd: float
    skip_saved_usd: float


@dataclass(frozen=True)
class Totals:
    """The accounts: `received` = `completed` + `duplicates` + `dead_lettered` + `in_flight`.

    Attributes:
        requests: number of requests by status.
    """

    received: int
    completed: int
    duplicates: int
    dead_lettered: int
    in_flight: int
    requests: Mapping[str, int]
    cost_usd: float
    cost_saved_usd: float


@dataclass(frozen=True)
class LedgerStatus:
    """What `Ledger.check` found.

    Attributes:
        server: the version of Postgres.
        revision: the migration the tables are at; None when there are none.
        head: the migration this version of the project was written for.
        outdated: whether they must be migrated first; newer tables than those are fine.
        connections: how many the server allows ordinary users, of all jobs together.
    """

    server: str
    revision: str | None
    head: str
    outdated: bool
    connections: int
