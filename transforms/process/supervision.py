"""Background threads that are restarted, or reported, if they fail or hang."""

from __future__ import annotations

import logging
import math
import threading
import time
import weakref
from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

_restartable: weakref.WeakSet[SupervisedThread] = weakref.WeakSet()


class ThreadFailed(Exception):
    """A background thread has failed or hangs; the text names it."""

    exit_reason = "thread_failed"


class SupervisedThread:
    """Daemon thread whose loop stamps the time of each pass, to show that it does not hang.

    A thread counts as failed if its loop raises, or does not stamp for too long. It is started
    again a few times, if its loop allows that.

    Args:
        name: Name of the thread, in messages and in tracebacks.
        loop: Function that runs on the thread and calls `stamp` in each pass; the thread ends when
            it returns.
        stale_after: Seconds without a stamp after which the thread counts as failed.
        restarts: Times that a failed thread is started again.
    """

    def __init__(
        self, name: str, loop: Callable[[], object], stale_after: float, restarts: int = 0
    ) -> None:
        self.name = name
        self._loop = loop
        self._stale_after = stale_after
        self._restarts_left = restarts
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._due = math.inf
        self._failure: ThreadFailed | None = None

    def start(self) -> None:
        """Start the thread unless it is running or has failed too often."""
        with self._lock:
            if not (self._failure or self.is_alive()):
                self._launch()

    def stamp(self, idle: float = 0.0) -> None:
        """Record that the loop makes progress.

        Args:
            idle: Seconds that the loop may wait from now on without being late; infinity for a wait
                that has no limit.
        """
        thread = threading.current_thread()
        if isinstance(thread, _LoopThread) and thread is not self._thread:
            raise _Superseded
        self._due = time.monotonic() + idle + self._stale_after

    def is_alive(self) -> bool:
        """Return whether the loop is running."""
        return self._thread is not None and self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Wait for the end of the loop, at most `timeout` seconds."""
        if self._thread is not None:
            self._thread.join(max(0.0, timeout))

    def failure(self) -> ThreadFailed | None:
        """Return the failure of a thread that cannot be restarted; restart it otherwise.

        A thread that stands still is started again here; the old one ends at its next stamp.
        """
        with self._lock:
            late = time.monotonic() - self._due
            if late > 0 and self.is_alive() and not self._failure:
                self._fail(f"has made no progress for {late + self._stale_after:.0f} s")
            return self._failure

    def _launch(self) -> None:
        self._due = time.monotonic() + self._stale_after
        if self._restarts_left:
            _restartable.add(self)
        self._thread = _LoopThread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def _fail(self, what: str) -> None:
        if self._restarts_left:
            self._restarts_left -= 1
            log.error("the %s thread %s; it is started again", self.name, what)
            self._launch()
        else:
            log.error("the %s thread %s", self.name, what)
            self._failure = ThreadFailed(f"the {self.name} thread {what}")

    def _run(self) -> None:
        try:
            self._loop()
        except _Superseded:
            log.info("the hanging %s thread has ended; another has replaced it", self.name)
        except BaseException as error:
            log.exception("unexpected exception in the %s thread", self.name)
            with self._lock:
                if threading.current_thread() is self._thread:
                    self._fail(f"failed with {type(error).__name__}")


def first_failure(threads: Iterable[SupervisedThread]) -> ThreadFailed | None:
    """Return the failure of the first failed thread; None if all work."""
    return next((failure for thread in threads if (failure := thread.failure())), None)


def restart_stale() -> None:
    """Restart the threads of this process that hang; jobs call it often."""
    for thread in list(_restartable):
        thread.failure()


class _LoopThread(threading.Thread):
    """The thread of a `SupervisedThread`."""


class _Superseded(Exception):
    """Raised in a hanging thread after another thread has replaced it."""
