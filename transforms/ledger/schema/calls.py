"""Paid calls, and what limits them."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from transforms.ledger.columns import json_column, one_of, timestamp, usd
from transforms.ledger.personal import personal
from transforms.ledger.schema.conventions import VACUUM, metadata

CALL_OUTCOMES = ("open", "answered", "failed")

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
    json_column("usage", "{}"),
    usd("expected_usd"),
    usd("cost_usd"),
    timestamp("started_at", now=True),
    timestamp("finished_at", required=False),
    one_of("outcome", CALL_OUTCOMES),
    CheckConstraint("(outcome = 'open') = (finished_at IS NULL)", name="finished"),
    # Closing a row changes no indexed column, and finds free space on the same page.
    postgresql_with={"fillfactor": "70", **VACUUM},
)
Index(None, calls.c.request_id)
Index(None, calls.c.started_at)

# Costs of the last two hours by minute, kept by triggers. Rows are used again.
recent_costs = Table(
    "recent_costs",
    metadata,
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    timestamp("minute"),
    usd("cost_usd"),
    postgresql_with={"fillfactor": "50"},
)

# Limits of calls that all workers share. There are few rows, updated in place.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("name", Text, primary_key=True),
    timestamp("next_at"),
    postgresql_with={"fillfactor": "10"},
)
