"""Trying again: capped exponential backoff with full jitter, under one deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from transforms.errors import ContentError, StageTimeout, TransientError
from transforms.model import Attempt

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """How long and how often a stage may try.

    Attributes:
        timeout: seconds for all tries together.
        tries: at most this many.
        first_delay: upper bound in seconds of the first wait; it doubles with each try.
        longest_delay: upper bound in seconds of any wait that the service did not ask for.
    """

    timeout: float
    tries: int = 5
    first_delay: float = 1.0
    longest_delay: float = 30.0

    def delay(self, failures: int, retry_after: float | None) -> float:
        """Seconds to wait after so many failures.

        Full jitter, after "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: uniform
        between 0 and the capped exponential; never less than the service asked for.
        """
        bound = min(self.longest_delay, self.first_delay * 2 ** (failures - 1))
        return max(random.uniform(0, bound), retry_after or 0.0)  # noqa: S311  (not a secret)


def retry_until_deadline(
    work: Callable[[float], T],
    policy: RetryPolicy,
    failures: list[Attempt],
    admitted: Callable[[], AbstractContextManager[None]] = nullcontext,
    failed: Callable[[ContentError, float | None], object] = lambda error, delay: None,
) -> T:
    """Call `work(seconds_left)` until it succeeds.

    Args:
        work: raises `TransientError` where trying again may help; anything else is raised on.
        policy: when to give up.
        failures: every failed try is appended here, so that the caller has them either way.
        admitted: entered before each try; the time it makes the try wait is not counted.
        failed: called for each try that failed, with the seconds until the next or None.

    Raises:
        TransientError: the tries are used up.
        StageTimeout: the deadline has passed, or would pass before the next try.
    """
    deadline = time.monotonic() + policy.timeout
    while True:
        try:
            asked = time.monotonic()
            with admitted():
                deadline += time.monotonic() - asked
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
