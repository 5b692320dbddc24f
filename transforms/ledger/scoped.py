"""Read the part of the ledger that belongs to a run or to a time span.

The scope selects messages; the requests they own, the stages of those requests and the dead letters
of the messages follow from them. Accounts, costs and savings of a time span are read from the
hourly totals, pruned rows included. The rest is read from rows that are kept; a number of rows, or
the number of dead letters, bounds that work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from transforms.ledger import hourly, reads
from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.values import DeadLetterDetail, RequestRow, StageRow

MEASURED_REQUESTS = 10_000
"""Newest requests of a scope from which its latencies are computed."""

WAITING, WHOLE = "waiting", "whole request"
"""Steps of `Latency` besides stages: publishing to current claim, and current claim to the end."""


@dataclass(frozen=True)
class Scope:
    """Selects messages by the time of their receipt, or by their ids.

    Attributes:
        since: received then or later.
        until: received before then.
        message_ids: the messages with these ids, whenever they were received.
    """

    since: datetime | None = None
    until: datetime | None = None
    message_ids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        assert self.message_ids is None or not (self.since or self.until)

    def run(
        self, database: Database, by_time: str, by_ids: str, **parameters: Any
    ) -> list[dict[str, Any]]:
        """Run the statement for a time span or the one for message ids, as the scope has them."""
        if self.message_ids is None:
            return database.run(by_time, **hourly.period(self.since, self.until), **parameters)
        return database.run(by_ids, ids=json_text(list(self.message_ids)), **parameters)


@dataclass(frozen=True)
class Accounts:
    """Counts of the scope's messages by outcome.

    Attributes:
        outcomes: number of messages by outcome.
        cancelled: number of dead-lettered messages whose request was cancelled.
        needs_care: number of completed messages whose student gets help instead of a lesson.
        first: time when the first message was received; None without messages.
        last: time when the last message was received or settled.
    """

    outcomes: Mapping[str, int]
    cancelled: int
    needs_care: int
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
    """Completed requests of one modality that skipped stages, and US dollars saved by that."""

    modality: str
    requests: int
    usd: float


@dataclass(frozen=True)
class Reuse:
    """Results of one stage that were made, and those that were reused instead.

    Attributes:
        usd: US dollars that the reused results cost when they were made.
    """

    stage: str
    made: int
    reused: int
    usd: float

    @property
    def rate(self) -> float:
        """Share of results that were reused."""
        return self.reused / (self.made + self.reused)


@dataclass(frozen=True)
class Reason:
    """Dead letters that failed in the same way.

    Attributes:
        example: error text of the newest whose student does not need care.
        retryable: number of letters that a replay may complete.
    """

    stage: str
    error_type: str
    field: str | None
    example: str
    count: int
    retryable: int


_BY_IDS = "message_id IN (SELECT json_array_elements_text(CAST(:ids AS json)))"
_BY_TIME = """received_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
        AND received_at < coalesce(CAST(:until AS timestamptz), 'infinity')"""

_ACCOUNTS = """
SELECT outcome, CAST(sum(messages) AS bigint) AS number,
    nullif(min(first_at), 'infinity') AS first, nullif(max(last_at), '-infinity') AS last
FROM {parts}
GROUP BY outcome
"""
ACCOUNTS_BY_TIME = f"WITH {hourly.MESSAGE_PARTS}{_ACCOUNTS.format(parts='part')}"
ACCOUNTS_BY_IDS = _ACCOUNTS.format(
    parts=f"""(
    SELECT outcome, 1 AS messages, received_at AS first_at, last_at
    FROM counted_messages
    WHERE {_BY_IDS}
) AS part"""  # noqa: S608
)

COSTS_BY_TIME = f"""
WITH {hourly.STAGE_PARTS}
SELECT modality, stage, CAST(sum(cost_usd) AS double precision) AS usd
FROM part
GROUP BY modality, stage
HAVING sum(done + reused) > 0 OR sum(cost_usd) <> 0
"""  # noqa: S608
COSTS_BY_IDS = f"""
SELECT modality, part.stage, CAST(sum(usd) AS double precision) AS usd
FROM requests
JOIN (
    SELECT request_id, stages.stage,
        CASE WHEN reused THEN 0 ELSE stages.cost_usd - calls_usd END AS usd
    FROM stages
    UNION ALL
    SELECT request_id, calls.stage, calls.cost_usd FROM calls
) AS part USING (request_id)
WHERE {_BY_IDS}
GROUP BY modality, part.stage
"""  # noqa: S608

# Every request that skips a stage skips the last one.
SAVINGS_BY_TIME = f"""
WITH {hourly.STAGE_PARTS}
SELECT modality, max(number) AS requests, CAST(sum(saved) AS double precision) AS usd
FROM (
    SELECT modality, CAST(sum(skipped) AS bigint) AS number, sum(skip_saved_usd) AS saved
    FROM part
    GROUP BY modality, stage
    HAVING sum(skipped) > 0
) AS by_stage
GROUP BY modality
"""  # noqa: S608
SAVINGS_BY_IDS = f"""
SELECT modality, count(*) AS requests, CAST(sum(cost_saved_usd) AS double precision) AS usd
FROM requests
WHERE {_BY_IDS} AND status = 'completed' AND savings <> '{{}}'
GROUP BY modality
"""  # noqa: S608

REUSE_BY_TIME = f"""
WITH {hourly.STAGE_PARTS}
SELECT stage, CAST(sum(done) AS bigint) AS made, CAST(sum(reused) AS bigint) AS reused,
    CAST(sum(reuse_saved_usd) AS double precision) AS usd
FROM part
GROUP BY stage
HAVING sum(reused) > 0
"""  # noqa: S608
REUSE_BY_IDS = f"""
SELECT stages.stage, count(*) FILTER (WHERE NOT reused) AS made,
    count(*) FILTER (WHERE reused) AS reused,
    CAST(sum(stages.cost_usd) FILTER (WHERE reused) AS double precision) AS usd
FROM requests
JOIN stages USING (request_id)
WHERE {_BY_IDS}
GROUP BY stages.stage
HAVING count(*) FILTER (WHERE reused) > 0
"""  # noqa: S608

# The limit is for messages, so it bounds the work however many of them own no request any more.
_NEWEST = """
newest AS MATERIALIZED (
    SELECT request_id, message_id, publish_time, received_at
    FROM messages
    WHERE {scope} AND request_id IS NOT NULL AND outcome <> 'duplicate'
    ORDER BY received_at DESC, message_id
    LIMIT CAST(:limit AS bigint)
)"""

_REQUESTS = f"""
WITH {_NEWEST}
SELECT {reads.REQUEST_COLUMNS}, publish_time,
    (SELECT count(*) FROM newest) = CAST(:limit AS bigint) AS is_cut
FROM newest JOIN requests USING (request_id, message_id)
ORDER BY received_at DESC, message_id
"""  # noqa: S608

_LATENCIES = f"""
WITH {_NEWEST},
asked AS MATERIALIZED (
    SELECT request_id, status, started_at, completed_at, publish_time
    FROM newest JOIN requests USING (request_id, message_id)
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

_SCOPED_LETTERS = """
FROM dead_letters
JOIN (SELECT message_id FROM messages WHERE {scope}) AS scoped USING (message_id)
WHERE {recorded}
"""

_REASONS = f"""
SELECT stage, error_type, field, count(*) AS count, count(*) FILTER (WHERE retryable) AS retryable,
    coalesce((array_agg(error ORDER BY id DESC) FILTER (WHERE request_id IS NULL
        OR request_id NOT IN (SELECT request_id FROM care)))[1], 'withheld') AS example
{_SCOPED_LETTERS}
GROUP BY stage, error_type, field
ORDER BY count(*) DESC, stage, error_type, field
"""  # noqa: S608

_LETTERS = f"""
SELECT {reads.LETTER_COLUMNS}, substring(data FOR CAST(:bytes AS integer)) AS data, attributes,
    delivery_attempt, traceback, attempts
{_SCOPED_LETTERS}
ORDER BY id DESC
LIMIT CAST(:limit AS bigint)
"""

# A letter is recorded after its message is received, and that time has an index.
_BOTH = (
    {
        "scope": _BY_TIME,
        "recorded": "recorded_at >= coalesce(CAST(:since AS timestamptz), '-infinity')",
    },
    {"scope": _BY_IDS, "recorded": "true"},
)
REQUESTS_BY_TIME, REQUESTS_BY_IDS = (_REQUESTS.format(**each) for each in _BOTH)
LATENCIES_BY_TIME, LATENCIES_BY_IDS = (_LATENCIES.format(**each) for each in _BOTH)
REASONS_BY_TIME, REASONS_BY_IDS = (_REASONS.format(**each) for each in _BOTH)
LETTERS_BY_TIME, LETTERS_BY_IDS = (_LETTERS.format(**each) for each in _BOTH)

STAGES = f"""
SELECT {reads.STAGE_COLUMNS}
FROM stages
WHERE request_id IN (
    SELECT CAST(json_array_elements_text(CAST(:request_ids AS json)) AS uuid))
ORDER BY request_id, attempt, finished_at
"""  # noqa: S608


def accounts(database: Database, scope: Scope) -> Accounts:
    """Count the scope's messages by outcome."""
    rows = scope.run(database, ACCOUNTS_BY_TIME, ACCOUNTS_BY_IDS)
    numbers = Counter({row["outcome"]: row["number"] for row in rows if row["number"]})
    cancelled = numbers.pop(hourly.CANCELLED, 0)
    if cancelled:
        numbers["dead_lettered"] += cancelled
    needs_care = numbers.pop(hourly.NEEDS_CARE, 0)
    if needs_care:
        numbers["completed"] += needs_care
    return Accounts(
        numbers,
        cancelled,
        needs_care,
        min((row["first"] for row in rows if row["first"]), default=None),
        max((row["last"] for row in rows if row["last"]), default=None),
    )


def latencies(database: Database, scope: Scope) -> list[Latency]:
    """Compute latency percentiles per step, unordered, of the scope's newest requests."""
    rows = scope.run(
        database, LATENCIES_BY_TIME, LATENCIES_BY_IDS,
        waiting=WAITING, whole=WHOLE, limit=MEASURED_REQUESTS,
    )  # fmt: skip
    return [Latency(**row) for row in rows]


def costs(database: Database, scope: Scope) -> list[StageCost]:
    """Sum costs by modality and stage, those of failed calls included.

    Of a time span these are the costs of stages that ended and calls that began in it, and else
    those of the scope's requests, over all attempts.
    """
    rows = scope.run(database, COSTS_BY_TIME, COSTS_BY_IDS)
    return [StageCost(**row) for row in rows]


def savings(database: Database, scope: Scope) -> list[Saving]:
    """Sum the savings of requests completed in the time span, or of the scope's, by modality."""
    rows = scope.run(database, SAVINGS_BY_TIME, SAVINGS_BY_IDS)
    return [Saving(**row) for row in rows]


def reuse(database: Database, scope: Scope) -> list[Reuse]:
    """Count the results of stages that were made and reused, of each stage that reused any."""
    return [Reuse(**row) for row in scope.run(database, REUSE_BY_TIME, REUSE_BY_IDS)]


def reasons(database: Database, scope: Scope) -> list[Reason]:
    """Group dead letters by stage, error type and field, the most frequent group first."""
    return [Reason(**row) for row in scope.run(database, REASONS_BY_TIME, REASONS_BY_IDS)]


def requests(
    database: Database, scope: Scope, limit: int
) -> tuple[list[tuple[RequestRow, datetime]], bool]:
    """List the requests that the scope's messages own with publish times, newest first.

    Returns:
        At most `limit` requests, and whether there may be more.
    """
    rows = scope.run(database, REQUESTS_BY_TIME, REQUESTS_BY_IDS, limit=limit + 1)
    found = [(reads.read(RequestRow, row), row["publish_time"]) for row in rows[:limit]]
    return found, any(row["is_cut"] for row in rows)


def stages(database: Database, request_ids: Sequence[str]) -> list[StageRow]:
    """List the stages of requests, each request's in the order they ended."""
    rows = database.run(STAGES, request_ids=json_text(list(request_ids)))
    return [reads.read(StageRow, row) for row in rows]


def dead_letters(
    database: Database, scope: Scope, limit: int, payload_bytes: int
) -> list[DeadLetterDetail]:
    """List dead letters, newest first, with the first `payload_bytes` of each payload."""
    rows = scope.run(database, LETTERS_BY_TIME, LETTERS_BY_IDS, limit=limit, bytes=payload_bytes)
    return [reads.letter(row) for row in rows]
