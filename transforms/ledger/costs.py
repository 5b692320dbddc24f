"""Sum what requests cost, and what reused and skipped stages saved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.values import CostRow

CostKey = Literal["day", "modality", "engine", "stage"]
COST_KEYS: tuple[CostKey, ...] = get_args(CostKey)

COSTS = """
WITH part AS (
    SELECT CAST(stages.finished_at AS date) AS day, modality, engine, stages.stage, request_id,
        NOT reused AS done, reused, stages.cost_usd AS usd
    FROM stages
    JOIN requests USING (request_id)
    WHERE (CAST(:since AS timestamptz) IS NULL OR finished_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR finished_at < CAST(:until AS timestamptz))
    UNION ALL
    SELECT CAST(completed_at AS date), modality, saving.value ->> 'engine', saving.key, request_id,
        false, false, CAST(saving.value ->> 'usd' AS numeric)
    FROM requests
    CROSS JOIN jsonb_each(savings) AS saving
    WHERE status = 'completed'
        AND (CAST(:since AS timestamptz) IS NULL OR completed_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR completed_at < CAST(:until AS timestamptz))
),
kept_and_pruned AS (
    SELECT CAST({key} AS text) AS key,
        count(DISTINCT request_id) AS requests,
        count(*) FILTER (WHERE done) AS done,
        count(*) FILTER (WHERE reused) AS reused,
        count(*) FILTER (WHERE NOT done AND NOT reused) AS skipped,
        coalesce(sum(usd) FILTER (WHERE done), 0) AS cost_usd,
        coalesce(sum(usd) FILTER (WHERE reused), 0) AS reuse_saved_usd,
        coalesce(sum(usd) FILTER (WHERE NOT done AND NOT reused), 0) AS skip_saved_usd
    FROM part
    GROUP BY 1
    UNION ALL
    SELECT CAST({key} AS text), {key}_requests, done, reused, skipped, cost_usd, reuse_saved_usd,
        skip_saved_usd
    FROM daily_stages
    WHERE (CAST(:since AS timestamptz) IS NULL OR day >= CAST(CAST(:since AS timestamptz) AS date))
        AND (CAST(:until AS timestamptz) IS NULL OR day < CAST(:until AS timestamptz))
)
SELECT key,
    CAST(sum(requests) AS bigint) AS requests,
    CAST(sum(done) AS bigint) AS done,
    CAST(sum(reused) AS bigint) AS reused,
    CAST(sum(skipped) AS bigint) AS skipped,
    CAST(sum(cost_usd) AS double precision) AS cost_usd,
    CAST(sum(reuse_saved_usd) AS double precision) AS reuse_saved_usd,
    CAST(sum(skip_saved_usd) AS double precision) AS skip_saved_usd
FROM kept_and_pruned
GROUP BY key
ORDER BY key
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
    assert key in COST_KEYS  # it becomes part of the statement
    rows = database.run(
        COSTS.format(key=key),
        since=since.isoformat() if since else None,
        until=until.isoformat() if until else None,
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
