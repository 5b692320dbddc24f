"""The interface of a stage: the task it performs and the settings it runs with.

`transforms.stage.run` runs it.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from transforms.artifacts import ArtifactConflict, ArtifactStore, File, Source
from transforms.ledger import Ledger
from transforms.model import Artifact, Lesson, Usage
from transforms.prices import INCLUDED, Prices, typical
from transforms.process.retry import RetryPolicy
from transforms.process.thread_pool import engine_slot
from transforms.stage.budget import Budget
from transforms.stage.engine_gate import overdue
from transforms.stage.heartbeat import confirm_claim
from transforms.stage.paid_call import PaidCalls
from transforms.stage.rate_limit import EngineLimits

FINISHED = "finished"
"""Output tag of the lessons whose modality needs no further stage."""

Reuse = Literal["off", "stage", "all"]

OUTCOMES = "outcomes"
"""Output tag of the outcomes decided before the end of the graph."""

CONTENT_TYPES = {
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt; charset=utf-8",
    ".srt": "application/x-subrip; charset=utf-8",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
}
"""Media types of artifacts, by the suffix of their names."""


@dataclass(frozen=True)
class Produced:
    """Artifacts and usage that one run of a stage produced.

    Attributes:
        artifacts: Files or bytes to store, by artifact name.
        usage: Resources consumed, besides those of paid calls.
        alt: Alternative texts of pictures, by artifact name.
        engine: The engine that did the work; empty for that of the stage.
        model: As for `transforms.model.StageRecord`.
        fallback: As for `transforms.model.StageRecord`.
        problems: As for `transforms.model.StageRecord`.
    """

    artifacts: Mapping[str, Path | bytes]
    usage: tuple[Usage, ...] = ()
    alt: Mapping[str, str] = field(default_factory=dict)
    engine: str = ""
    model: str = ""
    fallback: bool = False
    problems: tuple[str, ...] = ()


class StageTask(ABC):
    """The work one stage does on one lesson.

    A task is pickled: it holds settings only, and makes its engine when first used.
    """

    stage: ClassVar[str]
    """The stage's name, one of `transforms.model.ENGINE_STAGES`."""
    engine: str
    """The engine's name, as shown to users."""
    needs_folder: ClassVar[bool] = True
    """True if `perform` writes files and needs a folder for them."""

    @property
    def makes_calls(self) -> bool:
        """Whether the engine makes paid calls, each of which is admitted and retried by itself."""
        return False

    @abstractmethod
    def inputs(self, lesson: Lesson) -> Mapping[str, Any]:
        """Return everything that affects the result, as JSON values, for the fingerprint."""

    def topic(self, lesson: Lesson) -> str:
        """Return the topic of a lesson that other requests may share; empty if they may not.

        After the script it is that of the script, which the results of later stages are made from.
        """
        return next((record.topic for record in lesson.records if record.stage == "script"), "")

    def typical(self) -> tuple[Usage, ...]:
        """Return the usage of this stage for a typical lesson.

        Raises:
            ValueError: The price table has no entry for this stage and engine.
        """
        return typical(self.stage, self.engine)

    def options(self) -> Mapping[str, Any]:
        """Return the settings of the engine that may be shown, by name."""
        return {}

    @abstractmethod
    def perform(
        self, lesson: Lesson, store: ArtifactStore, folder: Path, calls: PaidCalls
    ) -> Produced:
        """Run the stage on a lesson.

        Args:
            lesson: The lesson, with the records of the stages before.
            store: Artifacts of those stages.
            folder: An empty folder for this try; it exists only if `needs_folder` is true.
            calls: The deadline of the work, and its calls to services that cost money.

        Raises:
            ContentError: As `transforms.errors` defines.
        """


@dataclass(frozen=True)
class StageRuntime:
    """Limits and services a stage runs with.

    Attributes:
        policy: Deadline and retries.
        limits: Concurrency and rate limits of the engine.
        store: Artifact store to write to.
        ledger: Ledger to record in.
        force: Redo the work even if a valid result is stored.
        budget: Spending limits; None for none.
        workers: Engine calls at the same time per process; None for one per CPU.
        may_defer: The runner runs messages again whose decision is deferred; see
            `transforms.stage.failure_streak`.
        queue_lease: Seconds of the lease of lessons that leave the stage through a shuffle, or are
            handed back to a runner that keeps them; None if the stages are fused, for the ordinary
            lease.
        max_deliveries: Proven deaths of a stage's process after which a request is given up.
        prices: The price table of the job.
        reuse: Results that requests share: none, those of the stages after the script, or all.
    """

    policy: RetryPolicy
    limits: EngineLimits
    store: ArtifactStore
    ledger: Ledger
    force: bool = False
    budget: Budget | None = None
    workers: int | None = None
    may_defer: bool = False
    queue_lease: float | None = None
    max_deliveries: int = 5
    prices: Prices = INCLUDED
    reuse: Reuse = "off"

    @contextmanager
    def admitted(
        self, patience: float, left: float | None = None, model: str = ""
    ) -> Iterator[None]:
        """Wait until a worker is free and the limits allow an engine call; hold both in the block.

        Args:
            patience: Maximum number of seconds to wait.
            left: As for `EngineLimits.admitted`.
            model: As for `EngineLimits.admitted`.

        Raises:
            DependencyDown: There is no place for the call in that time.
        """
        end = time.monotonic() + patience
        with engine_slot(self.workers, patience) as is_free:
            if not is_free:
                raise overdue(self.limits.stage, "all workers were busy")
            with self.limits.admitted(max(0.0, end - time.monotonic()), left, model):
                yield


def files_of(sources: Mapping[str, Source]) -> list[File]:
    """Convert contents by artifact name to `File`s for the store."""
    return [File(n, source, CONTENT_TYPES[Path(n).suffix]) for n, source in sources.items()]


def put_artifacts(
    store: ArtifactStore, ledger: Ledger, lesson: Lesson, sources: Mapping[str, Source]
) -> tuple[Artifact, ...]:
    """Store artifacts of a lesson, replacing different content only while its claim holds.

    Different content under the same name was made from other inputs, or written by a worker that
    died before it could record it.

    Args:
        store: The artifact store.
        ledger: The ledger that holds the claim.
        lesson: The lesson they belong to.
        sources: Contents, by artifact name.

    Raises:
        SourceGone: A stored file to copy is missing or was replaced.
        ClaimLost: A replacement is needed and another worker holds the claim.
    """
    request_id, files = lesson.request.request_id, files_of(sources)
    try:
        return store.put_all(request_id, files)
    except ArtifactConflict:
        return store.put_all(
            request_id, files, replace=True, confirm=lambda: confirm_claim(ledger, lesson)
        )
