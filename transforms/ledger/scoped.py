"""Reading a part of the ledger as a whole: the messages of a run, or of a span of time.

Everything else is found from those messages: the requests they own, those requests' stages, the
dead letters they left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.values import DeadLetterDetail, RequestRow, StageRow

WAITING, WHOLE = "waiting", "whole request"
"""What is timed besides the stages: from publishing to the present attempt, and that attempt."""


@dataclass(frozen=True)
class Scope:
    """Which messages: all conditions given must hold.

    Attributes:
        since: received then or later.
        until: received before then.
        message_ids: only these.
    """

    since: datetime | None = None
    until: datetime | None = None
    message_ids: tuple[str, ...] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """As the statements below take it."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "ids": None if self.message_ids is None else json_text(list(self.message_ids)),
        }


@dataclass(frozen=True)
class Accounts:
    """What became of the messages.

    Attributes:
        outcomes: number of messages by outcome.
        first: when the first was received; None when there is none.
        last: when the last one was received or settled.
    """

    outcomes: Mapping[str, int]
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Latency:
    """Nearest-rank percentiles of a duration, in seconds.

    Attributes:
        step: a stage, `WAITING` or `WHOLE`.
        count: how many were measured; results that were reused are not.
    """

    step: str
    count: int
    p50: float
    p90: float
    p99: float
    longest: float


@dataclass(frozen=True)
class StageCost:
    """What one stage cost for requests of one modality, in US dollars; reused results cost 0."""

    modality: str
    stage: str
    usd: float


@dataclass(frozen=True)
class Saving:
    """Completed requests of one modality, and what leaving out stages saved, in US dollars."""

    modality: str
    requests: int
    usd: float


@dataclass(frozen=True)
class Reason:
    """Dead letters that failed in the same way.

    Attributes:
        example: the error of the newest.
        retryable: how many of them a replay alone may help.
    """

    stage: str
    error_type: str
    field: str | None
    example: str
    count: int
    retryable: int


_SCOPE = """
scope AS (
    SELECT message_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
)"""

ACCOUNTS = f"""
WITH {_SCOPE}
SELECT outcome, count(*) AS number, min(received_at) AS first,
    greatest(max(received_at), max(settled_at)) AS last
FROM scope
GROUP BY outcome
"""  # noqa: S608

LATENCIES = f"""
WITH {_SCOPE},
asked AS (
    SELECT requests.*, publish_time FROM requests JOIN scope USING (message_id)
),
measured AS (
    SELECT stages.stage AS step, seconds
    FROM stages JOIN asked USING (request_id)
    WHERE NOT reused
    UNION ALL
    SELECT :waiting, extract(epoch FROM greatest(started_at - publish_time, interval '0'))
    FROM asked
    UNION ALL
    SELECT :whole, extract(epoch FROM completed_at - started_at)
    FROM asked WHERE status = 'completed'
)
SELECT step, count(*) AS count,
    CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS double precision) AS p50,
    CAST(percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds) AS double precision) AS p90,
    CAST(percentile_disc(0.99) WITHIN GROUP (ORDER BY seconds) AS double precision) AS p99,
    CAST(max(seconds) AS double precision) AS longest
FROM measured
GROUP BY step
"""  # noqa: S608

COSTS = f"""
WITH {_SCOPE}
SELECT modality, stages.stage,
    CAST(sum(CASE WHEN reused THEN 0 ELSE stages.cost_usd END) AS double precision) AS usd
FROM stages
JOIN requests USING (request_id)
JOIN scope USING (message_id)
GROUP BY modality, stages.stage
"""  # noqa: S608

SAVINGS = f"""
WITH {_SCOPE}
SELECT modality, count(*) AS requests, CAST(sum(cost_saved_usd) AS double precision) AS usd
FROM requests JOIN scope USING (message_id)
WHERE status = 'completed'
GROUP BY modality
"""  # noqa: S608

REASONS = f"""
WITH {_SCOPE}
SELECT stage, error_type, field, count(*) AS count, count(*) FILTER (WHERE retryable) AS retryable,
    (array_agg(error ORDER BY id DESC))[1] AS example
FROM dead_letters JOIN scope USING (message_id)
GROUP BY stage, error_type, field
ORDER BY count(*) DESC, stage, error_type, field
"""  # noqa: S608

REQUESTS = f"""
WITH {_SCOPE}
SELECT {reads.REQUEST_COLUMNS}, publish_time
FROM requests JOIN scope USING (message_id)
ORDER BY created_at DESC, request_id
LIMIT CAST(:limit AS bigint)
"""  # noqa: S608

COUNT = f"""
WITH {_SCOPE}
SELECT count(*) AS number FROM requests JOIN scope USING (message_id)
"""  # noqa: S608

STAGES = f"""
SELECT {reads.STAGE_COLUMNS}
FROM stages
WHERE request_id IN (
    SELECT CAST(json_array_elements_text(CAST(:request_ids AS json)) AS uuid))
ORDER BY request_id, attempt, finished_at
"""  # noqa: S608

LETTERS = f"""
WITH {_SCOPE}
SELECT {reads.LETTER_COLUMNS}, substring(data FOR CAST(:bytes AS integer)) AS data, attributes,
    delivery_attempt, traceback, attempts
FROM dead_letters JOIN (SELECT message_id FROM scope) AS scoped USING (message_id)
ORDER BY id DESC
LIMIT CAST(:limit AS bigint)
"""  # noqa: S608


def accounts(database: Database, scope: Scope) -> Accounts:
    """What became of the scope's messages."""
    rows = database.run(ACCOUNTS, **scope.parameters)
    return Accounts(
        {row["outcome"]: row["number"] for row in rows},
        min((row["first"] for row in rows), default=None),
        max((row["last"] for row in rows), default=None),
    )


def latencies(database: Database, scope: Scope) -> list[Latency]:
    """How long things took, in no order."""
    rows = database.run(LATENCIES, waiting=WAITING, whole=WHOLE, **scope.parameters)
    return [Latency(**row) for row in rows]


def costs(database: Database, scope: Scope) -> list[StageCost]:
    """What the scope's requests have cost, all their attempts included."""
    return [StageCost(**row) for row in database.run(COSTS, **scope.parameters)]


def savings(database: Database, scope: Scope) -> list[Saving]:
    """What completed requests have saved."""
    return [Saving(**row) for row in database.run(SAVINGS, **scope.parameters)]


def reasons(database: Database, scope: Scope) -> list[Reason]:
    """Why messages became dead letters, the most frequent reason first."""
    return [Reason(**row) for row in database.run(REASONS, **scope.parameters)]


def requests(database: Database, scope: Scope, limit: int) -> list[tuple[RequestRow, datetime]]:
    """The requests that the scope's messages own, newest first, each with its publish time."""
    rows = database.run(REQUESTS, limit=limit, **scope.parameters)
    return [(reads.read(RequestRow, row), row["publish_time"]) for row in rows]


def count_requests(database: Database, scope: Scope) -> int:
    """How many requests there are without a limit."""
    [row] = database.run(COUNT, **scope.parameters)
    return int(row["number"])


def stages(database: Database, request_ids: Sequence[str]) -> list[StageRow]:
    """The stages of all these requests, each request's in the order they ended."""
    rows = database.run(STAGES, request_ids=json_text(list(request_ids)))
    return [reads.read(StageRow, row) for row in rows]


def dead_letters(
    database: Database, scope: Scope, limit: int, payload_bytes: int
) -> list[DeadLetterDetail]:
    """Dead letters, newest first; of each payload no more than `payload_bytes`."""
    rows = database.run(LETTERS, limit=limit, bytes=payload_bytes, **scope.parameters)
    return [reads.letter(row) for row in rows]
