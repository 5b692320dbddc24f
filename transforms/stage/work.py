"""The work on one lesson in one stage, and its result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from transforms.errors import Cancelled
from transforms.ledger import Entered
from transforms.model import STAGES_OF, Attempt, FailedStage, Lesson, StageRecord
from transforms.process.worker_health import hidden_fault
from transforms.telemetry.span import OFF, Span

if TYPE_CHECKING:
    from transforms.stage.stage_calls import StageCalls


class SharedKey(NamedTuple):
    """What a shared result is found by: store, stage and fingerprint."""

    root: str
    stage: str
    fingerprint: str


@dataclass
class Work:
    """One lesson in one stage of a bundle, with its result or error.

    Attributes:
        lesson: The lesson as it entered the stage.
        stage: The stage's name.
        starts: Entries of the stage before this one that no worker has closed.
        failures: Failed tries.
        waited: Seconds spent waiting for budget; None if no budget was needed.
        record: The stage's record, new or reused; None if the stage failed.
        error: The reason the lesson stops; None if it goes on.
        calls: The paid calls of the stage; None before it runs.
        is_fenced: False for a canary, which has no claim.
        span: The span of the stage; those of its engine calls are parts of it.
        key: Key under which other requests share the result; None if none do.
        sharing: ``hit`` if a shared result was copied, ``miss`` if one was made, ``double`` if one
            was made while another thread made it too; empty without a key.
    """

    lesson: Lesson
    stage: str
    starts: int = 0
    failures: list[Attempt] = field(default_factory=list)
    waited: float | None = None
    record: StageRecord | None = None
    error: Exception | None = None
    calls: StageCalls | None = None
    is_fenced: bool = True
    span: Span = OFF
    key: SharedKey | None = None
    sharing: str = ""

    @classmethod
    def of(cls, entered: Entered, stage: str) -> Work:
        """Return the work on a lesson that has entered the stage; a cancelled one has an error."""
        error = Cancelled(stage) if entered.kind == "cancelled" else None
        return cls(entered.lesson, stage, entered.starts, error=error)

    @property
    def following(self) -> str:
        """The stage after this one; empty after the last."""
        stages = STAGES_OF[self.lesson.request.modality]
        return next(iter(stages[stages.index(self.stage) + 1 :]), "")

    @property
    def advanced(self) -> Lesson:
        """The lesson with this stage's record added."""
        assert self.record
        return self.lesson.with_record(self.record)

    @property
    def spent_usd(self) -> float:
        """US dollars that this worker has spent on the stage."""
        record = self.record
        besides = record.cost_usd - record.calls_usd if record and not record.reused else 0.0
        return besides + (self.calls.spent_usd if self.calls else 0.0)

    @property
    def failed_stage(self) -> FailedStage | None:
        """Stage, engine and cost of a failure; None if it cost nothing."""
        if not self.calls or not self.spent_usd:
            return None
        return FailedStage(self.stage, self.calls.engine, self.spent_usd)

    def describe_span(self) -> None:
        """Set the result's attributes on the span."""
        record = self.record
        if record:
            self.span.set(
                model=record.model,
                fallback=record.fallback,
                reused=record.reused,
                cost_usd=record.cost_usd,
            )
        if self.error:
            self.span.fail(self.error)

    @contextmanager
    def capture_error(self) -> Iterator[None]:
        """Store an exception of the block in `error`; raise if it is an `EnvironmentFault`."""
        try:
            yield
        except Exception as error:
            fault = hidden_fault(error)
            if fault is error:
                raise
            if fault:
                raise fault from error
            self.error = error
