"""Trying again, and giving up."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import retry
from transforms.errors import PermanentError, StageTimeout, TransientError

QUICK = retry.Policy(timeout=30, tries=3, first_delay=0.001, longest_delay=0.002)


class Work:
    def __init__(self, *results):
        self.results = list(results)
        self.left = []

    def __call__(self, left):
        self.left.append(left)
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def test_a_transient_error_is_tried_again():
    failures: list = []
    work = Work(TransientError("busy"), "done")
    assert retry.run(work, QUICK, failures) == "done"
    assert [f.message for f in failures] == ["busy"]
    assert work.left[1] < work.left[0] <= QUICK.timeout


def test_the_last_try_is_the_last():
    failures: list = []
    with pytest.raises(TransientError, match="three"):
        retry.run(Work(*(TransientError(n) for n in ("one", "two", "three"))), QUICK, failures)
    assert [f.message for f in failures] == ["one", "two", "three"]


@pytest.mark.parametrize("error", [PermanentError("no"), KeyError("bug")])
def test_nothing_else_is_tried_again(error):
    work = Work(error, "never")
    with pytest.raises(type(error)):
        retry.run(work, QUICK, [])
    assert work.results == ["never"]


def test_it_does_not_wait_past_the_deadline():
    failures: list = []
    started = time.monotonic()
    with pytest.raises(StageTimeout, match="busy"):
        retry.run(Work(TransientError("busy", retry_after=3600)), QUICK, failures)
    assert time.monotonic() - started < QUICK.timeout
    assert len(failures) == 1


@given(st.integers(1, 60), st.none() | st.floats(0, 100))
def test_the_delay_is_capped_and_never_less_than_asked(failures, retry_after):
    policy = retry.Policy(timeout=1, first_delay=1, longest_delay=30)
    delay = policy.delay(failures, retry_after)
    bound = min(30, 2 ** (failures - 1))
    assert (retry_after or 0) <= delay <= max(bound, retry_after or 0)
