"""The exceptions of the pipeline.

The type of an error decides what happens to the element (`transforms.stage.run`):

=================  ========================================================================
`PermanentError`   the element can never succeed: dead letter at once
`TransientError`   it may succeed later: retried with backoff, then a retryable dead letter
`DependencyDown`   nothing is wrong with the element: no dead letter, no acknowledgement
`ClaimLost`        another worker has the request: outcome `superseded`
anything else      a bug: dead letter with its traceback
=================  ========================================================================
"""

from __future__ import annotations


class ContentError(Exception):
    """An error of one element, or of the engine that processed it.

    Its text may quote the element, so it is stored in the dead letter and never logged above DEBUG.
    """

    code: str | None = None
    """Status that a service answered with, such as ``429 RESOURCE_EXHAUSTED``; safe to log."""


class PermanentError(ContentError):
    """An error that retries cannot fix: bad input, refused content, unusable engine answer."""


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


class StageTimeout(TransientError):
    """A stage did not finish before its deadline."""


class Cancelled(TransientError):
    """The request was cancelled; a replay reopens it.

    Args:
        stage: The stage that would have followed.
    """

    def __init__(self, stage: str) -> None:
        super().__init__(f"cancelled on request before {stage}; a replay reopens it")
        self.stage = stage


class OverBudget(TransientError):
    """The next stage would exceed the request's cost limit.

    A replay with a higher limit continues with that stage.

    Args:
        stage: The stage that was not started.
        spent: Cost of the request so far in US dollars.
        expected: Expected cost of the stage in US dollars.
        limit: The limit in US dollars.
    """

    def __init__(self, stage: str, spent: float, expected: float, limit: float) -> None:
        super().__init__(
            f"with {stage} this request would cost about ${spent + expected:.6f} (${spent:.6f} so "
            f"far), more than the ${limit:.6f} of --max-cost-per-request: raise that and replay it"
        )


class DependencyDown(Exception):
    """Postgres, the artifact store or Pub/Sub cannot be reached.

    Args:
        dependency: ``"postgres"``, ``"artifacts"`` or ``"pubsub"``.
        detail: The client's error message, without secrets.
    """

    def __init__(self, dependency: str, detail: str) -> None:
        super().__init__(dependency, detail)
        self.dependency = dependency
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.dependency} is down: {self.detail}"


class ClaimLost(Exception):
    """Another worker took the request over; this worker must not record anything for it."""
