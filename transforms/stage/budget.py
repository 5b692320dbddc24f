"""Budgets: what one request may cost, and what all workers together may spend in an hour.

A request that would cost more becomes a dead letter that a replay can revive. When the hour's money
is spent nothing fails: stages wait until enough of it lies more than an hour back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from transforms.errors import Cancelled, OverBudget
from transforms.ledger import Ledger
from transforms.model import Lesson
from transforms.process.singletons import process_singleton
from transforms.telemetry import log_events

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)

MAX_AGE = 5.0
"""Seconds for which one reading of the ledger serves a whole process."""


class BudgetMeter:
    """What this process knows of the money spent, and what it did about it.

    Args:
        ledger: where the stages of all workers are recorded.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._reading = threading.Lock()
        self._counting = threading.Lock()
        self._read_at: float | None = None
        self._exceeded = False
        self.spent_usd = 0.0
        """US dollars of the past hour, at the last reading."""
        self.waiting = 0
        """Stages that wait for money now."""
        self.refused = 0
        """Requests that would have cost more than one may."""

    def exceeded(self, per_hour: float | None) -> bool:
        """Whether the hour's money is spent.

        Raises:
            DependencyDown: the ledger cannot be asked.
        """
        if per_hour is None:
            return False
        with self._reading:  # the others wait for the one that asks
            if self._read_at is None or time.monotonic() - self._read_at >= MAX_AGE:
                self.spent_usd = self._ledger.spent(HOUR)
                self._read_at = time.monotonic()
            exceeded = self.spent_usd >= per_hour
            if exceeded != self._exceeded:
                self._exceeded = exceeded
                log.warning(
                    log_events.HOURLY_BUDGET,
                    self.spent_usd,
                    per_hour,
                    "requests wait" if exceeded else "going on",
                )
            return exceeded

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Be one of those who wait."""
        with self._counting:
            self.waiting += 1
        try:
            yield
        finally:
            with self._counting:
                self.waiting -= 1

    def refuse(self) -> None:
        """Count a request that would cost too much."""
        with self._counting:
            self.refused += 1


def budget_meter(ledger: Ledger) -> BudgetMeter:
    """This process's meter for a ledger."""
    return process_singleton(BudgetMeter, ledger)


@dataclass(frozen=True)
class Budget:
    """How much may be spent.

    Attributes:
        ledger: where spending is recorded.
        per_request: US dollars for all stages of one request; None for any amount.
        per_hour: US dollars for all workers in any hour; None for any amount.
    """

    ledger: Ledger
    per_request: float | None = None
    per_hour: float | None = None

    def admit(self, lesson: Lesson, stage: str, expected_usd: float) -> float:
        """Let a stage begin, as soon as there is money for it.

        Args:
            lesson: with what it has cost so far.
            expected_usd: what the stage is expected to cost.

        Returns:
            Seconds it had to wait.

        Raises:
            OverBudget: the request would cost more than one may.
            Cancelled: somebody asked for that while it waited.
            DependencyDown: the ledger cannot be asked.
        """
        total = lesson.cost_usd + expected_usd
        if self.per_request is not None and total > self.per_request:
            budget_meter(self.ledger).refuse()
            raise OverBudget(stage, lesson.cost_usd, expected_usd, self.per_request)
        if self.per_hour is None or not budget_meter(self.ledger).exceeded(self.per_hour):
            return 0.0
        return self._wait(lesson, stage, self.per_hour)

    def _wait(self, lesson: Lesson, stage: str, per_hour: float) -> float:
        ours = budget_meter(self.ledger)
        started = time.monotonic()
        with ours.counted():
            while ours.exceeded(per_hour):
                time.sleep(MAX_AGE)
                for row in self.ledger.requests(lesson.request.request_id):
                    if row.cancel_requested_at:
                        raise Cancelled(stage)
        return time.monotonic() - started
