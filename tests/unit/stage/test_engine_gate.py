"""Calls of an engine wait for slots, for overloaded engines and for the end of a pause."""

from __future__ import annotations

import itertools
import threading
from functools import partial
from typing import Any

import pytest

from tests.virtual_time import VirtualTime
from transforms.errors import (
    DependencyDown,
    Interrupted,
    Overloaded,
    PermanentError,
    QuotaExhausted,
    TransientError,
)
from transforms.process import retry
from transforms.process.waiting import interrupted_waits
from transforms.stage import adaptive_pace, engine_gate
from transforms.stage.engine_gate import EXHAUSTED, PROBE, EngineGate, ThrottledTime

LONG = 3600.0


@pytest.fixture
def clock(monkeypatch):
    return VirtualTime.inside(monkeypatch, engine_gate, retry)


@pytest.fixture
def gate(clock):
    return EngineGate("script", at_once=None, shared=None, throttled=ThrottledTime())


def call(gate, error=None, left=LONG):
    with gate.admitted(LONG, left):
        if error:
            raise error


def fail(gate, error, left=LONG):
    with pytest.raises(type(error)):
        call(gate, error, left)


def seconds_until_admitted(gate, clock, left=LONG):
    """Wait for admission on a thread, because the clock moves only for those."""

    def wait():
        asked = clock.now
        with gate.admitted(LONG, left):
            return clock.now - asked

    [seconds] = clock.run([wait])
    if isinstance(seconds, Exception):
        raise seconds
    return seconds


class Engine:
    """An engine that refuses calls during a storm, and counts those that begin in each second."""

    def __init__(self, clock, storm, seconds=4.0):
        self.clock = clock
        self.start = clock.now
        self.storm = storm
        self.seconds = seconds
        self.begun = []

    def __call__(self, left):
        self.begun.append(self.clock.now - self.start)
        self.clock.sleep(0.1)
        if self.clock.now - self.start < self.storm:
            raise Overloaded("429")
        self.clock.sleep(self.seconds)
        assert left > self.seconds
        return "done"


def work_through(clock, gate, engine, texts, threads, timeout=120.0):
    """Write texts on threads as a stage does; return results and ends in virtual seconds."""
    waiting = iter(range(texts))
    taking = threading.Lock()
    ends = []

    def thread():
        results: list[Any] = []
        while True:
            with taking:
                if next(waiting, None) is None:
                    return results
            policy = retry.RetryPolicy(timeout, tries=5)
            try:
                results.append(retry.retry_until_deadline(engine, policy, [], gate.admitted))
            except Exception as error:  # noqa: BLE001  (compared)
                results.append(error)
            ends.append(clock.now - engine.start)

    return [*itertools.chain(*clock.run([thread] * threads))], ends


def test_storm_of_429_loses_no_text(clock, gate):
    engine = Engine(clock, storm=25.0)
    results, ends = work_through(clock, gate, engine, texts=40, threads=8)
    assert results == ["done"] * 40
    assert max(ends) < 120.0
    refused = [begun for begun in engine.begun if begun < 25.0]
    assert len(refused) < 30  # 8 at once, and then few


def test_all_requests_of_a_bundle_survive_storm(clock, gate):
    engine = Engine(clock, storm=25.0)
    results, ends = work_through(clock, gate, engine, texts=40, threads=40)
    assert results == ["done"] * 40
    assert max(ends) < 120.0


def test_calls_return_spread_out_after_storm(clock, gate):
    engine = Engine(clock, storm=25.0)
    work_through(clock, gate, engine, texts=40, threads=40)
    before = len([begun for begun in engine.begun if begun < 0.01])
    after = [begun for begun in engine.begun if begun >= 25.0]
    most = max(len([b for b in after if second <= b < second + 1]) for second in range(25, 90))
    assert before == 40
    assert most <= 20


def test_engine_is_used_soon_after_storm(clock, gate):
    engine = Engine(clock, storm=25.0)
    work_through(clock, gate, engine, texts=40, threads=8)
    first = min(begun for begun in engine.begun if begun > 25.0)
    assert first < 25.0 + 1.5 / adaptive_pace.FLOOR


def test_healthy_engine_waits_for_nothing(clock, gate):
    engine = Engine(clock, storm=0.0, seconds=1.0)
    results, ends = work_through(clock, gate, engine, texts=40, threads=8)
    assert results == ["done"] * 40
    assert max(ends) == pytest.approx(5 * 1.1)
    assert gate._throttled.take() == 0


def test_unlimited_calls_never_wait(clock, gate):
    with gate.admitted(LONG, LONG), gate.admitted(LONG, LONG), gate.admitted(LONG, LONG):
        pass
    assert gate._throttled.take() == 0


def test_slots_taken_beyond_patience_are_an_outage(clock):
    gate = EngineGate("script", at_once=1, shared=None, throttled=ThrottledTime())

    def hold():
        with gate.admitted(LONG, LONG):
            clock.sleep(100.0)

    def wait(patience):
        clock.sleep(1.0)
        with gate.admitted(patience, LONG):
            return clock.now

    start = clock.now
    _, late, served = clock.run([hold, partial(wait, 50.0), partial(wait, 200.0)])
    assert isinstance(late, DependencyDown)
    assert "all its slots were taken" in str(late)
    assert served == start + 100.0


def test_wait_for_slot_and_for_rate_have_one_patience(clock):
    class Shared:
        def wait_for_turn(self, deadline):
            deadlines.append(deadline)

    def hold():
        with gate.admitted(LONG, LONG):
            clock.sleep(100.0)

    def wait():
        clock.sleep(1.0)
        with gate.admitted(200.0, LONG):
            pass

    deadlines: list[float] = []
    shared: Any = Shared()
    gate = EngineGate("script", at_once=1, shared=shared, throttled=ThrottledTime())
    start = clock.now
    clock.run([hold, wait])
    assert deadlines == [start + LONG, start + 201.0]


def test_pause_of_engine_uses_up_patience_for_rate(clock):
    class Shared:
        def wait_for_turn(self, deadline):
            deadlines.append(deadline)

    deadlines: list[float] = []
    shared: Any = Shared()
    gate = EngineGate("script", at_once=None, shared=shared, throttled=ThrottledTime())
    fail(gate, TransientError("500", retry_after=10.0))
    asked = clock.now

    def wait():
        with gate.admitted(200.0, LONG):
            pass

    clock.run([wait])
    assert clock.now >= asked + 10.0
    assert deadlines[-1] == asked + 200.0


def test_failed_call_frees_its_slot(clock):
    gate = EngineGate("script", at_once=1, shared=None, throttled=ThrottledTime())
    for error in (PermanentError("no"), TransientError("reset"), KeyError("bug")):
        fail(gate, error)
    call(gate)


@pytest.mark.parametrize("asked", [(1.0, 0.1), (0.1, 1.0)])
def test_longest_retry_after_applies(clock, gate, asked):
    both = [gate.admitted(LONG, LONG) for _ in asked]
    for each in both:
        each.__enter__()
    for each, retry_after in zip(both, asked, strict=True):
        error = TransientError("500", retry_after)
        assert not each.__exit__(type(error), error, None)
    assert seconds_until_admitted(gate, clock) == pytest.approx(1.0)


def test_retry_after_delays_waiting_calls_too(clock, gate):
    def refused():
        clock.sleep(1.0)
        fail(gate, TransientError("500", retry_after=2.0))
        with gate.admitted(LONG, LONG):
            ends.append(clock.now)

    def second():
        with gate.admitted(LONG, LONG):
            clock.sleep(1.5)
            raise TransientError("500", retry_after=10.0)

    ends: list[Any] = []
    start = clock.now
    clock.run([refused, second])
    assert ends == [pytest.approx(start + 11.5)]


def test_pause_beyond_deadline_is_exhausted_quota(clock, gate):
    with pytest.raises(
        QuotaExhausted, match=r"script engine is down: it asks for a pause of 86400"
    ):
        call(gate, Overloaded("429", retry_after=86400.0), left=120.0)
    start = clock.now
    with pytest.raises(QuotaExhausted, match=r"accepts no calls for another 86400 s; raise its qu"):
        call(gate, left=120.0)
    assert clock.now == start  # it would only hold a thread


def test_exhausted_engine_is_probed_each_minute(clock, gate):
    with pytest.raises(QuotaExhausted):
        call(gate, Overloaded("429", retry_after=86400.0), left=120.0)
    clock.now += PROBE
    with pytest.raises(QuotaExhausted, match="asks for a pause"):
        call(gate, Overloaded("429", retry_after=86400.0), left=120.0)
    with pytest.raises(QuotaExhausted, match="accepts no calls"):
        call(gate, left=120.0)
    clock.now += PROBE
    call(gate, left=120.0)  # the quota was raised
    assert seconds_until_admitted(gate, clock, left=120.0) < 10.0


def test_engine_that_refuses_all_calls_is_exhausted(clock, gate):
    engine = Engine(clock, storm=10_000.0)
    results, ends = work_through(clock, gate, engine, texts=8, threads=8, timeout=300.0)
    assert [type(result) for result in results] == [QuotaExhausted] * 8
    assert min(ends) >= EXHAUSTED
    assert max(ends) <= 300.0


def test_calls_that_wait_too_long_are_handed_back(clock, gate):
    engine = Engine(clock, storm=80.0)
    results, _ = work_through(clock, gate, engine, texts=40, threads=40, timeout=30.0)
    failed = [result for result in results if result != "done"]
    assert failed
    assert {type(result) for result in failed} == {QuotaExhausted}
    assert "too few calls" in str(failed[0])


@pytest.mark.parametrize("error", [TransientError("500"), PermanentError("no"), KeyError("bug")])
def test_other_errors_do_not_slow_engine(clock, gate, error):
    fail(gate, error)
    assert seconds_until_admitted(gate, clock) == 0


def test_refused_content_counts_as_accepted_call(clock, gate):
    fail(gate, Overloaded("429"))
    seconds_until_admitted(gate, clock)
    clock.now += 10.0
    fail(gate, PermanentError("no"))
    assert gate._pace.refused_for(clock.now) == 0


def test_calls_begin_in_order_of_arrival(clock, gate):
    def arrive(index):
        clock.sleep(index * 0.01)
        with gate.admitted(LONG, LONG):
            order.append(index)

    order: list[int] = []
    fail(gate, Overloaded("429"))
    clock.run([partial(arrive, index) for index in (3, 1, 2)])
    assert order == [1, 2, 3]


def test_call_does_not_overtake_one_that_is_about_to_wake(clock, gate):
    first, second = object(), object()
    gate._waiting.extend([first, second])
    assert not gate._may_begin(second, clock.now + LONG)
    assert gate._may_begin(first, clock.now + LONG)


def test_throttled_time_is_taken_once_in_whole_seconds(clock, gate):
    fail(gate, Overloaded("429", retry_after=4.5))
    seconds_until_admitted(gate, clock)
    assert [gate._throttled.take() for _ in range(2)] == [4, 0]


def test_end_of_job_ends_waits():
    gate = EngineGate("script", at_once=None, shared=None, throttled=ThrottledTime())
    fail(gate, Overloaded("429", retry_after=3000.0))
    raised = []

    def wait():
        try:
            call(gate)
        except Interrupted as error:
            raised.append(str(error))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    while not gate._waiting:
        pass
    with interrupted_waits():
        thread.join(30)
        with pytest.raises(Interrupted):
            call(gate)  # nor does another wait begin
    assert raised == ["the wait for the script engine ends: the job ends"]
    assert not gate._waiting
