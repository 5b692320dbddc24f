"""Log who exported or erased a student's data and when, without anything about the student."""

from __future__ import annotations

from collections.abc import Mapping

from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text

BEGIN = """
INSERT INTO privacy_log (action, actor, reference)
VALUES (:action, :actor || ', role ' || session_user, :reference)
RETURNING id
"""

FINISH = """
UPDATE privacy_log SET finished_at = now(), counts = CAST(:counts AS jsonb)
WHERE id = :id
RETURNING id
"""


def begin(database: Database, action: str, actor: str, reference: str | None) -> int:
    """Record the start of an export or erasure; return the number of its log entry."""
    [row] = database.run(BEGIN, action=action, actor=actor, reference=reference)
    return int(row["id"])


def finish(database: Database, entry: int, counts: Mapping[str, int]) -> None:
    """Record the end of an export or erasure, with its counts."""
    database.run(FINISH, id=entry, counts=json_text(counts))
