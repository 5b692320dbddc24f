"""What a stage is: its task, how and where it runs, and what becomes of a lesson on the way.

`transforms.stage.run` runs it.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from transforms import (
    coder,  # noqa: F401  (registers the coders of the outputs)
)
from transforms.artifacts import ArtifactConflict, ArtifactStore, File
from transforms.dead_letters import make_dead_letter
from transforms.errors import Cancelled, ClaimLost
from transforms.ledger import ClaimStatus, Ledger
from transforms.model import (
    Artifact,
    DeadLetter,
    Lesson,
    Modality,
    Outcome,
    Usage,
)
from transforms.prices import typical
from transforms.process import (
    retry,
)
from transforms.process.thread_pool import engine_slot
from transforms.stage import (
    heartbeat,
)
from transforms.stage.budget import Budget
from transforms.stage.rate_limit import EngineLimits
from transforms.telemetry import (
    log_events,
)
from transforms.telemetry.outcomes import report_outcome

log = logging.getLogger(__name__)

FINISHED = "finished"
"""Tag of the lessons whose modality asks for no further stage."""

OUTCOMES = "outcomes"
"""Tag of what is settled, or given up, before the end of the graph."""

STAGES_OF: dict[Modality, tuple[str, ...]] = {
    "text": ("script",),
    "audio": ("script", "narration"),
    "video": ("script", "narration", "video"),
}

PROGRESS = {"script": 25, "narration": 50, "video": 90}
"""Percent done once a stage is done, as readers of the ledger see it."""

CONTENT_TYPES = {
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt; charset=utf-8",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
}


@dataclass(frozen=True)
class Produced:
    """What a stage made.

    Attributes:
        artifacts: by name, as a file or as bytes.
        usage: what that used up.
        alt: by name, what a picture shows, in words.
    """

    artifacts: Mapping[str, Path | bytes]
    usage: tuple[Usage, ...] = ()
    alt: Mapping[str, str] = field(default_factory=dict)


class StageTask(ABC):
    """What one stage does to one lesson. Pickled: holds settings, makes engines lazily."""

    stage: ClassVar[str]
    engine: str
    """The engine's name, as shown to people."""
    needs_folder: ClassVar[bool] = True
    """Whether it works with files, and is given a folder for them."""

    @abstractmethod
    def inputs(self, lesson: Lesson) -> Mapping[str, Any]:
        """Everything that shapes the result (JSON values), for the fingerprint."""

    def typical(self) -> tuple[Usage, ...]:
        """What the stage uses for a typical lesson.

        Raises:
            ValueError: the price table does not say.
        """
        return typical(self.stage, self.engine)

    @abstractmethod
    def perform(
        self, lesson: Lesson, store: ArtifactStore, folder: Path, timeout: float
    ) -> Produced:
        """Do the work in an empty folder of its own, within `timeout` seconds.

        Args:
            folder: exists only if the task needs one.

        Raises:
            ContentError: as `transforms.errors` says.
        """


@dataclass(frozen=True)
class StageRuntime:
    """How and where a stage runs.

    Attributes:
        policy: its deadline and retries.
        limits: how hard its engine may be driven.
        store: where its artifacts go.
        ledger: where it is recorded.
        force: do the work even if a valid result lies there.
        budget: what may be spent; None for any amount.
        workers: lessons of one bundle that its engine works on at once; the number of processors
            for None.
    """

    policy: retry.RetryPolicy
    limits: EngineLimits
    store: ArtifactStore
    ledger: Ledger
    force: bool = False
    budget: Budget | None = None
    workers: int | None = None

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Wait until the engine may be called; the block is the call."""
        with engine_slot(self.workers), self.limits.admitted():
            yield


def put_artifacts(
    store: ArtifactStore, ledger: Ledger, lesson: Lesson, sources: Mapping[str, Path | bytes]
) -> tuple[Artifact, ...]:
    """Store artifacts of a lesson, by their names, once.

    What lies there already under another checksum was made from other inputs, or left by a worker
    that died before it could record it; whoever holds the claim replaces it.

    Raises:
        ClaimLost: this worker no longer holds it.
    """
    request_id = lesson.request.request_id
    files = [File(n, source, CONTENT_TYPES[Path(n).suffix]) for n, source in sources.items()]
    try:
        return store.put_all(request_id, files)
    except ArtifactConflict:
        heartbeat.confirm_claim(ledger, lesson)
        return store.put_all(request_id, files, replace=True)


def superseded_outcome(lesson: Lesson, stage: str) -> Outcome:
    """The outcome of a lesson whose claim went to another worker."""
    outcome = Outcome(
        message_id=lesson.message.message_id,
        status="superseded",
        request_id=lesson.request.request_id,
        stage=stage,
        reason="another worker has taken this request over",
    )
    return report_outcome(outcome, lesson, stage)


def raise_if_lost(standing: ClaimStatus, lesson: Lesson, stage: str) -> None:
    """Do not go on with a lesson that is somebody else's, or nobody's any more.

    Args:
        standing: how its claim stands.
        stage: the stage that would be next.

    Raises:
        ClaimLost: another worker has taken it over.
        Cancelled: somebody asked for that.
    """
    if lesson.request.request_id in standing.lost:
        raise ClaimLost(lesson.request.request_id)
    if lesson.request.request_id in standing.cancelled:
        raise Cancelled(stage)


def cancelled_dead_letter(lesson: Lesson, cancelled: Cancelled) -> DeadLetter:
    """The dead letter of a lesson that was cancelled."""
    log.info("cancelled", extra=log_events.log_fields(lesson, stage=cancelled.stage))
    return make_dead_letter(lesson, cancelled.stage, cancelled)
