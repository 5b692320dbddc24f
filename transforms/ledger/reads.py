"""Read requests, stages, dead letters and totals of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from transforms.ledger import hourly
from transforms.ledger.database import Database
from transforms.ledger.rows import (
    DeadLetterDetail,
    DeadLetterRow,
    RequestRow,
    StageRow,
    Totals,
)
from transforms.model import Attempt, Message

R = TypeVar("R")

LETTER_COLUMNS = """
    id, message_id, CAST(request_id AS text) AS request_id, stage, field, error_type, error,
    retryable, octet_length(data) AS size, publish_time, occurred_at, recorded_at, replays,
    replayed_at, replayed_as
"""

REQUEST_COLUMNS = """
    CAST(request_id AS text) AS request_id, status, stage, progress, modality, student_id,
    correlation_id, request, message_id, attempts, lease_expires_at, artifacts, script_uri,
    narration_uri, captions_uri, video_uri, thumbnail_uri, manifest_uri, script, error_type, error,
    CAST(cost_usd AS double precision) AS cost_usd,
    CAST(cost_saved_usd AS double precision) AS cost_saved_usd,
    created_at, started_at, completed_at, updated_at, cancel_requested_at, savings, queued_at,
    coalesce(lease_expires_at <= now(), false) AS lapsed
"""

RUNNING_AS = ("running", "queued", "cancelling", "lapsed")
"""The statuses shown for a running request."""

UNSETTLED = "unsettled"
"""Any of `RUNNING_AS`; its requests are listed oldest first."""

_SHOWN_STATUS = """
    CASE
        WHEN lease_expires_at <= now() THEN 'lapsed'
        WHEN status = 'running' AND cancel_requested_at IS NOT NULL THEN 'cancelling'
        WHEN status = 'running' AND queued_at IS NOT NULL THEN 'queued'
        ELSE status
    END
"""

# The plain comparison of the column lets Postgres use its index.
_MATCHES = f"""
    (CAST(:request_id AS uuid) IS NULL OR request_id = CAST(:request_id AS uuid))
    AND (CAST(:stored_status AS text) IS NULL OR status = CAST(:stored_status AS text))
    AND (CAST(:status AS text) IS NULL OR {_SHOWN_STATUS} = CAST(:status AS text))
    AND (CAST(:student AS text) IS NULL OR student_id = CAST(:student AS text))
    AND (CAST(:stage AS text) IS NULL OR stage = CAST(:stage AS text))
    AND (CAST(:since AS timestamptz) IS NULL OR created_at >= CAST(:since AS timestamptz))
    AND (CAST(:modality AS text) IS NULL OR modality = CAST(:modality AS text))
    AND (CAST(:search AS text) IS NULL OR position(lower(CAST(:search AS text)) IN lower(concat_ws(
        ' ', request_id, student_id, correlation_id, request ->> 'student_query',
        request ->> 'interest', error))) > 0)
"""

_REQUESTS = f"""
SELECT {REQUEST_COLUMNS}
FROM requests
WHERE {_MATCHES}
    AND (CAST(:after AS timestamptz) IS NULL OR created_at %(beyond)s= CAST(:after AS timestamptz))
    AND (CAST(:after AS timestamptz) IS NULL OR created_at %(beyond)s CAST(:after AS timestamptz)
        OR request_id > CAST(:after_id AS uuid))
ORDER BY created_at %(order)s, request_id
LIMIT CAST(:limit AS bigint)
"""  # noqa: S608

NEWEST_REQUESTS = _REQUESTS % {"beyond": "<", "order": "DESC"}
OLDEST_REQUESTS = _REQUESTS % {"beyond": ">", "order": "ASC"}

# Ended requests, nearly all, are counted by an index alone; only of running ones is the row read.
REQUEST_COUNTS = f"""
SELECT shown, count(*) AS number
FROM (
    SELECT status AS shown FROM requests WHERE status <> 'running' AND {_MATCHES}
    UNION ALL
    SELECT {_SHOWN_STATUS} FROM requests WHERE status = 'running' AND {_MATCHES}
) AS matching
GROUP BY shown
"""  # noqa: S608

LAPSED_CLAIMS = """
SELECT count(*) AS number
FROM requests
WHERE status = 'running'
    AND lease_expires_at <= now() - make_interval(secs => CAST(:seconds AS double precision))
"""

STAGE_COLUMNS = """
    CAST(request_id AS text) AS request_id, attempt, stage, engine, fingerprint, seconds,
    CAST(cost_usd AS double precision) AS cost_usd, usage, artifacts, tries, reused, model,
    fallback, started_at, finished_at
"""

STAGES = f"""
SELECT {STAGE_COLUMNS}
FROM stages
WHERE request_id = CAST(:request_id AS uuid)
ORDER BY attempt, finished_at
"""  # noqa: S608

DEAD_LETTERS = f"""
SELECT {LETTER_COLUMNS}
FROM dead_letters
WHERE erased_at IS NULL
    AND (CAST(:request_id AS uuid) IS NULL OR request_id = CAST(:request_id AS uuid))
    AND (CAST(:stage AS text) IS NULL OR stage = CAST(:stage AS text))
    AND (CAST(:error AS text) IS NULL OR position(lower(CAST(:error AS text)) IN
        lower(concat_ws(' ', error_type, field, error))) > 0)
    AND (CAST(:retryable AS boolean) IS NULL OR retryable = CAST(:retryable AS boolean))
    AND (CAST(:since AS timestamptz) IS NULL OR recorded_at >= CAST(:since AS timestamptz))
ORDER BY id DESC
LIMIT CAST(:limit AS bigint)
"""  # noqa: S608

DEAD_LETTER = f"""
SELECT {LETTER_COLUMNS}, data, attributes, delivery_attempt, traceback, attempts
FROM dead_letters
WHERE id = :id AND erased_at IS NULL
"""  # noqa: S608

TOTALS = f"""
WITH {hourly.MESSAGE_PARTS}
SELECT CAST(coalesce(sum(messages), 0) AS bigint) AS received,
    CAST(coalesce(sum(messages) FILTER (WHERE outcome IN ('completed', 'needs_care')), 0)
        AS bigint) AS completed,
    CAST(coalesce(sum(messages) FILTER (WHERE outcome = 'duplicate'), 0) AS bigint) AS duplicates,
    CAST(coalesce(sum(messages) FILTER (WHERE outcome IN ('dead_lettered', 'cancelled')), 0)
        AS bigint) AS dead_lettered,
    CAST(coalesce(sum(messages) FILTER (WHERE outcome = 'in_flight'), 0) AS bigint) AS in_flight
FROM part
"""  # noqa: S608


def requests(
    database: Database,
    request_id: str | None = None,
    limit: int | None = 100,
    status: str | None = None,
    since: datetime | None = None,
    student: str | None = None,
    stage: str | None = None,
    modality: str | None = None,
    search: str | None = None,
    after: tuple[datetime, str] | None = None,
) -> list[RequestRow]:
    """List requests, newest first; those that are `UNSETTLED`, oldest first.

    Args:
        limit: maximum number; None for all.
        status: `UNSETTLED`, one of `RUNNING_AS`, ``completed``, ``failed``, ``cancelled`` or
            ``needs_care``.
        since: created then or later.
        student: with this student id.
        stage: running in this stage, or ended in it.
        modality: of this modality.
        search: part of the question, interest, error or an id, in any case.
        after: `created_at` and `request_id` of the row that precedes the first one listed.
    """
    if request_id is not None and not _is_uuid(request_id):
        return []
    filters = _request_filters(request_id, status, since, student, stage, modality, search)
    last, last_id = after or (None, None)
    statement = OLDEST_REQUESTS if status == UNSETTLED else NEWEST_REQUESTS
    rows = database.run(statement, limit=limit, after=_iso(last), after_id=last_id, **filters)
    return [read(RequestRow, row) for row in rows]


def request_counts(
    database: Database,
    request_id: str | None = None,
    status: str | None = None,
    since: datetime | None = None,
    student: str | None = None,
    stage: str | None = None,
    modality: str | None = None,
    search: str | None = None,
) -> dict[str, int]:
    """Count the requests that `requests` lists without a limit, by status as shown."""
    if request_id is not None and not _is_uuid(request_id):
        return {}
    filters = _request_filters(request_id, status, since, student, stage, modality, search)
    return {row["shown"]: row["number"] for row in database.run(REQUEST_COUNTS, **filters)}


def lapsed_claims(database: Database, lapsed_for: timedelta = timedelta()) -> int:
    """Count the running requests whose lease expired at least `lapsed_for` ago."""
    [row] = database.run(LAPSED_CLAIMS, seconds=lapsed_for.total_seconds())
    return int(row["number"])


def _request_filters(
    request_id: str | None,
    status: str | None,
    since: datetime | None,
    student: str | None,
    stage: str | None,
    modality: str | None,
    search: str | None,
) -> dict[str, str | None]:
    return {
        "request_id": request_id,
        "status": None if status == UNSETTLED else status,
        "stored_status": "running" if status in (UNSETTLED, *RUNNING_AS) else status,
        "since": _iso(since),
        "student": student,
        "stage": stage,
        "modality": modality,
        "search": search,
    }


def stages(database: Database, request_id: str) -> list[StageRow]:
    """List the stages of a request in the order they ended."""
    if not _is_uuid(request_id):
        return []
    return [read(StageRow, row) for row in database.run(STAGES, request_id=request_id)]


def dead_letters(
    database: Database,
    request_id: str | None = None,
    stage: str | None = None,
    error: str | None = None,
    retryable: bool | None = None,
    since: datetime | None = None,
    limit: int | None = 100,
) -> list[DeadLetterRow]:
    """List dead letters without their payload, newest first.

    Args:
        error: part of the error's type, field or text, in any case.
        since: recorded then or later.
        limit: maximum number; None for all.
    """
    if request_id is not None and not _is_uuid(request_id):
        return []
    rows = database.run(
        DEAD_LETTERS,
        request_id=request_id,
        stage=stage,
        error=error,
        retryable=retryable,
        since=_iso(since),
        limit=limit,
    )
    return [read(DeadLetterRow, row) for row in rows]


def dead_letter_detail(database: Database, number: int) -> DeadLetterDetail | None:
    """Return a dead letter with its payload, or None if there is none of that number."""
    rows = database.run(DEAD_LETTER, id=number)
    return letter(rows[0]) if rows else None


def totals(database: Database, since: datetime | None = None) -> Totals:
    """Count messages received since a time by outcome, pruned ones included."""
    [row] = database.run(TOTALS, **hourly.period(since, None))
    return read(Totals, row)


def letter(row: Mapping[str, Any]) -> DeadLetterDetail:
    """Build a `DeadLetterDetail` from a row of `DEAD_LETTER`."""
    message = Message(
        row["data"],
        row["attributes"],
        row["message_id"],
        row["publish_time"],
        row["delivery_attempt"],
    )
    attempts = tuple(
        Attempt(datetime.fromisoformat(a["at"]), a["error_type"], a["message"])
        for a in row["attempts"]
    )
    return read(DeadLetterDetail, {**row, "message": message, "attempts": attempts})


def read(cls: type[R], row: Mapping[str, Any]) -> R:
    """Build an instance of a dataclass from the columns of a row with its fields' names."""
    return cls(**{field.name: row[field.name] for field in fields(cls)})  # type: ignore[arg-type]


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
