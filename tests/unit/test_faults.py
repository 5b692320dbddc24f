"""Faults outside the element are found among the exceptions of Python and its libraries."""

from __future__ import annotations

import errno
import os
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from google.auth.exceptions import DefaultCredentialsError

from transforms.errors import (
    ChildError,
    ConfigurationFault,
    DependencyDown,
    PermanentError,
    TransientError,
    WorkerFault,
)
from transforms.faults import environment_fault, error_place, outage_fault
from transforms.narration.m4a import write_m4a

EXHAUSTED = [
    (errno.ENOSPC, "/data", "TMPDIR"),
    (errno.EDQUOT, "/data", "TMPDIR"),
    (errno.EROFS, "/data", "TMPDIR"),
    (errno.EMFILE, "open files", "ulimit -n"),
    (errno.ENFILE, "open files", "ulimit -n"),
    (errno.ENOMEM, "memory", "memory"),
]
DIRECT = [(errno.EACCES, "/data", "TMPDIR"), (errno.EAGAIN, "processes", "ulimit -u")]


def system_error(number, file="/data/a"):
    return OSError(number, os.strerror(number), file)


def wrapped(error, *, explicit=True):
    try:
        try:
            raise error
        except Exception as cause:  # noqa: BLE001
            raise TransientError("the engine failed") from (cause if explicit else None)
    except TransientError as outer:
        outer.__suppress_context__ = explicit
        return outer


def test_missing_credentials_are_configuration_fault():
    missing = DefaultCredentialsError("Your default credentials were not found")
    found = environment_fault(missing), outage_fault(missing, DependencyDown("pubsub", "gone"))
    for fault in found:
        assert isinstance(fault, ConfigurationFault)
        assert "gcloud auth application-default login" in str(fault)


@pytest.mark.parametrize(("number", "subject", "remedy"), [*EXHAUSTED, *DIRECT])
def test_exhausted_worker_is_named_with_remedy(number, subject, remedy):
    fault = environment_fault(system_error(number))
    assert isinstance(fault, WorkerFault)
    assert fault.subject == subject
    assert os.strerror(number) in str(fault)
    assert remedy in str(fault)


@pytest.mark.parametrize(
    "wrap",
    [
        wrapped,
        lambda error: wrapped(error, explicit=False),
        lambda error: ExceptionGroup("several", [ValueError(), error]),
    ],
    ids=["cause", "context", "group"],
)
@pytest.mark.parametrize("number", [number for number, _, _ in EXHAUSTED])
def test_exhausted_worker_is_found_behind_other_errors(number, wrap):
    assert environment_fault(wrap(system_error(number)))


@pytest.mark.parametrize("fault", [WorkerFault("a", "b"), ConfigurationFault("a", "b")])
def test_fault_is_found_behind_other_errors(fault):
    assert environment_fault(wrapped(fault)) is fault


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bug"),
        MemoryError(),
        RuntimeError("cannot schedule"),
        system_error(errno.ECONNRESET),
        system_error(errno.ENOENT),
        PermanentError("refused"),
        *(wrapped(system_error(number)) for number, _, _ in DIRECT),
        wrapped(DependencyDown("postgres", "gone")),
    ],
    ids=repr,
)
def test_other_errors_are_no_fault(error):
    assert environment_fault(error) is None


def test_suppressed_cause_is_not_searched():
    error = TransientError("the engine failed")
    error.__context__ = system_error(errno.ENOSPC)
    error.__suppress_context__ = True
    assert environment_fault(error) is None


def test_circular_causes_are_searched_once():
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert environment_fault(first) is None


@pytest.mark.parametrize(
    ("file", "subject"),
    [
        (None, "/scratch"),
        ("/scratch/lesson/words of a student.mp4", "/scratch"),
        (b"/scratch/a", "/scratch"),
        ("/scratches/a", "/scratches"),
    ],
)
def test_fault_names_folder_and_no_file(monkeypatch, file, subject):
    monkeypatch.setattr(tempfile, "tempdir", "/scratch")
    fault = environment_fault(system_error(errno.ENOSPC, file))
    assert fault
    assert fault.subject == subject


def test_full_disk_is_found_in_error_of_ffmpeg():
    with pytest.raises(Exception, match="No space") as raised:
        write_m4a(Path("/dev/full"), np.zeros(48_000, np.float32), title="", language="und")
    assert isinstance(environment_fault(raised.value), WorkerFault)


def test_threads_that_cannot_start_are_worker_fault():
    fault = environment_fault(wrapped(RuntimeError("can't start new thread")))
    assert "ulimit -u" in str(fault)


def test_library_without_address_space_is_worker_fault():
    fault = environment_fault(ImportError("libx.so: failed to map segment from shared object"))
    assert "memory" in str(fault)
    assert environment_fault(ImportError("No module named 'x'")) is None


@pytest.mark.parametrize("strerror", ["No such file", "No usable temporary directory found"])
def test_missing_temporary_folder_is_worker_fault(monkeypatch, tmp_path, strerror):
    folder = tmp_path if "usable" in strerror else tmp_path / "gone"
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    fault = environment_fault(wrapped(FileNotFoundError(errno.ENOENT, strerror)))
    assert fault
    assert fault.subject == str(folder)


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EMFILE, WorkerFault), (errno.ECONNREFUSED, DependencyDown)]
)
def test_exhausted_process_is_told_from_outage(number, kind):
    down = DependencyDown("postgres", "no answer")
    assert type(outage_fault(wrapped(system_error(number)), down)) is kind


@pytest.mark.parametrize("kind", [DependencyDown, ConfigurationFault, WorkerFault])
def test_fault_passes_a_pipe_and_sheds_beams_step(kind):
    fault = kind("postgres [while running 'Claim/Claim']", "gone")
    copy = pickle.loads(pickle.dumps(fault)).without_step()
    assert type(copy) is kind
    assert (copy.subject, copy.detail) == ("postgres", "gone")
    assert environment_fault(fault) is fault


def test_place_of_error_is_type_file_and_line():
    with pytest.raises(KeyError) as raised:
        dict[str, int]()["words of a student"]
    line = raised.tb.tb_lineno
    assert error_place(raised.value) == f"KeyError at tests/unit/test_faults.py:{line}"
    assert error_place(ValueError("never raised")) == "ValueError"
    assert error_place(ChildError("a traceback", "KeyError at a.py:1")) == "KeyError at a.py:1"
