"""Dead letters of a scope, and the reasons of their failures."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.rows import DeadLetterDetail
from transforms.ledger.scoped.scope import BY_IDS, BY_TIME, Scope


@dataclass(frozen=True)
class Reason:
    """Dead letters that failed in the same way.

    Attributes:
        example: error text of the newest whose student does not need care.
        retryable: number of letters that a replay may complete.
    """

    stage: str
    error_type: str
    field: str | None
    example: str
    count: int
    retryable: int


_SCOPED_LETTERS = """
FROM dead_letters
JOIN (SELECT message_id FROM messages WHERE {scope}) AS scoped USING (message_id)
WHERE {recorded}
"""

_REASONS = f"""
SELECT stage, error_type, field, count(*) AS count, count(*) FILTER (WHERE retryable) AS retryable,
    coalesce((array_agg(error ORDER BY id DESC) FILTER (WHERE request_id IS NULL
        OR request_id NOT IN (SELECT request_id FROM care)))[1], 'withheld') AS example
{_SCOPED_LETTERS}
GROUP BY stage, error_type, field
ORDER BY count(*) DESC, stage, error_type, field
"""  # noqa: S608

_LETTERS = f"""
SELECT {reads.LETTER_COLUMNS}, substring(data FOR CAST(:bytes AS integer)) AS data, attributes,
    delivery_attempt, traceback, attempts
{_SCOPED_LETTERS}
ORDER BY id DESC
LIMIT CAST(:limit AS bigint)
"""

# A letter is recorded after its message is received, and that time has an index.
_BOTH = (
    {
        "scope": BY_TIME,
        "recorded": "recorded_at >= coalesce(CAST(:since AS timestamptz), '-infinity')",
    },
    {"scope": BY_IDS, "recorded": "true"},
)
REASONS_BY_TIME, REASONS_BY_IDS = (_REASONS.format(**each) for each in _BOTH)
LETTERS_BY_TIME, LETTERS_BY_IDS = (_LETTERS.format(**each) for each in _BOTH)


def reasons(database: Database, scope: Scope) -> list[Reason]:
    """Group dead letters by stage, error type and field, the most frequent group first."""
    return [Reason(**row) for row in scope.run(database, REASONS_BY_TIME, REASONS_BY_IDS)]


def dead_letters(
    database: Database, scope: Scope, limit: int, payload_bytes: int
) -> list[DeadLetterDetail]:
    """List dead letters, newest first, with the first `payload_bytes` of each payload."""
    rows = scope.run(database, LETTERS_BY_TIME, LETTERS_BY_IDS, limit=limit, bytes=payload_bytes)
    return [reads.letter(row) for row in rows]
