"""RunStage: the step that runs one stage of the lessons in a bundle.

A lesson's valid stored result is reused. Otherwise its work runs with retries until the stage's
deadline, and its artifacts and record are stored. The scripts of a bundle are written in parallel
and their progress is written to the ledger together at the end; a narration or video is finished
and emitted before the next one begins.
"""

from __future__ import annotations

import itertools
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam

from transforms.artifacts import ArtifactStore
from transforms.batch_dofn import BatchDoFn, BatchResult
from transforms.dead_letters import DEAD_LETTERS
from transforms.errors import ContentError
from transforms.ledger import Ledger
from transforms.ledger.entries import hand_over
from transforms.model import (
    PROGRESS,
    DeadLetter,
    Lesson,
    Outcome,
    StageRecord,
    encode,
)
from transforms.prices import costs_more_than_machine
from transforms.process import retry, temp_dirs
from transforms.process.thread_pool import parallel_map
from transforms.process.worker_health import hidden_fault
from transforms.stage import heartbeat
from transforms.stage.canary import canary_lesson
from transforms.stage.engine_gate import overdue
from transforms.stage.entering import may_work, queue_failures, refused_output
from transforms.stage.failure_streak import FailureStreak, failure_streak
from transforms.stage.failures import claim_error, failure_output, is_answer_at_fault
from transforms.stage.sharing import rounds, share
from transforms.stage.stage_calls import StageCalls
from transforms.stage.stage_metrics import count_work
from transforms.stage.stage_record import input_digest, new_record, record_name, reusable_record
from transforms.stage.suspects import SUSPECT_STARTS, Suspect, check_starts
from transforms.stage.task import (
    FINISHED,
    OUTCOMES,
    Produced,
    StageRuntime,
    StageTask,
    put_artifacts,
)
from transforms.stage.work import Work
from transforms.telemetry import log_events, tracing
from transforms.telemetry.display import display_items

log = logging.getLogger(__name__)


class RunStage(beam.PTransform):
    """Run a stage on each lesson, or reuse its stored result, and record the progress.

    PCollection[Lesson] -> tagged `onward`, `FINISHED`, `DEAD_LETTERS` and `OUTCOMES`.

    Args:
        task: The stage's work.
        runtime: Its limits and services.
    """

    def __init__(self, task: StageTask, runtime: StageRuntime) -> None:
        super().__init__()
        self._dofn = _RunStage(task, runtime)

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        tags = {FINISHED: Lesson, DEAD_LETTERS: DeadLetter, OUTCOMES: Outcome}
        return lessons | "Run" >> beam.ParDo(self._dofn).with_output_types(
            Lesson, **tags
        ).with_outputs(*tags, main="onward")


class _RunStage(BatchDoFn[Lesson]):
    def __init__(self, task: StageTask, runtime: StageRuntime) -> None:
        self._task = task
        self._runtime = runtime
        # Priced here, so that a missing price fails the launch and not every element.
        usage = task.typical() if runtime.budget else ()
        self._expected_usd = runtime.prices.price(usage)
        self._is_paid = costs_more_than_machine(usage)

    def display_data(self) -> dict[str, Any]:
        runtime = self._runtime
        shown = {
            **self._task.options(),
            "engine": self._task.engine,
            "timeout_seconds": runtime.policy.timeout,
            "tries": runtime.policy.tries,
            "concurrency": runtime.limits.at_once,
            "per_minute": runtime.limits.per_minute,
            "workers": runtime.workers,
            "max_cost_per_request": runtime.budget.per_request if runtime.budget else None,
            "max_cost_per_hour": runtime.budget.per_hour if runtime.budget else None,
            "force": runtime.force,
            "reuse": runtime.reuse,
            "artifacts": runtime.store.root,
            "ledger": runtime.ledger.masked_url,
        }
        return display_items(**shown)

    def is_isolated(self, element: Lesson) -> bool:
        # A shard hands over all lessons that wait: each ends before the next one begins.
        return element.claim.isolated or self._task.stage != "script"

    def process_elements(self, elements: Sequence[Lesson]) -> Iterator[BatchResult]:
        works: dict[int, Work] = {}
        heartbeat.release_late(self._ledger)
        for position, entered in enumerate(self._ledger.enter(elements, self._task.stage)):
            if may_work(entered):
                works[position] = Work.of(entered, self._task.stage)
            else:
                yield BatchResult(position, *refused_output(entered, self._task.stage))
        if works:
            self._work_on(list(works.values()))
        for position, work in works.items():
            yield BatchResult(position, *self._output(work))

    def _work_on(self, works: Sequence[Work]) -> None:
        lessons = [work.lesson for work in works]
        queue_lease = self._runtime.queue_lease
        with heartbeat.release_on_outage(self._ledger, lessons, queue_lease):
            # All leases are renewed, also those of lessons that wait for a free thread.
            with heartbeat.heartbeats(self._ledger, lessons) as check:
                begin_by = time.monotonic() + self._runtime.policy.patience
                for part in rounds(self._task, self._runtime, works):
                    parallel_map(partial(self._perform, begin_by), part, self._runtime.workers)
                self._judge(works)
                for work in works:
                    with work.capture_error():
                        check(work.lesson)
            self._advance([work for work in works if not work.error and work.following])
            failed = {at: (work.lesson, work.error) for at, work in enumerate(works) if work.error}
            for at, left in queue_failures(self._ledger, failed, queue_lease).items():
                works[at].lesson, works[at].error = left

    @property
    def _ledger(self) -> Ledger:
        return self._runtime.ledger

    @property
    def _streak(self) -> FailureStreak:
        return failure_streak(self._ledger, self._task.stage)

    def _perform(self, begin_by: float, work: Work) -> None:
        """Run the stage on a lesson; raise if the bundle has waited too long for the engine.

        All lessons of a bundle share one time to wait, because Dataflow ends a process that emits
        nothing for too long. A bundle that waited longer is handed back; results stored so far are
        reused.
        """
        work.error = work.error or self._streak.held(work.lesson.message.message_id)
        if work.error:
            return
        patience = begin_by - time.monotonic()
        if patience < 0:
            raise overdue(self._task.stage, "other requests of the bundle kept it busy")
        policy = replace(self._runtime.policy, patience=patience)
        with tracing.span(work.stage, work.lesson, engine=self._task.engine) as work.span:
            with work.capture_error():
                work.record = self._result(work, policy)
            work.describe_span()
        if is_answer_at_fault(work.error) and work.calls:
            work.calls.discard()

    def _judge(self, works: Sequence[Work]) -> None:
        """Decide whether lessons that failed unexpectedly become dead letters."""
        self._streak.judge(
            {work.lesson.message.message_id: work.error for work in works if work.error},
            succeeded=any(work.record and not work.record.reused for work in works),
            canary=self._run_canary,
            may_defer=self._runtime.may_defer,
        )

    def _run_canary(self) -> None:
        with canary_lesson(self._task.stage) as (lesson, store):
            alone = replace(self._runtime, store=store, budget=None, force=True)
            work = Work(lesson, self._task.stage, is_fenced=False)
            with work.capture_error():
                work.record = _RunStage(self._task, alone)._result(work, alone.policy)
            count_work(work, self._runtime)
            done = work.advanced if work.record else lesson
            self._ledger.canary(done, work.stage, work.error)
            if work.error:
                raise work.error

    def _advance(self, works: Sequence[Work]) -> None:
        """Record the finished stage; that of the last one is recorded at completion."""
        percent = PROGRESS[self._task.stage]
        status = self._ledger.progress(
            [(work.advanced, work.following, percent) for work in works], self._runtime.queue_lease
        )
        for work in works:
            work.error = claim_error(status, work.lesson, work.following)

    def _output(self, work: Work) -> tuple[Any, str | None]:
        """Return the element to emit and its output tag."""
        count_work(work, self._runtime)
        if work.error:
            return failure_output(
                work.lesson, work.stage, work.error, work.failures, work.failed_stage
            )
        if work.following:
            return work.advanced, None
        hand_over(work.lesson.claim, "publish", work.starts)
        return work.advanced, FINISHED

    def _result(self, work: Work, policy: retry.RetryPolicy) -> StageRecord:
        """Reuse the stored result, copy a shared one or make a new one; return its record."""
        lesson = work.lesson
        digest = input_digest(self._task, lesson)
        found = None if self._runtime.force else self._stored_record(lesson, digest)
        if found:
            log.info(
                "%s stage reused its stored result",
                self._task.stage,
                extra=log_events.log_fields(lesson, stage=self._task.stage),
            )
            return replace(found, reused=True)
        make = partial(self._make, work, policy, digest)
        return share(self._runtime, work, work.key, make) if work.key else make()

    def _make(self, work: Work, policy: retry.RetryPolicy, digest: str) -> StageRecord:
        """Make a new result and return its record."""
        lesson, failures = work.lesson, work.failures
        check_starts(lesson, self._task.stage, work.starts, self._runtime.max_deliveries)
        self._admit(work)
        perform = self._task.perform
        if work.starts >= SUSPECT_STARTS:
            deaths = self._runtime.max_deliveries
            policy = replace(policy, tries=max(policy.tries, deaths))
            perform = partial(Suspect(deaths).perform, self._task)

        def failed(error: ContentError, delay: float | None) -> None:
            fault = hidden_fault(error)  # otherwise a sick worker would go on trying
            if fault:
                raise fault from error
            if delay is None:
                return  # `failure_output` logs the last try
            about = {"stage": self._task.stage, "try": len(failures)}
            fields = log_events.log_fields(
                lesson, **about, error_type=type(error).__name__, error_code=error.code
            )
            log.info("%s stage failed; retrying in %.1f s", self._task.stage, delay, extra=fields)
            log.debug("because: %s", error, extra=fields)

        calls = work.calls = StageCalls(
            lesson, self._task.stage, self._task.engine, self._runtime, policy, work.is_fenced,
            failures, failed, work.span,
        )  # fmt: skip
        tries = itertools.count(1)
        with self._folder() as folder, closing(calls):
            produced = retry.retry_until_deadline(
                lambda _: self._attempt(perform, lesson, folder / f"try-{next(tries)}", calls),
                policy,
                failures,
                retry.unlimited if self._task.makes_calls else self._runtime.admitted,
                failed,
                calls.deadline,
            )
            calls.close()
            record = new_record(self._task, produced, calls, digest)
            # One write waits for the disk once. A record that lacks artifacts is not reused.
            sources = {**produced.artifacts, record_name(record.stage): encode(record)}
            put_artifacts(self._runtime.store, self._ledger, lesson, sources)
        log.info(
            log_events.STAGE_DONE, record.stage, record.seconds, record.cost_usd,
            extra=log_events.log_fields(
                lesson, stage=record.stage, seconds=record.seconds, cost_usd=record.cost_usd
            ),
        )  # fmt: skip
        return record

    def _stored_record(self, lesson: Lesson, digest: str) -> StageRecord | None:
        request_id = lesson.request.request_id
        return reusable_record(self._runtime.store, request_id, self._task.stage, digest)

    def _admit(self, work: Work) -> None:
        if self._runtime.budget:
            work.waited = self._runtime.budget.admit(
                work.lesson, self._task.stage, self._expected_usd, self._is_paid
            )

    def _attempt(
        self,
        perform: Callable[[Lesson, ArtifactStore, Path, StageCalls], Produced],
        lesson: Lesson,
        folder: Path,
        calls: StageCalls,
    ) -> Produced:
        if self._task.needs_folder:
            folder.mkdir()
        if self._task.makes_calls:  # each has a span of its own
            return perform(lesson, self._runtime.store, folder, calls)
        engine, stage = self._task.engine, self._task.stage
        with tracing.span(
            f"{engine} {stage}", lesson, parent=calls.span, stage=stage, engine=engine
        ):
            return perform(lesson, self._runtime.store, folder, calls)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """Yield a temporary folder for the tries of a lesson, if the task needs one.

        Creating a folder takes longer than writing a script.
        """
        if not self._task.needs_folder:
            yield Path(os.devnull)
            return
        with temp_dirs.temp_dir() as folder:
            yield folder
