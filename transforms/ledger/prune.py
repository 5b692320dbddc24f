"""Remove old requests with all their rows, and keep their counts and costs in daily totals.

Each batch is one statement, so it removes and counts the same rows or none. An interrupted run is
continued by the next one. Rules:

* Requests that run, and requests with a message in flight, are kept.
* A replay counts as use: a request is as old as its end or its last replay, whichever is later.
* A request goes with its messages, stages and dead letters, never without them.
* Messages without a request, which could not be read, are as old as their outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.values import Pruned

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

_MESSAGE_TOTALS = """
message_totals AS (
    INSERT INTO daily_messages AS total (day, outcome, messages, first_at, last_at)
    SELECT CAST(received_at AS date), outcome, count(*), min(received_at),
        greatest(max(received_at), max(settled_at))
    FROM removed_messages
    GROUP BY 1, 2
    ORDER BY 1, 2
    ON CONFLICT (day, outcome) DO UPDATE SET
        messages = total.messages + excluded.messages,
        first_at = least(total.first_at, excluded.first_at),
        last_at = greatest(total.last_at, excluded.last_at)
)"""

PRUNE_REQUESTS = f"""
WITH old AS MATERIALIZED (
    SELECT request_id, status, modality, created_at, completed_at, cost_usd, cost_saved_usd, savings
    {_OLD_REQUESTS}
    ORDER BY completed_at
    LIMIT CAST(:batch AS bigint)
    FOR UPDATE OF request SKIP LOCKED
),
removed_messages AS (
    DELETE FROM messages
    WHERE request_id IN (SELECT request_id FROM old) AND outcome <> 'in_flight'
    RETURNING message_id, outcome, received_at, settled_at
),
{_MESSAGE_TOTALS},
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
    RETURNING request_id, stage, engine, cost_usd, reused, finished_at
),
part AS (
    SELECT CAST(finished_at AS date) AS day, modality, engine, stage, request_id,
        NOT reused AS done, reused, removed_stages.cost_usd AS usd
    FROM removed_stages
    JOIN old USING (request_id)
    UNION ALL
    SELECT CAST(completed_at AS date), modality, saving.value ->> 'engine', saving.key, request_id,
        false, false, CAST(saving.value ->> 'usd' AS numeric)
    FROM old
    CROSS JOIN jsonb_each(savings) AS saving
    WHERE status = 'completed'
),
-- Of several parts of a request that are added up in one row of costs, the first counts it.
counted AS (
    SELECT *,
        row_number() OVER (PARTITION BY request_id, day ORDER BY engine, stage) = 1 AS of_day,
        row_number() OVER (PARTITION BY request_id ORDER BY day, engine, stage) = 1 AS of_modality,
        row_number() OVER (PARTITION BY request_id, engine ORDER BY day, stage) = 1 AS of_engine,
        row_number() OVER (PARTITION BY request_id, stage ORDER BY day, engine) = 1 AS of_stage
    FROM part
),
stage_totals AS (
    INSERT INTO daily_stages AS total (
        day, modality, engine, stage, day_requests, modality_requests, engine_requests,
        stage_requests, done, reused, skipped, cost_usd, reuse_saved_usd, skip_saved_usd)
    SELECT day, modality, engine, stage,
        count(*) FILTER (WHERE of_day), count(*) FILTER (WHERE of_modality),
        count(*) FILTER (WHERE of_engine), count(*) FILTER (WHERE of_stage),
        count(*) FILTER (WHERE done), count(*) FILTER (WHERE reused),
        count(*) FILTER (WHERE NOT done AND NOT reused),
        coalesce(sum(usd) FILTER (WHERE done), 0),
        coalesce(sum(usd) FILTER (WHERE reused), 0),
        coalesce(sum(usd) FILTER (WHERE NOT done AND NOT reused), 0)
    FROM counted
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (day, modality, engine, stage) DO UPDATE SET
        day_requests = total.day_requests + excluded.day_requests,
        modality_requests = total.modality_requests + excluded.modality_requests,
        engine_requests = total.engine_requests + excluded.engine_requests,
        stage_requests = total.stage_requests + excluded.stage_requests,
        done = total.done + excluded.done,
        reused = total.reused + excluded.reused,
        skipped = total.skipped + excluded.skipped,
        cost_usd = total.cost_usd + excluded.cost_usd,
        reuse_saved_usd = total.reuse_saved_usd + excluded.reuse_saved_usd,
        skip_saved_usd = total.skip_saved_usd + excluded.skip_saved_usd
),
request_totals AS (
    INSERT INTO daily_requests AS total (
        day, status, modality, requests, cost_usd, cost_saved_usd)
    SELECT CAST(created_at AS date), status, modality, count(*), sum(cost_usd), sum(cost_saved_usd)
    FROM old
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
    ON CONFLICT (day, status, modality) DO UPDATE SET
        requests = total.requests + excluded.requests,
        cost_usd = total.cost_usd + excluded.cost_usd,
        cost_saved_usd = total.cost_saved_usd + excluded.cost_saved_usd
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
    RETURNING message_id, outcome, received_at, settled_at
),
{_MESSAGE_TOTALS},
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

COUNT_REQUESTS = f"""
WITH old AS MATERIALIZED (SELECT request_id {_OLD_REQUESTS})
SELECT (SELECT count(*) FROM old) AS requests,
    (SELECT count(*) FROM messages JOIN old USING (request_id)) AS messages,
    (SELECT count(*) FROM stages JOIN old USING (request_id)) AS stages,
    (SELECT count(*) FROM dead_letters JOIN old USING (request_id)) AS dead_letters
"""  # noqa: S608

COUNT_MESSAGES = f"""
WITH old AS MATERIALIZED (SELECT message_id {_OLD_MESSAGES})
SELECT 0 AS requests, 0 AS stages, (SELECT count(*) FROM old) AS messages,
    (SELECT count(*) FROM dead_letters JOIN old USING (message_id) WHERE claim_token IS NULL)
        AS dead_letters
"""  # noqa: S608


def prune(
    database: Database,
    completed: timedelta | None,
    failed: timedelta | None,
    batch: int = BATCH,
) -> Iterator[Pruned]:
    """Remove old requests, the oldest first, and yield what each batch removed.

    Args:
        completed: age from which completed requests are removed; None keeps them.
        failed: age from which failed and cancelled requests are removed; None keeps them.
    """
    for status, age in _requests_by(completed, failed):
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


def prunable(database: Database, completed: timedelta | None, failed: timedelta | None) -> Pruned:
    """Count what `prune` would remove now."""
    rows = [
        database.run(COUNT_REQUESTS, status=status, age=age)[0]
        for status, age in _requests_by(completed, failed)
    ] + [
        database.run(COUNT_MESSAGES, outcome=outcome, age=age)[0]
        for outcome, age in _messages_by(completed, failed)
    ]
    return Pruned(**{f.name: sum(row[f.name] for row in rows) for f in fields(Pruned)})


def _requests_by(
    completed: timedelta | None, failed: timedelta | None
) -> Iterator[tuple[str, float]]:
    """Yield each status of requests with the age in seconds from which they are removed."""
    ages = {"completed": completed, "failed": failed, "cancelled": failed}
    for status, age in ages.items():
        if age is not None:
            yield status, age.total_seconds()


def _messages_by(
    completed: timedelta | None, failed: timedelta | None
) -> Iterator[tuple[str, float]]:
    """Yield each outcome of messages with the age in seconds from which they are removed."""
    ages = {"completed": completed, "duplicate": completed, "dead_lettered": failed}
    for outcome, age in ages.items():
        if age is not None:
            yield outcome, age.total_seconds()
