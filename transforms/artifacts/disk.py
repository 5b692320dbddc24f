"""Sync files to disk (fsync); concurrent writers share one sync.

A sync waits some milliseconds for the disk's journal, no matter how much it syncs. On systems that
can sync a whole file system, concurrent writers therefore share one sync. On others, each file and
folder is synced separately.
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

_REPORTS_ERRORS_SINCE = (5, 8)
"""First Linux version whose syncfs reports failed writes: syncfs(2), VERSIONS."""


def _system_sync() -> Callable[[int], None] | None:
    """Return a function that syncs the file system of a descriptor, or None if unsupported."""
    if sys.platform != "linux":
        return None
    if tuple(int(part) for part in os.uname().release.split(".")[:2]) < _REPORTS_ERRORS_SINCE:
        return None
    library = ctypes.CDLL(None, use_errno=True)

    def sync(descriptor: int) -> None:
        if library.syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return sync


@dataclass
class _Round:
    """A pending sync and the writers that wait for it.

    A descriptor reports the write errors since it was opened, so the oldest one is synced.
    """

    descriptor: int
    age: int
    ended: Future[None] = field(default_factory=Future)


class Disk:
    """Syncs files of one file system, several writers' at once."""

    def __init__(self) -> None:
        self._sync_all = _system_sync()
        self._turn = threading.Lock()
        self._joining = threading.Lock()
        self._next: _Round | None = None
        self._ages = itertools.count()

    @contextmanager
    def writing(self, folder: Path) -> Iterator[Callable[[Iterable[Path]], None]]:
        """Yield a function that syncs files written below a folder during the block.

        Yields:
            A function that syncs the given files and folders, and raises `OSError` if that fails.
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
            with self._turn:  # while another sync runs, more writers may join this one
                with self._joining:
                    self._next = None
                try:
                    sync_all(mine.descriptor)
                except BaseException as error:  # noqa: BLE001  (raised in every waiting writer)
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
