"""Paid calls are admitted and retried one by one, under the deadline of their stage."""

from __future__ import annotations

import pickle
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from tests.clock import Clock
from transforms.errors import PermanentError, StageTimeout, TransientError
from transforms.model import Claim, ContentRequest, Lesson, Message, Usage
from transforms.process import retry
from transforms.process.backoff import Backoff
from transforms.process.retry import RetryPolicy
from transforms.stage.paid_call import Answer, PaidCall
from transforms.stage.stage_calls import StageCalls

CALL = PaidCall("speech", {"text": "Hello."})
LESSON = Lesson(
    Message(b"{}", {}, "m-1", datetime(2026, 11, 30, tzinfo=UTC)),
    ContentRequest("7f0f4a7e-5c0e-4bb4-9c49-6f2b6f1f6a01", "s-1", "Why?", 8, "c-1"),
    Claim("b5d2c6e0-0d4c-4c3e-9a55-0f6f2f3d7a11", 1),
)


@pytest.fixture
def clock(monkeypatch):
    return Clock.instead_of_time_in(retry, monkeypatch)


@contextmanager
def at_once(patience):
    yield


def calls_with(admitted=at_once, timeout=60.0, tries=2):
    policy = RetryPolicy(timeout, tries, backoff=Backoff(0.0, 0.0))
    runtime = SimpleNamespace(admitted=admitted)
    return StageCalls(LESSON, "narration", "google", runtime, policy)  # type: ignore[arg-type]


class Service:
    """Fails as given, then answers; records the seconds that each call may take."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.timeouts = []

    def __call__(self, timeout):
        self.timeouts.append(timeout)
        if self.errors:
            raise self.errors.pop(0)
        return Answer(b"audio", (Usage("characters", 6),))


def test_call_is_retried_more_often_than_stage(clock):
    calls, service = calls_with(tries=2), Service(*[TransientError("429", 5.0)] * 9)
    assert calls.run(CALL, service).data == b"audio"
    assert service.timeouts == pytest.approx([60.0 - 5 * n for n in range(10)])
    assert [failure.message for failure in calls.failures] == ["429"] * 9


def test_calls_share_deadline_of_stage(clock):
    calls = calls_with(timeout=10.0)
    calls.run(CALL, Service(TransientError("503", 6.0)))
    with pytest.raises(StageTimeout, match="within 10 s"):
        calls.run(CALL, Service(TransientError("503", 6.0)))
    assert (calls.timeout, calls.seconds) == (10.0, 6.0)


def test_call_is_given_up_at_its_part_of_deadline(clock):
    calls, busy = calls_with(timeout=100.0), Service(*[TransientError("429", 7.0)] * 99)
    with pytest.raises(StageTimeout):
        calls.run(replace(CALL, until=0.6), busy)
    assert busy.timeouts == pytest.approx([60.0 - 7 * n for n in range(9)])
    after = Service()
    assert calls.run(CALL, after).data == b"audio"
    assert after.timeouts == pytest.approx([44.0])


def test_failed_call_is_not_retried_by_stage(clock):
    calls = calls_with(timeout=10.0)
    service = Service(*[TransientError("503", 4.0)] * 9)
    with pytest.raises(StageTimeout):
        retry.retry_until_deadline(
            lambda _: calls.run(CALL, service),
            RetryPolicy(10.0, 9),
            calls.failures,
            deadline=calls.deadline,
        )
    assert len(service.timeouts) == 3
    assert [failure.message for failure in calls.failures] == ["503"] * 3


@pytest.mark.parametrize("error", [PermanentError("refused"), KeyError("bug")])
def test_other_errors_end_the_call(clock, error):
    service = Service(error)
    with pytest.raises(type(error)):
        calls_with().run(CALL, service)
    assert len(service.timeouts) == 1


def test_waiting_for_admission_keeps_deadline(clock):
    offered = []

    @contextmanager
    def after_a_minute(patience):
        offered.append(patience)
        clock.now += 60
        yield

    calls, service = calls_with(after_a_minute, timeout=10.0), Service()
    calls.run(CALL, service)
    calls.run(CALL, service)
    assert service.timeouts == pytest.approx([10.0, 10.0])
    assert offered == pytest.approx([retry.LONGEST_WAIT, retry.LONGEST_WAIT - 60])


def test_waits_of_parallel_calls_count_once(clock):
    both = threading.Barrier(2)

    @contextmanager
    def together(patience):
        both.wait(60)
        if both.wait(60) == 0:
            clock.now += 30
        both.wait(60)
        yield

    calls = calls_with(together, timeout=10.0)
    threads = [threading.Thread(target=calls.run, args=(CALL, Service())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert calls.left == pytest.approx(10.0)
    assert calls.deadline.patience == pytest.approx(retry.LONGEST_WAIT - 30)


def test_usage_of_all_answers_is_collected(clock):
    calls = calls_with()
    calls.run(CALL, Service())
    calls.run(CALL, Service())
    assert calls.usage == (Usage("characters", 6),) * 2


def test_pickled_calls_keep_time_that_is_left(clock):
    calls = calls_with()
    calls.run(CALL, Service(TransientError("429", 20.0)))
    copy = pickle.loads(pickle.dumps(calls))
    assert (copy.left, copy.deadline.patience) == pytest.approx((40.0, 40.0))
    assert (copy.usage, copy.failures) == ((), [])
    copy.run(CALL, Service())
