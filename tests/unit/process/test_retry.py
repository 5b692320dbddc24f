"""Retries wait as their policy says and end at the deadline."""

from __future__ import annotations

import pickle
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import Clock, HighestDraw
from transforms.errors import (
    Cancelled,
    OverBudget,
    PermanentError,
    StageTimeout,
    TransientError,
)
from transforms.model import Attempt
from transforms.process import backoff, retry
from transforms.process.backoff import Backoff

PATIENT = retry.RetryPolicy(timeout=1000, tries=9, backoff=Backoff(first=1, longest=30))


class Work:
    """Raises or returns given results in order; records the seconds left at each call."""

    def __init__(self, *results):
        self.results = list(results)
        self.left = []

    def __call__(self, left):
        self.left.append(left)
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def clock(monkeypatch):
    return Clock.instead_of_time_in(retry, monkeypatch)


@pytest.fixture
def highest_draw(monkeypatch):
    monkeypatch.setattr(backoff, "random", HighestDraw)


def failing(times: int, retry_after: float | None = None) -> list[TransientError]:
    return [TransientError(f"busy {n}", retry_after) for n in range(1, times + 1)]


def test_transient_error_is_tried_again(clock):
    failures: list[Attempt] = []
    work = Work(*failing(1), "done")
    before = datetime.now(UTC)
    assert retry.retry_until_deadline(work, PATIENT, failures) == "done"
    [failure] = failures
    assert (failure.error_type, failure.message) == ("TransientError", "busy 1")
    assert before <= failure.at <= datetime.now(UTC)


def test_waits_follow_backoff_of_policy(clock, highest_draw):
    policy = retry.RetryPolicy(timeout=100, tries=5, backoff=Backoff(0.5, longest=1.5))
    retry.retry_until_deadline(Work(*failing(4), "done"), policy, [])
    assert clock.slept == [0.5, 1, 1.5, 1.5]


@pytest.mark.parametrize(("asked", "waited"), [(0.5, 1), (7.0, 7.0), (99.0, 99.0)])
def test_retry_after_lengthens_the_wait(clock, highest_draw, asked, waited):
    retry.retry_until_deadline(Work(*failing(1, asked), "done"), PATIENT, [])
    assert clock.slept == [waited]


@given(st.integers(1, 60), st.none() | st.floats(0, 100))
def test_delay_is_capped_and_never_less_than_asked(failures, retry_after):
    delay = PATIENT.delay(failures, retry_after)
    bound = min(30, 2 ** (failures - 1))
    assert (retry_after or 0) <= delay <= max(bound, retry_after or 0)


def test_number_of_tries_is_limited(clock):
    failures: list[Attempt] = []
    policy = retry.RetryPolicy(timeout=1000, tries=3)
    with pytest.raises(TransientError, match="busy 3"):
        retry.retry_until_deadline(Work(*failing(4)), policy, failures)
    assert [failure.message for failure in failures] == ["busy 1", "busy 2", "busy 3"]
    assert len(clock.slept) == 2


@pytest.mark.parametrize(("error", "kept"), [(PermanentError("no"), 1), (KeyError("bug"), 0)])
def test_other_errors_are_not_retried(clock, error, kept):
    failures: list[Attempt] = []
    work = Work(error, "never")
    with pytest.raises(type(error)):
        retry.retry_until_deadline(work, PATIENT, failures)
    assert work.results == ["never"]
    assert len(failures) == kept
    assert clock.slept == []


def test_each_try_gets_remaining_time_of_deadline(clock, highest_draw):
    policy = retry.RetryPolicy(timeout=100, tries=9)
    work = Work(*failing(3), "done")
    retry.retry_until_deadline(work, policy, [])
    assert work.left == pytest.approx([100, 99, 97, 93])


@pytest.mark.parametrize("asked", [10.0, 3600.0])
def test_wait_past_deadline_is_a_timeout(clock, asked):
    error = TransientError("busy", retry_after=asked)
    error.code = "429"
    failures: list[Attempt] = []
    with pytest.raises(StageTimeout, match=r"within 10 s; the last error was: busy") as late:
        retry.retry_until_deadline(Work(error), retry.RetryPolicy(timeout=10), failures)
    assert clock.slept == []
    assert len(failures) == 1
    assert late.value.code == "429"
    assert late.value.__cause__ is error


def test_admission_wait_does_not_use_deadline(clock):
    @contextmanager
    def admitted(patience, left):
        offered.append(patience)
        clock.now += 60
        yield

    offered: list[float] = []

    work = Work(*failing(1, 4.0), "done")
    retry.retry_until_deadline(
        work, retry.RetryPolicy(timeout=10, backoff=Backoff(0, 0)), [], admitted
    )
    assert work.left == pytest.approx([10, 6])
    assert offered == pytest.approx([retry.LONGEST_WAIT, retry.LONGEST_WAIT - 60])


def test_each_failure_is_reported_with_the_next_wait(clock, highest_draw):
    reported: list[tuple[str, float | None]] = []
    with pytest.raises(TransientError):
        retry.retry_until_deadline(
            Work(*failing(3)), retry.RetryPolicy(timeout=1000, tries=3), [],
            failed=lambda error, delay: reported.append((str(error), delay)),
        )  # fmt: skip
    assert reported == [("busy 1", 1), ("busy 2", 2), ("busy 3", None)]


def test_timeout_is_reported_without_a_next_wait(clock):
    reported: list[float | None] = []
    with pytest.raises(StageTimeout):
        retry.retry_until_deadline(
            Work(*failing(1, 3600)), retry.RetryPolicy(timeout=10), [],
            failed=lambda error, delay: reported.append(delay),
        )  # fmt: skip
    assert reported == [None]


def test_outer_retry_does_not_repeat_exhausted_work(clock):
    failures: list[Attempt] = []
    reported: list[float | None] = []
    inner = Work(*failing(4))
    with pytest.raises(TransientError, match="busy 2"):
        retry.retry_until_deadline(
            lambda _: retry.retry_until_deadline(
                inner, retry.RetryPolicy(timeout=1000, tries=2), failures
            ),
            PATIENT,
            failures,
            failed=lambda error, delay: reported.append(delay),
        )
    assert [failure.message for failure in failures] == ["busy 1", "busy 2"]
    assert reported == [None]


@pytest.mark.parametrize("error", [Cancelled("video"), OverBudget("video", 1.0, 2.0, 2.5)])
def test_final_errors_are_neither_retried_nor_recorded(clock, error):
    failures: list[Attempt] = []
    copy = pickle.loads(pickle.dumps(error))
    with pytest.raises(type(error)) as raised:
        retry.retry_until_deadline(Work(copy, "never"), PATIENT, failures)
    assert str(raised.value) == str(error)
    assert failures == []
