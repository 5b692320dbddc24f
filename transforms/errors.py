"""The one error tree.

What a stage raises decides what happens to its element (`transforms.stage.task`):

=================  ========================================================================
`PermanentError`   the element can never succeed: dead letter at once
`TransientError`   it may succeed later: retried with backoff, then a retryable dead letter
`DependencyDown`   nothing is wrong with the element: no dead letter, no acknowledgement
anything else      a bug: dead letter with its traceback
=================  ========================================================================
"""

from __future__ import annotations


class ContentError(Exception):
    """Something is wrong with one element or with the engine that worked on it.

    Its text may quote the element, so only those see it who may see that.
    """

    code: str | None = None
    """The bare status a service answered with, such as ``429 RESOURCE_EXHAUSTED``; for logs."""


class PermanentError(ContentError):
    """Trying again cannot help: bad input, refused content, unusable engine answer."""


class InvalidRequest(PermanentError):
    """A message that is not a valid content request.

    Args:
        field: the field at fault, or ``"message"`` when it is the message as a whole.
        reason: what is wrong and what would be right.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class TransientError(ContentError):
    """Trying again may help: 429, 5xx, a timeout, a reset connection.

    Args:
        message: what happened.
        retry_after: seconds the service asked to be left alone, if it said so.
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
    """Somebody asked for the request to be cancelled; replaying it does it after all.

    Args:
        stage: the stage that was to come next.
    """

    def __init__(self, stage: str) -> None:
        super().__init__(f"cancelled on request before {stage}; a replay reopens it")
        self.stage = stage


class OverBudget(TransientError):
    """A request would cost more than one may; a replay with a higher limit goes on from there.

    Args:
        stage: the stage that there is no money for.
        spent: US dollars that the request has cost so far.
        expected: US dollars that the stage is expected to cost.
        limit: US dollars that a request may cost.
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
        detail: what the client said, with no secret in it.
    """

    def __init__(self, dependency: str, detail: str) -> None:
        super().__init__(dependency, detail)
        self.dependency = dependency
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.dependency} is down: {self.detail}"


class ClaimLost(Exception):
    """Another worker took this request over; whatever this one still does must not be recorded."""
