"""The limits of an engine are shared by all threads, and its rate by all workers."""

from __future__ import annotations

import itertools
import pickle
import threading
from dataclasses import replace
from functools import partial

import pytest

from tests.held_calls import HeldCalls
from tests.virtual_time import VirtualTime
from transforms.errors import Overloaded, QuotaExhausted
from transforms.ledger import Ledger
from transforms.ledger.rate_limits import GrantedCalls
from transforms.process import retry
from transforms.stage import engine_gate, shared_rate
from transforms.stage.rate_limit import EngineLimits

_names = (f"test-{number}" for number in itertools.count())


@pytest.fixture
def stage():
    """An unused stage name, since limits are kept for the whole process."""
    return next(_names)


@pytest.fixture
def clock(monkeypatch):
    return VirtualTime.inside(monkeypatch, engine_gate, shared_rate, retry)


@pytest.fixture
def granted(monkeypatch):
    """What the ledger was asked for; it grants every call at once."""
    asked = []

    def grant(ledger, *limit):
        asked.append(limit)
        return GrantedCalls(limit[1], 0.0)

    monkeypatch.setattr(Ledger, "grant_calls", grant)
    return asked


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


@pytest.mark.parametrize("other", [{"stage": "other-test"}, {"engine": "other"}])
def test_stages_and_engines_have_separate_limits(stage, other):
    limited = EngineLimits(stage, at_once=1)
    with limited.admitted(), replace(limited, **other).admitted():
        pass


def test_rate_of_all_workers_is_named_by_stage_and_engine(granted):
    ledger = Ledger("postgresql://vividly@localhost/limits")
    with EngineLimits("narration", "google", per_minute=200, ledger=ledger).admitted():
        pass
    [(name, calls, interval, within)] = granted
    assert (name, calls, interval) == ("narration/google", 1, 0.3)
    assert within == pytest.approx(retry.LONGEST_WAIT, abs=60)


def test_engine_without_rate_asks_no_ledger(stage, granted):
    with EngineLimits(stage, ledger=Ledger("postgresql://vividly@localhost/limits")).admitted():
        pass
    assert granted == []


@pytest.mark.parametrize("limit", [{"patience": 10.0}, {"patience": 99.0, "left": 10.0}])
def test_pause_beyond_limit_is_exhausted_quota(stage, limit):
    limited = EngineLimits(stage)
    with pytest.raises(QuotaExhausted), limited.admitted(**limit):
        raise Overloaded("429", retry_after=11.0)
    with pytest.raises(QuotaExhausted):
        limited.admitted(**limit).__enter__()


def test_exhausted_model_does_not_hold_up_another(stage):
    limited = EngineLimits(stage)
    with pytest.raises(QuotaExhausted), limited.admitted(10.0, model="first"):
        raise Overloaded("429", retry_after=11.0)
    with limited.admitted(10.0, model="second"):
        pass
    with pytest.raises(QuotaExhausted):
        limited.admitted(10.0, model="first").__enter__()


def test_wait_for_engine_is_reported_as_throttled(stage, clock):
    limited = EngineLimits(stage)
    for model in ("first", "second"):
        with pytest.raises(Overloaded), limited.admitted(model=model):
            raise Overloaded("429", retry_after=7.5)

    def wait(model):
        with limited.admitted(model=model):
            pass

    clock.run([partial(wait, "first"), partial(wait, "second")])
    assert [limited.take_throttled() for _ in range(2)] == [15, 0]


def test_rate_limit_wait_does_not_use_deadline(stage, clock, monkeypatch):
    monkeypatch.setattr(Ledger, "grant_calls", lambda *_: GrantedCalls(1, 60.0))
    ledger = Ledger("postgresql://vividly@localhost/limits")
    limited = EngineLimits(stage, per_minute=1, ledger=ledger)
    left: list[float] = []

    def work():
        policy = retry.RetryPolicy(timeout=0.2)
        retry.retry_until_deadline(left.append, policy, [], limited.admitted)

    start = clock.now
    clock.run([work])
    assert clock.now == pytest.approx(start + 60)
    assert left == pytest.approx([0.2])


def test_refused_tries_are_not_limited_in_number(stage, clock):
    limited = EngineLimits(stage)
    errors = [Overloaded("429")] * 9

    def work(left):
        if errors:
            raise errors.pop()
        return "done"

    def run():
        policy = retry.RetryPolicy(timeout=120.0, tries=2)
        return retry.retry_until_deadline(work, policy, failures, limited.admitted)

    failures: list = []
    assert clock.run([run]) == ["done"]
    assert len(failures) == 9
