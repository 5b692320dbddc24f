"""Helpers that run stages and publishing by Beam over a real ledger and store."""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from tests.integration.ledger_support import (
    SCRIPT,
    claim,
    completed,
    let_lease_lapse,
    letter,
    message,
    request,
    take,
)
from transforms.artifacts import ArtifactStore
from transforms.dead_letters import DEAD_LETTERS
from transforms.ledger import ClaimRequest, Ledger
from transforms.model import Lesson, Usage, encode
from transforms.process.backoff import Backoff
from transforms.process.retry import RetryPolicy
from transforms.publish import PublishResults
from transforms.stage import heartbeat
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.run import RunStage
from transforms.stage.task import FINISHED, OUTCOMES, Produced, StageRuntime, StageTask

PATIENCE = 20.0
"""Seconds until waiting for a condition fails."""

NO_WAIT = Backoff(0.0, 0.0)

ENGINES = {"narration": "offline", "video": "slides"}

_numbers = itertools.count()
_works: dict[int, Callable[[Lesson, Path, float], Produced]] = {}
_emitted: dict[int, dict[str, list[Any]]] = {}


class Task(StageTask):
    """A stage whose work is a function given by the test."""

    stage = "script"
    engine = "offline"

    def __init__(self, number: int, salt: str) -> None:
        self._number = number
        self._salt = salt

    def inputs(self, lesson):
        return {"query": lesson.request.student_query, "salt": self._salt}

    def perform(self, lesson, store, folder, calls):
        return _works[self._number](lesson, folder, calls.left)


class FolderlessTask(Task):
    """A stage that needs no folder."""

    needs_folder = False


class VideoTask(Task):
    """The last stage of a video."""

    stage = "video"
    engine = "slides"


class _Collect(beam.DoFn):
    def __init__(self, number: int, tag: str) -> None:
        self._number = number
        self._tag = tag

    def process(self, element: Any) -> None:
        _emitted[self._number][self._tag].append(element)


def apply(
    transform: beam.PTransform, lessons: Sequence[Lesson], tags: Sequence[str]
) -> dict[str, list[Any]]:
    """Run a transform on one bundle of lessons and return its outputs by tag."""
    number = next(_numbers)
    _emitted[number] = defaultdict(list)
    pipeline = beam.Pipeline(runner=FnApiRunner())
    outputs = pipeline | beam.Create(lessons, reshuffle=False) | "Step" >> transform
    for tag in tags:
        _ = outputs[tag] | f"Collect {tag}" >> beam.ParDo(_Collect(number, tag))
    try:
        pipeline.run().wait_until_finish()
    finally:
        emitted = dict(_emitted.pop(number))
    return emitted


def made(lesson: Lesson, *_: Any) -> Produced:
    """Return a plain result of a stage."""
    return Produced({"script.json": encode(SCRIPT)}, (Usage("cpu-seconds", 2.0),))


class Place:
    """A ledger and a store, and steps of the graph over them."""

    def __init__(self, ledger: Ledger, root: Path) -> None:
        self.ledger = ledger
        self.root = root
        self.store = ArtifactStore(str(root))

    def lesson(self, *modalities: str, **fields: Any) -> Lesson:
        """Claim a new request and return its lesson."""
        asked = request(requested_modalities=modalities or ("audio",), **fields)
        return take(self.ledger, ClaimRequest(message(), asked))

    def rival(self, lesson: Lesson) -> Any:
        """Try to claim a lesson's request for another message; return the ledger's answer."""
        return claim(self.ledger, ClaimRequest(message(), lesson.request))

    def take_over(self, lesson: Lesson) -> Lesson:
        """Let a lesson's lease expire and claim its request for another message."""
        let_lease_lapse(self.ledger, lesson.request.request_id)
        result = self.rival(lesson)
        assert result.kind == "taken_over"
        return Lesson(message(), lesson.request, result.claim)

    def cancel(self, lesson: Lesson) -> None:
        """Cancel a lesson's request."""
        self.ledger.cancel([lesson.request.request_id])

    def complete(self, lesson: Lesson) -> None:
        """Complete a request under its current claim."""
        assert self.ledger.complete([completed(lesson)]) == [True]

    def fail(self, lesson: Lesson) -> None:
        """Record a dead letter of a request under its current claim."""
        assert self.ledger.dead_letter([letter(lesson, "script")]) == [True]

    def break_store(self) -> None:
        """Replace the store's folder by a file, so that every call fails at once."""
        if self.root.is_dir():
            self.root.rename(self.root.with_name("aside"))
        self.root.write_text("a file where the folder should be")

    def file(self, lesson: Lesson, name: str) -> Path:
        """Return the path of an artifact."""
        return self.root / lesson.request.request_id / name

    def run_stage(
        self,
        perform: Callable[[Lesson, Path, float], Produced],
        *lessons: Lesson,
        task: type[Task] = Task,
        salt: str = "",
        policy: RetryPolicy | None = None,
        **runtime: Any,
    ) -> dict[str, list[Any]]:
        """Run a stage on one bundle of lessons."""
        number = next(_numbers)
        _works[number] = perform
        known: dict[str, Any] = {"workers": 1, "ledger": self.ledger, "store": self.store}
        where = StageRuntime(
            policy or RetryPolicy(60.0, 3, backoff=NO_WAIT),
            EngineLimits("script"),
            **(known | runtime),
        )
        stage = RunStage(task(number, salt), where)
        return apply(stage, lessons, ("onward", FINISHED, DEAD_LETTERS, OUTCOMES))

    def publish(self, *lessons: Lesson, ledger: Ledger | None = None) -> dict[str, list[Any]]:
        """Publish one bundle of lessons."""
        step = PublishResults(self.store, ledger or self.ledger, ENGINES, 1)
        return apply(step, lessons, (OUTCOMES, DEAD_LETTERS))

    def scripted(self, *modalities: str) -> Lesson:
        """Return a lesson whose script is stored."""
        found = self.run_stage(made, self.lesson(*modalities or ("text",)))
        [lesson] = found["finished"]
        return lesson


class Clock:
    """A stand-in for `time` in the heartbeat thread, moved by the test."""

    def __init__(self) -> None:
        self._now = 1000.0
        self.begun = threading.Semaphore(0)
        """Released when a heartbeat starts to call the ledger."""

    def monotonic(self) -> float:
        """Return the seconds of this clock."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock and wake the heartbeat thread."""
        with heartbeat._changed:
            self._now += seconds
            heartbeat._changed.notify_all()

    def beat(self, seconds: float) -> None:
        """Move the clock until a heartbeat is due, and wait until it starts."""
        self.advance(seconds)
        assert self.begun.acquire(timeout=PATIENCE), "no heartbeat"

    def beat_whole(self, seconds: float) -> None:
        """Let one heartbeat start and end."""
        self.beat(seconds)
        self.beat(seconds)  # one thread sends them, so the first has ended


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: It does not hold within `PATIENCE` seconds.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition never came to hold"
        time.sleep(0.005)


def is_leased(ledger: Ledger, lesson: Lesson) -> bool:
    """Return True if a request's lease is valid by the database's clock."""
    [found] = ledger.run(
        "SELECT lease_expires_at > now() AS leased FROM requests WHERE request_id = :id",
        id=lesson.request.request_id,
    )
    return bool(found["leased"])


def wait_for_lease(ledger: Ledger, lesson: Lesson) -> None:
    """Wait until a request's lease is renewed."""
    wait_for(lambda: is_leased(ledger, lesson))
