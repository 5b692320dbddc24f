"""Remove old requests with all their rows; the hourly totals keep their counts and costs.

Each batch is one statement, so it removes a request with all its rows or not at all. An interrupted
run is continued by the next one. Rules:

* Requests that run, and requests with a message in flight, are kept.
* A replay counts as use: a request is as old as its end or its last replay, whichever is later.
* A request goes with its messages, stages, calls and dead letters, never without them.
* Calls without a request, of a canary that was killed, are as old as their begin.
* Messages without a request, which could not be read, are as old as their outcome.
* What was recorded because a student needs care has an age of its own.
* Counters of students that no quota reads any more are removed, at any given ages.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from transforms.ledger import care, reads, student_quota
from transforms.ledger.database import Database
from transforms.ledger.values import Prunable, Pruned

BATCH = 1000
"""Requests, or messages without a request, that one statement removes."""

_OLD_REQUESTS = """
    FROM requests AS request
    WHERE status = CAST(:status AS text)
        AND completed_at < now() - make_interval(secs => CAST(:age AS double precision))
        AND NOT EXISTS (
            SELECT FROM messages
            WHERE messages.request_id = request.request_id AND outcome = 'in_flight')
        AND NOT EXISTS (
            SELECT FROM dead_letters
            WHERE dead_letters.request_id = request.request_id
                AND replayed_at >= now() - make_interval(secs => CAST(:age AS double precision)))
"""

_OLD_MESSAGES = """
    FROM messages AS message
    WHERE outcome = CAST(:outcome AS text) AND outcome <> 'in_flight'
        AND settled_at < now() - make_interval(secs => CAST(:age AS double precision))
        -- It follows from the line before, and lets Postgres use the index of this column.
        AND received_at < now() - make_interval(secs => CAST(:age AS double precision))
        AND NOT EXISTS (SELECT FROM requests WHERE requests.request_id = message.request_id)
        AND NOT EXISTS (
            SELECT FROM dead_letters
            WHERE dead_letters.message_id = message.message_id AND claim_token IS NULL
                AND replayed_at >= now() - make_interval(secs => CAST(:age AS double precision)))
"""

PRUNE_REQUESTS = f"""
WITH old AS MATERIALIZED (
    SELECT request_id
    {_OLD_REQUESTS}
    ORDER BY completed_at
    LIMIT CAST(:batch AS bigint)
    FOR UPDATE OF request SKIP LOCKED
),
removed_messages AS (
    DELETE FROM messages
    WHERE request_id IN (SELECT request_id FROM old) AND outcome <> 'in_flight'
    RETURNING message_id
),
removed_letters AS (
    DELETE FROM dead_letters
    WHERE id IN (
        SELECT id FROM dead_letters WHERE request_id IN (SELECT request_id FROM old)
        UNION ALL
        SELECT id FROM dead_letters
        WHERE claim_token IS NULL AND message_id IN (SELECT message_id FROM removed_messages))
    RETURNING id
),
removed_stages AS (
    DELETE FROM stages
    WHERE request_id IN (SELECT request_id FROM old)
    RETURNING request_id
),
removed_calls AS (
    DELETE FROM calls WHERE request_id IN (SELECT request_id FROM old)
),
removed_requests AS (
    DELETE FROM requests WHERE request_id IN (SELECT request_id FROM old) RETURNING request_id
)
SELECT (SELECT count(*) FROM removed_requests) AS requests,
    (SELECT count(*) FROM removed_messages) AS messages,
    (SELECT count(*) FROM removed_stages) AS stages,
    (SELECT count(*) FROM removed_letters) AS dead_letters
"""  # noqa: S608

PRUNE_MESSAGES = f"""
WITH old AS MATERIALIZED (
    SELECT message_id
    {_OLD_MESSAGES}
        AND (CAST(:after AS timestamptz) IS NULL OR received_at >= CAST(:after AS timestamptz))
    ORDER BY received_at
    LIMIT CAST(:batch AS bigint)
    FOR UPDATE OF message SKIP LOCKED
),
removed_messages AS (
    DELETE FROM messages
    WHERE message_id IN (SELECT message_id FROM old) AND outcome <> 'in_flight'
    RETURNING message_id, received_at
),
removed_letters AS (
    DELETE FROM dead_letters
    WHERE claim_token IS NULL AND message_id IN (SELECT message_id FROM removed_messages)
    RETURNING id
)
SELECT 0 AS requests, 0 AS stages,
    (SELECT count(*) FROM removed_messages) AS messages,
    (SELECT count(*) FROM removed_letters) AS dead_letters,
    (SELECT max(received_at) FROM removed_messages) AS last
"""  # noqa: S608

PRUNE_CALLS = """
DELETE FROM calls AS call
WHERE started_at < now() - make_interval(secs => CAST(:age AS double precision))
    AND NOT EXISTS (SELECT FROM requests WHERE requests.request_id = call.request_id)
RETURNING 1 AS removed
"""

COUNT_REQUESTS = f"SELECT count(*) AS number {_OLD_REQUESTS}"
COUNT_MESSAGES = f"SELECT count(*) AS number {_OLD_MESSAGES}"


def prune(
    database: Database,
    completed: timedelta | None,
    failed: timedelta | None,
    batch: int = BATCH,
    needs_care: timedelta | None = None,
) -> Iterator[Pruned]:
    """Remove old requests, the oldest first, and yield what each batch removed.

    Args:
        completed: age from which completed requests are removed; None keeps them.
        failed: age from which failed and cancelled requests are removed; None keeps them.
        needs_care: age from which everything is removed that was recorded because a student needs
            care; None keeps it.
    """
    database.run(student_quota.PRUNE)
    for status, age in _requests_by(completed, failed, needs_care):
        while True:
            [row] = database.run(PRUNE_REQUESTS, status=status, age=age, batch=batch)
            if not row["requests"]:
                break
            yield reads.read(Pruned, row)
    for outcome, age in _messages_by(completed, failed):
        after: datetime | None = None
        while True:
            [row] = database.run(
                PRUNE_MESSAGES,
                outcome=outcome,
                age=age,
                batch=batch,
                after=after.isoformat() if after else None,
            )
            if not row["messages"]:
                break
            after = row["last"]
            yield reads.read(Pruned, row)
    if failed is not None:
        database.run(PRUNE_CALLS, age=failed.total_seconds())
    if needs_care is not None:
        care.prune(database, needs_care)


def prunable(
    database: Database,
    completed: timedelta | None,
    failed: timedelta | None,
    needs_care: timedelta | None = None,
) -> Prunable:
    """Count the requests that `prune` would remove now, and the messages without a request.

    The other rows of the requests are not counted, because that would read most of a large ledger.
    """
    return Prunable(
        sum(
            database.run(COUNT_REQUESTS, status=status, age=age)[0]["number"]
            for status, age in _requests_by(completed, failed, needs_care)
        ),
        sum(
            database.run(COUNT_MESSAGES, outcome=outcome, age=age)[0]["number"]
            for outcome, age in _messages_by(completed, failed)
        ),
    )


def _requests_by(
    completed: timedelta | None, failed: timedelta | None, needs_care: timedelta | None
) -> Iterator[tuple[str, float]]:
    """Yield each status of requests with the age in seconds from which they are removed."""
    ages = {
        "completed": completed, "failed": failed, "cancelled": failed, "needs_care": needs_care,
    }  # fmt: skip
    for status, age in ages.items():
        if age is not None:
            yield status, age.total_seconds()


def _messages_by(
    completed: timedelta | None, failed: timedelta | None
) -> Iterator[tuple[str, float]]:
    """Yield each outcome of messages with the age in seconds from which they are removed.

    A completed message goes with its request.
    """
    ages = {"duplicate": completed, "dead_lettered": failed}
    for outcome, age in ages.items():
        if age is not None:
            yield outcome, age.total_seconds()
