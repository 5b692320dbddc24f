"""Arguments and results of the ledger's changes and checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from transforms.model import (
    Artifact,
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
    "superseded",
    "refused",
]


@dataclass(frozen=True)
class ClaimRequest:
    """A message that asks for the claim of its request.

    Attributes:
        replay: the message is a replay that `Ledger.accept_replays` accepts: reopen the request if
            it failed or was cancelled.
    """

    message: Message
    request: ContentRequest
    replay: bool = False


@dataclass(frozen=True)
class ClaimResult:
    """The ledger's decision about one message.

    ============  ====================================================================  =======
    kind          meaning                                                               carries
    ============  ====================================================================  =======
    `new`         first message of this request                                         claim
    `resumed`     redelivery of the owner; its previous claim is void                   claim
    `taken_over`  the lease of the previous owner has expired                           claim
    `reopened`    replay of a request that failed or was cancelled                      claim
    `cancelled`   the request must be cancelled: make this message its dead letter      claim
    `duplicate`   another message owns the request or has settled it; settled now       outcome
    `done`        this message was settled by an earlier delivery                       outcome
    `superseded`  the same message occurs again later in the batch; nothing written     outcome
    `refused`     it exceeds its student's quota; nothing written                       again_at
    ============  ====================================================================  =======

    Attributes:
        deliveries: number of deliveries of this message, this one included; 0 if nothing was
            written.
        again_at: when the student may ask again, if the message is refused.
    """

    kind: ClaimKind
    deliveries: int
    claim: Claim | None = None
    outcome: Outcome | None = None
    again_at: datetime | None = None


@dataclass(frozen=True)
class ClaimStatus:
    """Request ids of claims that must stop, found when progress was recorded.

    Attributes:
        lost: another worker has the claim; nothing was written.
        cancelled: the request must be cancelled: stop, and make a dead letter of it.
    """

    lost: frozenset[str]
    cancelled: frozenset[str]


@dataclass(frozen=True)
class CancelState:
    """State of a request after a call of `Ledger.cancel`.

    Attributes:
        status: as in `RequestRow`; ``running`` until its worker has stopped.
        received: true if a message has claimed the request.
        cancel_requested_at: None if the request had ended before.
    """

    request_id: str
    status: str
    received: bool
    cancel_requested_at: datetime | None


@dataclass(frozen=True)
class CompletedLesson:
    """A lesson whose artifacts and manifest are stored.

    Attributes:
        manifest: the manifest's artifact.
        savings: estimated costs of the stages that were not requested.
    """

    lesson: Lesson
    manifest: Artifact
    script: Script
    savings: tuple[Saving, ...] = ()


@dataclass(frozen=True)
class Pruned:
    """Numbers of rows that were removed because they are old."""

    requests: int
    messages: int
    stages: int
    dead_letters: int


@dataclass(frozen=True)
class Prunable:
    """Numbers of requests, and of messages without a request, that are old enough to be removed."""

    requests: int
    messages: int


@dataclass(frozen=True)
class LedgerStatus:
    """Versions and limits of the database, as found by `Ledger.check`.

    Attributes:
        server: version of Postgres.
        revision: revision of the tables; None without tables.
        head: revision that this version of the project needs.
        outdated: true if the tables must be migrated first; newer tables are accepted.
        connections: connections that the server allows to ordinary roles, all clients together.
        is_pooled: true if a pooler may run each transaction on another of these connections.
    """

    server: str
    revision: str | None
    head: str
    outdated: bool
    connections: int
    is_pooled: bool
