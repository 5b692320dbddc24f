"""Spending limits per request, and per hour for all workers together.

A request over its limit becomes a dead letter; a replay can resume it. When the hourly limit is
reached nothing fails: stages of paid engines wait until spending in the last hour falls below it.
Engines that only use the machine go on, because the machine costs as much while they wait.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from transforms.errors import Cancelled, DependencyDown, OverBudget
from transforms.ledger import Ledger
from transforms.model import STAGES_OF, ContentRequest, Lesson
from transforms.process.singletons import process_singleton
from transforms.telemetry import log_events, metrics

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)

MAX_AGE = 5.0
"""Seconds until a process reads the hour's spending from the ledger again."""

LONGEST_WAIT = 3900.0
"""Seconds that a stage waits for the hourly limit: a little more than the hour after which nothing
that was spent before counts. Dataflow ends a process whose element takes too long."""


class BudgetMeter:
    """This hour's spending as last read from the ledger, and counts of waits and refusals.

    Args:
        ledger: Ledger in which all workers record their costs.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._reading = threading.Lock()
        self._counting = threading.Lock()
        self._read_at: float | None = None
        self._exceeded = False
        self.spent_usd = 0.0
        """US dollars spent in the last hour, at the last reading."""
        self.waiting = 0
        """Number of stages waiting for budget now."""
        self.refused = 0
        """Number of requests refused by the limit per request."""

    def exceeded(self, per_hour: float | None) -> bool:
        """Return True if the hourly limit is reached.

        Args:
            per_hour: The limit in US dollars; None for none.

        Raises:
            DependencyDown: The ledger cannot be reached.
        """
        if per_hour is None:
            return False
        with self._reading:  # one thread reads; the others wait for its result
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
    def count_waiting(self) -> Iterator[None]:
        """Count the caller as waiting for budget during the block."""
        with self._counting:
            self.waiting += 1
        try:
            yield
        finally:
            with self._counting:
                self.waiting -= 1

    def refuse(self) -> None:
        """Count a request that was refused because it exceeds the limit per request."""
        with self._counting:
            self.refused += 1


def budget_meter(ledger: Ledger) -> BudgetMeter:
    """Return this process's `BudgetMeter` for a ledger."""
    return process_singleton(BudgetMeter, ledger)


@dataclass(frozen=True)
class Budget:
    """Spending limits per request and per hour.

    Attributes:
        ledger: Ledger in which costs are recorded.
        per_request: US dollars for all stages of one request; None for no limit.
        per_hour: US dollars of all workers in any hour; None for no limit.
    """

    ledger: Ledger
    per_request: float | None = None
    per_hour: float | None = None

    def admit(self, lesson: Lesson, stage: str, expected_usd: float, is_paid: bool = True) -> float:
        """Raise if the request would exceed its limit; wait while the hourly limit is reached.

        Args:
            lesson: The lesson, with its cost so far.
            stage: The stage that is to start.
            expected_usd: Expected cost of the stage in US dollars.
            is_paid: The stage's engine costs more than the machine's time.

        Returns:
            Seconds waited.

        Raises:
            OverBudget: The request would exceed its limit.
            Cancelled: The request was cancelled while it waited.
            DependencyDown: The ledger cannot be reached, or the hourly limit stayed reached for
                `LONGEST_WAIT`.
        """
        total = lesson.cost_usd + expected_usd
        if self.per_request is not None and total > self.per_request:
            budget_meter(self.ledger).refuse()
            raise OverBudget(stage, lesson.cost_usd, expected_usd, self.per_request)
        return self.wait(lesson, stage) if is_paid else 0.0

    def wait(self, lesson: Lesson, stage: str) -> float:
        """Wait while the hourly limit is reached.

        Args:
            lesson: The lesson.
            stage: Its stage.

        Returns:
            Seconds waited.

        Raises:
            Cancelled: As `admit`.
            DependencyDown: As `admit`.
        """
        per_hour, meter = self.per_hour, budget_meter(self.ledger)
        if per_hour is None or not meter.exceeded(per_hour):
            return 0.0
        started = time.monotonic()
        with meter.count_waiting():
            while meter.exceeded(per_hour):
                if time.monotonic() - started >= LONGEST_WAIT:
                    raise DependencyDown(
                        "budget",
                        f"the ${per_hour:g} of --max-cost-per-hour have been spent for more than "
                        f"{LONGEST_WAIT / 60:.0f} minutes",
                    )
                time.sleep(MAX_AGE)
                for row in self.ledger.requests(lesson.request.request_id):
                    if row.cancel_requested_at:
                        raise Cancelled(stage)
        return time.monotonic() - started


@dataclass(frozen=True)
class RequestCost:
    """Refuses a request whose stages would together exceed the limit (`claim.Refusal`).

    Otherwise its first stages would be paid for nothing.

    Attributes:
        ledger: Ledger in which costs are recorded.
        limit: US dollars for all stages of one request.
        expected: Expected cost of each stage in US dollars.
    """

    ledger: Ledger
    limit: float
    expected: Mapping[str, float]

    def __call__(self, request: ContentRequest) -> OverBudget | None:
        """Return an error if the expected cost of a request exceeds the limit; else None."""
        stages = STAGES_OF[request.modality]
        total = sum(self.expected[stage] for stage in stages)
        if total <= self.limit:
            return None
        budget_meter(self.ledger).refuse()
        metrics.OVER_BUDGET.inc()
        return OverBudget(" and ".join(stages), 0.0, total, self.limit)
