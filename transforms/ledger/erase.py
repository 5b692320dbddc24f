"""Erase a student's id and words from all rows, and keep tombstones of the requests.

Rows stay, without the student's id and words, so that counts and costs stay right and a redelivered
message finds its outcome. A request becomes a tombstone first: the claim refuses the messages of
tombstones. Each call is one transaction and can be repeated, so an interrupted erasure is
continued by the next one. Requests that a worker processes now are only marked as cancelled.

Files are deleted by the caller; `transforms.ledger.tombstones` says of which requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.letter_search import mentioning
from transforms.ledger.personal import erasing
from transforms.ledger.schema import metadata
from transforms.ledger.tombstones import LIVE

BATCH = 200
"""Requests or dead letters of one statement."""

LATE = timedelta(hours=1)
"""Time after which a worker whose request was cancelled writes no more files."""

_ERASING = {name: erasing(table) for name, table in metadata.tables.items()}

# A tombstone whose request has a student again was brought back by an older release.
MARK = """
WITH theirs AS MATERIALIZED (
    SELECT request_id, status = 'running' AS runs
    FROM requests
    WHERE student_id = :student
    ORDER BY request_id
    FOR UPDATE
),
tombstones AS (
    INSERT INTO erased_requests AS tombstone (request_id, writers_until, expires_at)
    SELECT request_id,
        now() + CASE WHEN runs THEN make_interval(secs => :late) ELSE interval '0' END,
        now() + make_interval(secs => :hold)
    FROM theirs
    ORDER BY request_id
    ON CONFLICT (request_id) DO UPDATE SET
        writers_until = greatest(tombstone.writers_until, excluded.writers_until),
        swept_at = NULL
),
cancelled AS (
    UPDATE requests AS request
    SET cancel_requested_at = coalesce(request.cancel_requested_at, now())
    FROM theirs
    WHERE request.request_id = theirs.request_id AND theirs.runs
)
SELECT count(*) AS requests FROM theirs
"""

# Requests before messages, each by id: the order in which all statements lock rows.
ERASE = f"""
WITH old AS MATERIALIZED (
    SELECT request_id, message_id AS owner, coalesce(stage, 'claim') AS stage
    FROM requests
    WHERE student_id = :student AND NOT ({LIVE})
        AND request_id IN (SELECT request_id FROM erased_requests)
    ORDER BY request_id
    LIMIT CAST(:batch AS bigint)
    FOR UPDATE
),
pending AS MATERIALIZED (
    SELECT message_id, request_id, publish_time, message_id = owner AS owns, stage
    FROM messages
    JOIN old USING (request_id)
    WHERE outcome = 'in_flight'
    ORDER BY message_id
    FOR UPDATE OF messages
),
settled AS (
    UPDATE messages AS message SET
        outcome = CASE WHEN pending.owns THEN 'dead_lettered' ELSE 'duplicate' END,
        settled_at = now()
    FROM pending
    WHERE message.message_id = pending.message_id
),
recorded AS (
    INSERT INTO dead_letters (
        message_id, request_id, data, publish_time, delivery_attempt, stage, error_type, error,
        retryable, occurred_at, erased_at)
    SELECT message_id, request_id, '', publish_time, 0, stage, 'Cancelled', 'erased', false, now(),
        now()
    FROM pending
    WHERE owns
    ON CONFLICT DO NOTHING
),
ended AS (
    UPDATE requests AS request SET
        status = CASE WHEN request.status = 'running' THEN 'cancelled' ELSE request.status END,
        error_type = CASE WHEN request.status = 'running'
            THEN 'Cancelled' ELSE request.error_type END,
        claim_token = NULL,
        lease_expires_at = NULL,
        open_entries = '{{}}',
        queued_at = NULL,
        completed_at = coalesce(request.completed_at, now()),
        updated_at = now(),
        {_ERASING["requests"]}
    FROM old
    WHERE request.request_id = old.request_id
    RETURNING request.request_id
),
stripped AS (
    UPDATE stages SET {_ERASING["stages"]}
    WHERE request_id IN (SELECT request_id FROM old)
),
unnamed AS (
    UPDATE calls SET {_ERASING["calls"]}
    WHERE request_id IN (SELECT request_id FROM old)
),
letters AS (
    UPDATE dead_letters SET erased_at = now(), {_ERASING["dead_letters"]}
    WHERE request_id IN (SELECT request_id FROM old) AND erased_at IS NULL
    RETURNING id
)
SELECT (SELECT count(*) FROM ended) AS requests, (SELECT count(*) FROM letters) AS dead_letters
"""  # noqa: S608

LETTERS = f"""
UPDATE dead_letters SET erased_at = now(), {_ERASING["dead_letters"]}
WHERE id IN (
    SELECT id FROM dead_letters
    WHERE erased_at IS NULL
        AND (student_id = :student
             OR id IN (SELECT CAST(json_array_elements_text(CAST(:ids AS json)) AS bigint)))
    ORDER BY id
    LIMIT CAST(:batch AS bigint)
    FOR UPDATE)
RETURNING id
"""  # noqa: S608

USAGE = "DELETE FROM student_usage WHERE student_id = :student RETURNING hour"

LETTERS_OF = """
SELECT id FROM dead_letters
WHERE erased_at IS NULL AND (student_id = :student
    OR request_id IN (SELECT request_id FROM requests WHERE student_id = :student))
"""

FOUND = f"""
SELECT count(*) AS requests, count(*) FILTER (WHERE {LIVE}) AS live,
    max(lease_expires_at) FILTER (WHERE {LIVE}) AS live_until
FROM requests
WHERE student_id = :student
"""  # noqa: S608


@dataclass(frozen=True)
class Found:
    """Counts of a student's requests that are not erased yet.

    Attributes:
        requests: Number of requests.
        live: Number of these that a worker processes now.
        live_until: When the last lease of those ends, if none is renewed; None without any.
    """

    requests: int
    live: int
    live_until: datetime | None


def find(database: Database, student: str) -> Found:
    """Count a student's requests that are not erased yet."""
    [row] = database.run(FOUND, student=student)
    return reads.read(Found, row)


def mark(database: Database, student: str, hold: timedelta) -> int:
    """Insert tombstones of a student's requests, and cancel those in work.

    Args:
        hold: Time for which a message of them may still be delivered.

    Returns:
        Number of the student's requests that are not erased yet.
    """
    [row] = database.run(
        MARK, student=student, late=LATE.total_seconds(), hold=hold.total_seconds()
    )
    return int(row["requests"])


def erase_requests(database: Database, student: str) -> Iterator[tuple[int, int]]:
    """Erase marked requests that no worker processes.

    Yields:
        Numbers of requests and of dead letters erased by each statement.
    """
    while True:
        [row] = database.run(ERASE, student=student, batch=BATCH)
        if not row["requests"]:
            return
        yield row["requests"], row["dead_letters"]


def erase_usage(database: Database, student: str) -> None:
    """Delete the student's quota counters."""
    database.run(USAGE, student=student)


def letter_numbers(database: Database, student: str) -> list[int]:
    """Return the numbers of all dead letters of a student, in order."""
    rows = database.run(LETTERS_OF, student=student)
    return sorted({*(row["id"] for row in rows), *mentioning(database, student)})


def erase_letters(database: Database, student: str) -> Iterator[int]:
    """Erase dead letters that name a student, readable or not; yield the number of each batch."""
    ids: list[int] = list(mentioning(database, student))
    while erased := database.run(LETTERS, student=student, ids=json_text(ids), batch=BATCH):
        yield len(erased)
