"""Engine limits bound concurrent calls and calls per minute, and honour retry-after."""

from __future__ import annotations

import itertools
import pickle
import threading

import pytest

from tests.clock import Clock
from tests.held_calls import HeldCalls
from transforms.errors import DependencyDown, PermanentError, TransientError
from transforms.process import retry
from transforms.stage import rate_limit
from transforms.stage.rate_limit import EngineLimits

_names = (f"test-{number}" for number in itertools.count())


@pytest.fixture
def stage():
    """An unused stage name, since limits are kept for the whole process."""
    return next(_names)


@pytest.fixture
def clock(monkeypatch):
    return Clock.instead_of_time_in(rate_limit, monkeypatch)


def fail(limited: EngineLimits, error: Exception) -> None:
    with pytest.raises(type(error)), limited.admitted():
        raise error


def busy(retry_after: float | None) -> TransientError:
    return TransientError("429", retry_after=retry_after)


def seconds_until_admitted(limited: EngineLimits, clock: Clock) -> float:
    asked = clock.now
    with limited.admitted():
        return clock.now - asked


@pytest.mark.parametrize("copied", [False, True], ids=["same object", "pickled copies"])
def test_more_calls_than_allowed_wait(stage, copied):
    limited = EngineLimits(stage, at_once=2)
    calls = HeldCalls(2)

    def call(limited):
        with limited.admitted():
            calls()

    threads = [
        threading.Thread(
            target=call, args=(pickle.loads(pickle.dumps(limited)) if copied else limited,)
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert calls.most == 2


def test_failed_call_frees_its_slot(stage):
    limited = EngineLimits(stage, at_once=1)
    fail(limited, PermanentError("no"))
    fail(limited, busy(None))
    with limited.admitted():
        pass


def test_stages_have_separate_limits():
    with (
        EngineLimits("one-test", at_once=1).admitted(),
        EngineLimits("other-test", at_once=1).admitted(),
    ):
        pass


def test_calls_are_spread_evenly_over_minute(stage, clock):
    limited = EngineLimits(stage, per_minute=600)
    waits = [seconds_until_admitted(limited, clock) for _ in range(4)]
    assert waits == pytest.approx([0, 0.1, 0.1, 0.1])
    clock.now += 5
    assert seconds_until_admitted(limited, clock) == 0  # a pause allows no burst
    assert seconds_until_admitted(limited, clock) == pytest.approx(0.1)


def test_unlimited_calls_never_wait(stage, clock):
    limited = EngineLimits(stage)
    with limited.admitted(), limited.admitted(), limited.admitted():
        assert clock.slept == []


@pytest.mark.parametrize("asked", [(1.0, 0.1), (0.1, 1.0)])
def test_longest_retry_after_applies(stage, clock, asked):
    limited = EngineLimits(stage)
    both = [limited.admitted() for _ in asked]
    for call in both:
        call.__enter__()
    for call, retry_after in zip(both, asked, strict=True):
        error = busy(retry_after)
        assert not call.__exit__(type(error), error, None)
    assert seconds_until_admitted(limited, clock) == pytest.approx(1.0)
    assert seconds_until_admitted(limited, clock) == 0  # all calls continue then


def test_retry_after_delays_waiting_calls_too(stage, clock):
    limited = EngineLimits(stage, per_minute=60)
    first = limited.admitted()
    first.__enter__()
    error = busy(5.0)
    clock.meanwhile = lambda: first.__exit__(type(error), error, None)
    assert seconds_until_admitted(limited, clock) == pytest.approx(1.0 + 5.0)
    assert clock.slept == pytest.approx([1.0, 5.0])


def test_pause_beyond_patience_is_an_outage(stage, clock):
    limited = EngineLimits(stage)
    fail(limited, busy(3601.0))
    with pytest.raises(DependencyDown, match=f"{stage} engine is down: its limits allowed no call"):
        limited.admitted().__enter__()
    assert clock.slept == []  # it would only hold a thread
    with limited.admitted(3602.0):
        assert clock.slept == pytest.approx([3601.0])


def test_slots_taken_beyond_patience_are_an_outage(stage):
    limited = EngineLimits(stage, at_once=1)
    with limited.admitted(), pytest.raises(DependencyDown, match="all its slots were taken"):
        limited.admitted(0.01).__enter__()
    with limited.admitted():
        pass


def test_throttled_time_is_taken_once_in_whole_seconds(stage, clock):
    limited = EngineLimits(stage, per_minute=40)
    for _ in range(4):
        with limited.admitted():
            pass
    assert clock.slept == pytest.approx([1.5] * 3)
    assert [limited.take_throttled() for _ in range(2)] == [4, 0]
    with limited.admitted():
        assert limited.take_throttled() == 2


@pytest.mark.parametrize("error", [busy(None), busy(0.0), PermanentError("no"), KeyError("bug")])
def test_other_errors_do_not_pause_engine(stage, clock, error):
    limited = EngineLimits(stage)
    fail(limited, error)
    assert seconds_until_admitted(limited, clock) == 0


def test_rate_limit_wait_does_not_use_deadline(stage, clock, monkeypatch):
    monkeypatch.setattr(retry, "time", clock)
    limited = EngineLimits(stage, per_minute=1)
    left: list[float] = []
    for _ in range(3):
        retry.retry_until_deadline(
            left.append, retry.RetryPolicy(timeout=0.2), [], limited.admitted
        )
    assert clock.slept == pytest.approx([60, 60])
    assert left == pytest.approx([0.2, 0.2, 0.2])
