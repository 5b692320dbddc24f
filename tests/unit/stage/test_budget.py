"""Spending limits refuse costly requests and make stages wait for the hourly limit."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.clock import Clock
from tests.held_calls import HeldCalls
from transforms.errors import Cancelled, DependencyDown, OverBudget, TransientError
from transforms.model import Claim, ContentRequest, Lesson, Message, StageRecord
from transforms.stage import budget
from transforms.stage.budget import Budget, budget_meter


@dataclass(frozen=True, eq=False)
class Till:
    """A ledger stand-in with a set amount of money spent."""

    spent_usd: list[float] = field(default_factory=lambda: [0.0])
    asked: list[float] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def spent(self, within):
        self.asked.append(within.total_seconds())
        return self.spent_usd[0]

    def requests(self, request_id):
        known = datetime(2026, 11, 24, tzinfo=UTC) if request_id in self.cancelled else None
        return [SimpleNamespace(cancel_requested_at=known)]


def ledger_of(usd: float) -> Any:
    """Return a ledger stand-in with an amount spent in the last hour."""
    return Till([usd])


def lesson(cost):
    message = Message(b"{}", {}, "m-1", datetime(2026, 11, 24, tzinfo=UTC))
    done = StageRecord("script", "gemini", "f", 1.0, cost, (), ())
    return Lesson(message, ContentRequest("r", "s", "q", 8, "c"), Claim("t", 1), (done,))


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(budget, "MAX_AGE", 0.01)


def test_unlimited_budget_does_not_read_ledger():
    ledger = ledger_of(1e9)
    assert Budget(ledger).admit(lesson(1e9), "video", 1e9) == 0
    assert ledger.asked == []


def test_request_over_limit_names_limit_and_remedy():
    ledger = ledger_of(0)
    limited = Budget(ledger, per_request=0.05)
    assert limited.admit(lesson(0.02), "narration", 0.03) == 0
    with pytest.raises(
        OverBudget,
        match=r"with narration .* about \$0.060000 \(\$0.020000 so far\), more than the \$0.050000 "
        r"of --max-cost-per-request: raise that and replay it",
    ) as refused:
        limited.admit(lesson(0.02), "narration", 0.04)
    assert isinstance(refused.value, TransientError)  # the dead letter is retryable
    assert budget_meter(ledger).refused == 1


def test_stages_wait_while_hourly_limit_is_reached():
    ledger = ledger_of(2.0)
    limited = Budget(ledger, per_hour=2.0)
    waited = []
    threads = [
        threading.Thread(target=lambda: waited.append(limited.admit(lesson(0), "video", 1)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    while budget_meter(ledger).waiting < 3:
        assert not waited
    assert budget_meter(ledger).exceeded(2.0)
    assert budget_meter(ledger).spent_usd == 2.0
    ledger.spent_usd[0] = 1.5
    for thread in threads:
        thread.join(60)
    assert len(waited) == 3
    assert min(waited) > 0
    assert budget_meter(ledger).waiting == 0
    assert limited.admit(lesson(0), "video", 1) == 0
    assert set(ledger.asked) == {3600}


def test_recent_reading_of_ledger_is_reused(monkeypatch):
    monkeypatch.setattr(budget, "MAX_AGE", 3600)
    ledger = ledger_of(1.0)
    for _ in range(100):
        assert Budget(ledger, per_hour=2.0).admit(lesson(0), "script", 0) == 0
    assert len(ledger.asked) == 1


def test_old_reading_of_ledger_is_renewed(monkeypatch):
    clock = Clock.instead_of_time_in(budget, monkeypatch)
    monkeypatch.setattr(budget, "MAX_AGE", 5.0)
    ledger = ledger_of(1.0)
    limited = Budget(ledger, per_hour=2.0)
    for seconds, readings in ((0, 1), (4.9, 1), (0.1, 2), (4.9, 2), (5, 3)):
        clock.now += seconds
        assert limited.admit(lesson(0), "script", 0) == 0
        assert len(ledger.asked) == readings


def test_cancelled_request_stops_waiting_for_budget(monkeypatch):
    clock = Clock.instead_of_time_in(budget, monkeypatch)
    monkeypatch.setattr(budget, "MAX_AGE", 5.0)
    ledger = ledger_of(2.0)
    clock.meanwhile = lambda: ledger.cancelled.append("r")
    with pytest.raises(Cancelled, match="before video"):
        Budget(ledger, per_hour=2.0).admit(lesson(0), "video", 1)
    assert clock.slept == [5.0]
    assert budget_meter(ledger).waiting == 0


def test_wait_for_budget_is_bounded(monkeypatch):
    clock = Clock.instead_of_time_in(budget, monkeypatch)
    monkeypatch.setattr(budget, "MAX_AGE", 5.0)
    ledger = ledger_of(2.0)
    with pytest.raises(DependencyDown, match=r"the \$2 of --max-cost-per-hour have been spent"):
        Budget(ledger, per_hour=2.0).admit(lesson(0), "video", 1)
    assert sum(clock.slept) == budget.LONGEST_WAIT
    assert budget_meter(ledger).waiting == 0


def test_wait_for_budget_is_returned_in_seconds(monkeypatch):
    clock = Clock.instead_of_time_in(budget, monkeypatch)
    monkeypatch.setattr(budget, "MAX_AGE", 5.0)
    ledger = ledger_of(2.0)
    clock.meanwhile = lambda: ledger.spent_usd.__setitem__(0, 1.9)
    assert Budget(ledger, per_hour=2.0).admit(lesson(0), "video", 1) == pytest.approx(5.0)


def test_reaching_hourly_limit_is_logged_once(caplog):
    ledger = ledger_of(1.0)
    ours = budget_meter(ledger)
    for spent in (1.0, 2.0, 2.5, 1.0, 1.5):
        ledger.spent_usd[0] = spent
        ours._read_at = None
        ours.exceeded(2.0)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "have spent $2.000000 within an hour, of $2.000000" in said[0]
    assert said[0].endswith("requests wait")
    assert said[1].endswith("going on")


def test_concurrent_threads_share_one_reading(monkeypatch):
    monkeypatch.setattr(budget, "MAX_AGE", 3600)
    ledger = ledger_of(1.0)
    reading = HeldCalls(1)

    def spent(till: Till, within: object) -> float:
        reading()
        return till.spent_usd[0]

    monkeypatch.setattr(Till, "spent", spent)
    threads = [
        threading.Thread(target=lambda: budget_meter(ledger).exceeded(2.0)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert reading.most == 1
