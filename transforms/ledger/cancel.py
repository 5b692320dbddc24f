"""Statement that cancels requests, running or not yet received.

A request under a valid lease is only marked; its worker reads the mark when it records progress or
completes, and makes a dead letter of the message. A request whose lease has expired is cancelled at
once. A request that has not been received gets a cancelled row, so that its message becomes a dead
letter when it is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence

from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.values import CancelState

_ENDED = ",\n    ".join(
    f"{column} = CASE WHEN request.lease_expires_at <= now() THEN {value} ELSE request.{column} END"
    for column, value in {
        "status": "'cancelled'",
        "claim_token": "NULL",
        "lease_expires_at": "NULL",
        "error_type": "'Cancelled'",
        "error": "'cancelled while no worker held its claim'",
        "completed_at": "now()",
    }.items()
)

# Of cancel and complete at the same time, the statement that locks the request's row first wins.
CANCEL = f"""
INSERT INTO requests AS request (
    request_id, status, message_id, attempts, modality, student_id, correlation_id, request,
    error_type, error, completed_at, cancel_requested_at)
SELECT DISTINCT CAST(id AS uuid), 'cancelled', '', 0, '', '', '', CAST('{{}}' AS jsonb),
    'Cancelled', 'cancelled before it was received', now(), now()
FROM json_array_elements_text(CAST(:ids AS json)) AS id
ORDER BY 1
ON CONFLICT (request_id) DO UPDATE SET
    cancel_requested_at = coalesce(request.cancel_requested_at, now()),
    updated_at = now(),
    {_ENDED}
WHERE request.status = 'running'
RETURNING request_id
"""  # noqa: S608

STATES = """
SELECT CAST(request_id AS text) AS request_id, status, message_id <> '' AS received,
    cancel_requested_at
FROM requests
WHERE request_id IN (
    SELECT CAST(id AS uuid) FROM json_array_elements_text(CAST(:ids AS json)) AS id)
"""


def cancel(database: Database, request_ids: Sequence[str]) -> list[CancelState]:
    """Cancel requests; those that have ended or are cancelled stay as they are.

    Args:
        request_ids: canonical UUIDs, which need not have been received yet.

    Returns:
        The state of each, in order.
    """
    ids = json_text(list(request_ids))
    database.run(CANCEL, ids=ids)
    rows = {row["request_id"]: row for row in database.run(STATES, ids=ids)}
    return [CancelState(**rows[request_id]) for request_id in request_ids]
