"""Grant calls under rate limits that all workers share.

A limit is one row with the time of its next free call. The asking worker brings the interval, so
while a job with another rate replaces an old one, all of them together stay between the two rates.
"""

from __future__ import annotations

from typing import NamedTuple

from transforms.ledger.database import Database

# `now()` would be from before the wait for the lock; the second CTE reads the clock after it.
GRANT = """
WITH locked AS MATERIALIZED (
    SELECT name, next_at FROM rate_limits WHERE name = CAST(:name AS text) FOR UPDATE
),
asked AS MATERIALIZED (
    SELECT name, next_at, clock_timestamp() AS at FROM locked
),
granted AS MATERIALIZED (
    SELECT name, greatest(next_at, at) AS first_at,
        CAST(extract(epoch FROM greatest(next_at, at) - at) AS double precision) AS delay
    FROM asked
),
counted AS MATERIALIZED (
    SELECT name, first_at, delay, CAST(greatest(0, least(
            CAST(:calls AS integer),
            1 + floor((CAST(:within AS double precision) - delay)
                / CAST(:interval AS double precision)))) AS integer) AS calls
    FROM granted
)
UPDATE rate_limits AS rate_limit
SET next_at = first_at
    + calls * make_interval(secs => CAST(:interval AS double precision))
FROM counted
WHERE rate_limit.name = counted.name
RETURNING calls, delay
"""

CREATE = """
INSERT INTO rate_limits (name, next_at) VALUES (CAST(:name AS text), clock_timestamp())
ON CONFLICT (name) DO NOTHING
RETURNING name
"""


class GrantedCalls(NamedTuple):
    """How many calls a worker may make, and when the first may begin.

    Attributes:
        calls: Number of calls; 0 if the next free one is too late.
        delay: Seconds from the database's present time until the first, or the next free one.
    """

    calls: int
    delay: float


def grant_calls(
    database: Database, name: str, calls: int, interval: float, within: float
) -> GrantedCalls:
    """Grant a worker the next free calls of a rate limit.

    Args:
        name: The limit.
        calls: Number of calls asked for.
        interval: Seconds between two calls of all workers.
        within: Seconds within which the calls must begin; later ones are not granted.
    """
    asked = {"name": name, "calls": calls, "interval": interval, "within": within}
    rows = database.run(GRANT, **asked)
    if not rows:
        database.run(CREATE, name=name)
        rows = database.run(GRANT, **asked)
    [row] = rows
    return GrantedCalls(row["calls"], row["delay"])
