"""Tombstones: the ids of erased requests, kept for as long as a message of them may be delivered.

A worker that was paused may write one more file after its request was erased. So the files of a
request that was being processed are deleted at once, and again after the time in `writers_until`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text

BATCH = 200
"""Tombstones of one statement."""

LIVE = "status = 'running' AND queued_at IS NULL AND lease_expires_at > now()"
"""Condition of a request that a worker processes now."""

IS_ERASED = """
SELECT 1 AS erased FROM erased_requests WHERE request_id = CAST(:request_id AS uuid)
"""

UNSWEPT = f"""
SELECT CAST(request_id AS text) AS request_id
FROM erased_requests AS tombstone
WHERE (swept_at IS NULL OR swept_at < writers_until)
    AND (CAST(:after AS uuid) IS NULL OR request_id > CAST(:after AS uuid))
    AND NOT EXISTS (
        SELECT FROM requests WHERE requests.request_id = tombstone.request_id AND {LIVE})
ORDER BY request_id
LIMIT CAST(:batch AS bigint)
"""  # noqa: S608

SWEPT = """
UPDATE erased_requests SET swept_at = now()
WHERE request_id IN (SELECT CAST(json_array_elements_text(CAST(:ids AS json)) AS uuid))
RETURNING 1 AS swept
"""

SWEEP_AGAIN = "SELECT max(writers_until) AS at FROM erased_requests WHERE swept_at < writers_until"

EXPIRE = """
DELETE FROM erased_requests WHERE expires_at < now() AND swept_at >= writers_until
RETURNING 1 AS expired
"""


def is_erased(database: Database, request_id: str) -> bool:
    """Return whether a request is being, or was, erased."""
    return bool(database.run(IS_ERASED, request_id=request_id))


def unswept(database: Database) -> Iterator[list[str]]:
    """Yield batches of erased requests whose files are not deleted yet."""
    after = None
    while rows := database.run(UNSWEPT, after=after, batch=BATCH):
        yield [row["request_id"] for row in rows]
        after = rows[-1]["request_id"]


def swept(database: Database, request_ids: Sequence[str]) -> None:
    """Record that the files of erased requests were deleted."""
    database.run(SWEPT, ids=json_text(list(request_ids)))


def sweep_again_at(database: Database) -> datetime | None:
    """Return when late-written files of erased requests can be deleted; None without any."""
    [row] = database.run(SWEEP_AGAIN)
    found: datetime | None = row["at"]
    return found


def expire(database: Database) -> int:
    """Remove tombstones of which no message can be delivered any more; return their number."""
    return len(database.run(EXPIRE))
