"""Enter a stage: one SQL statement decides which worker processes a request's stage.

A runner may process an element again while the worker it had before is only paused. Each worker
enters the stage first, which raises the number in the request's row by one. Later writes need that
number, so of two workers with the same element the last to enter wins. The number stays in the
memory of the worker and never travels with the element.

A worker closes its entry when it records progress, hands the request back or ends it. An entry that
stays open may belong to a worker that died.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from transforms.ledger.database import Database, StatementSlow
from transforms.ledger.jsontext import json_text
from transforms.model import ENGINE_STAGES, Claim, Lesson, Outcome

FIRST_STAGE = ENGINE_STAGES[0]
"""The stage that a claim enters in its own statement."""

RACE_TRIES = 10
"""Tries for messages that another worker settles at the same time; usually two suffice."""

MAX_HANDED_OVER = 10_000
"""Most entries held for a next step; the oldest are forgotten, and their stages enter again."""

ENTER = """
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        position integer, request_id uuid, token uuid, message_id text, lease double precision)
),
known AS MATERIALIZED (
    SELECT request_id, status, claim_token, open_entries, cancel_requested_at
    FROM requests
    WHERE request_id IN (SELECT request_id FROM item)
    ORDER BY request_id
    FOR UPDATE
),
judged AS MATERIALIZED (
    SELECT item.*, message.outcome,
        known.claim_token = item.token AND known.status = 'running' AS fits,
        (SELECT CAST(count(*) AS integer) FROM jsonb_each_text(known.open_entries)
            WHERE value = CAST(:stage AS text)) AS starts,
        CASE
            WHEN message.outcome <> 'in_flight' THEN 'done'
            WHEN known.claim_token = item.token AND known.status = 'running'
                THEN CASE WHEN known.cancel_requested_at IS NULL THEN 'go' ELSE 'cancelled' END
            WHEN known.status = 'cancelled' THEN 'cancelled'
            WHEN known.status IN ('completed', 'failed', 'needs_care') THEN 'duplicate'
            ELSE 'lost'
        END AS kind
    FROM item
    LEFT JOIN known USING (request_id)
    LEFT JOIN messages AS message ON message.message_id = item.message_id
),
entered AS (
    UPDATE requests AS request SET
        entry = request.entry + 1,
        open_entries = CASE WHEN judged.kind = 'go' THEN request.open_entries
                || jsonb_build_object(CAST(request.entry + 1 AS text), CAST(:stage AS text))
            ELSE request.open_entries END,
        stage = :stage,
        queued_at = NULL,
        lease_expires_at = now() + make_interval(secs => judged.lease),
        updated_at = now()
    FROM judged
    WHERE request.request_id = judged.request_id AND judged.fits AND judged.kind <> 'done'
    RETURNING request.request_id, request.entry
),
-- The request has ended under another claim, and nothing else will settle this message.
settled AS (
    UPDATE messages AS message SET outcome = 'duplicate', settled_at = now()
    FROM judged
    WHERE judged.kind = 'duplicate' AND message.message_id = judged.message_id
        AND message.outcome = 'in_flight'
    RETURNING message.message_id
)
-- The kind is NULL where another worker settled the message while this statement waited for a lock:
-- the caller repeats it.
SELECT judged.position, judged.starts, judged.outcome,
    CASE WHEN judged.fits THEN entered.entry END AS entry,
    CASE WHEN judged.kind <> 'duplicate' OR settled.message_id IS NOT NULL
        THEN judged.kind END AS kind
FROM judged
LEFT JOIN entered USING (request_id)
LEFT JOIN settled USING (message_id)
"""

EnterKind = Literal["go", "done", "cancelled", "lost"]


@dataclass(frozen=True)
class Entered:
    """The ledger's decision about one lesson whose stage a worker enters.

    =============  =====================================================================
    kind           meaning
    =============  =====================================================================
    `go`           process the stage; the lesson has the number of this entry
    `done`         the message is settled; `outcome` has its recorded outcome
    `cancelled`    the request is or must be cancelled: make this message its dead letter
    `lost`         another claim holds the request; its message settles this one
    =============  =====================================================================

    Attributes:
        lesson: the lesson; its entry is 0 unless this worker may write about it.
        starts: entries of this stage, before this one, that no worker has closed.
        outcome: outcome of a message that is settled.
        is_new: true if this statement settled the message.
    """

    kind: EnterKind
    lesson: Lesson
    starts: int = 0
    outcome: Outcome | None = None
    is_new: bool = False


@dataclass(frozen=True)
class _HandedOver:
    stage: str
    number: int
    starts: int


_handed_over: OrderedDict[str, _HandedOver] = OrderedDict()  # by claim token
_lock = threading.Lock()


def hand_over(claim: Claim, stage: str, starts: int = 0) -> None:
    """Keep an entry in memory, so that the next step of this process enters without a statement.

    Args:
        claim: the claim, with the number of the entry.
        stage: the stage that may take it.
        starts: as in `Entered`.
    """
    with _lock:
        _handed_over[claim.token] = _HandedOver(stage, claim.entry, starts)
        _handed_over.move_to_end(claim.token)
        while len(_handed_over) > MAX_HANDED_OVER:
            _handed_over.popitem(last=False)


def _take_over(claim: Claim, stage: str) -> _HandedOver | None:
    with _lock:
        found = _handed_over.pop(claim.token, None)
    return found if found and found.stage == stage else None


def enter(database: Database, lessons: Sequence[Lesson], stage: str) -> list[Entered]:
    """Enter a stage with lessons; only the worker of the newest entry can write about them.

    The answer for an entry that was handed over in this process takes no statement.

    Returns:
        An answer for each, in order.
    """
    answers: dict[int, Entered] = {}
    for at, lesson in enumerate(lessons):
        found = _take_over(lesson.claim, stage)
        if found:
            answers[at] = Entered("go", lesson.with_entry(found.number), found.starts)
    for _ in range(RACE_TRIES):
        left = [at for at in range(len(lessons)) if at not in answers]
        if not left:
            return [answers[at] for at in range(len(lessons))]
        rows = database.run(
            ENTER, items=json_text([_item(at, lessons[at]) for at in left]), stage=stage
        )
        for row in rows:
            if row["kind"] is not None:
                answers[row["position"]] = _answer(lessons[row["position"]], row)
    raise StatementSlow("postgres", f"lost {RACE_TRIES} races for one message in a row")


def _item(position: int, lesson: Lesson) -> dict[str, Any]:
    return {
        "position": position,
        "request_id": lesson.request.request_id,
        "token": lesson.claim.token,
        "message_id": lesson.message.message_id,
        "lease": lesson.claim.lease,
    }


def _answer(lesson: Lesson, row: Mapping[str, Any]) -> Entered:
    kind, entered = row["kind"], lesson.with_entry(row["entry"] or 0)
    if kind == "duplicate":
        reason = "another message of this request was processed instead"
        return Entered("done", entered, 0, _outcome(lesson, "duplicate", reason), is_new=True)
    if kind == "done":
        reason = "this message was settled by an earlier worker"
        return Entered("done", entered, 0, _outcome(lesson, row["outcome"], reason))
    return Entered(kind, entered, row["starts"] or 0)


def _outcome(lesson: Lesson, status: Any, reason: str) -> Outcome:
    return Outcome(
        message_id=lesson.message.message_id,
        status=status,
        request_id=lesson.request.request_id,
        stage="claim",
        reason=reason,
    )
