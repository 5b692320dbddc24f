"""Classify exceptions into fault domains: element, dependency, configuration or worker.

The domains are the classes of `transforms.errors`. `environment_fault` finds the faults outside the
element among the exceptions of Python and its libraries. `transforms.process.worker_health` finds
those that libraries hide behind errors of their own.
"""

from __future__ import annotations

import errno
import os
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

from transforms.errors import (
    ChildError,
    ConfigurationFault,
    DependencyDown,
    EnvironmentFault,
    WorkerFault,
)

_DISK = "free some space, or set TMPDIR to a folder on a larger disk"
_FOLDER = "let this process write there, or set TMPDIR to a folder that it may write to"
_FILES = "raise the limit of open files (ulimit -n), or lower --workers"
_MEMORY = "give this worker more memory, or lower --workers and --render-workers"
_CREDENTIALS = (
    "there are no Google credentials (run `gcloud auth application-default login`, or set "
    "PUBSUB_EMULATOR_HOST to use `vividly emulators`)"
)
_PROCESSES = "raise the limit of processes (ulimit -u, or the container's), or lower --workers"

_ON_DISK = {errno.ENOSPC: _DISK, errno.EDQUOT: _DISK, errno.EROFS: _FOLDER}
_IN_PROCESS = {
    errno.EMFILE: ("open files", _FILES),
    errno.ENFILE: ("open files", _FILES),
    errno.ENOMEM: ("memory", _MEMORY),
}

_NO_ADDRESS_SPACE = "failed to map segment"
"""Text of the dynamic loader's error, which has no number."""


def environment_fault(error: BaseException) -> EnvironmentFault | None:
    """Return the outage, configuration or worker fault that an exception shows; else None.

    Args:
        error: Any exception; its causes are searched for exhausted resources, because libraries
            wrap them in errors of their own. `MemoryError` is none of them: one absurd element can
            raise it, and must not stop a job.
    """
    for cause in _causes(error):
        if isinstance(cause, EnvironmentFault):
            # An outage below another error was handled by the code that raised that one.
            return None if isinstance(cause, DependencyDown) and cause is not error else cause
        fault = _process_fault(cause) or _disk_fault(cause)
        if fault:
            return fault
    return _ambiguous_fault(error) or _credentials_fault(error)


def outage_fault(error: BaseException, down: DependencyDown) -> EnvironmentFault:
    """Return the worker or login fault behind a failed call to a dependency, else the outage.

    Args:
        error: The error of a call to a dependency.
        down: The outage that it shows.
    """
    return process_fault(error) or _credentials_fault(error) or down


def process_fault(error: BaseException) -> WorkerFault | None:
    """Return the worker fault if an exception shows a lack of file handles, memory or threads."""
    return next(filter(None, map(_process_fault, _causes(error))), None)


def error_place(error: BaseException) -> str:
    """Return the type of an error and the place in the code where it was raised."""
    if isinstance(error, ChildError):
        return error.place
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {code_place(frames[-1])}" if frames else ""
    return f"{type(error).__name__}{place}"


def code_place(frame: traceback.FrameSummary) -> str:
    """Return the file, with its two nearest folders, and the line of a frame."""
    return f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno}"


def folder_fault(folder: str | os.PathLike[str] | None, error: OSError) -> WorkerFault:
    """Return the worker fault of an `OSError` in a temporary folder.

    Args:
        folder: The folder; None if there is none.
        error: Any error of its use.
    """
    remedy = _ON_DISK.get(error.errno or 0, _FOLDER)
    return _fault(os.fspath(folder or "temporary folder"), error, remedy)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes, members of exception groups included."""
    waiting = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            waiting.extend(cause.exceptions)
        below = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
        if below is not None:
            waiting.append(below)


def _process_fault(error: BaseException) -> WorkerFault | None:
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        return WorkerFault("threads", f"{error}; {_PROCESSES}")
    if isinstance(error, ImportError) and _NO_ADDRESS_SPACE in str(error):
        return WorkerFault("memory", f"a library cannot be loaded; {_MEMORY}")
    if isinstance(error, OSError) and error.errno in _IN_PROCESS:
        subject, remedy = _IN_PROCESS[error.errno]
        return _fault(subject, error, remedy)
    return None


def _disk_fault(error: BaseException) -> WorkerFault | None:
    if not isinstance(error, OSError):
        return None
    if error.errno in _ON_DISK:
        return folder_fault(_folder_of(error), error)
    scratch = _scratch()
    is_missing = str(error.strerror).startswith("No usable temporary directory") or (
        scratch and not os.path.isdir(scratch)
    )
    return folder_fault(scratch, error) if error.errno == errno.ENOENT and is_missing else None


def _credentials_fault(error: BaseException) -> ConfigurationFault | None:
    """Return the configuration fault of missing Google credentials; None for other errors."""
    kind = type(error)
    if (kind.__module__, kind.__name__) != ("google.auth.exceptions", "DefaultCredentialsError"):
        return None
    return ConfigurationFault("login", _CREDENTIALS)


def _ambiguous_fault(error: BaseException) -> WorkerFault | None:
    """Return the worker fault of EACCES or EAGAIN, if it is the last exception of the chain.

    As causes they are usual: a file that was probed, a socket that has no data yet.
    """
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.EACCES:
        return folder_fault(_folder_of(error), error)
    return _fault("processes", error, _PROCESSES) if error.errno == errno.EAGAIN else None


def _folder_of(error: OSError) -> str:
    """Return the folder that an `OSError` names; file names may hold words of students."""
    file, scratch = error.filename, _scratch()
    if not isinstance(file, str | bytes) or not file:
        return scratch  # a write to an open file does not name it
    folder = os.path.dirname(os.path.abspath(os.fsdecode(file)))
    return scratch if scratch and f"{folder}/".startswith(f"{scratch}/") else folder


def _scratch() -> str:
    return tempfile.tempdir or os.environ.get("TMPDIR", "")


def _fault(subject: str, error: OSError, remedy: str) -> WorkerFault:
    return WorkerFault(subject, f"{error.strerror or error}; {remedy}")
