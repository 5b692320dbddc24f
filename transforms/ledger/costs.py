"""Sum what requests cost, and what reused and skipped stages saved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

from transforms.ledger import hourly, reads
from transforms.ledger.database import Database
from transforms.ledger.rows import CostRow

CostKey = Literal["day", "modality", "engine", "stage"]
COST_KEYS: tuple[CostKey, ...] = get_args(CostKey)

_KEYS = {"day": "CAST(at AS date)"}
"""Expressions by which stages are grouped; others are columns."""

COSTS = f"""
WITH {hourly.STAGE_PARTS}
SELECT CAST({{of_part}} AS text) AS key,
    CAST(sum({{key}}_requests) AS bigint) AS requests,
    CAST(sum(done) AS bigint) AS done,
    CAST(sum(reused) AS bigint) AS reused,
    CAST(sum(skipped) AS bigint) AS skipped,
    CAST(sum(cost_usd) AS double precision) AS cost_usd,
    CAST(sum(reuse_saved_usd) AS double precision) AS reuse_saved_usd,
    CAST(sum(skip_saved_usd) AS double precision) AS skip_saved_usd
FROM part
GROUP BY 1
ORDER BY 1
"""  # noqa: S608

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
    """Sum what stages and calls cost and saved, grouped by day, modality, engine or stage.

    A failed stage costs what its calls cost, and counts as no stage and no request. A request
    counts in a group with its first stage there. Stages pruned before migration 0008 are included,
    by whole days (UTC).

    Args:
        since: stages that ended, and calls that began, then or later.
        until: stages that ended, and calls that began, before then.
    """
    statement = COSTS.format(key=key, of_part=_KEYS.get(key, key))
    rows = database.run(statement, **hourly.period(since, until))
    return [reads.read(CostRow, row) for row in rows]


def spent(database: Database, within: timedelta) -> float:
    """Return the US dollars that all workers have spent on stages and calls in the last `within`.

    A call counts with what is expected of it until its end is known. The first minute of the period
    counts as a whole.

    Args:
        within: `LONGEST_SPENT` at most.
    """
    assert within <= LONGEST_SPENT
    [row] = database.run(SPENT, seconds=within.total_seconds())
    return float(row["usd"])
