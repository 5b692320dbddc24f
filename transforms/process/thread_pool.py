"""Several elements of one bundle worked on at the same time, by the threads of one pool a process.

Most of a stage's time is spent waiting: for an engine that is a service, for a disk that syncs, for
the store. Engines are held to `workers` calls at once; what is made can be stored meanwhile.
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
"""Threads besides those that engines keep busy. Syncs of a disk that come together cost it hardly
more than one: 32 threads store some twenty times as many files a second as one does."""


def parallel_map(work: Callable[[T], R], items: Sequence[T], workers: int | None) -> list[R]:
    """`work(item)` for each item, in order.

    The calling thread works on a single item, and on all of them where one worker is asked for: an
    engine is called again only after what it made before has been stored, so that whoever is killed
    loses one call.

    Args:
        work: must not call this function itself.
        workers: as for `slot`.

    Raises:
        Exception: the first that `work` raised, once all that had begun have ended; what had not
            begun never will.
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
def engine_slot(workers: int | None) -> Iterator[None]:
    """Be one of `workers` (as many as there are processors, for None) on this pool's threads.

    On any other thread this does nothing: whoever started that has counted it.
    """
    if not isinstance(threading.current_thread(), _Worker):
        yield
        return
    with process_singleton(_slots, workers or available_cpus()):
        yield


def available_cpus() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _slots(workers: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(workers)


class _Pool:
    """As `ThreadPoolExecutor`, whose threads however keep a process from exiting while one of them
    is stuck in an engine."""

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
        super().__init__(name="side-by-side", daemon=True)
        self._tasks = tasks

    def run(self) -> None:
        while True:
            future, work, item = self._tasks.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work(item))
            except BaseException as error:  # noqa: BLE001  (it is raised where it is waited for)
                future.set_exception(error)
            del future, work, item  # nothing is kept alive while the thread waits
