"""Record replays of dead letters and read their state."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.values import DeadLetterDetail, ReplayState

STATES = """
SELECT letter.id, CAST(letter.request_id AS text) AS request_id,
    octet_length(letter.data) AS size, letter.replayed_as, letter.replayed_at,
    replay.outcome AS replay_outcome, request.status AS request_status,
    greatest(
        (SELECT max(later.id) FROM dead_letters AS later
            WHERE later.request_id = coalesce(letter.request_id, replay.request_id)
                AND later.id > letter.id),
        (SELECT max(later.id) FROM dead_letters AS later
            WHERE later.message_id = letter.replayed_as AND later.claim_token IS NULL
                AND later.id > letter.id)
    ) AS newer
FROM dead_letters AS letter
LEFT JOIN messages AS replay ON replay.message_id = letter.replayed_as
LEFT JOIN requests AS request
    ON request.request_id = coalesce(letter.request_id, replay.request_id)
WHERE letter.id IN (
    SELECT CAST(number AS bigint) FROM json_array_elements_text(CAST(:ids AS json)) AS number)
"""

REPLAYED = """
UPDATE dead_letters
SET replays = replays + 1, replayed_at = now(), replayed_as = :message_id
WHERE id = :id AND replayed_as IS DISTINCT FROM CAST(:message_id AS text)
RETURNING id
"""

LETTER_OF = """
SELECT max(id) AS id
FROM dead_letters
WHERE request_id = CAST(:request_id AS uuid) AND message_id = :message_id
"""


def replay_states(database: Database, numbers: Sequence[int]) -> list[ReplayState]:
    """Return the present state of dead letters and their replays; unknown numbers are left out."""
    rows = {row["id"]: row for row in database.run(STATES, ids=json_text(list(numbers)))}
    return [ReplayState(**rows[number]) for number in numbers if number in rows]


def replayed(database: Database, number: int, message_id: str) -> None:
    """Record that a dead letter was published again, and the new message's id."""
    database.run(REPLAYED, id=number, message_id=message_id)


def dead_letter_of(database: Database, request_id: str, message_id: str) -> DeadLetterDetail | None:
    """Return the latest dead letter of a message, or None if it has none."""
    [row] = database.run(LETTER_OF, request_id=request_id, message_id=message_id)
    return reads.dead_letter_detail(database, row["id"]) if row["id"] else None
