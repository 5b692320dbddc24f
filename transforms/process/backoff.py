"""Exponential backoff: waits between the tries of a failing operation."""

from __future__ import annotations

import random
from dataclasses import dataclass

_MAX_DOUBLINGS = 64  # a larger exponent adds nothing below any cap and overflows in the end


@dataclass(frozen=True)
class Backoff:
    """Capped exponential backoff with full jitter.

    Jitter keeps parallel tasks from retrying in step. "Full" means uniform between 0 and the
    capped exponential, after "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Attributes:
        first: Upper bound in seconds of the first wait; it doubles with every failure.
        longest: Upper bound in seconds of every wait.
    """

    first: float
    longest: float

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after a number of failures, at least 1."""
        bound = min(self.longest, self.first * 2.0 ** min(failures - 1, _MAX_DOUBLINGS))
        return random.uniform(0, bound)  # noqa: S311  (not a secret)
