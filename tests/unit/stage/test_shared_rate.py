"""Calls wait for their turn under a limit of all workers, and are granted in blocks."""

from __future__ import annotations

import math
import threading
import time
from functools import partial
from typing import Any, cast

import pytest

from tests.virtual_time import VirtualTime
from transforms.errors import DependencyDown, Interrupted, QuotaExhausted
from transforms.ledger.rate_limits import GrantedCalls
from transforms.process.waiting import interrupted_waits
from transforms.stage import shared_rate
from transforms.stage.shared_rate import AHEAD, BLOCK, VALID, SharedRate

NAME = "narration/google"


class Row:
    """The row of a limit, as the ledger keeps it, in virtual time."""

    def __init__(self, clock, seconds=0.0):
        self.clock = clock
        self.seconds = seconds  # that a statement takes
        self.next_at = -math.inf
        self.asked = []
        self.down = None

    def grant_calls(self, name, calls, interval, within):
        assert name == NAME
        self.asked.append(calls)
        self.clock.sleep(self.seconds)
        if self.down:
            raise self.down
        free = max(self.next_at, self.clock.now)
        delay = free - self.clock.now
        calls = max(0, min(calls, 1 + math.floor((within - delay) / interval)))
        self.next_at = free + calls * interval
        return GrantedCalls(calls, delay)


@pytest.fixture
def clock(monkeypatch):
    return VirtualTime.inside(monkeypatch, shared_rate)


@pytest.fixture
def row(clock):
    return Row(clock)


def begins(clock, rate, calls, work=0.0, patience=3600.0):
    """Make calls one after the other; return when they began."""
    begun = []
    for _ in range(calls):
        rate.wait_for_turn(clock.now + patience)
        begun.append(clock.now)
        clock.sleep(work)
    return begun


def side_by_side(clock, rates, calls, work=0.0, patience=3600.0):
    """Make calls on a thread for each rate; return the sorted seconds at which they began."""
    start = clock.now
    results = clock.run([partial(begins, clock, rate, calls, work, patience) for rate in rates])
    for result in results:
        if isinstance(result, Exception):
            raise result
    return sorted(begun - start for result in results for begun in result)


def test_calls_are_spread_evenly(clock, row):
    rate = SharedRate(row, NAME, per_minute=60)
    assert side_by_side(clock, [rate], calls=5) == pytest.approx([0, 1, 2, 3, 4])


def test_pause_allows_no_burst(clock, row):
    rate = SharedRate(row, NAME, per_minute=60)
    side_by_side(clock, [rate], calls=1)
    clock.now += 100.0
    assert side_by_side(clock, [rate] * 3, calls=1) == pytest.approx([0, 1, 2])


@pytest.mark.parametrize("processes", [1, 3])
def test_processes_share_the_limit_evenly(clock, row, processes):
    rates = [SharedRate(row, NAME, per_minute=600) for _ in range(processes)]
    begun = side_by_side(clock, rates * 12, calls=4)
    assert begun == pytest.approx([index * 0.1 for index in range(processes * 48)])


def test_ten_calls_take_one_statement_under_load(clock, row):
    row.seconds = 0.005
    rates = [SharedRate(row, NAME, per_minute=200) for _ in range(2)]
    begun = side_by_side(clock, rates * 20, calls=5, work=0.5)
    assert len(begun) == 200
    assert len(row.asked) <= 200 / BLOCK + 2
    assert max(row.asked) == BLOCK
    assert begun[-1] == pytest.approx(199 * 0.3, abs=1.0)  # the limit is used up


def test_next_block_is_asked_for_before_the_last_is_used(clock, row):
    row.seconds = AHEAD / 2
    rate = SharedRate(row, NAME, per_minute=120)
    begun = side_by_side(clock, [rate] * 15, calls=4)
    assert begun[-1] - begun[0] == pytest.approx(59 * 0.5)


def test_call_that_begins_too_late_is_lost(clock, row, monkeypatch):
    rate = SharedRate(row, NAME, per_minute=30)
    paused: list[Any] = []

    def pause(changed, seconds, subject):
        changed.wait(seconds)
        if not paused:
            paused.append(clock.sleep(VALID + 0.5))

    monkeypatch.setattr(shared_rate, "wait", pause)
    begun = side_by_side(clock, [rate], calls=3)
    assert begun == pytest.approx([0, 4, 6])


def test_call_that_begins_a_little_late_is_valid(clock, row, monkeypatch):
    rate = SharedRate(row, NAME, per_minute=30)

    def pause(changed, seconds, subject):
        changed.wait(seconds)
        clock.sleep(VALID - 0.5)

    monkeypatch.setattr(shared_rate, "wait", pause)
    assert side_by_side(clock, [rate], calls=2) == pytest.approx([0, 2.5])


def test_no_call_is_granted_beyond_its_deadline(clock, row):
    rate = SharedRate(row, NAME, per_minute=60)

    def call(patience):
        rate.wait_for_turn(clock.now + patience)
        return clock.now - start

    start = clock.now
    row.next_at = clock.now + 2.5
    patience = [1.0, 3.0, 3.2, 4.0, 60.0]
    results = clock.run([partial(call, seconds) for seconds in patience])
    served = [result for result in results if not isinstance(result, Exception)]
    assert sorted(served) == pytest.approx([2.5, 3.5, 4.5])
    refused = [result for result in results if isinstance(result, Exception)]
    assert {type(error) for error in refused} == {QuotaExhausted}
    assert isinstance(results[0], QuotaExhausted)
    assert row.next_at == pytest.approx(start + 5.5)  # nothing is granted and lost


def test_exhausted_limit_names_its_option(clock, row):
    row.next_at = clock.now + 10.0
    with pytest.raises(
        QuotaExhausted, match=r"^narration/google is down: --narration-per-minute allows 60 calls"
    ):
        side_by_side(clock, [SharedRate(row, NAME, per_minute=60)], calls=1, patience=5.0)


def test_outage_ends_all_waits_at_once(clock, row):
    row.seconds = 15.0
    row.down = DependencyDown("postgres", "refused")
    rate = SharedRate(row, NAME, per_minute=60)
    start = clock.now
    results = clock.run([partial(rate.wait_for_turn, clock.now + 3600.0)] * 30)
    assert results == [row.down] * 30
    assert clock.now == start + 15.0
    assert len(row.asked) == 1
    row.down = None
    assert side_by_side(clock, [rate], calls=1)


def test_bug_of_statement_lets_another_call_ask(clock, row):
    row.down = KeyError("bug")
    rate = SharedRate(row, NAME, per_minute=60)
    results = clock.run([partial(rate.wait_for_turn, clock.now + 3600.0)] * 3)
    assert [type(result) for result in results] == [KeyError] * 3


def test_rates_of_two_jobs_mix(clock, row):
    rates = [SharedRate(row, NAME, per_minute) for per_minute in (60, 120)]
    begun = side_by_side(clock, rates, calls=10)
    assert begun[-1] == pytest.approx(10 * 1.0 + 9 * 0.5, abs=1.0)


def test_end_of_job_ends_waits():
    class Never:
        def grant_calls(self, name, calls, interval, within):
            asked.set()
            return GrantedCalls(calls, 3000.0)

    asked = threading.Event()
    rate = SharedRate(cast("Any", Never()), NAME, per_minute=60)
    raised = []

    def call():
        try:
            rate.wait_for_turn(time.monotonic() + 3600.0)
        except Interrupted as error:
            raised.append(error.subject)

    threads = [threading.Thread(target=call, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert asked.wait(30)
    with interrupted_waits():
        for thread in threads:
            thread.join(30)
    assert raised == [NAME, NAME]
