"""Reports to draw, made without a ledger: an ordinary one, a hostile one, one of a thousand."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.report.data import Report, ReportedRequest
from pipeline.report.lessons import LessonFiles
from transforms.ledger import DeadLetterDetail, RequestRow, StageRow
from transforms.ledger.scoped import Latency, Reason, Reuse, Saving, StageCost
from transforms.model import Attempt, Message, QuizQuestion, Scene, Script, Visual

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CHAPTERS = (
    "WEBVTT\n\n1\n00:00:00.000 --> 00:00:02.000\nLeaves &amp; light\n"
    "\n2\n00:00:02.000 --> 00:00:04.000\n&lt;b>Myths\n"
)
CAPTIONS = "WEBVTT\n\n1\n00:00:00.000 --> 00:00:30.000\nLight becomes sugar.\n"

SCRIPT = Script(
    title="Photosynthesis",
    hook="Where does a tree come from?",
    scenes=(
        Scene("Leaves", "Leaves catch light.", ("Light",)),
        Scene("Steps", "It has two steps.", (), Visual("steps", "", ("Light", "Dark"))),
        Scene("Myths", "Beware.", (), Visual("comparison", "", ("Myth | Fact", "Food | Sugar"))),
        Scene("Formula", "In short:", (), Visual("formula", r"a^2 + b^2")),
    ),
    key_takeaways=("Light becomes sugar.",),
    quiz=(QuizQuestion("Which gas?", ("Oxygen", "Carbon dioxide"), 1, "Plants take it in."),),
    topic="photosynthesis",
    subject="biology",
    grade_level=9,
    sources=("A textbook",),
)


def request(number: int = 1, folder: str = "/lessons", **fields: Any) -> ReportedRequest:
    """A completed request; the fields are those of its row, or `query` and `script`."""
    query = fields.pop("query", f"Question {number}")
    interest = fields.pop("interest", "basketball")
    script = fields.pop("script", SCRIPT)
    modality = fields.pop("modality", "video")
    request_id = str(uuid.UUID(int=number))
    made = {"text": ("script.json",), "audio": ("script.json", "narration.m4a")}.get(
        modality,
        (
            "script.json",
            "narration.m4a",
            "video.mp4",
            "captions.vtt",
            "chapters.vtt",
            "thumbnail.jpg",
        ),
    )
    artifacts = {
        name: {
            "uri": f"{folder}/{request_id}/{name}",
            "size": 1234,
            "sha256": "ab" * 32,
            "content_type": "application/octet-stream",
        }
        for name in (*made, "manifest.json")
    }
    at = NOON - timedelta(minutes=number)
    known: dict[str, Any] = {
        "status": "completed",
        "stage": "publish",
        "progress": 100,
        "student_id": f"student-{number}",
        "correlation_id": f"request-{number}",
        "message_id": f"m-{number}",
        "attempts": 1,
        "lease_expires_at": None,
        "artifacts": artifacts,
        "script": "Photosynthesis\n\nLeaves catch light.",
        "error_type": None,
        "error": None,
        "cost_usd": 0.0002,
        "cost_saved_usd": 0.0,
        "created_at": at,
        "started_at": at,
        "completed_at": at + timedelta(seconds=number),
        "updated_at": at + timedelta(seconds=number),
        "cancel_requested_at": None,
        "savings": {},
    } | fields
    uris: dict[str, Any] = dict.fromkeys(
        ("script_uri", "narration_uri", "captions_uri", "video_uri", "thumbnail_uri",
         "manifest_uri")
    )  # fmt: skip
    asked = {
        "student_query": query,
        "interest": interest,
        "grade_level": 9,
        "language": "en-US",
    }
    row = RequestRow(request_id=request_id, modality=modality, request=asked, **uris, **known)
    stages = tuple(
        stage(row, name, start, end)
        for name, start, end in (("script", 0, 0.2), ("narration", 0.2, 3), ("video", 3, 10))
        if name == "script" or modality == "video"
    )
    done = row.status == "completed"
    vtt = (CAPTIONS, CHAPTERS) if modality == "video" else (None, None)
    files = LessonFiles(script, *vtt) if done else None
    return ReportedRequest(row, at - timedelta(seconds=2), stages if done else (), files)


def stage(row: RequestRow, name: str, start: float, end: float, **fields: Any) -> StageRow:
    """A stage that ran so many seconds after its request was started."""
    known: dict[str, Any] = {
        "attempt": 1,
        "engine": "offline",
        "fingerprint": "f" * 64,
        "seconds": end - start,
        "cost_usd": 0.0001,
        "usage": {},
        "artifacts": {},
        "tries": 1,
        "reused": False,
    }
    return StageRow(
        request_id=row.request_id,
        stage=name,
        started_at=row.started_at + timedelta(seconds=start),
        finished_at=row.started_at + timedelta(seconds=end),
        **(known | fields),
    )


def letter(number: int = 1, data: bytes = b"not JSON", **fields: Any) -> DeadLetterDetail:
    """A dead letter."""
    attributes = fields.pop("attributes", {"source": "form"})
    known: dict[str, Any] = {
        "request_id": None,
        "stage": "parse",
        "field": "message",
        "error_type": "InvalidRequest",
        "error": "is not JSON",
        "retryable": False,
        "size": len(data),
        "publish_time": NOON,
        "occurred_at": NOON,
        "recorded_at": NOON,
        "replays": 0,
        "replayed_at": None,
        "replayed_as": None,
        "traceback": None,
        "attempts": (),
    }
    message_id = f"letter-{number}"
    return DeadLetterDetail(
        id=number,
        message_id=message_id,
        message=Message(data, attributes, message_id, NOON),
        **(known | fields),
    )


def report(
    requests: tuple[ReportedRequest, ...], letters: tuple[DeadLetterDetail, ...] = ()
) -> Report:
    """A report of these."""
    reasons: dict[tuple[str, str, str | None], Reason] = {}
    for each in letters:
        key = (each.stage, each.error_type, each.field)
        known = reasons.get(key, Reason(*key, each.error, 0, 0))
        reasons[key] = replace(
            known, count=known.count + 1, retryable=known.retryable + each.retryable
        )
    return Report(
        title="Drain",
        made_at=NOON,
        first=NOON - timedelta(hours=1),
        last=NOON,
        completed=len(requests),
        duplicates=1,
        dead_lettered=len(letters),
        in_flight=0,
        latencies=(
            Latency("waiting", 9, 1.0, 2.0, 3.0, 3.0),
            Latency("script", 9, 0.1, 0.2, 0.3, 0.3),
            Latency("whole request", 9, 4.0, 50.0, 60.0, 70.0),
        ),
        costs=(StageCost("video", "script", 0.001), StageCost("video", "video", 0.002)),
        savings=(Saving("text", 3, 0.004),),
        reuse=(Reuse("narration", 2, 6, 0.0312),),
        reasons=tuple(reasons.values()),
        requests=requests,
        letters=letters,
        cancelled=sum(each.error_type == "Cancelled" for each in letters),
    )


def ordinary(folder: str = "/lessons") -> Report:
    """One of each kind."""
    failed = request(
        4, folder, query="Explain the fourth law", modality="text", status="failed",
        error_type="PermanentError", error="no lesson covers this", artifacts={},
    )  # fmt: skip
    attempts = (Attempt(NOON, "StageTimeout", "too slow"), Attempt(NOON, "Busy", "429"))
    return report(
        (
            request(1, folder, query="Explain photosynthesis"),
            request(2, folder, query="How do prices form?", modality="audio", cost_usd=0.7),
            request(3, folder, query="Explain gravity", modality="text", cost_saved_usd=0.0003),
            failed,
        ),
        (
            letter(1, b'{"request_id": "homework-17"}', field="request_id", error="is not a UUID"),
            letter(2, b"\xff\xfe\x00binary"),
            letter(3, b"{}", stage="video", field=None, error_type="StageTimeout",
                   error="video took longer than 900 s", retryable=True, attempts=attempts,
                   traceback="Traceback (most recent call last):\n  boom", request_id="x"),
        ),
    )  # fmt: skip


def written(report: Report, file: Path) -> Path:
    """The page."""
    from pipeline.report import render

    render.write(report, file)
    return file
