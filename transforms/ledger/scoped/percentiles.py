"""Latencies of the steps of a scope's newest requests."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.ledger.database import Database
from transforms.ledger.scoped.newest_requests import NEWEST
from transforms.ledger.scoped.scope import BY_IDS, BY_TIME, Scope

MEASURED_REQUESTS = 10_000
"""Newest requests of a scope from which its latencies are computed."""

WAITING, WHOLE = "waiting", "whole request"
"""Steps of `Latency` besides stages: publishing to current claim, and current claim to the end."""


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


_LATENCIES = f"""
WITH {NEWEST},
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
LATENCIES_BY_TIME, LATENCIES_BY_IDS = (_LATENCIES.format(scope=each) for each in (BY_TIME, BY_IDS))


def latencies(database: Database, scope: Scope) -> list[Latency]:
    """Compute latency percentiles per step, unordered, of the scope's newest requests."""
    rows = scope.run(
        database, LATENCIES_BY_TIME, LATENCIES_BY_IDS,
        waiting=WAITING, whole=WHOLE, limit=MEASURED_REQUESTS,
    )  # fmt: skip
    return [Latency(**row) for row in rows]
