"""Wrap functions of the pipeline so that a worker can be killed before or after a call.

A wrapped call passes two points, ``before NAME`` and ``after NAME``. At the n-th pass of its point
the process kills itself with SIGKILL: nothing is flushed, closed or unwound.
"""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

POISON = "poison"
"""Student whose requests kill the worker that processes them."""

_ENDS = ("before", "after")
_CALLS = {
    "text": (
        "claim", "script engine", "put script.json", "put script.md", "put stages/script.json",
        "put manifest.json", "complete", "acknowledge", "nack",
    ),
    "repeated": ("duplicates",),
    "bad": ("dead letter",),
    "audio": (
        "progress", "narration engine", "put narration.m4a", "put narration.json",
        "put transcript.txt", "put stages/narration.json",
    ),
    "video": (
        "video engine", "put video.mp4", "put captions.vtt", "put captions.srt",
        "put chapters.vtt", "put thumbnail.jpg", "put thumbnail.webp", "put stages/video.json",
    ),
}  # fmt: skip

POINTS: dict[str, str] = {
    "after pull": "text",
    **{f"{end} {call}": kind for kind, calls in _CALLS.items() for call in calls for end in _ENDS},
}
"""Kind of traffic that passes each named point."""


_REQUEST = r"(?:.*/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_ARTIFACT = re.compile(_REQUEST + "/(.+)")
_RECORD = re.compile(_REQUEST + r"/stages/(.+)\.json")


def _put(path: str) -> str | None:
    """Return the name of the call that stores a file; None if the file is no artifact."""
    artifact = _ARTIFACT.fullmatch(path)
    return f"put {artifact[2]}" if artifact else None


@dataclass
class Injector:
    """Fault injection of one worker process.

    Attributes:
        worker: Number of the worker.
        point: Point at which the worker kills itself; None for no fault.
        passes: Pass of the point at which it happens.
        events: File to which events are appended, one JSON object a line.
        gate: If set, the worker waits at the point until this file exists, and is not killed.
    """

    worker: int
    point: str | None
    passes: int
    events: Path
    gate: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def log_event(self, **event: Any) -> None:
        """Append an event in one write, so that it is complete if the process dies next."""
        line = json.dumps({"worker": self.worker, **event}) + "\n"
        descriptor = os.open(self.events, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)

    def die(self, point: str) -> None:
        """Kill this process."""
        self.log_event(killed=point)
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)  # until the signal arrives

    def pass_point(self, point: str) -> None:
        """Pass a point; wait or die there if it is this worker's."""
        if point != self.point:
            return
        with self._lock:
            self.passes -= 1
            if self.passes:
                return
            if not self.gate:
                self.die(point)
        self.log_event(held=point)
        while self.gate and not self.gate.exists():
            time.sleep(0.02)

    def wrap(self, owner: Any, name: str, label: Callable[..., str | None]) -> None:
        """Replace a function with a wrapper that passes two points.

        Args:
            owner: Class or module that has the function.
            name: Name of the function.
            label: Function that returns the name of a call from its arguments; None to skip it.
        """
        original = getattr(owner, name)

        @functools.wraps(original)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            called = label(*arguments, **named)
            if called:
                self.pass_point(f"before {called}")
            result = original(*arguments, **named)
            if called:
                self.pass_point(f"after {called}")
            return result

        setattr(owner, name, wrapped)

    def install(self) -> None:
        """Wrap every function that has effects outside this process."""
        from google.cloud.pubsub_v1 import SubscriberClient

        import pipeline.graph  # noqa: F401  (defines every stage's task, see below)
        from pipeline.jobs.puller import Puller
        from transforms.artifacts.cloud import CloudFolder
        from transforms.ledger import Ledger
        from transforms.stage.engine_task import EngineTask
        from transforms.stage.suspects import Suspect

        for name in ("claim", "progress", "complete", "dead_letter", "duplicates"):
            called = name.replace("_", " ")
            self.wrap(Ledger, name, lambda *_, called=called, **__: called)
        self._log_records(CloudFolder, "_upload", lambda _self, write: write.key)
        for name in ("link", "replace"):  # give a file in a folder its final name
            self._log_records(os, name, lambda _source, target: str(target))
        self.wrap(SubscriberClient, "acknowledge", lambda *_, **__: "acknowledge")
        self.wrap(
            SubscriberClient,
            "modify_ack_deadline",
            lambda *_, ack_deadline_seconds, **__: None if ack_deadline_seconds else "nack",
        )
        for task in EngineTask.__subclasses__():
            self._log_engine_calls(task)
            self.wrap(task, "perform", lambda task, *_, **__: f"{task.stage} engine")
        self._log_calls_in_children(Suspect)
        self.wrap(Suspect, "perform", lambda _self, task, *_, **__: f"{task.stage} engine")
        self._log_pulls(Puller)

    def _log_engine_calls(self, task: Any) -> None:
        perform = task.perform

        def counted(task: Any, lesson: Any, *arguments: Any, **named: Any) -> Any:
            self._log_call(task, lesson)
            if lesson.request.student_id == POISON:
                self.die(POISON)
            return perform(task, lesson, *arguments, **named)

        task.perform = counted

    def _log_calls_in_children(self, suspect: Any) -> None:
        perform = suspect.perform

        def counted(suspect: Any, task: Any, lesson: Any, *arguments: Any) -> Any:
            self._log_call(task, lesson)
            return perform(suspect, task, lesson, *arguments)

        suspect.perform = counted

    def _log_call(self, task: Any, lesson: Any) -> None:
        self.log_event(
            engine=task.stage,
            request_id=lesson.request.request_id,
            message_id=lesson.message.message_id,
        )

    def _log_records(self, owner: Any, name: str, path: Callable[..., str]) -> None:
        """Wrap a function that stores a file; log an event for each stage record."""
        store = getattr(owner, name)

        def stored(*arguments: Any) -> Any:
            result = store(*arguments)
            found = _RECORD.fullmatch(path(*arguments))
            if found and result is not False:
                self.log_event(recorded=found[2], request_id=found[1])
            return result

        setattr(owner, name, stored)
        self.wrap(owner, name, lambda *arguments: _put(path(*arguments)))

    def _log_pulls(self, puller: Any) -> None:
        pull = puller.pull

        def watched(puller: Any, *arguments: Any, **named: Any) -> Any:
            response = pull(puller, *arguments, **named)
            if response.received_messages:
                self.log_event(ack_ids=[each.ack_id for each in response.received_messages])
                self.pass_point("after pull")
            return response

        puller.pull = watched
