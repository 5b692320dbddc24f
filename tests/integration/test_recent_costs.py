"""The hour's spending is read from running totals that a trigger of `stages` keeps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.integration.ledger_support import completed, message, record, request, take
from transforms.ledger import ClaimRequest, Ledger, downgrade, upgrade

HOUR = timedelta(hours=1)
BEFORE = "0004"


def spend(ledger, *usd, reused=False):
    """Complete a request whose stages cost `usd`."""
    lesson = take(ledger, ClaimRequest(message(), request()))
    for stage, cost in zip(("script", "narration", "video"), usd, strict=False):
        lesson = lesson.with_record(record(lesson, stage, cost_usd=cost, reused=reused))
    assert ledger.complete([completed(lesson)]) == [True]
    return lesson


def test_spending_is_summed_over_parallel_workers(ledger):
    def work(worker):
        own = Ledger(ledger.url, pool_size=1 + worker)  # a pool of its own
        for _ in range(10):
            spend(own, 0.001, 0.0002)
        own.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert ledger.spent(HOUR) == pytest.approx(80 * 0.0012)


def test_repeated_and_reused_stages_are_not_counted(ledger):
    lesson = spend(ledger, 0.004)
    assert ledger.complete([completed(lesson)]) == [True]  # as after a lost answer
    spend(ledger, 0.5, reused=True)
    assert ledger.spent(HOUR) == pytest.approx(0.004)


def test_slot_of_an_earlier_minute_is_used_again(ledger):
    spend(ledger, 0.004)
    ledger.run("UPDATE recent_costs SET minute = minute - interval '128 minutes' RETURNING slot")
    assert ledger.spent(HOUR) == 0
    spend(ledger, 0.003)
    assert ledger.spent(HOUR) == pytest.approx(0.003)
    assert ledger.run("SELECT count(*) AS slots FROM recent_costs WHERE cost_usd <> 0.004") == [
        {"slots": 1}
    ]


@pytest.mark.parametrize("minutes", [121, 600])
def test_stage_of_past_hours_is_not_counted(ledger, minutes):
    lesson = take(ledger, ClaimRequest(message(), request()))
    late = record(lesson, "narration", seconds=60.0 * minutes, cost_usd=0.002)
    lesson = lesson.with_record(record(lesson, cost_usd=0.004)).with_record(late)
    ledger.complete([completed(lesson)])
    assert ledger.spent(HOUR) == pytest.approx(0.002)
    assert ledger.run("SELECT count(*) AS minutes FROM recent_costs") == [{"minutes": 1}]


def test_migration_counts_present_costs(ledger):
    spend(ledger, 0.004, 0.06)
    downgrade(ledger.url, BEFORE)
    ledger.run("UPDATE stages SET cost_usd = cost_usd + 0.001 RETURNING stage")  # without a trigger
    upgrade(ledger.url)
    assert ledger.spent(HOUR) == pytest.approx(0.066)
