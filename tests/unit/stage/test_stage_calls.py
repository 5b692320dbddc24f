"""Paid calls are admitted and retried one by one, under the deadline of their stage."""

from __future__ import annotations

import pickle
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.clock import Clock
from transforms.artifacts import ArtifactStore
from transforms.errors import (
    Cancelled,
    ClaimLost,
    OverBudget,
    PermanentError,
    StageTimeout,
    TransientError,
)
from transforms.ledger.calls import CallAnswer
from transforms.model import Claim, ContentRequest, Lesson, Message, Usage
from transforms.prices import INCLUDED, price
from transforms.process import retry
from transforms.process.backoff import Backoff
from transforms.process.retry import RetryPolicy
from transforms.stage.budget import Budget
from transforms.stage.paid_call import Answer, PaidCall
from transforms.stage.stage_calls import StageCalls

USED = (Usage("text-to-speech/chirp3-hd/characters", 6.0),)
USD = price(USED)
LESSON = Lesson(
    Message(b"{}", {}, "m-1", datetime(2026, 11, 30, tzinfo=UTC)),
    ContentRequest("7f0f4a7e-5c0e-4bb4-9c49-6f2b6f1f6a01", "s-1", "Why?", 8, "c-1"),
    Claim("b5d2c6e0-0d4c-4c3e-9a55-0f6f2f3d7a11", 1),
)


def speech(text="Hello.", reason=""):
    return PaidCall("speech", {"text": text}, USED, reason)


class StandIn:
    """A ledger that gives one answer to every call, and keeps the calls that it records."""

    def __init__(self, kind="go"):
        self.kind = kind
        self.begun, self.ended = [], []

    def record_calls(self, begun, ended):
        self.begun += begun
        self.ended += ended
        return {call.id: CallAnswer(self.kind, 0.25) for call in begun}


@contextmanager
def at_once(patience, left, model):
    yield


@pytest.fixture
def clock(monkeypatch):
    return Clock.instead_of_time_in(retry, monkeypatch)


@pytest.fixture
def ledger():
    return StandIn()


@pytest.fixture
def make(clock, ledger, tmp_path):
    """Return a function that makes the calls of a stage."""

    def make(admitted=at_once, timeout=60.0, budget=None, force=False):
        policy = RetryPolicy(timeout, 2, backoff=Backoff(0.0, 0.0))
        runtime: Any = SimpleNamespace(
            admitted=admitted, ledger=ledger, budget=budget, force=force, prices=INCLUDED,
            store=ArtifactStore(str(tmp_path)),
        )  # fmt: skip
        return StageCalls(LESSON, "narration", "google", runtime, policy)

    return make


class Service:
    """Fails as given, then answers; records the seconds that each call may take."""

    def __init__(self, *errors, data=b"audio"):
        self.errors = list(errors)
        self.data = data
        self.timeouts = []

    def __call__(self, timeout):
        self.timeouts.append(timeout)
        if self.errors:
            raise self.errors.pop(0)
        return Answer(self.data, USED, "chirp", {"rate": 24_000})


def test_call_is_retried_more_often_than_stage(make):
    calls, service = make(), Service(*[TransientError("429", 5.0)] * 9)
    assert calls.run(speech(), service).data == b"audio"
    assert service.timeouts == pytest.approx([60.0 - 5 * n for n in range(10)])
    assert [failure.message for failure in calls.failures] == ["429"] * 9


def test_calls_share_deadline_of_stage(make):
    calls = make(timeout=10.0)
    calls.run(speech("One."), Service(TransientError("503", 6.0)))
    with pytest.raises(StageTimeout, match="within 10 s"):
        calls.run(speech("Two."), Service(TransientError("503", 6.0)))
    assert (calls.timeout, calls.seconds) == (10.0, 6.0)


def test_call_is_given_up_at_its_part_of_deadline(make):
    calls, busy = make(timeout=100.0), Service(*[TransientError("429", 7.0)] * 99)
    with pytest.raises(StageTimeout):
        calls.run(replace(speech(), until=0.6), busy)
    assert busy.timeouts == pytest.approx([60.0 - 7 * n for n in range(9)])
    after = Service()
    assert calls.run(speech("Again."), after).data == b"audio"
    assert after.timeouts == pytest.approx([44.0])


def test_failed_call_is_not_retried_by_stage(make):
    calls = make(timeout=10.0)
    service = Service(*[TransientError("503", 4.0)] * 9)
    with pytest.raises(StageTimeout):
        retry.retry_until_deadline(
            lambda _: calls.run(speech(), service),
            RetryPolicy(10.0, 9),
            calls.failures,
            deadline=calls.deadline,
        )
    assert len(service.timeouts) == 3
    assert [failure.message for failure in calls.failures] == ["503"] * 3


def test_waiting_for_admission_keeps_deadline(make, clock):
    offered = []

    @contextmanager
    def after_a_minute(patience, left, model):
        offered.append(patience)
        clock.now += 60
        yield

    calls, service = make(after_a_minute, timeout=10.0), Service()
    calls.run(speech("One."), service)
    calls.run(speech("Two."), service)
    assert service.timeouts == pytest.approx([10.0, 10.0], abs=0.1)
    wait = retry.LONGEST_WAIT
    assert offered == pytest.approx([wait, wait - 60], abs=0.1)


def test_waits_of_parallel_calls_count_once(make, clock):
    both = threading.Barrier(2)

    @contextmanager
    def together(patience, left, model):
        both.wait(60)
        if both.wait(60) == 0:
            clock.now += 30
        both.wait(60)
        yield

    calls = make(together, timeout=10.0)
    threads = [threading.Thread(target=calls.run, args=(speech(text), Service())) for text in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert calls.left == pytest.approx(10.0)
    assert calls.deadline.patience == pytest.approx(retry.LONGEST_WAIT - 30)


def test_call_is_admitted_for_its_model(make):
    asked = []

    @contextmanager
    def admitted(patience, left, model):
        asked.append(model)
        yield

    make(admitted).run(replace(speech(), model="second"), Service())
    assert asked == ["second"]


def test_pickled_calls_keep_time_that_is_left(make):
    calls = make()
    calls.run(speech(), Service(TransientError("429", 20.0)))
    copy = pickle.loads(pickle.dumps(calls))
    assert (copy.left, copy.deadline.patience) == pytest.approx((40.0, 40.0))
    assert (copy.usage, copy.failures, copy.is_fenced) == ((), [], True)
    copy.run(speech("Two."), Service())


@pytest.mark.parametrize(
    ("error", "name", "usd"),
    [
        (PermanentError("refused"), "PermanentError", 0.0),
        (StageTimeout("no answer", retry_after=99.0), "StageTimeout", None),
        (KeyError("bug"), "KeyError", None),
    ],
)
def test_failed_call_is_ended_with_its_cost(make, ledger, error, name, usd):
    """A call without an answer may be billed, so it counts what was expected."""
    calls = make()
    with pytest.raises(type(error)):
        calls.run(speech(), Service(error))
    [ended] = ledger.ended
    assert (ended.outcome, ended.error, ended.cost_usd) == ("failed", name, usd)
    assert calls.spent_usd == pytest.approx(USD if usd is None else usd)
    assert calls.usage == ()


def test_call_without_time_left_is_not_recorded(make, ledger):
    service = Service()
    with pytest.raises(StageTimeout, match="no time"):
        make(timeout=0.0).run(speech(), service)
    assert (service.timeouts, ledger.begun) == ([], [])


def test_repeated_call_records_status_as_reason(make, ledger):
    error = TransientError("busy")
    error.code = "429 RESOURCE_EXHAUSTED"
    make().run(speech(reason="silent audio"), Service(error))
    assert [call.reason for call in ledger.begun] == ["silent audio", "429 RESOURCE_EXHAUSTED"]
    assert len({call.id for call in ledger.begun}) == 2
    assert len({call.input for call in ledger.begun}) == 1


def test_answer_is_ended_with_next_call_or_stage(make, ledger):
    calls = make()
    calls.run(speech("One."), Service())
    assert ledger.ended == []
    calls.run(speech("Two."), Service())
    calls.close()
    assert [call.id for call in ledger.ended] == [call.id for call in ledger.begun]
    assert {(call.model, call.cost_usd) for call in ledger.ended} == {("chirp", USD)}
    assert calls.spent_usd == pytest.approx(2 * USD)
    assert calls.usage == USED * 2


def test_stored_answer_is_not_paid_again(make, ledger):
    first = make().run(speech(), Service())
    calls, service = make(), Service()
    assert calls.run(speech(), service) == first
    assert service.timeouts == []
    assert (calls.usage, calls.spent_usd) == (USED, 0.0)
    assert first.details == {"rate": 24_000}


@pytest.mark.parametrize(
    ("other", "force"), [(speech("Two."), False), (speech(reason="silent"), False)]
)
def test_other_call_gets_its_own_answer(make, other, force):
    make().run(speech(), Service(data=b"one"))
    assert make(force=force).run(other, Service(data=b"two")).data == b"two"


def test_forced_stage_uses_no_earlier_answer(make):
    make().run(speech(), Service(data=b"one"))
    assert make(force=True).run(speech(), Service(data=b"two")).data == b"two"


def test_first_stored_answer_is_used(make):
    slow = make()

    def overtaken(timeout):
        make().run(speech(), Service(data=b"of the next worker"))
        return Answer(b"of the paused worker", USED)

    assert slow.run(speech(), overtaken).data == b"of the next worker"
    assert slow.spent_usd == pytest.approx(USD)


def test_discarded_answers_are_asked_for_again(make):
    calls = make()
    calls.run(speech(), Service(data=b"one"))
    calls.discard()
    assert make().run(speech(), Service(data=b"two")).data == b"two"


@pytest.mark.parametrize(
    ("kind", "error"),
    [("lost", ClaimLost), ("cancelled", Cancelled), ("over_budget", OverBudget)],
)
def test_refused_call_is_not_sent(make, ledger, kind, error):
    ledger.kind = kind
    service, budget = Service(), Budget(ledger, per_request=0.25)
    with pytest.raises(error):
        make(budget=budget).run(speech(reason="silent"), service)
    assert service.timeouts == []


@pytest.mark.parametrize(("reason", "limit"), [("", None), ("silent audio", 0.25)])
def test_only_repeated_calls_are_limited_by_request(make, ledger, reason, limit):
    make(budget=Budget(ledger, per_request=0.25)).run(speech(reason=reason), Service())
    assert [call.most_usd for call in ledger.begun] == [limit]
