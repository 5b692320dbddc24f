"""Thread pool that processes the elements of a bundle in parallel.

Most of a stage's time is spent waiting: for a remote engine, for a disk sync, for the artifact
store. Engine calls are limited to `workers` at a time; other threads store results meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

from transforms.process.singletons import process_singleton

T = TypeVar("T")
R = TypeVar("R")

STORE_THREADS = 32
"""Threads in addition to those that run engines. Concurrent disk syncs cost hardly more than one,
so 32 threads store about twenty times as many files per second as one thread."""


def parallel_map(work: Callable[[T], R], items: Sequence[T], workers: int | None) -> list[R]:
    """Return `work(item)` for each item, in order, run in parallel.

    With one item or one worker everything runs on the calling thread: the engine is then called
    again only after its last result was stored, so a killed process loses one call.

    Args:
        work: The function; it must not call `parallel_map`.
        items: Its arguments.
        workers: As for `engine_slot`.

    Raises:
        Exception: The first error in the order of the items. Calls already running end first;
            the others never start.
    """
    if len(items) <= 1 or (workers or available_cpus()) == 1:
        return [work(item) for item in items]
    pool = process_singleton(_Pool, workers or available_cpus())
    futures = [pool.submit(work, item) for item in items]
    for future in wait(futures, return_when=FIRST_EXCEPTION).not_done:
        future.cancel()
    wait(futures)
    for future in futures:
        if not future.cancelled():
            future.result()
    return [future.result() for future in futures]


@contextmanager
def engine_slot(workers: int | None, patience: float | None = None) -> Iterator[bool]:
    """Hold one of `workers` engine slots of this process during the block.

    Does nothing on threads outside the pool: there, one call runs at a time.

    Args:
        workers: Number of slots; None for one per CPU.
        patience: Maximum number of seconds to wait; None for no limit.

    Yields:
        False if no slot became free in that time.
    """
    if not isinstance(threading.current_thread(), _Worker):
        yield True
        return
    slots = process_singleton(_slots, workers or available_cpus())
    if not slots.acquire(timeout=patience):
        yield False
        return
    try:
        yield True
    finally:
        slots.release()


def available_cpus() -> int:
    """Return the number of CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _slots(workers: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(workers)


class _Pool:
    """A thread pool whose threads are daemons.

    The threads of `ThreadPoolExecutor` would keep the process from exiting while one of them is
    stuck in an engine.
    """

    def __init__(self, workers: int) -> None:
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[Any], Any], Any]] = SimpleQueue()
        for _ in range(workers + STORE_THREADS):
            _Worker(self._tasks).start()

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        future: Future[R] = Future()
        self._tasks.put((future, work, item))
        return future


class _Worker(threading.Thread):
    def __init__(self, tasks: SimpleQueue[tuple[Future[Any], Callable[[Any], Any], Any]]) -> None:
        super().__init__(name="stage-worker", daemon=True)
        self._tasks = tasks

    def run(self) -> None:
        while True:
            future, work, item = self._tasks.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work(item))
            except BaseException as error:  # noqa: BLE001  (`parallel_map` raises it)
                future.set_exception(error)
            del future, work, item  # drop references while the thread waits
