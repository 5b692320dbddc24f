"""Limit the requests of a student in an hour, and their expected cost in a day.

The claim statement decides, so a limit holds across workers. A row counts what one student has
asked for in one hour (UTC). The claim locks the rows of the day before it locks requests, refuses
what exceeds a limit, and counts what it admits. A new request counts as a request and with its
expected cost, and a replay that reopens a request with its expected cost only. A message that
resumes or takes over a claim is not counted, and neither is one that is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.model import Modality

OPEN = """
WITH opened AS (
    INSERT INTO student_usage (student_id, hour)
    SELECT DISTINCT student_id, date_trunc('hour', now(), 'UTC')
    FROM json_array_elements_text(CAST(:students AS json)) AS student_id
    ORDER BY student_id
    ON CONFLICT (student_id, hour) DO NOTHING
)
SELECT date_trunc('hour', now(), 'UTC') AS hour, date_trunc('day', now(), 'UTC') AS day
"""

LOCKED = """
usage AS MATERIALIZED (
    SELECT student_id, hour, requests, expected_usd
    FROM student_usage
    WHERE student_id IN (SELECT student_id FROM given)
        AND hour >= CAST(:day AS timestamptz) AND hour <= CAST(:hour AS timestamptz)
    ORDER BY student_id, hour
    FOR UPDATE
),
-- The count makes Postgres lock those rows before any request.
item AS MATERIALIZED (
    SELECT given.* FROM given WHERE (SELECT count(*) FROM usage) >= 0
),
"""
"""Lock the counters of the students of `given`, then return `item`."""

ADMITTED = """
used AS MATERIALIZED (
    SELECT student_id, sum(expected_usd) AS day_usd,
        coalesce(sum(requests) FILTER (WHERE hour = CAST(:hour AS timestamptz)), 0) AS requests
    FROM usage
    GROUP BY student_id
),
-- What each message would bring its student to, the cheapest of a batch first.
reached AS MATERIALIZED (
    SELECT contender.request_id,
        kind = 'new' AND coalesce(requests, 0) + count(*) FILTER (WHERE kind = 'new') OVER sofar
            > CAST(:per_hour AS integer) AS is_over_hour,
        coalesce(day_usd, 0) + sum(expected_usd) OVER sofar
            > CAST(:usd_per_day AS numeric) AS is_over_day
    FROM contender
    LEFT JOIN used USING (student_id)
    WHERE claims AND kind IN ('new', 'reopened')
    WINDOW sofar AS (PARTITION BY contender.student_id ORDER BY expected_usd, position)
),
refused AS MATERIALIZED (
    SELECT request_id, CASE WHEN is_over_day THEN CAST(:day AS timestamptz) + interval '1 day'
            ELSE CAST(:hour AS timestamptz) + interval '1 hour' END AS again_at
    FROM reached
    WHERE is_over_hour OR is_over_day
),
-- Other messages of a refused request are refused with it.
ranked AS MATERIALIZED (
    SELECT position, message_id, publish_time, token, request_id, modality, student_id,
        correlation_id, request, expected_usd, refused.again_at,
        claims AND refused.again_at IS NULL AS claims,
        CASE WHEN refused.again_at IS NULL OR kind IN ('done', 'duplicate') THEN kind
            ELSE 'refused' END AS kind
    FROM contender
    LEFT JOIN refused USING (request_id)
),
"""
"""Refuse contenders that exceed a limit: `ranked`."""

CHARGED = """,
charged AS (
    UPDATE student_usage AS usage SET
        requests = usage.requests + claimed.requests,
        expected_usd = usage.expected_usd + claimed.expected_usd
    FROM (
        SELECT student_id, sum(expected_usd) AS expected_usd,
            count(*) FILTER (WHERE decision = 'new') AS requests
        FROM decided
        WHERE decision IN ('new', 'reopened')
        GROUP BY student_id
    ) AS claimed
    WHERE usage.student_id = claimed.student_id AND usage.hour = CAST(:hour AS timestamptz)
)
"""
"""Count the requests that are claimed."""

PRUNE = """
WITH removed AS (
    DELETE FROM student_usage WHERE hour < now() - interval '2 days' RETURNING student_id
)
SELECT count(*) AS number FROM removed
"""


@dataclass(frozen=True)
class StudentQuota:
    """Limits of one student.

    Attributes:
        requests_per_hour: New requests in an hour (UTC); None for any number.
        usd_per_day: Expected cost of the requests of a day (UTC), in US dollars; None for any.
        expected_usd: Expected cost of a request by modality, in US dollars.
    """

    requests_per_hour: int | None
    usd_per_day: float | None
    expected_usd: Mapping[Modality, float]


def open_counters(
    database: Database, students: Sequence[str], quota: StudentQuota
) -> dict[str, Any]:
    """Insert the missing quota counters of this hour; return the claim statement's parameters."""
    [now] = database.run(OPEN, students=json_text(list(students)))
    return {
        "hour": now["hour"].isoformat(),
        "day": now["day"].isoformat(),
        "per_hour": quota.requests_per_hour,
        "usd_per_day": quota.usd_per_day,
    }
