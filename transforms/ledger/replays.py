"""Issue and accept the tokens of replays, record replays, and read their state.

Only a replay reopens a request that has failed, so only the ledger can make one: it issues a random
token for the dead letter and keeps its hash. The first message that comes with the token owns it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.rows import DeadLetterDetail, ReplayState
from transforms.model import Message

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
WHERE letter.erased_at IS NULL AND letter.id IN (
    SELECT CAST(number AS bigint) FROM json_array_elements_text(CAST(:ids AS json)) AS number)
"""

ISSUE = """
UPDATE dead_letters SET replay_digest = :digest, replay_owner = NULL WHERE id = :id RETURNING id
"""

# A replay that release 0.1 published has no token of the ledger, but the ledger recorded its id. A
# message that is settled stays settled, also with a token.
ACCEPT = """
WITH held AS MATERIALIZED (
    SELECT letter.id, item.message_id, item.digest
    FROM json_to_recordset(CAST(:items AS json)) AS item (
        message_id text, request_id uuid, digest text)
    JOIN dead_letters AS letter USING (request_id)
    WHERE (letter.replay_digest = item.digest OR letter.replayed_as = item.message_id)
        AND NOT EXISTS (
            SELECT FROM messages AS message
            WHERE message.message_id = item.message_id AND message.outcome <> 'in_flight')
    ORDER BY letter.id
    FOR UPDATE OF letter
)
UPDATE dead_letters AS letter SET replay_owner = held.message_id
FROM held
WHERE letter.id = held.id
    AND (letter.replayed_as = held.message_id
         OR letter.replay_digest = held.digest
            AND coalesce(letter.replay_owner, held.message_id) = held.message_id)
RETURNING held.message_id
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
WHERE request_id = CAST(:request_id AS uuid) AND message_id = :message_id AND erased_at IS NULL
"""


def replay_states(database: Database, numbers: Sequence[int]) -> list[ReplayState]:
    """Return the present state of dead letters and their replays; unknown numbers are left out."""
    rows = {row["id"]: row for row in database.run(STATES, ids=json_text(list(numbers)))}
    return [ReplayState(**rows[number]) for number in numbers if number in rows]


def issue_replay(database: Database, number: int) -> str:
    """Issue a token for one replay of a dead letter; tokens issued for it before become void."""
    token = secrets.token_urlsafe()
    database.run(ISSUE, id=number, digest=_digest(token))
    return token


def accept_replays(database: Database, received: Sequence[tuple[Message, str]]) -> set[str]:
    """Return the ids of the messages that are replays of their request's dead letter.

    The first message that comes with a token owns it, and stays accepted until it is settled.

    Args:
        received: messages, each with the id of its request.
    """
    items = [
        {
            "message_id": message.message_id,
            "request_id": request_id,
            "digest": _digest(message.replay_token),
        }
        for message, request_id in received
        if message.replay_token
    ]
    rows = database.run(ACCEPT, items=json_text(items)) if items else []
    return {row["message_id"] for row in rows}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def replayed(database: Database, number: int, message_id: str) -> None:
    """Record the id of the message that replays a dead letter."""
    database.run(REPLAYED, id=number, message_id=message_id)


def dead_letter_of(database: Database, request_id: str, message_id: str) -> DeadLetterDetail | None:
    """Return the latest dead letter of a message, or None if it has none."""
    [row] = database.run(LETTER_OF, request_id=request_id, message_id=message_id)
    return reads.dead_letter_detail(database, row["id"]) if row["id"] else None
