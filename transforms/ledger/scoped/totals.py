"""Accounts, costs and savings of a scope; those of a time span are sums of hourly totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from transforms.ledger import hourly
from transforms.ledger.database import Database
from transforms.ledger.scoped.scope import BY_IDS, Scope


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
    WHERE {BY_IDS}
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
WHERE {BY_IDS}
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
WHERE {BY_IDS} AND status = 'completed' AND savings <> '{{}}'
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
WHERE {BY_IDS}
GROUP BY stages.stage
HAVING count(*) FILTER (WHERE reused) > 0
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
