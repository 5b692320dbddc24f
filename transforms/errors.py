"""The exceptions of the pipeline.

The type of an error decides what happens to the element (`transforms.stage.run`):

====================  =====================================================================
`PermanentError`      the element can never succeed: dead letter at once
`TransientError`      it may succeed later: retried with backoff, then a retryable dead letter
`DependencyDown`      a service is down, or its quota is exhausted: nothing is settled, the job
                      waits
`ConfigurationFault`  the set-up is wrong: nothing is settled, the job stops at once
`WorkerFault`         this machine is out of resources: nothing is settled, the job stops at once
`ClaimLost`           another worker has the request: outcome `superseded`
anything else         a bug: dead letter with its traceback
====================  =====================================================================

After several equal bugs in a row, a canary tells whether the elements or the set-up is at fault; so
it does for `CallRejected` and `ChildDied` (`transforms.stage.failure_streak`).

`transforms.faults` finds the faults outside the element among the exceptions of Python and its
libraries.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, Self


class ContentError(Exception):
    """An error of one element, or of the engine that processed it.

    Its text may quote the element, so it is stored in the dead letter and never logged above DEBUG.
    """

    code: str | None = None
    """Status that a service answered with, such as ``429 RESOURCE_EXHAUSTED``; safe to log."""

    is_final: bool = False
    """True if nothing may try again: all tries have failed, or another try cannot help."""

    checks: tuple[str, ...] = ()
    """Names of the checks that a script failed, if that is why it could not be used."""


class PermanentError(ContentError):
    """An error that retries cannot fix: bad input, refused content, unusable engine answer."""


class CallRejected(PermanentError):
    """A service rejected a call, for a reason in the element or in the configuration."""


class InvalidRequest(PermanentError):
    """A message that is not a valid content request.

    Args:
        field: The invalid field, or ``"message"`` for the message as a whole.
        reason: What is wrong and what is valid.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class TransientError(ContentError):
    """An error that a retry may fix: 429, 5xx, a timeout, a reset connection.

    Args:
        message: Description of the failure.
        retry_after: Seconds the service asked to wait, if it did.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after)
        self.message = message
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.message


class Overloaded(TransientError):
    """A service answered 429 or 503: it wants fewer calls."""


class ChildDied(TransientError):
    """A child process was killed, for lack of memory, or crashed in native code."""


class CrashesWorker(PermanentError):
    """The process of a stage died each time that it worked on the request."""

    def __init__(self, stage: str, deaths: int) -> None:
        super().__init__(
            f"the process of the {stage} stage died {deaths} times on this request; find the cause "
            "in the worker log before replaying it"
        )


class StartedTooOften(TransientError):
    """A stage was started many times without an end; the cause is not known."""

    def __init__(self, stage: str, starts: int) -> None:
        super().__init__(
            f"the {stage} stage was started {starts} times on this request without an end: its "
            "workers died or were stopped; a replay tries again"
        )


class StageTimeout(TransientError):
    """A stage did not finish before its deadline."""


class Cancelled(TransientError):
    """The request was cancelled; a replay reopens it.

    Args:
        stage: The stage that would have followed.
    """

    is_final = True

    def __init__(self, stage: str) -> None:
        super().__init__(f"cancelled on request before {stage}; a replay reopens it")
        self.stage = stage

    def __reduce__(self) -> tuple[type[Cancelled], tuple[str]]:
        return type(self), (self.stage,)


class OverBudget(TransientError):
    """The next stage would exceed the request's cost limit.

    A replay with a higher limit continues with that stage.

    Args:
        stage: The stage that was not started.
        spent: Cost of the request so far in US dollars.
        expected: Expected cost of the stage in US dollars.
        limit: The limit in US dollars.
    """

    is_final = True

    def __init__(self, stage: str, spent: float, expected: float, limit: float) -> None:
        super().__init__(
            f"with {stage} this request would cost about ${spent + expected:.6f} (${spent:.6f} so "
            f"far), more than the ${limit:.6f} of --max-cost-per-request: raise that and replay it"
        )
        self._given = stage, spent, expected, limit

    def __reduce__(self) -> tuple[type[OverBudget], tuple[str, float, float, float]]:
        return type(self), self._given


class OverQuota(TransientError):
    """The student has reached a quota of requests or cost; a replay may succeed later.

    Args:
        again_at: When the quota begins anew.
    """

    def __init__(self, again_at: datetime) -> None:
        super().__init__(
            "this student has used up a quota (--student-requests-per-hour or "
            f"--student-cost-per-day); replay it from {again_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        )


class EnvironmentFault(Exception):
    """A fault outside the element, which stays unacknowledged and is processed again.

    Args:
        subject: What is at fault.
        detail: The error and its remedy, without secrets and without data of students.
    """

    exit_reason: ClassVar[str]
    """Why the job ended, as in its summary."""

    def __init__(self, subject: str, detail: str) -> None:
        super().__init__(subject, detail)
        self.subject = subject
        self.detail = detail

    def without_step(self) -> Self:
        """Return the same fault without the step's name that Beam appends to the subject."""
        return type(self)(self.subject.partition(" [while")[0], self.detail)


class DependencyDown(EnvironmentFault):
    """Postgres, the artifact store or Pub/Sub cannot be reached; the subject is its name."""

    exit_reason = "dependency_down"

    @property
    def dependency(self) -> str:
        """``"postgres"``, ``"artifacts"`` or ``"pubsub"``."""
        return self.subject

    def __str__(self) -> str:
        return f"{self.subject} is down: {self.detail}"


class QuotaExhausted(DependencyDown):
    """An engine accepts no call before the deadline of the stage that waits for it."""


class Interrupted(EnvironmentFault):
    """The job ends, so the wait for an engine ends too; the subject is the engine."""

    exit_reason = "signal"

    def __str__(self) -> str:
        return f"the wait for the {self.subject} ends: {self.detail}"


class ConfigurationFault(EnvironmentFault):
    """A login, a grant, a table or a resource is missing; only an operator can repair it."""

    exit_reason = "configuration_fault"

    def __str__(self) -> str:
        return f"{self.subject} is misconfigured: {self.detail}"


class ModelRetired(ConfigurationFault):
    """A service does not have the model that an engine calls, or not any more."""


class WorkerFault(EnvironmentFault):
    """This worker lacks disk space, memory, file handles, processes or a folder."""

    exit_reason = "worker_fault"

    def __str__(self) -> str:
        return f"this worker cannot go on: {self.subject}: {self.detail}"


class Undecided(EnvironmentFault):
    """The decision about an unexpected failure is deferred; its message has to run again.

    The subject is the stage (`transforms.stage.failure_streak`).
    """

    exit_reason = "undecided"

    def __str__(self) -> str:
        return f"the {self.subject} stage defers a decision: {self.detail}"


class ChildError(RuntimeError):
    """An unexpected error in a child process.

    Args:
        report: The child's traceback.
        place: Type of the error and place in the code where it was raised.
    """

    def __init__(self, report: str, place: str) -> None:
        super().__init__(report, place)
        self.place = place

    def __str__(self) -> str:
        return str(self.args[0])


class ClaimLost(Exception):
    """Another worker took the request over; this worker must not record anything for it."""
