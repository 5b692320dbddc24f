"""Retry transient errors, with backoff, under one deadline.

The deadline's clock stands still while work waits for admission.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from transforms.errors import ContentError, Overloaded, StageTimeout, TransientError
from transforms.model import Attempt
from transforms.process.backoff import Backoff

T = TypeVar("T")

LONGEST_WAIT = 3600.0
"""Seconds that one piece of work waits for admission, over all its tries."""

_BACKOFF = Backoff(first=1.0, longest=30.0)


@dataclass(frozen=True)
class RetryPolicy:
    """Limits of the tries of one piece of work.

    Attributes:
        timeout: Seconds for all tries together.
        tries: Maximum number of tries, besides those that an overloaded service refused.
        patience: Seconds of waiting for admission to all tries together.
        backoff: Waits between tries, unless the service asked for a longer one.
    """

    timeout: float
    tries: int = 5
    patience: float = LONGEST_WAIT
    backoff: Backoff = _BACKOFF

    def delay(self, failures: int, retry_after: float | None) -> float:
        """Return the seconds to wait before the next try.

        Args:
            failures: Number of tries that failed.
            retry_after: Seconds the service asked to wait; the result is never less.
        """
        return max(self.backoff.delay(failures), retry_after or 0.0)


class Deadline:
    """A deadline from now on; any number of threads may share it.

    Args:
        seconds: Seconds of work.
        patience: Maximum seconds of waiting for admission, which do not use up the deadline.
    """

    def __init__(self, seconds: float, patience: float = LONGEST_WAIT) -> None:
        self._end = time.monotonic() + seconds
        self._patience = patience
        self._lock = threading.Lock()
        self._waiting = 0
        self._since = 0.0

    @property
    def left(self) -> float:
        """Seconds of work left; negative after the deadline."""
        with self._lock:
            return self._end + self._paused() - time.monotonic()

    @property
    def patience(self) -> float:
        """Seconds left of the maximum wait for admission."""
        with self._lock:
            return max(0.0, self._patience - self._paused())

    def before_end(self, seconds: float) -> Deadline:
        """Return a deadline that is some seconds earlier and shares this clock."""
        return _EarlierDeadline(self, seconds) if seconds else self

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock during the block; the time that several threads wait counts once."""
        with self._lock:
            if not self._waiting:
                self._since = time.monotonic()
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                paused = self._paused()
                self._waiting -= 1
                if not self._waiting:
                    self._end += paused
                    self._patience -= paused

    def _paused(self) -> float:
        """Return the seconds of the pause in progress; 0 without one."""
        return time.monotonic() - self._since if self._waiting else 0.0


class _EarlierDeadline(Deadline):
    """A deadline some seconds before another one."""

    def __init__(self, later: Deadline, seconds: float) -> None:
        self._later = later
        self._seconds = seconds

    @property
    def left(self) -> float:
        return self._later.left - self._seconds

    @property
    def patience(self) -> float:
        return self._later.patience

    @contextmanager
    def paused(self) -> Iterator[None]:
        with self._later.paused():
            yield


def unlimited(patience: float, left: float) -> AbstractContextManager[object]:
    """Return a context that admits each try at once; the default of `retry_until_deadline`."""
    return nullcontext()


def retry_until_deadline(
    work: Callable[[float], T],
    policy: RetryPolicy,
    failures: list[Attempt],
    admitted: Callable[[float, float], AbstractContextManager[object]] = unlimited,
    failed: Callable[[ContentError, float | None], object] = lambda error, delay: None,
    deadline: Deadline | None = None,
) -> T:
    """Call `work(seconds_left)` until it succeeds or the policy's limits are reached.

    Errors that leave this function are final: a retry around another retry does not repeat them.

    Args:
        work: Raises `TransientError` where another try may help; other errors are not retried.
        policy: The limits.
        failures: Receives every failed try, whether or not a later one succeeds.
        admitted: Returns the context to enter before each try, for the seconds of patience left and
            the seconds until the deadline. Waiting to enter it does not use up the deadline, and
            tries that it lets an overloaded service refuse are not limited in number.
        failed: Called for each failed try with the seconds until the next, or None after the last.
        deadline: The deadline, if other work shares it; None for one by the policy.

    Raises:
        TransientError: All tries failed.
        StageTimeout: The deadline has passed, or would pass before the next try.
    """
    deadline = deadline or Deadline(policy.timeout, policy.patience)
    tries = 0
    while True:
        try:
            with ExitStack() as entered:
                with deadline.paused():
                    entered.enter_context(admitted(deadline.patience, deadline.left))
                return work(deadline.left)
        except ContentError as error:
            if error.is_final:
                failed(error, None)
                raise
            tries += not isinstance(error, Overloaded)
            failures.append(Attempt(datetime.now(UTC), type(error).__name__, str(error)))
            if not isinstance(error, TransientError) or tries >= policy.tries:
                error.is_final = True
                failed(error, None)
                raise
            delay = policy.delay(max(1, tries), error.retry_after)
            if delay >= deadline.left:
                failed(error, None)
                late = StageTimeout(
                    f"no success within {policy.timeout:g} s; the last error was: {error}"
                )
                late.code = error.code
                late.is_final = True
                raise late from error
            failed(error, delay)
            time.sleep(delay)
