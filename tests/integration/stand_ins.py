"""Stand-ins for the stages' work that fail as a request's field `fault` says."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from transforms import publish
from transforms.errors import ClaimLost, PermanentError, TransientError
from transforms.model import Message, Usage
from transforms.narration.narrate_script import _Narrate
from transforms.process import retry
from transforms.script.write_script import _WriteScript
from transforms.stage.task import Produced
from transforms.video.render_video import _RenderVideo


def _chained(words: str) -> Exception:
    error = KeyError(words)
    error.__cause__ = ValueError(f"row ({words})")
    return error


FAULTS: dict[str, Callable[[str], Exception]] = {
    "bug": _chained,
    "permanent": PermanentError,
    "transient": TransientError,
    "lost": ClaimLost,
}


def request(fault: str = "", **fields) -> dict:
    """Return a valid request.

    Args:
        fault: A stage, a colon and a key of `FAULTS` or ``once``; empty for no fault.
        fields: Other fields of the request.
    """
    return {
        "request_id": str(uuid.uuid4()),
        "student_id": "s-1",
        "student_query": "Explain gravity",
        "grade_level": 8,
        "requested_modalities": ["video"],
        "fault": fault,
        **fields,
    }


def message(fields: dict | bytes, **attributes: str) -> Message:
    """Return a request as a message of Pub/Sub."""
    data = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return Message(data, attributes, str(uuid.uuid4()), datetime.now(UTC))


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace narration and rendering by stubs, and raise the faults of requests."""
    monkeypatch.setattr(retry.RetryPolicy, "delay", lambda *_: 0.0)
    write = _WriteScript.perform
    seen: set[str] = set()

    def failing(stage, work):
        def perform(task, lesson, *rest):
            where, _, kind = lesson.request.metadata["fault"].partition(":")
            if where == stage and kind in FAULTS:
                raise FAULTS[kind](lesson.request.student_query)
            if (where, kind) == (stage, "once") and lesson.request.request_id not in seen:
                seen.add(lesson.request.request_id)
                raise TransientError(lesson.request.student_query)
            return work(task, lesson, *rest)

        return perform

    def write_about_gravity(task, lesson, *rest):
        asked = replace(lesson.request, student_query="Explain gravity", interest="general")
        return write(task, replace(lesson, request=asked), *rest)

    def narrate(task, lesson, *_):
        return Produced({"narration.m4a": b"sound", "narration.json": b"{}"}, _usage())

    def render(task, lesson, *_):
        return Produced({"video.mp4": b"moving pictures"}, _usage())

    monkeypatch.setattr(_WriteScript, "perform", failing("script", write_about_gravity))
    monkeypatch.setattr(_Narrate, "perform", failing("narration", narrate))
    monkeypatch.setattr(_RenderVideo, "perform", failing("video", render))
    manifest = publish.manifest

    def failing_manifest(lesson, saved):
        if lesson.request.metadata["fault"] == "publish:bug":
            raise _chained(lesson.request.student_query)
        return manifest(lesson, saved)

    monkeypatch.setattr(publish, "manifest", failing_manifest)


def _usage() -> tuple[Usage, ...]:
    return (Usage("cpu-seconds", 2.0),)
