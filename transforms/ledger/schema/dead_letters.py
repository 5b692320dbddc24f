"""Dead letters."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from transforms.ledger.columns import json_column, timestamp
from transforms.ledger.personal import personal
from transforms.ledger.schema.conventions import MESSAGE_ID, VACUUM, metadata

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("message_id", Text, nullable=False, info=MESSAGE_ID),
    Column("request_id", Uuid),
    Column("claim_token", Uuid),
    Column("data", LargeBinary, nullable=False, info=personal("the message's bytes", "''")),
    json_column("attributes", "{}", "attributes of the publisher"),
    timestamp("publish_time"),
    Column("delivery_attempt", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("field", Text, info=personal("a field's name, as the publisher wrote it", "NULL")),
    Column("error_type", Text, nullable=False),
    Column("error", Text, nullable=False, info=personal("may quote the message", "'erased'")),
    Column("traceback", Text, info=personal("may quote the message", "NULL")),
    Column("retryable", Boolean, nullable=False),
    json_column("attempts", "[]", "may quote the message"),
    timestamp("occurred_at"),
    timestamp("recorded_at", now=True),
    Column("replays", Integer, nullable=False, server_default=text("0")),
    timestamp("replayed_at", required=False),
    Column("replayed_as", Text, info=MESSAGE_ID),
    # Empty if the message names no student; NULL if an older release wrote the row.
    Column("student_id", Text, info=personal("the student's id", "NULL")),
    timestamp("erased_at", required=False),
    # Of the token of the latest replay: its SHA-256 in hexadecimal, and the message that owns it.
    Column("replay_digest", Text),
    Column("replay_owner", Text, info=MESSAGE_ID),
    postgresql_with=VACUUM,
)
# A failure that is recorded twice is one row: per claim, or per message and stage without a claim.
Index(
    "dead_letters_claim_token_key",
    dead_letters.c.claim_token,
    unique=True,
    postgresql_where=dead_letters.c.claim_token.is_not(None),
)
Index(
    "dead_letters_message_id_stage_key",
    dead_letters.c.message_id,
    dead_letters.c.stage,
    unique=True,
    postgresql_where=dead_letters.c.claim_token.is_(None),
)
Index(None, dead_letters.c.request_id)
Index(None, dead_letters.c.recorded_at)
Index(None, dead_letters.c.student_id)
