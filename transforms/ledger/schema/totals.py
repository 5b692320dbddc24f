"""Totals by hour, and those by day that they replace."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, SmallInteger, Table, Text, text

from transforms.ledger.columns import count, timestamp, usd
from transforms.ledger.schema.conventions import metadata

# Totals by hour (UTC), kept by triggers; pruned rows stay in them.
hourly_messages = Table(
    "hourly_messages",
    metadata,
    timestamp("hour", key=True),
    Column("outcome", Text, primary_key=True),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    count("messages"),
    timestamp("first_at"),
    timestamp("last_at"),
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
    timestamp("hour", key=True),
    Column("modality", Text, primary_key=True),
    Column("engine", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    *map(count, _STAGE_TOTALS),
    usd("cost_usd"),
    usd("reuse_saved_usd"),
    usd("skip_saved_usd"),
    postgresql_with={"fillfactor": "70"},
)

# Older rows are not in the hourly totals yet.
totals_since = Table(
    "totals_since",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    timestamp("since"),
    CheckConstraint("id", name="id"),
)

# Totals of rows pruned before migration 0008, by the day (UTC) on which they were received, created
# or finished. Only jobs that still run older code read them, so a later migration can drop them.
daily_messages = Table(
    "daily_messages",
    metadata,
    Column("day", Date, primary_key=True),
    Column("outcome", Text, primary_key=True),
    count("messages"),
    timestamp("first_at"),
    timestamp("last_at"),
)

daily_requests = Table(
    "daily_requests",
    metadata,
    Column("day", Date, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("modality", Text, primary_key=True),
    count("requests"),
    usd("cost_usd"),
    usd("cost_saved_usd"),
)

daily_stages = Table(
    "daily_stages",
    metadata,
    Column("day", Date, primary_key=True),
    Column("modality", Text, primary_key=True),
    Column("engine", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    *map(count, _STAGE_TOTALS),
    usd("cost_usd"),
    usd("reuse_saved_usd"),
    usd("skip_saved_usd"),
)
