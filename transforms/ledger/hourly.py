"""Read counts and costs of a period from the hourly totals.

Whole hours are read from the totals. The parts of an hour at both ends of the period are read from
the rows, and so is what `vividly db upgrade` has not yet added to the totals.
"""

from __future__ import annotations

from datetime import datetime

CANCELLED = "cancelled"
"""Outcome in the totals of a dead-lettered message whose request was cancelled."""

NEEDS_CARE = "needs_care"
"""Outcome in the totals of a completed message whose student gets help instead of a lesson."""

# `head` ends where the totals begin, and `tail` begins where they end.
_SPAN = """
given AS MATERIALIZED (
    SELECT coalesce(CAST(:since AS timestamptz), '-infinity') AS since,
        coalesce(CAST(:until AS timestamptz), 'infinity') AS until,
        coalesce((SELECT since FROM totals_since), 'infinity') AS counted
),
hours AS MATERIALIZED (
    SELECT *, date_trunc('hour', since - interval '1 microsecond', 'UTC') + interval '1 hour'
            AS first_hour,
        date_trunc('hour', until, 'UTC') AS end_hour
    FROM given
),
span AS MATERIALIZED (
    SELECT *, least(greatest(first_hour, counted), until) AS head_end,
        greatest(end_hour, least(greatest(first_hour, counted), until)) AS tail_start
    FROM hours
)"""


def _in_span(at: str, rows: str, totals: str) -> str:
    """Return SQL that joins rows of the partial hours at both ends and the totals of full hours."""
    return f"""
    {rows} WHERE {at} >= (SELECT since FROM span) AND {at} < (SELECT head_end FROM span)
    UNION ALL
    {rows} WHERE {at} >= (SELECT tail_start FROM span) AND {at} < (SELECT until FROM span)
    UNION ALL
    {totals} WHERE hour >= (SELECT first_hour FROM span) AND hour < (SELECT end_hour FROM span)
"""  # noqa: S608


_PARTS = """modality, engine, stage, day_requests, modality_requests, engine_requests,
        stage_requests, done, reused, skipped, cost_usd, reuse_saved_usd, skip_saved_usd"""

STAGE_PARTS = f"""{_SPAN},
part AS (
    {
    _in_span(
        "at",
        f"SELECT at, {_PARTS} FROM counted_stages",
        f"SELECT hour AS at, {_PARTS} FROM hourly_stages",
    )
}
)"""  # noqa: S608
"""Common table expression `part`: stages by the time at which they ended."""

MESSAGE_PARTS = f"""{_SPAN},
part AS (
    {
    _in_span(
        "received_at",
        "SELECT outcome, 1 AS messages, received_at AS first_at, last_at FROM counted_messages",
        "SELECT outcome, messages, first_at, last_at FROM hourly_messages",
    )
}
)"""  # noqa: S608
"""Common table expression `part`: messages by the time at which they were received."""


def period(since: datetime | None, until: datetime | None) -> dict[str, str | None]:
    """Return the time parameters of a statement on the hourly totals."""
    return {
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
    }
