"""Combine concurrent calls of a function on one item into calls on batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Calls a function on batches of the items that threads pass to it, one call at a time.

    Args:
        work: The function; returns a result for each item, in order.
        most: Maximum number of items in a batch.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], most: int) -> None:
        self._work = work
        self._most = most
        self._turn = threading.Lock()
        self._joining = threading.Lock()
        self._waiting: list[tuple[T, Future[R]]] = []

    def __call__(self, item: T) -> R:
        """Wait for the batch that holds an item; return the function's result for it.

        Raises:
            Exception: As raised by the function for the batch with this item.
        """
        result: Future[R] = Future()
        with self._joining:
            self._waiting.append((item, result))
        while not result.done():
            with self._turn:  # meanwhile, more threads may join the next batch
                self._run_next()
        return result.result()

    def _run_next(self) -> None:
        with self._joining:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        if not batch:
            return
        try:
            results = self._work([item for item, _ in batch])
        except BaseException as error:  # noqa: BLE001  (raised in every waiting thread)
            for _, result in batch:
                result.set_exception(error)
        else:
            for (_, result), value in zip(batch, results, strict=True):
                result.set_result(value)
