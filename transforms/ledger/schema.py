"""SQLAlchemy tables of the ledger at the newest migration.

The migrations create them; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from transforms.ledger.columns import count as _count
from transforms.ledger.columns import json_column as _json
from transforms.ledger.columns import one_of as _one_of
from transforms.ledger.columns import timestamp as _timestamp
from transforms.ledger.columns import usd as _usd
from transforms.ledger.personal import DELETED, personal
from transforms.model import CARE_CATEGORIES

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

# A large table is vacuumed after a hundredth of its rows has changed, not after a fifth.
_VACUUM = {
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_insert_scale_factor": "0.01",
    "autovacuum_analyze_scale_factor": "0.01",
}

OUTCOMES = ("in_flight", "completed", "duplicate", "dead_lettered")
STATUSES = ("running", "completed", "failed", "cancelled", "needs_care")
CALL_OUTCOMES = ("open", "answered", "failed")

ARTIFACT_COLUMNS = {
    "script_uri": "script.json",
    "narration_uri": "narration.m4a",
    "captions_uri": "captions.vtt",
    "video_uri": "video.mp4",
    "thumbnail_uri": "thumbnail.jpg",
    "manifest_uri": "manifest.json",
}
"""Columns with an artifact's URI, and the name of that artifact."""


_MESSAGE_ID = personal("Pub/Sub's id; where there is none, a digest of the content", None)

messages = Table(
    "messages",
    metadata,
    Column("message_id", Text, primary_key=True, info=_MESSAGE_ID),
    Column("request_id", Uuid),
    Column("outcome", Text, nullable=False),
    Column("deliveries", Integer, nullable=False),
    # Written by the previous release only; `requests.open_entries` replaces it.
    Column("released", Integer, nullable=False, server_default=text("0")),
    _timestamp("publish_time"),
    _timestamp("received_at", now=True),
    _timestamp("settled_at", required=False),
    _one_of("outcome", OUTCOMES),
    CheckConstraint("(outcome = 'in_flight') = (settled_at IS NULL)", name="settled"),
    # Rows are updated once, when settled: free space keeps that update on the same page.
    postgresql_with={"fillfactor": "80", **_VACUUM},
)
Index(None, messages.c.received_at)
Index(None, messages.c.request_id)

requests = Table(
    "requests",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("status", Text, nullable=False),
    Column("stage", Text),
    Column("progress", SmallInteger, nullable=False, server_default=text("0")),
    Column("modality", Text, nullable=False),
    Column("student_id", Text, nullable=False, info=personal("the student's id", "''")),
    Column("correlation_id", Text, nullable=False, info=personal("text of the publisher", "''")),
    Column("request", JSONB, nullable=False, info=personal("the whole request", "'{}'")),
    Column("message_id", Text, nullable=False, info=_MESSAGE_ID),
    Column("claim_token", Uuid),
    _timestamp("lease_expires_at", required=False),
    Column("attempts", Integer, nullable=False),
    _json("artifacts", "{}", "addresses and descriptions of the files"),
    *(
        Column(column, Text, Computed(f"artifacts -> '{name}' ->> 'uri'", persisted=True))
        for column, name in ARTIFACT_COLUMNS.items()
    ),
    Column("script", Text, info=personal("the text of the lesson", "NULL")),
    Column("error_type", Text),
    Column("error", Text, info=personal("may quote the request", "NULL")),
    _usd("cost_usd"),
    _usd("cost_saved_usd"),
    _timestamp("created_at", now=True),
    _timestamp("started_at", now=True),
    _timestamp("completed_at", required=False),
    _timestamp("updated_at", now=True),
    _timestamp("cancel_requested_at", required=False),
    _json("savings", "{}"),
    Column("entry", Integer, nullable=False, server_default=text("0")),
    _json("open_entries", "{}"),
    _timestamp("queued_at", required=False),
    _one_of("status", STATUSES),
    CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
    CheckConstraint("(status = 'running') = (lease_expires_at IS NOT NULL)", name="lease"),
    # No index covers the columns that heartbeat and progress change, and pages keep free space for
    # new row versions, so those updates are heap-only (HOT) and touch no index.
    postgresql_with={"fillfactor": "70", **_VACUUM},
)
Index(None, requests.c.created_at)
Index(None, requests.c.status, requests.c.created_at)
Index(
    None,
    requests.c.status,
    requests.c.completed_at,
    postgresql_where=requests.c.status.in_(("failed", "cancelled")),
)
# This index and that of `stages` hold all that the costs of a period are computed from.
Index(
    None,
    requests.c.completed_at,
    postgresql_include=["request_id", "modality", "savings"],
    postgresql_where=requests.c.status == "completed",
)
Index(None, requests.c.student_id, requests.c.created_at)

stages = Table(
    "stages",
    metadata,
    Column(
        "request_id",
        Uuid,
        ForeignKey("requests.request_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("stage", Text, primary_key=True),
    Column("engine", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, info=personal("a digest of the request", "''")),
    Column("seconds", Double, nullable=False),
    _usd("cost_usd"),
    _json("usage", "{}"),
    _json("artifacts", "{}", "addresses and descriptions of the files"),
    Column("tries", Integer, nullable=False),
    Column("reused", Boolean, nullable=False),
    _timestamp("started_at"),
    _timestamp("finished_at"),
    Column("model", Text, nullable=False, server_default=""),
    Column("fallback", Boolean, nullable=False, server_default=text("false")),
    _usd("calls_usd"),
    postgresql_with=_VACUUM,
)
Index(
    "stages_costs_idx",
    stages.c.finished_at,
    postgresql_include=["request_id", "stage", "engine", "cost_usd", "reused"],
)

# Calls that cost money. A row is written before its call is sent, and counts what is expected until
# it is closed. Its request need not exist: that of a canary is recorded last.
calls = Table(
    "calls",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    *(Column(name, Integer, nullable=False) for name in ("attempt", "entry")),
    *(Column(name, Text, nullable=False) for name in ("modality", "stage", "engine", "purpose")),
    *(
        Column(name, Text, nullable=False, server_default=text("''"))
        for name in ("reason", "model")
    ),
    Column("input", Text, nullable=False, info=personal("a digest of the request", "''")),
    Column("outcome", Text, nullable=False, server_default=text("'open'")),
    Column("error", Text),
    _json("usage", "{}"),
    _usd("expected_usd"),
    _usd("cost_usd"),
    _timestamp("started_at", now=True),
    _timestamp("finished_at", required=False),
    _one_of("outcome", CALL_OUTCOMES),
    CheckConstraint("(outcome = 'open') = (finished_at IS NULL)", name="finished"),
    # Closing a row changes no indexed column, and finds free space on the same page.
    postgresql_with={"fillfactor": "70", **_VACUUM},
)
Index(None, calls.c.request_id)
Index(None, calls.c.started_at)

# Costs of the last two hours by minute, kept by triggers. Rows are used again.
recent_costs = Table(
    "recent_costs",
    metadata,
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    _timestamp("minute"),
    _usd("cost_usd"),
    postgresql_with={"fillfactor": "50"},
)

# Limits of calls that all workers share. There are few rows, updated in place.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("name", Text, primary_key=True),
    _timestamp("next_at"),
    postgresql_with={"fillfactor": "10"},
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("message_id", Text, nullable=False, info=_MESSAGE_ID),
    Column("request_id", Uuid),
    Column("claim_token", Uuid),
    Column("data", LargeBinary, nullable=False, info=personal("the message's bytes", "''")),
    _json("attributes", "{}", "attributes of the publisher"),
    _timestamp("publish_time"),
    Column("delivery_attempt", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("field", Text, info=personal("a field's name, as the publisher wrote it", "NULL")),
    Column("error_type", Text, nullable=False),
    Column("error", Text, nullable=False, info=personal("may quote the message", "'erased'")),
    Column("traceback", Text, info=personal("may quote the message", "NULL")),
    Column("retryable", Boolean, nullable=False),
    _json("attempts", "[]", "may quote the message"),
    _timestamp("occurred_at"),
    _timestamp("recorded_at", now=True),
    Column("replays", Integer, nullable=False, server_default=text("0")),
    _timestamp("replayed_at", required=False),
    Column("replayed_as", Text, info=_MESSAGE_ID),
    # Empty if the message names no student; NULL if an older release wrote the row.
    Column("student_id", Text, info=personal("the student's id", "NULL")),
    _timestamp("erased_at", required=False),
    # Of the token of the latest replay: its SHA-256 in hexadecimal, and the message that owns it.
    Column("replay_digest", Text),
    Column("replay_owner", Text, info=_MESSAGE_ID),
    postgresql_with=_VACUUM,
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

# Requests of erased students: a redelivered message must not bring one back.
erased_requests = Table(
    "erased_requests",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    _timestamp("erased_at", now=True),
    _timestamp("writers_until"),
    _timestamp("swept_at", required=False),
    _timestamp("expires_at"),
)

# Exports and erasures of students' data, without anything about the student.
privacy_log = Table(
    "privacy_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reference", Text),
    _json("counts", "{}"),
    _timestamp("started_at", now=True),
    _timestamp("finished_at", required=False),
)

# What each student has asked for, for quotas.
student_usage = Table(
    "student_usage",
    metadata,
    Column("student_id", Text, primary_key=True, info=personal("the student's id", DELETED)),
    _timestamp("hour", key=True),
    Column("requests", Integer, nullable=False, server_default=text("0")),
    _usd("expected_usd"),
    postgresql_with={"fillfactor": "70"},
)

# Students who need care: the text that the front end shows, and the words for authorised staff.
care = Table(
    "care",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("category", "level", "language", "region")),
    Column("help", Text, nullable=False),
    Column("student_id", Text, nullable=False, info=personal("the student's id", DELETED)),
    _timestamp("noticed_at", now=True),
    _timestamp("told_at", required=False),
    _one_of("category", CARE_CATEGORIES),
    _one_of("level", ("urgent", "unsure")),
)
Index(None, care.c.noticed_at)
Index(None, care.c.student_id)

care_words = Table(
    "care_words",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("student_id", Text, nullable=False, info=personal("the student's id", DELETED)),
    Column("words", Text, nullable=False, info=personal("what the student typed", DELETED)),
)
Index(None, care_words.c.student_id)

# Totals by hour (UTC), kept by triggers; pruned rows stay in them.
hourly_messages = Table(
    "hourly_messages",
    metadata,
    _timestamp("hour", key=True),
    Column("outcome", Text, primary_key=True),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    _count("messages"),
    _timestamp("first_at"),
    _timestamp("last_at"),
    postgresql_with={"fillfactor": "70"},
)

# A request has stages in several rows, and counts in one row of its day, of its modality, of each
# of its engines and of each of its stages.
_STAGE_TOTALS = (
    *("day_requests", "modality_requests", "engine_requests", "stage_requests"),
    *("done", "reused", "skipped"),
)

hourly_stages = Table(
    "hourly_stages",
    metadata,
    _timestamp("hour", key=True),
    Column("modality", Text, primary_key=True),
    Column("engine", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    *map(_count, _STAGE_TOTALS),
    _usd("cost_usd"),
    _usd("reuse_saved_usd"),
    _usd("skip_saved_usd"),
    postgresql_with={"fillfactor": "70"},
)

# Older rows are not in the hourly totals yet.
totals_since = Table(
    "totals_since",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    _timestamp("since"),
    CheckConstraint("id", name="id"),
)

# Totals of rows pruned before migration 0008, by the day (UTC) on which they were received, created
# or finished. Only jobs that still run older code read them, so a later migration can drop them.
daily_messages = Table(
    "daily_messages",
    metadata,
    Column("day", Date, primary_key=True),
    Column("outcome", Text, primary_key=True),
    _count("messages"),
    _timestamp("first_at"),
    _timestamp("last_at"),
)

daily_requests = Table(
    "daily_requests",
    metadata,
    Column("day", Date, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("modality", Text, primary_key=True),
    _count("requests"),
    _usd("cost_usd"),
    _usd("cost_saved_usd"),
)

daily_stages = Table(
    "daily_stages",
    metadata,
    Column("day", Date, primary_key=True),
    Column("modality", Text, primary_key=True),
    Column("engine", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    *map(_count, _STAGE_TOTALS),
    _usd("cost_usd"),
    _usd("reuse_saved_usd"),
    _usd("skip_saved_usd"),
)
