"""Messages, the requests that they ask for, and the stages of those."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from transforms.ledger.columns import json_column, one_of, timestamp, usd
from transforms.ledger.personal import personal
from transforms.ledger.schema.conventions import MESSAGE_ID, VACUUM, metadata

OUTCOMES = ("in_flight", "completed", "duplicate", "dead_lettered")
STATUSES = ("running", "completed", "failed", "cancelled", "needs_care")

ARTIFACT_COLUMNS = {
    "script_uri": "script.json",
    "narration_uri": "narration.m4a",
    "captions_uri": "captions.vtt",
    "video_uri": "video.mp4",
    "thumbnail_uri": "thumbnail.jpg",
    "manifest_uri": "manifest.json",
}
"""Columns with an artifact's URI, and the name of that artifact."""

messages = Table(
    "messages",
    metadata,
    Column("message_id", Text, primary_key=True, info=MESSAGE_ID),
    Column("request_id", Uuid),
    Column("outcome", Text, nullable=False),
    Column("deliveries", Integer, nullable=False),
    # Written by the previous release only; `requests.open_entries` replaces it.
    Column("released", Integer, nullable=False, server_default=text("0")),
    timestamp("publish_time"),
    timestamp("received_at", now=True),
    timestamp("settled_at", required=False),
    one_of("outcome", OUTCOMES),
    CheckConstraint("(outcome = 'in_flight') = (settled_at IS NULL)", name="settled"),
    # Rows are updated once, when settled: free space keeps that update on the same page.
    postgresql_with={"fillfactor": "80", **VACUUM},
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
    Column("message_id", Text, nullable=False, info=MESSAGE_ID),
    Column("claim_token", Uuid),
    timestamp("lease_expires_at", required=False),
    Column("attempts", Integer, nullable=False),
    json_column("artifacts", "{}", "addresses and descriptions of the files"),
    *(
        Column(column, Text, Computed(f"artifacts -> '{name}' ->> 'uri'", persisted=True))
        for column, name in ARTIFACT_COLUMNS.items()
    ),
    Column("script", Text, info=personal("the text of the lesson", "NULL")),
    Column("error_type", Text),
    Column("error", Text, info=personal("may quote the request", "NULL")),
    usd("cost_usd"),
    usd("cost_saved_usd"),
    timestamp("created_at", now=True),
    timestamp("started_at", now=True),
    timestamp("completed_at", required=False),
    timestamp("updated_at", now=True),
    timestamp("cancel_requested_at", required=False),
    json_column("savings", "{}"),
    Column("entry", Integer, nullable=False, server_default=text("0")),
    json_column("open_entries", "{}"),
    timestamp("queued_at", required=False),
    one_of("status", STATUSES),
    CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
    CheckConstraint("(status = 'running') = (lease_expires_at IS NOT NULL)", name="lease"),
    # No index covers the columns that heartbeat and progress change, and pages keep free space for
    # new row versions, so those updates are heap-only (HOT) and touch no index.
    postgresql_with={"fillfactor": "70", **VACUUM},
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
    usd("cost_usd"),
    json_column("usage", "{}"),
    json_column("artifacts", "{}", "addresses and descriptions of the files"),
    Column("tries", Integer, nullable=False),
    Column("reused", Boolean, nullable=False),
    timestamp("started_at"),
    timestamp("finished_at"),
    Column("model", Text, nullable=False, server_default=""),
    Column("fallback", Boolean, nullable=False, server_default=text("false")),
    usd("calls_usd"),
    postgresql_with=VACUUM,
)
Index(
    "stages_costs_idx",
    stages.c.finished_at,
    postgresql_include=["request_id", "stage", "engine", "cost_usd", "reused"],
)
