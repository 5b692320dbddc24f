"""Temporary folders that are removed even if the thread that uses them never ends."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transforms.faults import environment_fault, folder_fault

_lock = threading.Lock()
_in_use: set[str] = set()


@contextmanager
def temp_dir() -> Iterator[Path]:
    """Yield an empty folder and remove it when the block ends.

    Raises:
        WorkerFault: The folder cannot be made.
    """
    try:
        made = tempfile.TemporaryDirectory(prefix="vividly-", ignore_cleanup_errors=True)
    except OSError as error:
        raise environment_fault(error) or folder_fault(tempfile.tempdir, error) from error
    with made as name:
        with _lock:
            _in_use.add(name)
        try:
            yield Path(name)
        finally:
            with _lock:
                _in_use.discard(name)


def remove_abandoned() -> bool:
    """Remove the folders still in use, when the process exits without waiting for their threads.

    Returns:
        True if there were any.
    """
    with _lock:
        left = list(_in_use)
    for name in left:
        shutil.rmtree(name, ignore_errors=True)
    return bool(left)
