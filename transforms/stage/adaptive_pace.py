"""AdaptivePace finds by trial the rate of calls that an overloaded engine accepts.

Additive increase, multiplicative decrease, as TCP finds the capacity of a network (Chiu and Jain,
1989; RFC 5681). A rate is controlled instead of a number of concurrent calls, because quotas are
rates, and because a rate recovers as fast for calls of ten seconds as for calls of a tenth.
"""

from __future__ import annotations

import math
import random
from collections import deque

FLOOR = 0.2
"""Calls per second that are always tried, so a refusing engine is tried every five seconds."""

DECREASE = 0.5
"""Factor of the rate at an overload."""

RECOVERY = 10.0
"""Seconds in which the rate grows from half of the rate before the overload to all of it."""

CALM = 60.0
"""Seconds without an overload after which calls are no longer paced."""

MEASURED = 5.0
"""Seconds over which the rate of calls is measured."""


class AdaptivePace:
    """Limits the rate of calls after an overload, until the engine accepts all for a minute.

    All times are seconds on one monotonic clock. Not safe for use by several threads at once.
    """

    def __init__(self) -> None:
        self._rate = math.inf  # calls per second
        self._before = math.inf  # rate when the engine began to refuse
        self._begun: deque[float] = deque(maxlen=256)
        self._lowered = self._changed = self._overloaded = -math.inf  # times
        self._refused_since: float | None = None
        self.next_call = -math.inf
        """Time at which the next call may begin."""

    def begin(self, now: float) -> None:
        """Record that a call begins now, and set the earliest time of the next one."""
        if now - self._overloaded > CALM:
            self._rate = math.inf
        self._begun.append(now)
        self.next_call = now + 1.0 / self._rate

    def succeed(self, begun: float, now: float) -> None:
        """Raise the rate after a success: double it at first, then increase it linearly.

        Args:
            begun: Time at which the call began; earlier than the last overload, it tells nothing.
            now: Time at which it succeeded.
        """
        if begun < self._lowered:
            return
        self._refused_since = None
        if self._rate == math.inf:
            return
        half = DECREASE * self._before
        if self._rate < half:
            self._rate = min(half, 2.0 * self._rate)
        else:
            added = min(DECREASE, (now - self._changed) * DECREASE / RECOVERY)
            self._rate += added * self._before
        self._changed = now
        self.next_call = min(self.next_call, now + 1.0 / self._rate)

    def overload(self, begun: float, now: float) -> None:
        """Halve the rate after a refusal, once for all calls that began before the last change.

        Args:
            begun: Time at which the call began.
            now: Time at which the engine refused it.
        """
        if now - self._overloaded > CALM:
            self._refused_since = None
        self._overloaded = now
        if begun < self._lowered:
            return
        rate = max(FLOOR, min(self._rate, self._measured_rate(now)))
        if self._refused_since is None:
            self._refused_since = now
            self._before = rate
        self._rate = max(FLOOR, DECREASE * rate)
        self._lowered = self._changed = now
        # Processes that are refused at the same time do not come back together.
        pause = random.uniform(0.5, 1.5) / self._rate  # noqa: S311  (not a secret)
        self.next_call = max(self.next_call, now + pause)

    def refused_for(self, now: float) -> float:
        """Return for how many seconds the engine has refused all calls."""
        return 0.0 if self._refused_since is None else now - self._refused_since

    def _measured_rate(self, now: float) -> float:
        recent = [begun for begun in self._begun if now - begun <= MEASURED]
        return len(recent) / max(1.0, now - recent[0]) if recent else FLOOR
