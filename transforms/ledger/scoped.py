"""Read the part of the ledger that belongs to a run or to a time span.

The scope selects messages; the requests they own, the stages of those requests and the dead letters
of the messages follow from them. Accounts, costs and savings include pruned rows, by whole days
(UTC), unless the scope names messages. The rest is read from rows that are kept.
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
"""Steps of `Latency` besides stages: publishing to current claim, and current claim to the end."""


@dataclass(frozen=True)
class Scope:
    """Conditions that select messages; all that are given must hold.

    Attributes:
        since: received then or later.
        until: received before then.
        message_ids: only messages with these ids.
    """

    since: datetime | None = None
    until: datetime | None = None
    message_ids: tuple[str, ...] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the SQL statements."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "ids": None if self.message_ids is None else json_text(list(self.message_ids)),
        }


@dataclass(frozen=True)
class Accounts:
    """Outcomes of the scope's messages.

    Attributes:
        outcomes: number of messages by outcome.
        first: time when the first message was received; None without messages.
        last: time when the last message was received or settled.
    """

    outcomes: Mapping[str, int]
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Latency:
    """Nearest-rank percentiles of a duration, in seconds.

    Attributes:
        step: a stage, `WAITING` or `WHOLE`.
        count: number of measurements; reused results are left out.
    """

    step: str
    count: int
    p50: float
    p90: float
    p99: float
    longest: float


@dataclass(frozen=True)
class StageCost:
    """Cost of one stage for requests of one modality, in US dollars; reused results cost 0."""

    modality: str
    stage: str
    usd: float


@dataclass(frozen=True)
class Saving:
    """Completed requests of one modality, and what skipped stages saved, in US dollars."""

    modality: str
    requests: int
    usd: float


@dataclass(frozen=True)
class Reason:
    """Dead letters that failed in the same way.

    Attributes:
        example: error text of the newest.
        retryable: number of letters that a replay may complete.
    """

    stage: str
    error_type: str
    field: str | None
    example: str
    count: int
    retryable: int


_SCOPE = """
scope AS (
    SELECT message_id, request_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
)"""

# Pruned rows have a day, but no message id.
_DAYS = """
    (CAST(:since AS timestamptz) IS NULL OR day >= CAST(CAST(:since AS timestamptz) AS date))
    AND (CAST(:until AS timestamptz) IS NULL OR day < CAST(:until AS timestamptz))
    AND CAST(:ids AS json) IS NULL
"""

ACCOUNTS = f"""
WITH {_SCOPE}
SELECT outcome, CAST(sum(number) AS bigint) AS number, min(first) AS first, max(last) AS last
FROM (
    SELECT outcome, count(*) AS number, min(received_at) AS first,
        greatest(max(received_at), max(settled_at)) AS last
    FROM scope
    GROUP BY outcome
    UNION ALL
    SELECT outcome, messages, first_at, last_at FROM daily_messages WHERE {_DAYS}
) AS kept_and_pruned
GROUP BY outcome
"""  # noqa: S608

LATENCIES = f"""
WITH {_SCOPE},
asked AS (
    SELECT request_id, status, started_at, completed_at, publish_time
    FROM requests JOIN scope USING (request_id, message_id)
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
SELECT modality, stage, CAST(sum(usd) AS double precision) AS usd
FROM (
    SELECT modality, stages.stage,
        sum(CASE WHEN reused THEN 0 ELSE stages.cost_usd END) AS usd
    FROM stages
    JOIN requests USING (request_id)
    JOIN scope USING (request_id, message_id)
    GROUP BY modality, stages.stage
    UNION ALL
    SELECT modality, stage, cost_usd FROM daily_stages WHERE done + reused > 0 AND {_DAYS}
) AS kept_and_pruned
GROUP BY modality, stage
"""  # noqa: S608

SAVINGS = f"""
WITH {_SCOPE}
SELECT modality, CAST(sum(number) AS bigint) AS requests,
    CAST(sum(saved) AS double precision) AS usd
FROM (
    SELECT modality, count(*) AS number, sum(cost_saved_usd) AS saved
    FROM requests JOIN scope USING (request_id, message_id)
    WHERE status = 'completed'
    GROUP BY modality
    UNION ALL
    SELECT modality, requests, cost_saved_usd
    FROM daily_requests
    WHERE status = 'completed' AND {_DAYS}
) AS kept_and_pruned
GROUP BY modality
"""  # noqa: S608

REASONS = f"""
WITH {_SCOPE}
SELECT stage, error_type, field, count(*) AS count, count(*) FILTER (WHERE retryable) AS retryable,
    (array_agg(error ORDER BY id DESC))[1] AS example
FROM dead_letters JOIN (SELECT message_id FROM scope) AS scoped USING (message_id)
GROUP BY stage, error_type, field
ORDER BY count(*) DESC, stage, error_type, field
"""  # noqa: S608

# A request that was cancelled before it was received has no modality, and no dead letter.
PRUNED_CANCELLED = f"""
SELECT CAST(coalesce(sum(requests), 0) AS bigint) AS number
FROM daily_requests
WHERE status = 'cancelled' AND modality <> '' AND {_DAYS}
"""  # noqa: S608

REQUESTS = f"""
WITH {_SCOPE}
SELECT {reads.REQUEST_COLUMNS}, publish_time
FROM requests JOIN scope USING (request_id, message_id)
ORDER BY created_at DESC, request_id
LIMIT CAST(:limit AS bigint)
"""  # noqa: S608

COUNT = f"""
WITH {_SCOPE}
SELECT count(*) AS number FROM requests JOIN scope USING (request_id, message_id)
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
    """Count the scope's messages by outcome."""
    rows = database.run(ACCOUNTS, **scope.parameters)
    return Accounts(
        {row["outcome"]: row["number"] for row in rows},
        min((row["first"] for row in rows), default=None),
        max((row["last"] for row in rows), default=None),
    )


def latencies(database: Database, scope: Scope) -> list[Latency]:
    """Compute latency percentiles per step, unordered."""
    rows = database.run(LATENCIES, waiting=WAITING, whole=WHOLE, **scope.parameters)
    return [Latency(**row) for row in rows]


def costs(database: Database, scope: Scope) -> list[StageCost]:
    """Sum the cost of the scope's requests by modality and stage, over all attempts."""
    return [StageCost(**row) for row in database.run(COSTS, **scope.parameters)]


def savings(database: Database, scope: Scope) -> list[Saving]:
    """Sum the savings of completed requests by modality."""
    return [Saving(**row) for row in database.run(SAVINGS, **scope.parameters)]


def reasons(database: Database, scope: Scope) -> list[Reason]:
    """Group dead letters by stage, error type and field, the most frequent group first."""
    return [Reason(**row) for row in database.run(REASONS, **scope.parameters)]


def pruned_cancelled(database: Database, scope: Scope) -> int:
    """Count pruned requests whose message became the dead letter of a cancelled request."""
    [row] = database.run(PRUNED_CANCELLED, **scope.parameters)
    return int(row["number"])


def requests(database: Database, scope: Scope, limit: int) -> list[tuple[RequestRow, datetime]]:
    """List the requests that the scope's messages own with publish times, newest first."""
    rows = database.run(REQUESTS, limit=limit, **scope.parameters)
    return [(reads.read(RequestRow, row), row["publish_time"]) for row in rows]


def count_requests(database: Database, scope: Scope) -> int:
    """Count the requests that the scope's messages own."""
    [row] = database.run(COUNT, **scope.parameters)
    return int(row["number"])


def stages(database: Database, request_ids: Sequence[str]) -> list[StageRow]:
    """List the stages of requests, each request's in the order they ended."""
    rows = database.run(STAGES, request_ids=json_text(list(request_ids)))
    return [reads.read(StageRow, row) for row in rows]


def dead_letters(
    database: Database, scope: Scope, limit: int, payload_bytes: int
) -> list[DeadLetterDetail]:
    """List dead letters, newest first, with the first `payload_bytes` of each payload."""
    rows = database.run(LETTERS, limit=limit, bytes=payload_bytes, **scope.parameters)
    return [reads.letter(row) for row in rows]
