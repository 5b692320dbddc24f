"""The exceptions of the pipeline.

The type of an error decides what happens to the element (`transforms.stage.run`):

====================  =====================================================================
`PermanentError`      the element can never succeed: dead letter at once
`TransientError`      it may succeed later: retried with backoff, then a retryable dead letter
`DependencyDown`      a service is down: nothing is settled, the job waits
`ConfigurationFault`  the set-up is wrong: nothing is settled, the job stops at once
`WorkerFault`         this machine is out of resources: nothing is settled, the job stops at once
`ClaimLost`           another worker has the request: outcome `superseded`
anything else         a bug: dead letter with its traceback
====================  =====================================================================

`environment_fault` finds the worker faults among the exceptions of Python and its libraries.
"""

from __future__ import annotations

import errno
import os
import tempfile
from typing import ClassVar, Self


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


class EnvironmentFault(Exception):
    """A fault outside the element: it is neither settled nor acknowledged.

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


class ConfigurationFault(EnvironmentFault):
    """A grant, a table or a resource is missing; only an operator can repair it."""

    exit_reason = "configuration_fault"

    def __str__(self) -> str:
        return f"{self.subject} is misconfigured: {self.detail}"


class WorkerFault(EnvironmentFault):
    """This worker lacks disk space, memory, file handles, processes or a folder."""

    exit_reason = "worker_fault"

    def __str__(self) -> str:
        return f"this worker cannot go on: {self.subject}: {self.detail}"


class ClaimLost(Exception):
    """Another worker took the request over; this worker must not record anything for it."""


_DISK = "free some space, or set TMPDIR to a folder on a larger disk"
_FOLDER = "set TMPDIR to a folder that this process may write to"
_FILES = "raise the limit of open files (ulimit -n), or lower --workers"
_MEMORY = "give this worker more memory, or lower --workers and --render-workers"
_PROCESSES = "raise the limit of processes (ulimit -u, or the container's), or lower --workers"

_REMEDIES = {
    errno.ENOSPC: _DISK,
    errno.EDQUOT: _DISK,
    errno.EROFS: _FOLDER,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOMEM: _MEMORY,
}
"""Remedies by error number, wherever the error stands in a chain of causes."""

_DIRECT_REMEDIES = {**_REMEDIES, errno.EACCES: _FOLDER, errno.EAGAIN: _PROCESSES}
"""Remedies by error number of an exception that is not a mere cause of another.

As a cause, EACCES and EAGAIN are usual: probing a file, reading a socket that has no data yet."""

_OF_FOLDER = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


def environment_fault(error: BaseException) -> EnvironmentFault | None:
    """Return the fault outside the element that an exception shows, or None.

    Args:
        error: Any exception; a chain of causes is searched for exhausted resources, because
            libraries wrap them in errors of their own. `MemoryError` is none of them: one absurd
            element can raise it, and must not stop a job.
    """
    remedies = _DIRECT_REMEDIES
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, EnvironmentFault):
            return cause if cause is error else None  # it was handled, and led to another error
        fault = _worker_fault(cause, remedies)
        if fault:
            return fault
        remedies = _REMEDIES
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return None


def folder_fault(folder: str | os.PathLike[str] | None, error: OSError) -> WorkerFault:
    """Return the fault of a worker that cannot use a temporary folder.

    Args:
        folder: The folder; None if there is none.
        error: Any error of its use.
    """
    remedy = _DIRECT_REMEDIES.get(error.errno or 0, _FOLDER)
    return _fault(os.fspath(folder or "temporary folder"), error, remedy)


def _worker_fault(error: BaseException, remedies: dict[int, str]) -> WorkerFault | None:
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        return WorkerFault("threads", f"{error}; {_PROCESSES}")
    if not isinstance(error, OSError):
        return None
    folder = tempfile.tempdir or os.environ.get("TMPDIR", "")
    if error.errno in remedies:
        file = error.filename
        if not isinstance(file, str | bytes):  # a write to an open file does not name it
            file = folder if error.errno in _OF_FOLDER else ""
        return _fault(os.fsdecode(file) or "system call", error, remedies[error.errno])
    no_folder = str(error.strerror).startswith("No usable temporary directory")
    if error.errno == errno.ENOENT and (no_folder or (folder and not os.path.isdir(folder))):
        return folder_fault(folder, error)
    return None


def _fault(subject: str, error: OSError, remedy: str) -> WorkerFault:
    return WorkerFault(subject, f"{error.strerror or error}; {remedy}")
