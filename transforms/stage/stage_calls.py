"""StageCalls: the paid calls of one stage of one lesson, under one deadline.

Each call is admitted by the limits of its engine, recorded in the ledger, and retried by itself
until the stage's deadline, so that a refused call does not repeat those before it. Its answer is
stored until the request is completed: another try, another worker or a replay uses it. The end of a
call is recorded when the next one begins, or with the end of the stage.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from transforms.artifacts.parts import Parts
from transforms.errors import (
    Cancelled,
    ClaimLost,
    ContentError,
    EnvironmentFault,
    OverBudget,
    StageTimeout,
)
from transforms.ledger.calls import BegunCall, EndedCall
from transforms.model import Attempt, Lesson, Usage
from transforms.process.fingerprints import fingerprint
from transforms.process.retry import Deadline, RetryPolicy, retry_until_deadline
from transforms.stage.call_book import call_book
from transforms.stage.paid_call import Answer, PaidCall
from transforms.stage.stored_answer import decode_answer, encode_answer
from transforms.telemetry import tracing
from transforms.telemetry.span import OFF, Span

if TYPE_CHECKING:
    from transforms.stage.task import StageRuntime


def _ignore(error: ContentError, delay: float | None) -> None:
    """Ignore a failed try; the default of `StageCalls.failed`."""


@dataclass
class StageCalls:
    """The paid calls of a stage (the `PaidCalls` port); any number of threads may share it.

    A pickled instance keeps the time that is left, but no failed tries, no usage and no span.

    Attributes:
        lesson: The lesson as it entered the stage.
        stage: The stage's name.
        engine: The engine's name.
        runtime: Limits and services of the stage.
        policy: Deadline of the stage, and waits between tries. The number of tries is not limited.
        is_fenced: False for a canary, which has no claim.
        failures: Receives every failed try.
        failed: Called for each failed try with the seconds until the next, or None after the last.
        span: The span of the stage.
        deadline: The stage's deadline; waiting for admission does not use it up.
    """

    lesson: Lesson
    stage: str
    engine: str
    runtime: StageRuntime
    policy: RetryPolicy
    is_fenced: bool = True
    failures: list[Attempt] = field(default_factory=list)
    failed: Callable[[ContentError, float | None], object] = _ignore
    span: Span = OFF

    def __post_init__(self) -> None:
        self.deadline = Deadline(self.policy.timeout, self.policy.patience)
        self._lock = threading.Lock()
        self._usage: list[Usage] = []
        self._ended: list[EndedCall] = []
        self._has_parts = False
        self.spent_usd = 0.0
        """US dollars that the calls have cost, those without an answer too."""
        self.waited = 0.0
        """Seconds of waiting for budget."""

    def __reduce__(self) -> tuple[type[StageCalls], tuple[object, ...]]:
        left = max(0.0, self.left)
        policy = replace(self.policy, timeout=left, patience=min(left, self.deadline.patience))
        return type(self), (
            self.lesson, self.stage, self.engine, self.runtime, policy, self.is_fenced,
        )  # fmt: skip

    @property
    def left(self) -> float:
        """Seconds until the stage's deadline."""
        return self.deadline.left

    @property
    def timeout(self) -> float:
        """Seconds of the stage's whole deadline, from its start."""
        return self.policy.timeout

    @property
    def seconds(self) -> float:
        """Seconds of work so far, waits for admission excluded."""
        return self.timeout - self.left

    @property
    def usage(self) -> tuple[Usage, ...]:
        """Billed usage of the answers so far."""
        with self._lock:
            return tuple(self._usage)

    def add(self, usage: tuple[Usage, ...], spent_usd: float) -> None:
        """Add the usage and the cost of answers."""
        with self._lock:
            self._usage += usage
            self.spent_usd += spent_usd

    def run(self, call: PaidCall, send: Callable[[float], Answer]) -> Answer:
        """Return the stored answer of a call, or send it, with retries, and store its answer.

        Args:
            call: The call.
            send: As for `PaidCalls.run`.

        Raises:
            OverBudget: It repeats an answered call, and could exceed the request's cost limit.
            Exception: As `PaidCalls.run`.
        """
        sending = _Sending(self, call, send)
        self._has_parts = True
        answer = sending.stored_answer() or retry_until_deadline(
            sending.attempt,
            replace(self.policy, tries=sys.maxsize),
            self.failures,
            partial(self._admitted, call.model),
            self.failed,
            sending.deadline,
        )
        self.add(answer.usage, 0.0)
        return answer

    def close(self) -> None:
        """Record in the ledger the ends of calls that are not recorded yet."""
        ended = self.take_ended()
        if ended:
            call_book(self.runtime.ledger).end(ended)

    def discard(self) -> None:
        """Delete the stored answers, so that a replay sends the calls again."""
        if self._has_parts:
            with suppress(EnvironmentFault):  # they are swept later
                self.parts.delete(self.lesson.request.request_id)

    @property
    def parts(self) -> Parts:
        """Stored answers of the request's paid calls."""
        return Parts(self.runtime.store)

    def take_ended(self) -> list[EndedCall]:
        """Remove and return the ended calls that the ledger does not have yet."""
        with self._lock:
            ended, self._ended = self._ended, []
            return ended

    def add_ended(self, call: EndedCall, usd: float) -> None:
        """Add the end and cost of a call, for the next statement to the ledger."""
        with self._lock:
            self._ended.append(call)
            self.spent_usd += usd

    @contextmanager
    def _admitted(self, model: str, patience: float, left: float) -> Iterator[None]:
        """Wait until the hourly budget and the model's limits allow a call."""
        budget = self.runtime.budget
        asked = time.monotonic()
        waited = budget.wait(self.lesson, self.stage) if budget else 0.0
        with self._lock:
            self.waited += waited
        with self.runtime.admitted(max(0.0, patience - (time.monotonic() - asked)), left, model):
            yield


class _Sending:
    """Sends one call, with retries.

    Args:
        calls: The calls of the stage.
        call: The call.
        send: Sends it once.
    """

    def __init__(self, calls: StageCalls, call: PaidCall, send: Callable[[float], Answer]) -> None:
        self._calls = calls
        self._call = call
        self._send = send
        self._reason = call.reason
        self.deadline = calls.deadline.before_end((1.0 - call.until) * calls.timeout)
        self._expected_usd = calls.runtime.prices.price(call.expected)
        about = {"stage": calls.stage, "engine": calls.engine, "purpose": call.purpose}
        if calls.runtime.force:
            about["attempt"] = str(calls.lesson.claim.attempt)  # use no answer of an earlier one
        self._input = fingerprint({**about, "inputs": call.inputs, "reason": call.reason})

    def stored_answer(self) -> Answer | None:
        """Return the answer that an earlier try or worker has stored, or None."""
        stored = self._calls.parts.read(self._calls.lesson.request.request_id, self._input)
        return None if stored is None else decode_answer(stored)

    def attempt(self, _: float) -> Answer:
        """Record a try of the call, send it, and store its answer."""
        calls, call_id = self._calls, str(uuid4())
        if self.deadline.left <= 0:
            raise StageTimeout(f"no time was left for a {self._call.purpose} call")
        self._begin(call_id)
        try:
            answer = self._traced_send()
        except Exception as error:
            self._reason = getattr(error, "code", None) or type(error).__name__
            # A service that does not answer in time may bill the call, and so may one whose answer
            # made the engine fail.
            known = isinstance(error, ContentError | EnvironmentFault)
            unknown = not known or isinstance(error, StageTimeout)
            ended = EndedCall(call_id, "failed", self._reason, cost_usd=None if unknown else 0.0)
            calls.add_ended(ended, self._expected_usd if unknown else 0.0)
            calls.close()
            raise
        usd = calls.runtime.prices.price(answer.usage)
        used = {each.sku: each.quantity for each in answer.usage}
        ended = EndedCall(call_id, "answered", model=answer.model, usage=used, cost_usd=usd)
        calls.add_ended(ended, usd)
        request_id = calls.lesson.request.request_id
        # A worker that has stored an answer first has used that one.
        return decode_answer(calls.parts.put(request_id, self._input, encode_answer(answer)))

    def _traced_send(self) -> Answer:
        """Send the call once, within a span of its own."""
        calls, call = self._calls, self._call
        with tracing.span(
            f"{calls.engine} {call.purpose}",
            calls.lesson,
            parent=calls.span,
            stage=calls.stage,
            engine=calls.engine,
            model=call.model,
        ) as span:
            answer = self._send(self.deadline.left)
            usd = calls.runtime.prices.price(answer.usage)
            span.set(model=answer.model or call.model, cost_usd=usd)
            return answer

    def _begin(self, call_id: str) -> None:
        """Insert the ledger's row for a try; raise if the ledger refuses it.

        Raises:
            ClaimLost: Another worker holds the request.
            Cancelled: The request was cancelled.
            OverBudget: It repeats an answered call, and could exceed the request's cost limit.
        """
        calls = self._calls
        lesson, budget = calls.lesson, calls.runtime.budget
        limit = budget.per_request if budget and self._call.reason else None
        begun = BegunCall(
            call_id,
            lesson.request.request_id,
            lesson.claim.token if calls.is_fenced else None,
            lesson.claim.entry,
            lesson.claim.attempt,
            lesson.request.modality,
            calls.stage,
            calls.engine,
            self._call.purpose,
            self._reason,
            self._input,
            self._expected_usd,
            limit,
        )
        answer = call_book(calls.runtime.ledger).begin(begun, calls.take_ended())
        if answer.kind == "lost":
            raise ClaimLost(lesson.request.request_id)
        if answer.kind == "cancelled":
            raise Cancelled(calls.stage)
        if answer.kind == "over_budget":
            assert limit is not None
            raise OverBudget(calls.stage, answer.spent_usd, self._expected_usd, limit)
