"""The newest requests of a scope, and their stages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.rows import RequestRow, StageRow
from transforms.ledger.scoped.scope import BY_IDS, BY_TIME, Scope

# The limit is for messages, so it bounds the work however many of them own no request any more.
NEWEST = """
newest AS MATERIALIZED (
    SELECT request_id, message_id, publish_time, received_at
    FROM messages
    WHERE {scope} AND request_id IS NOT NULL AND outcome <> 'duplicate'
    ORDER BY received_at DESC, message_id
    LIMIT CAST(:limit AS bigint)
)"""

_REQUESTS = f"""
WITH {NEWEST}
SELECT {reads.REQUEST_COLUMNS}, publish_time,
    (SELECT count(*) FROM newest) = CAST(:limit AS bigint) AS is_cut
FROM newest JOIN requests USING (request_id, message_id)
ORDER BY received_at DESC, message_id
"""  # noqa: S608
REQUESTS_BY_TIME, REQUESTS_BY_IDS = (_REQUESTS.format(scope=each) for each in (BY_TIME, BY_IDS))

STAGES = f"""
SELECT {reads.STAGE_COLUMNS}
FROM stages
WHERE request_id IN (
    SELECT CAST(json_array_elements_text(CAST(:request_ids AS json)) AS uuid))
ORDER BY request_id, attempt, finished_at
"""  # noqa: S608


def requests(
    database: Database, scope: Scope, limit: int
) -> tuple[list[tuple[RequestRow, datetime]], bool]:
    """List the requests that the scope's messages own with publish times, newest first.

    Returns:
        At most `limit` requests, and whether there may be more.
    """
    rows = scope.run(database, REQUESTS_BY_TIME, REQUESTS_BY_IDS, limit=limit + 1)
    found = [(reads.read(RequestRow, row), row["publish_time"]) for row in rows[:limit]]
    return found, any(row["is_cut"] for row in rows)


def stages(database: Database, request_ids: Sequence[str]) -> list[StageRow]:
    """List the stages of requests, each request's in the order they ended."""
    rows = database.run(STAGES, request_ids=json_text(list(request_ids)))
    return [reads.read(StageRow, row) for row in rows]
