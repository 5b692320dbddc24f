"""Retries of transient errors, with backoff, under one deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from transforms.errors import ContentError, StageTimeout, TransientError
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
        tries: Maximum number of tries.
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


def retry_until_deadline(
    work: Callable[[float], T],
    policy: RetryPolicy,
    failures: list[Attempt],
    admitted: Callable[[float], AbstractContextManager[object]] = nullcontext,
    failed: Callable[[ContentError, float | None], object] = lambda error, delay: None,
) -> T:
    """Call `work(seconds_left)` until it succeeds or the policy's limits are reached.

    Args:
        work: Raises `TransientError` where another try may help; other errors are not retried.
        policy: The limits.
        failures: Receives every failed try, whether or not a later one succeeds.
        admitted: Returns the context to enter before each try, for the seconds of patience left.
            Waiting to enter it does not use up the deadline.
        failed: Called for each failed try with the seconds until the next, or None after the last.

    Raises:
        TransientError: All tries failed.
        StageTimeout: The deadline has passed, or would pass before the next try.
    """
    deadline = time.monotonic() + policy.timeout
    patience = policy.patience
    while True:
        try:
            asked = time.monotonic()
            with admitted(patience):
                waited = time.monotonic() - asked
                deadline += waited
                patience = max(0.0, patience - waited)
                return work(deadline - time.monotonic())
        except ContentError as error:
            failures.append(Attempt(datetime.now(UTC), type(error).__name__, str(error)))
            if not isinstance(error, TransientError) or len(failures) >= policy.tries:
                failed(error, None)
                raise
            delay = policy.delay(len(failures), error.retry_after)
            if time.monotonic() + delay >= deadline:
                failed(error, None)
                late = StageTimeout(
                    f"no success within {policy.timeout:g} s; the last error was: {error}"
                )
                late.code = error.code
                raise late from error
            failed(error, delay)
            time.sleep(delay)
