"""Concurrent writers share the syncs of a disk."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from transforms.artifacts.disk import Disk, _system_sync


class Slow:
    """A sync that blocks until it is released and records its descriptors."""

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.descriptors = []
        self.error = None

    def __call__(self, descriptor):
        self.descriptors.append(descriptor)
        self.begun.release()
        assert self.may_end.acquire(timeout=60)
        if self.error:
            raise self.error


@pytest.fixture
def slow():
    return Slow()


class CountingLock:
    """A lock that counts its releases."""

    def __init__(self):
        self.left = threading.Semaphore(0)
        self._lock = threading.Lock()

    def __enter__(self):
        self._lock.acquire()

    def __exit__(self, *_):
        self._lock.release()
        self.left.release()

    def wait(self, times):
        for _ in range(times):
            assert self.left.acquire(timeout=60)


@pytest.fixture
def disk(slow):
    disk: Any = Disk()
    disk._sync_all = slow
    disk._joining = CountingLock()
    return disk


def test_writers_during_a_sync_share_the_next(disk, slow, tmp_path):
    def write():
        with disk.writing(tmp_path) as sync:
            sync([])

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(write)
        disk._joining.wait(2)
        assert slow.begun.acquire(timeout=60)
        others = [pool.submit(write) for _ in range(8)]
        disk._joining.wait(8)
        slow.may_end.release()
        first.result(60)
        assert slow.begun.acquire(timeout=60)
        assert not any(other.done() for other in others)
        slow.may_end.release()
        for other in others:
            other.result(60)
    assert len(slow.descriptors) == 2


def test_oldest_descriptor_is_synced(disk, slow, tmp_path):
    def write():
        with disk.writing(tmp_path) as sync:
            sync([])

    with disk.writing(tmp_path) as old, ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write)]
        assert slow.begun.acquire(timeout=60)
        writers.append(pool.submit(write))
        disk._joining.wait(3)
        youngest = disk._next.descriptor
        writers.append(pool.submit(old, []))
        disk._joining.wait(1)
        oldest = disk._next.descriptor
        slow.may_end.release(2)
        for writer in writers:
            writer.result(60)
    assert oldest != youngest
    assert slow.descriptors[1:] == [oldest]


def test_failed_sync_raises_in_every_writer(disk, slow, tmp_path):
    def write():
        with disk.writing(tmp_path) as sync:
            sync([])

    slow.error = OSError(5, "I/O error")
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write) for _ in range(3)]
        slow.may_end.release(3)
        for writer in writers:
            with pytest.raises(OSError, match="I/O error"):
                writer.result(60)


@pytest.mark.skipif(not hasattr(os, "uname") or os.uname().sysname != "Linux", reason="Linux only")
def test_system_sync_reports_bad_descriptor(tmp_path):
    sync = _system_sync()
    assert sync
    descriptor = os.open(tmp_path, os.O_RDONLY)
    sync(descriptor)
    os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        sync(descriptor)


def test_paths_are_synced_singly_without_syncfs(disk, tmp_path, monkeypatch):
    synced: list[Path] = []
    monkeypatch.setattr("transforms.artifacts.disk._sync_one", synced.append)
    disk._sync_all = None
    with disk.writing(tmp_path) as sync:
        sync([tmp_path, tmp_path / "a"])
    assert synced == [tmp_path, tmp_path / "a"]
