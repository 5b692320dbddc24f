"""Claim requests: one SQL statement decides for a whole batch which message gets which request.

A claim also enters the first stage (`transforms.ledger.entries`). The rules that all statements
keep are in `transforms.ledger.statements`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from transforms.ledger import student_quota
from transforms.ledger.database import Database, StatementSlow
from transforms.ledger.entries import FIRST_STAGE, hand_over
from transforms.ledger.jsontext import json_text
from transforms.ledger.student_quota import StudentQuota
from transforms.ledger.values import ClaimRequest, ClaimResult
from transforms.model import Claim, Outcome, OutcomeStatus

RACE_TRIES = 10
"""Tries for messages whose request another worker opens at the same time; usually two suffice."""

# `again_at` is set where a quota refuses a message.
_ITEM = """ AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        position integer, message_id text, publish_time timestamptz, token uuid, replay boolean,
        request_id uuid, modality text, student_id text, correlation_id text, request jsonb,
        expected_usd numeric, again_at timestamptz)
),
"""

_JUDGED = """
known AS MATERIALIZED (
    SELECT request_id, status, message_id, lease_expires_at, cancel_requested_at
    FROM requests
    WHERE request_id IN (SELECT request_id FROM item)
    ORDER BY request_id
    FOR UPDATE
),
-- The kind of each message, as if it were alone in the batch.
judged AS MATERIALIZED (
    SELECT item.*, known.message_id = item.message_id AS owns,
        CASE
            WHEN message.outcome <> 'in_flight'
                AND NOT (item.replay AND message.outcome = 'dead_lettered'
                         AND (coalesce(known.status, 'failed') = 'failed'
                              OR known.status = 'cancelled'
                              AND known.message_id <> item.message_id))
                THEN 'done'
            WHEN erased.request_id IS NOT NULL THEN 'duplicate'
            WHEN known.request_id IS NULL THEN 'new'
            -- The request is or must be cancelled, and is owned by this message or by none.
            WHEN known.message_id IN ('', item.message_id)
                AND (known.status = 'cancelled'
                     OR known.status = 'running' AND known.cancel_requested_at IS NOT NULL)
                THEN 'cancelled'
            WHEN known.status = 'running' AND known.message_id = item.message_id THEN 'resumed'
            WHEN known.status = 'running' AND known.lease_expires_at <= now() THEN
                CASE WHEN known.cancel_requested_at IS NULL OR item.replay
                    THEN 'taken_over' ELSE 'cancelled' END
            WHEN known.status IN ('failed', 'cancelled') AND item.replay THEN 'reopened'
            ELSE 'duplicate'
        END AS kind
    FROM item
    LEFT JOIN known USING (request_id)
    LEFT JOIN messages AS message ON message.message_id = item.message_id
    LEFT JOIN erased_requests AS erased ON erased.request_id = item.request_id
),
-- Of several messages that could claim one request, the owner does, else the first of the batch.
"""

_RANKED = """ AS MATERIALIZED (
    SELECT *, row_number() OVER (
            PARTITION BY request_id, kind IN ('done', 'duplicate')
            ORDER BY owns DESC NULLS LAST, position
        ) = 1 AND kind NOT IN ('done', 'duplicate') AS claims
    FROM judged
),
"""

_WRITTEN = """
opened AS (
    INSERT INTO requests AS request (
        request_id, status, message_id, claim_token, lease_expires_at, attempts,
        modality, student_id, correlation_id, request, entry, open_entries)
    SELECT request_id, 'running', message_id, token, now() + make_interval(secs => :lease), 1,
        modality, student_id, correlation_id, request, 1, jsonb_build_object('1', 'script')
    FROM ranked
    WHERE claims AND kind = 'new'
    ORDER BY request_id
    ON CONFLICT (request_id) DO NOTHING
    RETURNING request_id, claim_token, attempts, entry, 0 AS starts
),
retaken AS (
    UPDATE requests AS request SET
        status = 'running',
        message_id = ranked.message_id,
        claim_token = ranked.token,
        lease_expires_at = now() + make_interval(secs => :lease),
        attempts = request.attempts + 1,
        modality = ranked.modality,
        student_id = ranked.student_id,
        correlation_id = ranked.correlation_id,
        request = ranked.request,
        stage = CASE WHEN ranked.kind IN ('resumed', 'cancelled')
            THEN request.stage END,
        progress = CASE WHEN ranked.kind IN ('resumed', 'cancelled')
            THEN request.progress ELSE 0 END,
        artifacts = CASE WHEN ranked.kind IN ('resumed', 'cancelled')
            THEN request.artifacts ELSE '{}' END,
        error_type = NULL,
        error = NULL,
        cancel_requested_at = CASE WHEN ranked.kind = 'cancelled'
            THEN request.cancel_requested_at END,
        savings = '{}',
        entry = request.entry + 1,
        open_entries = CASE WHEN ranked.kind = 'reopened' THEN '{}' ELSE request.open_entries END
            || CASE WHEN ranked.kind = 'cancelled' THEN '{}'
                ELSE jsonb_build_object(CAST(request.entry + 1 AS text), 'script') END,
        queued_at = NULL,
        started_at = now(),
        completed_at = NULL,
        updated_at = now()
    FROM ranked
    WHERE ranked.claims AND ranked.kind <> 'new' AND request.request_id = ranked.request_id
    RETURNING request.request_id, request.claim_token, request.attempts, request.entry,
        (SELECT CAST(count(*) AS integer) - 1 FROM jsonb_each_text(request.open_entries)
            WHERE value = 'script') AS starts
),
claimed AS (
    SELECT * FROM opened UNION ALL SELECT * FROM retaken
),
-- The decision is NULL where another worker opened the request, or reopened the message, while
-- this statement waited for a lock: the caller repeats it.
decided AS MATERIALIZED (
    SELECT ranked.*, claimed.attempts, claimed.entry, claimed.starts,
        CASE
            WHEN ranked.kind IN ('done', 'duplicate', 'refused') THEN ranked.kind
            WHEN claimed.claim_token = ranked.token THEN ranked.kind
            WHEN claimed.claim_token IS NOT NULL THEN 'duplicate'
        END AS decision
    FROM ranked
    LEFT JOIN claimed USING (request_id)
),
settled AS (
    INSERT INTO messages AS message (
        message_id, request_id, outcome, deliveries, publish_time, settled_at)
    SELECT message_id, request_id,
        CASE WHEN decision = 'duplicate' THEN 'duplicate' ELSE 'in_flight' END, 1, publish_time,
        CASE WHEN decision = 'duplicate' THEN now() END
    FROM decided
    WHERE decision NOT IN ('done', 'refused')
    ORDER BY message_id
    ON CONFLICT (message_id) DO UPDATE SET
        request_id = excluded.request_id,
        deliveries = message.deliveries + 1,
        outcome = CASE WHEN 'in_flight' IN (message.outcome, excluded.outcome)
            THEN excluded.outcome ELSE message.outcome END,
        settled_at = CASE WHEN 'in_flight' IN (message.outcome, excluded.outcome)
            THEN excluded.settled_at ELSE message.settled_at END
    RETURNING message_id, outcome, deliveries, settled_at = now() AS just_settled
),
counted AS (
    UPDATE messages AS message SET deliveries = message.deliveries + 1
    FROM decided
    WHERE decided.decision = 'done' AND message.message_id = decided.message_id
        AND message.outcome <> 'in_flight'
    RETURNING message.message_id, outcome, deliveries, false
)
"""

_ANSWER = """
SELECT decided.position, decided.attempts, decided.entry, decided.starts, decided.again_at,
    message.outcome, message.deliveries,
    CASE WHEN decided.decision = 'refused' THEN 'refused'
        WHEN message.outcome IS NULL THEN NULL
        WHEN decided.decision = 'duplicate' AND NOT message.just_settled THEN 'done'
        ELSE decided.decision END AS kind
FROM decided
LEFT JOIN (SELECT * FROM settled UNION ALL SELECT * FROM counted) AS message USING (message_id)
"""

CLAIM = f"WITH item{_ITEM}{_JUDGED}ranked{_RANKED}{_WRITTEN}{_ANSWER}"
CLAIM_WITHIN_QUOTA = (
    f"WITH given{_ITEM}{student_quota.LOCKED}{_JUDGED}contender{_RANKED}{student_quota.ADMITTED}"
    f"{_WRITTEN}{student_quota.CHARGED}{_ANSWER}"
)

INTERRUPTED = """
SELECT message_id
FROM messages JOIN requests USING (request_id, message_id)
WHERE message_id IN (SELECT json_array_elements_text(CAST(:ids AS json)))
    AND open_entries <> '{}'
"""


def interrupted(database: Database, message_ids: Sequence[str]) -> set[str]:
    """Return the messages with an open entry, whose worker may have died."""
    rows = database.run(INTERRUPTED, ids=json_text(list(message_ids)))
    return {row["message_id"] for row in rows}


def claim(
    database: Database,
    lessons: Sequence[ClaimRequest],
    lease: timedelta,
    quota: StudentQuota | None = None,
) -> list[ClaimResult]:
    """Decide for each message whether the caller gets the claim of its request.

    Args:
        lease: duration of each claim unless it is extended.
        quota: limits of each student; None for none.

    Returns:
        A result for each, in order.
    """
    results: dict[int, ClaimResult] = {}
    last = {lesson.message.message_id: at for at, lesson in enumerate(lessons)}
    tokens = {at: str(uuid4()) for at in sorted(last.values())}
    for at, lesson in enumerate(lessons):
        if at not in tokens:
            results[at] = ClaimResult("superseded", 0, outcome=_superseded(lesson))
    for _ in range(RACE_TRIES):
        if not tokens:
            break
        items = [_item(at, token, lessons[at], quota) for at, token in tokens.items()]
        limits: dict[str, Any] = {}
        if quota:
            limits = student_quota.open_counters(database, [i["student_id"] for i in items], quota)
        rows = database.run(
            CLAIM_WITHIN_QUOTA if quota else CLAIM,
            items=json_text(items),
            lease=lease.total_seconds(),
            **limits,
        )
        for row in rows:
            if row["kind"] is not None:
                at = row["position"]
                results[at] = _result(lessons[at], row, tokens.pop(at), lease)
    if tokens:
        raise StatementSlow("postgres", f"lost {RACE_TRIES} races for one request in a row")
    return [results[at] for at in range(len(lessons))]


def _item(
    position: int, token: str, lesson: ClaimRequest, quota: StudentQuota | None
) -> dict[str, Any]:
    message, request = lesson.message, lesson.request
    fields = {f.name: getattr(request, f.name) for f in dataclasses.fields(request)}
    return {
        "position": position,
        "message_id": message.message_id,
        "publish_time": message.publish_time.isoformat(),
        "token": token,
        "replay": lesson.replay,
        "request_id": request.request_id,
        "modality": request.modality,
        "student_id": request.student_id,
        "correlation_id": request.correlation_id,
        "request": fields,
        "expected_usd": quota.expected_usd[request.modality] if quota else None,
    }


def _result(
    lesson: ClaimRequest,
    row: Mapping[str, Any],
    token: str,
    lease: timedelta,
) -> ClaimResult:
    kind, deliveries = row["kind"], row["deliveries"]
    if kind == "refused":
        return ClaimResult(kind, 0, again_at=row["again_at"])
    if kind in ("duplicate", "done"):
        return ClaimResult(kind, deliveries, outcome=_settled(lesson, row["outcome"], kind))
    claim = Claim(token, row["attempts"], lease.total_seconds(), entry=row["entry"])
    if kind != "cancelled":
        hand_over(claim, FIRST_STAGE, row["starts"])
    return ClaimResult(kind, deliveries, claim=claim)


def _settled(lesson: ClaimRequest, status: OutcomeStatus, kind: str) -> Outcome:
    reason = (
        "this message was settled by an earlier delivery"
        if kind == "done"
        else "another message owns this request"
    )
    return Outcome(
        message_id=lesson.message.message_id,
        status=status,
        request_id=lesson.request.request_id,
        stage="claim",
        reason=reason,
    )


def _superseded(lesson: ClaimRequest) -> Outcome:
    return Outcome(
        message_id=lesson.message.message_id,
        status="superseded",
        request_id=lesson.request.request_id,
        stage="claim",
        reason="the same message occurs again later in the batch",
    )
