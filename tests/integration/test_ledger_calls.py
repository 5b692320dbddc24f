"""A paid call is a row from before it is sent, and counts in every cost after a lost claim too."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.integration.ledger_support import (
    claim,
    completed,
    let_lease_lapse,
    locked,
    message,
    record,
    request,
    row,
    take,
)
from tests.integration.stage_support import wait_for
from transforms.errors import DependencyDown
from transforms.ledger import COST_KEYS, ClaimRequest, Ledger
from transforms.ledger.calls import REPEATED, BegunCall, EndedCall
from transforms.stage.call_book import call_book

HOUR = timedelta(hours=1)
EXPECTED = 0.004

pytestmark = pytest.mark.pooled


@pytest.fixture
def lesson(ledger):
    return take(ledger, ClaimRequest(message(), request(requested_modalities=("audio",))))


def begun(lesson, **fields):
    """Return a speech call of a lesson that is about to be sent."""
    call = BegunCall(
        str(uuid4()), lesson.request.request_id, lesson.claim.token, lesson.claim.entry,
        lesson.claim.attempt, lesson.request.modality, "narration", "google", "speech", "",
        "a" * 64, EXPECTED,
    )  # fmt: skip
    return replace(call, **fields)


def ended(call, usd, outcome="answered", **fields):
    return EndedCall(call.id, outcome, cost_usd=usd, **fields)


def begin(ledger, call):
    """Open a row; return the kind of the answer."""
    return ledger.record_calls([call], [])[call.id].kind


def spent(ledger, lesson):
    """Return the cost of a request by each way of reading it, which must be equal."""
    usd = row(ledger, lesson).cost_usd
    assert ledger.spent(HOUR) == pytest.approx(usd)
    for key in COST_KEYS:
        assert sum(each.cost_usd for each in ledger.costs(key)) == pytest.approx(usd)
    return usd


def test_call_is_counted_before_and_after_it_is_sent(ledger, lesson):
    call = begun(lesson)
    assert begin(ledger, call) == "go"
    assert spent(ledger, lesson) == pytest.approx(EXPECTED)
    ledger.record_calls([], [ended(call, 0.006, model="m-2", usage={"characters": 200})])
    assert spent(ledger, lesson) == pytest.approx(0.006)
    [found] = ledger.calls(lesson.request.request_id)
    assert (found.outcome, found.model, found.usage) == ("answered", "m-2", {"characters": 200})
    assert (found.stage, found.engine, found.purpose) == ("narration", "google", "speech")
    assert found.started_at <= found.finished_at


@pytest.mark.parametrize(("usd", "counted"), [(0.0, 0.0), (None, EXPECTED)])
def test_failed_call_counts_what_may_be_billed(ledger, lesson, usd, counted):
    call = begun(lesson)
    begin(ledger, call)
    ledger.record_calls([], [ended(call, usd, "failed", error="503")])
    assert spent(ledger, lesson) == pytest.approx(counted)
    [found] = ledger.calls(lesson.request.request_id)
    assert (found.outcome, found.error) == ("failed", "503")


def test_repeated_statement_counts_once(ledger, lesson):
    call = begun(lesson)
    for _ in range(2):
        ledger.record_calls([call], [])
    for _ in range(2):
        ledger.record_calls([], [ended(call, 0.006)])
    assert spent(ledger, lesson) == pytest.approx(0.006)


def test_stage_adds_what_it_costs_besides_its_calls(ledger, lesson):
    call = begun(lesson)
    begin(ledger, call)
    ledger.record_calls([], [ended(call, 0.006)])
    made = record(lesson, "narration", engine="google", cost_usd=0.007, calls_usd=0.006)
    reused = record(lesson, cost_usd=0.5, calls_usd=0.4, reused=True)
    lesson = lesson.with_record(reused).with_record(made)
    for _ in range(2):  # as after a lost answer
        ledger.progress([(lesson, "video", 50)])
    assert spent(ledger, lesson) == pytest.approx(0.007)
    assert ledger.complete([completed(lesson)]) == [True]
    assert spent(ledger, lesson) == pytest.approx(0.007)
    [script] = [each for each in ledger.costs("stage") if each.key == "script"]
    assert script.reuse_saved_usd == pytest.approx(0.5)


def test_cost_of_request_covers_all_attempts(ledger, lesson):
    call = begun(lesson)
    begin(ledger, call)
    ledger.record_calls([], [ended(call, 0.006)])
    let_lease_lapse(ledger, lesson.request.request_id)
    assert claim(ledger, ClaimRequest(message(), lesson.request)).kind == "taken_over"
    assert spent(ledger, lesson) == pytest.approx(0.006)


def test_spending_of_fenced_worker_is_recorded(ledger, lesson):
    first, second = begun(lesson), begun(lesson, input="b" * 64)
    begin(ledger, first)
    let_lease_lapse(ledger, lesson.request.request_id)
    successor = take(ledger, ClaimRequest(message(), lesson.request))
    assert begin(ledger, second) == "lost"
    assert ledger.complete([completed(successor)]) == [True]
    ledger.record_calls([], [ended(first, 0.006)])
    assert spent(ledger, lesson) == pytest.approx(0.006)
    assert len(ledger.calls(lesson.request.request_id)) == 1


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"token": str(uuid4())}, "lost"),
        ({"entry": 99}, "lost"),
        ({"request_id": str(uuid4())}, "lost"),
        ({"request_id": str(uuid4()), "token": None}, "go"),  # a canary
        ({"most_usd": EXPECTED}, "go"),
        ({"most_usd": EXPECTED / 2}, "over_budget"),
    ],
)
def test_call_is_refused_by_state_of_request(ledger, lesson, fields, kind):
    call = begun(lesson, **fields)
    assert begin(ledger, call) == kind
    assert len(ledger.calls(call.request_id)) == (kind == "go")


def test_cancelled_request_gets_no_call(ledger, lesson):
    ledger.cancel([lesson.request.request_id])
    assert begin(ledger, begun(lesson)) == "cancelled"
    assert spent(ledger, lesson) == 0


@pytest.mark.parametrize(("given", "kept"), [("", REPEATED), ("silent audio", "silent audio")])
def test_repeated_call_has_a_reason(ledger, lesson, given, kept):
    begin(ledger, begun(lesson))
    begin(ledger, begun(lesson, reason=given))
    begin(ledger, begun(lesson, input="b" * 64))
    assert [call.reason for call in ledger.calls(lesson.request.request_id)] == ["", kept, ""]


def test_one_statement_closes_and_opens_calls(ledger, lesson):
    first, second = begun(lesson), begun(lesson, input="b" * 64)
    begin(ledger, first)
    ledger.record_calls([second], [ended(first, 0.001)])
    assert spent(ledger, lesson) == pytest.approx(0.001 + EXPECTED)


def test_calls_of_parallel_threads_share_statements(ledger, lesson, monkeypatch):
    batches = []
    write = Ledger.record_calls

    def counted(ledger, begun, ended):
        batches.append(len(begun))
        return write(ledger, begun, ended)

    monkeypatch.setattr(Ledger, "record_calls", counted)
    book, count = call_book(ledger), 30
    answers = []

    def work(number):
        call = begun(lesson, input=f"{number:064}")
        answers.append(book.begin(call).kind)
        book.end([ended(call, 0.001)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    with locked(ledger, lesson):  # so that the first statement waits until all have joined
        for thread in threads:
            thread.start()
        wait_for(lambda: len(book._write._waiting) == count - 1)
    for thread in threads:
        thread.join(60)
    assert answers == ["go"] * count
    assert sorted(batches)[-1] == count - 1
    assert sum(batches) == count
    assert spent(ledger, lesson) == pytest.approx(0.001 * count)


def test_end_of_call_is_written_once_ledger_is_back(ledger, lesson):
    book, call = call_book(ledger), begun(lesson)
    book.begin(call)
    rename(ledger, "calls", "hidden")
    book.end([ended(call, 0.006)])
    with pytest.raises(Exception, match="out of date"):
        book.begin(begun(lesson))
    rename(ledger, "hidden", "calls")
    book.begin(begun(lesson, input="b" * 64))
    assert spent(ledger, lesson) == pytest.approx(0.006 + EXPECTED)


def rename(ledger, table, name):
    with ledger.connected() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


def test_call_is_not_sent_without_ledger(lesson):
    unreachable = Ledger("postgresql://user@127.0.0.1:1/none", timeout=0.5)
    with pytest.raises(DependencyDown):
        call_book(unreachable).begin(begun(lesson))
