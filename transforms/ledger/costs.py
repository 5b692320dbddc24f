"""Sum what requests cost, and what reused and skipped stages saved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.values import CostRow
from transforms.model import ENGINE_STAGES

CostKey = Literal["day", "modality", "engine", "stage"]
COST_KEYS: tuple[CostKey, ...] = get_args(CostKey)

_KEYS = {
    "day": ("CAST(finished_at AS date)", "CAST(completed_at AS date)"),
    "modality": ("modality", "modality"),
    "engine": ("engine", "savings -> skipped ->> 'engine'"),
    "stage": ("stage", "skipped"),
}
"""Expressions by which stages, and skipped stages, are grouped."""

# Indexes hold all columns that are read here, so that no row of a large table is read.
_STAGES = """
    FROM stages
    {modality}
    WHERE (CAST(:since AS timestamptz) IS NULL OR finished_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR finished_at < CAST(:until AS timestamptz))
"""
# No stage ends after its request is completed.
_MODALITY = """
    JOIN (
        SELECT request_id, modality
        FROM requests
        WHERE status = 'completed'
            AND (CAST(:since AS timestamptz) IS NULL OR completed_at >= CAST(:since AS timestamptz))
        UNION ALL
        SELECT request_id, modality
        FROM requests
        WHERE status IN ('running', 'failed', 'cancelled')
    ) AS request USING (request_id)
"""

_SKIPPED = """
    FROM requests
    JOIN unnest(CAST(:stages AS text[])) AS skipped ON jsonb_exists(savings, skipped)
    WHERE status = 'completed'
        AND (CAST(:since AS timestamptz) IS NULL OR completed_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR completed_at < CAST(:until AS timestamptz))
"""

_PRUNED = """
    FROM daily_stages
    WHERE (CAST(:since AS timestamptz) IS NULL OR day >= CAST(CAST(:since AS timestamptz) AS date))
        AND (CAST(:until AS timestamptz) IS NULL OR day < CAST(:until AS timestamptz))
"""

# Requests are counted apart from the sums: counting distinct ones in one pass would sort all rows.
COSTS = """
WITH part AS (
    SELECT {of_stage} AS key, 0 AS requests,
        count(*) FILTER (WHERE NOT reused) AS done,
        count(*) FILTER (WHERE reused) AS reused,
        0 AS skipped,
        sum(cost_usd) FILTER (WHERE NOT reused) AS cost_usd,
        sum(cost_usd) FILTER (WHERE reused) AS reuse_saved_usd,
        0 AS skip_saved_usd
    {stages}
    GROUP BY 1
    UNION ALL
    SELECT {of_skipped}, 0, 0, 0, count(*), 0, 0,
        sum(CAST(savings -> skipped ->> 'usd' AS numeric))
    {skipped}
    GROUP BY 1
    UNION ALL
    SELECT key, count(*), 0, 0, 0, 0, 0, 0
    FROM (
        SELECT {of_stage} AS key, request_id {stages}
        UNION
        SELECT {of_skipped}, request_id {skipped}
    ) AS asked
    GROUP BY key
    UNION ALL
    SELECT {key}, {key}_requests, done, reused, skipped, cost_usd, reuse_saved_usd,
        skip_saved_usd
    {pruned}
)
SELECT CAST(key AS text) AS key,
    CAST(sum(requests) AS bigint) AS requests,
    CAST(sum(done) AS bigint) AS done,
    CAST(sum(reused) AS bigint) AS reused,
    CAST(sum(skipped) AS bigint) AS skipped,
    CAST(coalesce(sum(cost_usd), 0) AS double precision) AS cost_usd,
    CAST(coalesce(sum(reuse_saved_usd), 0) AS double precision) AS reuse_saved_usd,
    CAST(coalesce(sum(skip_saved_usd), 0) AS double precision) AS skip_saved_usd
FROM part
GROUP BY part.key
ORDER BY part.key
"""

# The totals have at most 128 * 16 rows, however many stages there are.
SPENT = """
SELECT CAST(coalesce(sum(cost_usd), 0) AS double precision) AS usd
FROM recent_costs
WHERE minute > now() - make_interval(secs => :seconds) - interval '1 minute'
"""

LONGEST_SPENT = timedelta(hours=2)
"""Period that the totals of `SPENT` cover."""


def costs(
    database: Database,
    key: CostKey,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[CostRow]:
    """Sum what stages cost and saved, grouped by day, modality, engine or stage.

    Pruned stages are included, by whole days (UTC).

    Args:
        since: stages that ended then or later.
        until: stages that ended before then.
    """
    of_stage, of_skipped = _KEYS[key]
    statement = COSTS.format(
        key=key,
        of_stage=of_stage,
        of_skipped=of_skipped,
        stages=_STAGES.format(modality=_MODALITY if key == "modality" else ""),
        skipped=_SKIPPED,
        pruned=_PRUNED,
    )
    rows = database.run(
        statement,
        since=since.isoformat() if since else None,
        until=until.isoformat() if until else None,
        stages=list(ENGINE_STAGES),
    )
    return [reads.read(CostRow, row) for row in rows]


def spent(database: Database, within: timedelta) -> float:
    """Return the US dollars that all workers have spent on stages in the last `within`.

    The first minute of the period counts as a whole.

    Args:
        within: `LONGEST_SPENT` at most.
    """
    assert within <= LONGEST_SPENT
    [row] = database.run(SPENT, seconds=within.total_seconds())
    return float(row["usd"])
