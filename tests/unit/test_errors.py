"""Faults outside the element are found among the exceptions of Python and its libraries."""

from __future__ import annotations

import errno
import os
import pickle
import tempfile

import pytest

from transforms.errors import (
    ConfigurationFault,
    DependencyDown,
    PermanentError,
    TransientError,
    WorkerFault,
    environment_fault,
)

EXHAUSTED = [
    (errno.ENOSPC, "TMPDIR"),
    (errno.EDQUOT, "TMPDIR"),
    (errno.EROFS, "TMPDIR"),
    (errno.EMFILE, "ulimit -n"),
    (errno.ENFILE, "ulimit -n"),
    (errno.ENOMEM, "memory"),
]


def system_error(number, file="/scratch/a"):
    return OSError(number, os.strerror(number), file)


def wrapped(error, *, explicit):
    try:
        try:
            raise error
        except (OSError, DependencyDown) as cause:
            raise TransientError("the engine failed") from (cause if explicit else None)
    except TransientError as outer:
        outer.__suppress_context__ = explicit
        return outer


@pytest.mark.parametrize(
    ("number", "remedy"), [*EXHAUSTED, (errno.EACCES, "TMPDIR"), (errno.EAGAIN, "ulimit -u")]
)
def test_exhausted_worker_is_named_with_remedy(number, remedy):
    fault = environment_fault(system_error(number))
    assert isinstance(fault, WorkerFault)
    assert fault.subject == "/scratch/a"
    assert os.strerror(number) in str(fault)
    assert remedy in str(fault)


@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize(("number", "_"), EXHAUSTED)
def test_exhausted_worker_is_found_behind_other_errors(number, _, explicit):
    assert environment_fault(wrapped(system_error(number), explicit=explicit))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bug"),
        MemoryError(),
        RuntimeError("cannot schedule"),
        system_error(errno.ECONNRESET),
        system_error(errno.ENOENT),
        PermanentError("refused"),
        wrapped(system_error(errno.EAGAIN), explicit=True),
        wrapped(system_error(errno.EACCES), explicit=True),
        wrapped(DependencyDown("postgres", "gone"), explicit=True),
    ],
    ids=repr,
)
def test_other_errors_are_no_worker_fault(error):
    assert environment_fault(error) is None


def test_suppressed_cause_is_not_searched():
    error = TransientError("the engine failed")
    error.__context__ = system_error(errno.ENOSPC)
    error.__suppress_context__ = True
    assert environment_fault(error) is None


def test_write_without_file_name_names_temporary_folder(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/scratch")
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match="space") as e:
        full.write(b"x")
    fault = environment_fault(e.value)
    assert fault
    assert fault.subject == "/scratch"


def test_threads_that_cannot_start_are_worker_fault():
    fault = environment_fault(RuntimeError("can't start new thread"))
    assert "ulimit -u" in str(fault)


def test_missing_temporary_folder_is_worker_fault(monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    monkeypatch.setattr(tempfile, "tempdir", str(gone))
    fault = environment_fault(system_error(errno.ENOENT, str(gone / "a")))
    assert fault
    assert fault.subject == str(gone)


@pytest.mark.parametrize("kind", [DependencyDown, ConfigurationFault, WorkerFault])
def test_fault_passes_a_pipe_and_sheds_beams_step(kind):
    fault = kind("postgres [while running 'Claim/Claim']", "gone")
    copy = pickle.loads(pickle.dumps(fault)).without_step()
    assert type(copy) is kind
    assert (copy.subject, copy.detail) == ("postgres", "gone")
    assert environment_fault(fault) is fault
