"""The pace of calls halves at an overload, and grows again while calls succeed."""

from __future__ import annotations

import math

import pytest

from transforms.stage import adaptive_pace
from transforms.stage.adaptive_pace import CALM, FLOOR, RECOVERY, AdaptivePace


@pytest.fixture
def pace(monkeypatch):
    class MiddleDraw:
        @staticmethod
        def uniform(low, high):
            return (low + high) / 2

    monkeypatch.setattr(adaptive_pace, "random", MiddleDraw)
    return AdaptivePace()


def begin(pace, number, rate, start=0.0):
    """Begin calls at a rate; return the times."""
    times = [start + index / rate for index in range(number)]
    for time in times:
        pace.begin(time)
    return times


def gap(pace, now):
    """Begin a call; return the seconds until the next one may begin."""
    pace.begin(now)
    return pace.next_call - now


def refuse_until_floor(pace, now):
    while gap(pace, now) < 1 / FLOOR:
        pace.overload(now, now)
        now = pace.next_call
    return now


def test_healthy_engine_is_not_paced(pace):
    for time in begin(pace, 100, rate=1000):
        pace.succeed(time, time + 0.1)
        assert pace.next_call <= time + 0.1


def test_overload_halves_the_measured_rate(pace):
    times = begin(pace, 40, rate=10)
    pace.overload(times[-1], 4.0)
    assert gap(pace, 4.0) == pytest.approx(1 / 5, rel=0.05)


def test_burst_of_refused_calls_lowers_the_rate_once(pace):
    times = begin(pace, 8, rate=1000)
    for time in times:
        pace.overload(time, 0.1 + time)
    assert gap(pace, 0.2) == pytest.approx(1 / 4)


def test_next_call_waits_after_an_overload(pace):
    times = begin(pace, 8, rate=1000)
    pace.overload(times[0], 0.1)
    assert pace.next_call == pytest.approx(0.1 + 1 / 4)


def test_refusing_engine_is_still_tried(pace):
    now = refuse_until_floor(pace, begin(pace, 50, rate=10)[-1])
    pace.overload(now, now)
    assert gap(pace, now) == pytest.approx(1 / FLOOR)


def test_rate_doubles_to_half_of_the_former_one(pace):
    now = refuse_until_floor(pace, begin(pace, 40, rate=10)[-1])
    rates = []
    for _ in range(6):
        pace.succeed(now, now)
        rates.append(1 / gap(pace, now))
    assert rates[:4] == pytest.approx([0.4, 0.8, 1.6, 3.2])
    assert rates[4:] == pytest.approx([5.0, 5.0], rel=0.1)


def test_rate_then_grows_to_the_former_one_evenly(pace):
    now = begin(pace, 40, rate=10)[-1]
    pace.overload(now, now)
    started = 1 / gap(pace, now)
    rates = []
    for _ in range(int(RECOVERY)):
        now += 1.0
        pace.succeed(now, now)
        rates.append(1 / gap(pace, now))
    steps = [later - sooner for sooner, later in zip([started, *rates], rates, strict=False)]
    assert steps == pytest.approx([started / RECOVERY] * len(steps))
    assert rates[-1] == pytest.approx(2 * started)


def test_success_after_a_quiet_time_adds_at_most_half(pace):
    now = begin(pace, 40, rate=10)[-1]
    pace.overload(now, now)
    lowered = 1 / gap(pace, now)
    pace.succeed(now + 50, now + 50)
    assert 1 / gap(pace, now + 50) == pytest.approx(2 * lowered)


def test_success_of_an_older_call_changes_nothing(pace):
    times = begin(pace, 8, rate=1000)
    pace.overload(times[1], 0.1)
    before = pace.next_call
    pace.succeed(times[0], 5.0)
    assert pace.next_call == before
    assert pace.refused_for(5.0) == pytest.approx(4.9)


def test_success_brings_the_next_call_forward(pace):
    now = refuse_until_floor(pace, begin(pace, 50, rate=10)[-1])
    pace.begin(now)
    pace.succeed(now, now + 1.0)
    assert pace.next_call == pytest.approx(now + 1.0 + 1 / (2 * FLOOR))


def test_calm_engine_is_no_longer_paced(pace):
    now = begin(pace, 8, rate=1000)[-1]
    pace.overload(now, now)
    assert gap(pace, now + CALM) > 0
    assert gap(pace, now + CALM + 0.1) == 0


def test_refused_time_counts_from_the_first_overload(pace):
    assert pace.refused_for(5.0) == 0
    for time in (0.0, 10.0, 40.0):
        pace.begin(time)
        pace.overload(time, time)
    assert pace.refused_for(40.0) == pytest.approx(40.0)
    pace.succeed(41.0, 42.0)
    assert pace.refused_for(43.0) == 0


def test_refused_time_has_no_gaps_without_calls(pace):
    for time in (0.0, CALM + 1.0):
        pace.begin(time)
        pace.overload(time, time)
    assert pace.refused_for(CALM + 1.0) == 0


def test_processes_do_not_return_together(monkeypatch):
    times = set()
    for _ in range(20):
        pace = AdaptivePace()
        begin(pace, 8, rate=1000)
        pace.overload(0.0, 0.1)
        times.add(pace.next_call)
        assert 0.5 / 4 <= pace.next_call - 0.1 <= 1.5 / 4
    assert len(times) > 1
    assert math.inf not in times
