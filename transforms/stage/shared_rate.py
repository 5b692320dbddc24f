"""SharedRate makes the calls of this process wait for a rate limit that all workers share.

Calls are granted in blocks, for the calls of this process that wait at that moment. The next block
is asked for when the last one is almost used up, so that more calls wait by then. A granted call
that does not begin within a second of its time is lost, so a worker that was paused cannot exceed
the limit.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from transforms.errors import EnvironmentFault, QuotaExhausted
from transforms.ledger import Ledger
from transforms.ledger.rate_limits import GrantedCalls
from transforms.process.waiting import wait

BLOCK = 10
"""Most calls granted at once."""

VALID = 1.0
"""Seconds after its time for which a granted call may begin."""

AHEAD = 0.1
"""Seconds before the last granted call at which the next block is asked for."""


@dataclass(eq=False)
class _Call:
    """A waiting call, with its deadline and the granted time.

    Times are on the monotonic clock.
    """

    deadline: float
    due: float | None = None
    error: EnvironmentFault | None = None


class SharedRate:
    """Waits for one process's calls under a rate limit in the ledger.

    Args:
        ledger: Ledger that holds the limit.
        name: Name of the limit.
        per_minute: Calls of all workers that begin in a minute, evenly spread.
    """

    def __init__(self, ledger: Ledger, name: str, per_minute: float) -> None:
        self._ledger = ledger
        self._name = name
        self._interval = 60.0 / per_minute
        self._changed = threading.Condition()
        self._waiting: list[_Call] = []  # calls that are not granted yet, the oldest first
        self._asking = False
        self._ask_at = -math.inf  # on the monotonic clock

    def wait_for_turn(self, deadline: float) -> None:
        """Wait until a call may begin.

        Args:
            deadline: Time on the monotonic clock by which it must begin.

        Raises:
            QuotaExhausted: It cannot begin by then.
            DependencyDown: Postgres cannot be reached.
            Interrupted: The job ends.
        """
        while True:
            due = self._wait_until_granted(_Call(deadline))
            with self._changed:
                while (left := due - time.monotonic()) > 0:
                    wait(self._changed, left, self._name)
            if left > -VALID:
                return

    def _wait_until_granted(self, call: _Call) -> float:
        """Wait until the ledger has granted a call; return the time at which it may begin."""
        with self._changed:
            self._waiting.append(call)
        try:
            while call.due is None:
                block = self._next_block(call)
                if block:
                    self._ask(block)
            return call.due
        finally:
            with self._changed:
                if call in self._waiting:
                    self._waiting.remove(call)
                self._changed.notify_all()  # another thread asks, if one has to

    def _next_block(self, call: _Call) -> list[_Call]:
        """Return the calls for which this thread must ask the ledger; empty once granted."""
        with self._changed:
            while call.due is None:
                now = time.monotonic()
                if call.error:
                    raise call.error
                if now >= call.deadline:
                    raise self._exhausted()
                if not self._asking and now >= self._ask_at:
                    self._asking = True
                    return self._waiting[:BLOCK]
                until = call.deadline if self._asking else min(call.deadline, self._ask_at)
                wait(self._changed, until - now, self._name)
            return []

    def _ask(self, block: list[_Call]) -> None:
        """Ask the ledger to grant calls; after an outage all waiting calls fail."""
        within = max(0.0, min(call.deadline for call in block) - time.monotonic())
        try:
            granted = self._ledger.grant_calls(self._name, len(block), self._interval, within)
        except EnvironmentFault as fault:
            with self._changed:
                for call in self._waiting:
                    call.error = fault
        else:
            self._assign(block, granted)
        finally:
            with self._changed:
                self._asking = False
                self._changed.notify_all()

    def _assign(self, block: list[_Call], granted: GrantedCalls) -> None:
        with self._changed:
            free = time.monotonic() + granted.delay
            still_waiting = [call for call in block if call in self._waiting]
            for call in still_waiting[: granted.calls]:
                call.due = free
                self._waiting.remove(call)
                free += self._interval
            for call in still_waiting[granted.calls :]:
                if call.deadline < free:
                    call.error = self._exhausted()
            if granted.calls == len(block):
                self._ask_at = free - self._interval - AHEAD

    def _exhausted(self) -> QuotaExhausted:
        option = f"--{self._name.partition('/')[0]}-per-minute"
        return QuotaExhausted(
            self._name,
            f"{option} allows {60.0 / self._interval:g} calls a minute to all workers together, "
            "too few for those that wait: raise it, or lower the number of workers",
        )
