"""Making what was written to a disk survive a crash of the machine.

A sync waits for the disk's journal, some milliseconds, whatever it is asked to sync. Where the
system can sync a whole file system at once, writers that wait at the same time therefore share one
sync; elsewhere each file and folder is synced by itself.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TELLS_OF_ERRORS = (5, 8)
"""The first Linux whose syncfs says that a write has failed: syncfs(2), VERSIONS."""


def _system_sync() -> Callable[[int], None] | None:
    """What syncs the file system that a descriptor is of, if this system has such a call."""
    if sys.platform != "linux":
        return None
    if tuple(int(part) for part in os.uname().release.split(".")[:2]) < _TELLS_OF_ERRORS:
        return None
    library = ctypes.CDLL(None, use_errno=True)

    def sync(descriptor: int) -> None:
        if library.syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return sync


@dataclass
class _Round:
    """A sync that has not begun, and those who wait for it.

    The system tells a descriptor of what has failed since that was opened, so the oldest is used.
    """

    descriptor: int
    age: int
    ended: Future[None] = field(default_factory=Future)


class Disk:
    """The disk that a folder lies on."""

    def __init__(self) -> None:
        self._sync_all = _system_sync()
        self._turn = threading.Lock()
        self._joining = threading.Lock()
        self._next: _Round | None = None
        self._ages = itertools.count()

    @contextmanager
    def writing(self, folder: Path) -> Iterator[Callable[[Iterable[Path]], None]]:
        """A block that writes below an existing folder.

        Yields:
            What returns once the content of the files and the names in the folders that it is given
            are safe; raises `OSError` where they may not be.
        """
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        age = next(self._ages)

        def sync(paths: Iterable[Path]) -> None:
            if self._sync_all:
                self._share(descriptor, age, self._sync_all)
            else:
                for path in paths:
                    _sync_one(path)

        try:
            yield sync
        finally:
            os.close(descriptor)

    def _share(self, descriptor: int, age: int, sync_all: Callable[[int], None]) -> None:
        with self._joining:
            leads = self._next is None
            mine = self._next = self._next or _Round(descriptor, age)
            if age < mine.age:
                mine.descriptor, mine.age = descriptor, age
        if leads:
            with self._turn:  # until the sync that is going on has ended, others may join
                with self._joining:
                    self._next = None
                try:
                    sync_all(mine.descriptor)
                except BaseException as error:  # noqa: BLE001  (raised where it is waited for)
                    mine.ended.set_exception(error)
                else:
                    mine.ended.set_result(None)
        mine.ended.result()


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
