"""Students' quotas, care and erasures."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, Text, Uuid, text

from transforms.ledger.columns import json_column, one_of, timestamp, usd
from transforms.ledger.personal import DELETED, personal
from transforms.ledger.schema.conventions import metadata
from transforms.model import CARE_CATEGORIES

# Requests of erased students: a redelivered message must not bring one back.
erased_requests = Table(
    "erased_requests",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    timestamp("erased_at", now=True),
    timestamp("writers_until"),
    timestamp("swept_at", required=False),
    timestamp("expires_at"),
)

# Exports and erasures of students' data, without anything about the student.
privacy_log = Table(
    "privacy_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reference", Text),
    json_column("counts", "{}"),
    timestamp("started_at", now=True),
    timestamp("finished_at", required=False),
)

# What each student has asked for, for quotas.
student_usage = Table(
    "student_usage",
    metadata,
    Column("student_id", Text, primary_key=True, info=personal("the student's id", DELETED)),
    timestamp("hour", key=True),
    Column("requests", Integer, nullable=False, server_default=text("0")),
    usd("expected_usd"),
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
    timestamp("noticed_at", now=True),
    timestamp("told_at", required=False),
    one_of("category", CARE_CATEGORIES),
    one_of("level", ("urgent", "unsure")),
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
