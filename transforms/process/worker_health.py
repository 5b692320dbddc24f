"""Detect faults of this worker that libraries report as other errors."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading

from transforms.errors import (
    ContentError,
    EnvironmentFault,
    TransientError,
    WorkerFault,
)
from transforms.faults import environment_fault
from transforms.process.temp_dirs import temp_dir

MIN_FREE = 8 << 20
"""Bytes that a temporary folder has left unless its disk is full."""


def hidden_fault(error: BaseException) -> EnvironmentFault | None:
    """Return the `EnvironmentFault` behind an error, by its causes or by probing the worker.

    Engines report a full disk as "exit status 1" and exhausted file handles as "cannot connect".
    Therefore the worker is probed, unless the error explains itself.
    """
    fault = environment_fault(error)
    explained = isinstance(error, ContentError) and not isinstance(error, TransientError)
    return fault if fault or explained else probe_worker()


def probe_worker() -> WorkerFault | None:
    """Return a fault if this worker cannot write a file, open a pipe or start a thread."""
    try:
        for handle in os.pipe():
            os.close(handle)
        thread = threading.Thread(target=int, daemon=True)
        thread.start()
        thread.join()
        with temp_dir() as folder:
            (folder / "probe").write_bytes(b"written to test this disk")
            free = shutil.disk_usage(folder).free
    except (OSError, RuntimeError, WorkerFault) as error:
        fault = environment_fault(error)
        return fault if isinstance(fault, WorkerFault) else None
    if free < MIN_FREE:
        return WorkerFault(
            tempfile.gettempdir(),
            f"only {free >> 10} KB are free; free some space, or set TMPDIR to a folder on a "
            "larger disk",
        )
    return None
