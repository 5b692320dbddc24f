"""EngineGate limits the concurrency and the rate of one model's calls in this process.

It limits concurrent calls, paces them while the engine is overloaded, and waits for their turn
under the rate limit of all workers. An overload of one call slows all of them, because otherwise
each would find out by itself and fail.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from transforms.errors import (
    DependencyDown,
    Overloaded,
    PermanentError,
    QuotaExhausted,
    TransientError,
)
from transforms.process.waiting import wait
from transforms.stage.adaptive_pace import AdaptivePace
from transforms.stage.shared_rate import SharedRate

EXHAUSTED = 90.0
"""Seconds without an accepted call after which an engine that refuses calls has no quota left.

Less than the deadline of a stage, so that calls are handed back before they fail for good."""

PROBE = 60.0
"""Seconds between two calls that test an engine whose quota is exhausted."""


def overdue(stage: str, reason: str) -> DependencyDown:
    """Return the fault for work that has waited too long for a stage's engine.

    Args:
        stage: Name of the stage.
        reason: What kept it waiting.
    """
    return DependencyDown(
        f"{stage} engine",
        f"{reason} for too long; compare its quota with --{stage}-concurrency and "
        f"--{stage}-per-minute",
    )


class ThrottledTime:
    """Sum of the seconds that calls have waited for the rate limit; thread-safe."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        """Add the seconds that one call has waited."""
        with self._lock:
            self._seconds += seconds

    def take(self) -> int:
        """Return the whole seconds and subtract them from the sum."""
        with self._lock:
            whole = int(self._seconds)
            self._seconds -= whole
            return whole


class EngineGate:
    """Admits the calls of one model within its limits, in this process.

    Args:
        stage: The stage, for messages.
        at_once: Maximum number of concurrent calls; None for no limit.
        shared: The rate limit of all workers; None for no limit.
        throttled: Collects the time that calls wait for their turn.
    """

    def __init__(
        self,
        stage: str,
        at_once: int | None,
        shared: SharedRate | None,
        throttled: ThrottledTime,
    ) -> None:
        self._stage = stage
        self._subject = f"{stage} engine"
        self._free = math.inf if at_once is None else at_once
        self._shared = shared
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()  # calls that wait for the pace, the oldest first
        self._pace = AdaptivePace()
        self._paused_at = self._paused_until = -math.inf
        self._probe_at = -math.inf
        self._throttled = throttled

    @contextmanager
    def admitted(self, patience: float, left: float) -> Iterator[None]:
        """Wait until a call may begin, and adapt the rate to its result during the block."""
        end = time.monotonic() + patience
        with self._slot(end):
            begun = self._wait_for_turn(end, left)
            try:
                yield
            except TransientError as error:
                self._learn(error, begun, left)
                raise
            except PermanentError:  # an answer too
                self._accepted(begun)
                raise
            self._accepted(begun)

    @contextmanager
    def _slot(self, deadline: float) -> Iterator[None]:
        with self._changed:
            while not self._free:
                now = time.monotonic()
                if now >= deadline:
                    raise overdue(self._stage, "all its slots were taken")
                wait(self._changed, deadline - now, self._subject)
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _wait_for_turn(self, end: float, left: float) -> float:
        """Wait for the rate limits; return the time at which the call begins."""
        asked = time.monotonic()
        try:
            while True:
                begun = self._wait_for_pace(time.monotonic() + left)
                if not self._shared:
                    return begun
                self._shared.wait_for_turn(end)
                if time.monotonic() >= self._paused_until:  # no call was refused meanwhile
                    return time.monotonic()
        finally:
            self._throttled.add(time.monotonic() - asked)

    def _wait_for_pace(self, deadline: float) -> float:
        turn = object()
        with self._changed:
            self._waiting.append(turn)
            try:
                while not self._may_begin(turn, deadline):
                    now = time.monotonic()
                    ready = max(self._paused_until, self._pace.next_call)
                    until = min(deadline, ready) if self._waiting[0] is turn else deadline
                    wait(self._changed, until - now, self._subject)
                now = time.monotonic()
                self._pace.begin(now)
                return now
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()

    def _may_begin(self, turn: object, deadline: float) -> bool:
        now = time.monotonic()
        if self._paused_until > deadline:
            if now < self._probe_at:
                raise self._exhausted(
                    f"it accepts no calls for another {self._paused_until - now:.0f} s"
                )
            self._probe_at = now + PROBE
            return True
        if self._waiting[0] is turn and now >= max(self._paused_until, self._pace.next_call):
            return True
        if now >= deadline:
            raise self._exhausted("it accepted too few calls for those that wait")
        return False

    def _accepted(self, begun: float) -> None:
        with self._changed:
            self._pace.succeed(begun, time.monotonic())
            if begun >= self._paused_at:
                self._paused_until = -math.inf
            self._changed.notify_all()

    def _learn(self, error: TransientError, begun: float, left: float) -> None:
        """Slow down the calls of this process after an overload or a `Retry-After`.

        Raises:
            QuotaExhausted: The engine will not accept this call before the stage's deadline.
        """
        asked = error.retry_after
        refused = 0.0
        with self._changed:
            now = time.monotonic()
            if isinstance(error, Overloaded):
                self._pace.overload(begun, now)
                refused = self._pace.refused_for(now)
            if asked:
                self._paused_at = now
                self._paused_until = max(self._paused_until, now + asked)
                self._probe_at = now + PROBE
            self._changed.notify_all()
        if asked and now + asked > begun + left:
            raise self._exhausted(f"it asks for a pause of {asked:.0f} s") from error
        if refused >= EXHAUSTED:
            raise self._exhausted(f"it has refused all calls for {refused:.0f} s") from error

    def _exhausted(self, reason: str) -> QuotaExhausted:
        return QuotaExhausted(
            self._subject,
            f"{reason}; raise its quota, or lower --{self._stage}-per-minute and the number of "
            "workers",
        )
