"""Write progress and outcomes of claimed requests, one statement per batch."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.letter_student import student_of
from transforms.ledger.statements import (
    CANARY,
    COMPLETE,
    DEAD_LETTER,
    DUPLICATES,
    PROGRESS,
)
from transforms.ledger.values import ClaimStatus, CompletedLesson
from transforms.model import Artifact, DeadLetter, Lesson, Message, Script

LETTERS_BYTES = 8 * 1024 * 1024
"""Maximum payload of one statement, because bad messages of up to 10 MB may come in batches."""

MAX_ERROR = 8_000
MAX_TRACEBACK = 64_000
"""Characters kept of an error (its beginning) and of a traceback (its end)."""


def progress(
    database: Database,
    updates: Sequence[tuple[Lesson, str, int]],
    queue_lease: float | None = None,
) -> ClaimStatus:
    """Record the progress of lessons, and a row for each finished stage.

    Also extends each lease, and closes all entries of the finished stage.

    Args:
        updates: lesson with its records so far, the stage it is in now, percent done.
        queue_lease: seconds of the lease of lessons that now wait behind a shuffle; None if they do
            not, for the claim's own length.

    Returns:
        The request ids of lost claims, and those of requests that must be cancelled.
    """
    if not updates:
        return ClaimStatus(frozenset(), frozenset())
    latest = {lesson.claim.token: (lesson, stage, percent) for lesson, stage, percent in updates}
    held = database.run(
        PROGRESS,
        items=json_text(
            [
                {
                    **lesson.entry_key._asdict(),
                    "stage": stage,
                    "progress": percent,
                    "lease": lesson.claim.lease if queue_lease is None else queue_lease,
                    "queued": queue_lease is not None,
                    "artifacts": _artifacts(lesson),
                }
                for lesson, stage, percent in latest.values()
            ]
        ),
        records=json_text([r for lesson, _, _ in latest.values() for r in _records(lesson)]),
    )
    valid = {row["request_id"] for row in held}
    return ClaimStatus(
        lost=frozenset(lesson.request.request_id for lesson, _, _ in updates) - valid,
        cancelled=frozenset(row["request_id"] for row in held if row["cancelled"]),
    )


def complete(database: Database, lessons: Sequence[CompletedLesson]) -> list[bool]:
    """Complete requests and settle their messages, in one transaction.

    Returns:
        For each whether it is completed under this claim; False: the claim is lost, or the
        request must be cancelled (`progress` tells which).
    """
    if not lessons:
        return []
    held = database.run(
        COMPLETE,
        items=json_text(
            [
                {
                    **done.lesson.entry_key._asdict(),
                    "script": script_text(done.script),
                    "artifacts": _artifacts(done.lesson, done.manifest),
                    "cost_saved_usd": sum(saving.usd for saving in done.savings),
                    "savings": {
                        saving.stage: {"engine": saving.engine, "usd": saving.usd}
                        for saving in done.savings
                    },
                }
                for done in lessons
            ]
        ),
        records=json_text([r for done in lessons for r in _records(done.lesson)]),
    )
    tokens = {row["token"] for row in held}
    return [done.lesson.claim.token in tokens for done in lessons]


def dead_letter(database: Database, letters: Sequence[DeadLetter]) -> list[bool]:
    """Store dead letters, fail their requests and settle their messages, one transaction a batch.

    A letter without a claim fails the request only if its message owns it. A message that is
    settled already keeps its outcome.

    Returns:
        For each whether its message is settled; False: the claim is lost, nothing was written.
    """
    settled: list[bool] = []
    for batch in _batches(letters):
        items = [{"position": at, **_letter(letter)} for at, letter in enumerate(batch)]
        rows = database.run(DEAD_LETTER, items=json_text(items))
        positions = {row["position"] for row in rows}
        settled += [at in positions for at in range(len(batch))]
    return settled


def canary(database: Database, lesson: Lesson, stage: str, error: Exception | None) -> None:
    """Record a run of the canary, with its result and cost.

    Args:
        lesson: The built-in request, with the record of the stage if it succeeded.
        stage: Name of the stage.
        error: The error of the stage; None if it succeeded.
    """
    request = lesson.request
    database.run(
        CANARY,
        request_id=request.request_id,
        status="failed" if error else "completed",
        stage=stage,
        progress=0 if error else 100,
        modality=request.modality,
        student_id=request.student_id,
        correlation_id=request.correlation_id,
        request=json_text(asdict(request)),
        error_type=type(error).__name__ if error else None,
        error=str(error)[:MAX_ERROR] if error else None,
        besides_calls_usd=sum(
            record.cost_usd - record.calls_usd for record in lesson.records if not record.shared
        ),
        records=json_text([row for row in _records(lesson) if row["stage"] == stage]),
    )


def duplicates(database: Database, messages: Sequence[tuple[Message, str]]) -> list[bool]:
    """Settle messages as duplicates of another message that asked for the same request.

    Args:
        messages: each with its request id.

    Returns:
        For each whether it is settled; False: it owns the request itself, or the request is
        unclaimed, so the message must be claimed.
    """
    if not messages:
        return []
    unique = {message.message_id: (message, request_id) for message, request_id in messages}
    items = [
        {
            "message_id": message.message_id,
            "publish_time": message.publish_time.isoformat(),
            "request_id": request_id,
            "position": at,
        }
        for at, (message, request_id) in enumerate(unique.values())
    ]
    rows = database.run(DUPLICATES, items=json_text(items))
    positions = {row["position"] for row in rows}
    settled = {message_id for at, message_id in enumerate(unique) if at in positions}
    return [message.message_id in settled for message, _ in messages]


def script_text(script: Script) -> str:
    """Return a script as plain text: its title, then heading and narration of each section."""
    parts = [script.title]
    for section in script.sections():
        if section.kind != "title":
            parts.append(section.heading)
        parts.append(section.narration)
    return "\n\n".join(parts)


def _artifacts(lesson: Lesson, *more: Artifact) -> dict[str, Any]:
    stored = [artifact for record in lesson.records for artifact in record.artifacts]
    return _by_name((*stored, *more))


def _by_name(artifacts: Sequence[Artifact]) -> dict[str, Any]:
    return {
        a.name: {
            "uri": a.uri,
            "size": a.size,
            "sha256": a.sha256,
            "content_type": a.content_type,
            **({"alt": a.alt} if a.alt else {}),
        }
        for a in artifacts
    }


def _records(lesson: Lesson) -> Iterator[dict[str, Any]]:
    """Yield the stage rows of a lesson, the last stage first.

    Times are computed from the database's clock and the stages' durations, because workers' clocks
    may be wrong: the last stage ended now, each earlier one when its successor began.
    """
    ago = 0.0
    for record in reversed(lesson.records):
        lasted = 0.0 if record.reused else record.seconds
        yield {
            "request_id": lesson.request.request_id,
            "attempt": lesson.claim.attempt,
            "stage": record.stage,
            "engine": record.engine,
            "fingerprint": record.fingerprint,
            "seconds": record.seconds,
            "cost_usd": record.cost_usd,
            "calls_usd": record.calls_usd,
            "usage": {used.sku: used.quantity for used in record.usage},
            "artifacts": _by_name(record.artifacts),
            "tries": record.attempts,
            "reused": record.reused,
            "model": record.model,
            "fallback": record.fallback,
            "ago": ago,
            "lasted": lasted,
        }
        ago += lasted


def _batches(letters: Sequence[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """Split letters into batches of at most `LETTERS_BYTES` in which no message occurs twice."""
    batch: list[DeadLetter] = []
    for letter in letters:
        size = sum(len(each.message.data) for each in (*batch, letter))
        repeated = any(letter.message.message_id == each.message.message_id for each in batch)
        if batch and (repeated or size > LETTERS_BYTES):
            yield batch
            batch = []
        batch.append(letter)
    if batch:
        yield batch


def _letter(letter: DeadLetter) -> dict[str, Any]:
    message = letter.message
    return {
        "message_id": message.message_id,
        "request_id": _uuid(letter.request_id),
        "token": letter.claim.token if letter.claim else None,
        "entry": letter.claim.entry if letter.claim else None,
        "data": base64.b64encode(message.data).decode("ascii"),
        "attributes": dict(message.attributes),
        "publish_time": message.publish_time.isoformat(),
        "delivery_attempt": message.delivery_attempt,
        "stage": letter.stage,
        "field": letter.field,
        "error_type": letter.error_type,
        "error": letter.error[:MAX_ERROR],
        "traceback": letter.traceback[-MAX_TRACEBACK:] if letter.traceback else None,
        "retryable": letter.retryable,
        "attempts": [
            {
                "at": attempt.at.isoformat(),
                "error_type": attempt.error_type,
                "message": attempt.message[:MAX_ERROR],
            }
            for attempt in letter.attempts
        ],
        "occurred_at": letter.occurred_at.isoformat(),
        "student_id": student_of(letter),
    }


def _uuid(text: str | None) -> str | None:
    """Return a request id in canonical form, or None if it is not a UUID."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        return None
