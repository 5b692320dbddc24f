"""Cancelling: what each kind of request becomes, and that exactly one of two rivals wins."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.integration.ledger_support import (
    LEASE,
    claim,
    completed,
    let_lease_lapse,
    letter,
    message,
    outcome_of,
    record,
    request,
    row,
    take,
)
from transforms.ledger import ClaimRequest
from transforms.model import Lesson


def ask(of=None, replay=False):
    return ClaimRequest(message(), of.request if of else request(), replay)


def cancel(ledger, *asked):
    return ledger.cancel([each.request.request_id for each in asked])


def stop(ledger, lesson, stage="narration"):
    """What a worker does once it has learned of it."""
    assert ledger.dead_letter([letter(lesson, stage, error_type="Cancelled", retryable=True)])


def test_a_worker_learns_of_it_when_it_records_its_progress(ledger):
    asked = ask()
    lesson = take(ledger, asked)
    [state] = cancel(ledger, asked)
    assert (state.status, state.received) == ("running", True)
    assert row(ledger, asked).cancel_requested_at == state.cancel_requested_at is not None
    further = lesson.with_record(record(lesson))
    standing = ledger.progress([(further, "narration", 25)])
    assert (standing.lost, standing.cancelled) == (frozenset(), {asked.request.request_id})
    stop(ledger, further)
    found = row(ledger, asked)
    assert (found.status, found.stage, found.error_type) == ("cancelled", "narration", "Cancelled")
    assert found.cost_usd == pytest.approx(0.00125)  # what was spent is written down all the same
    assert len(ledger.stages(asked.request.request_id)) == 1
    assert outcome_of(ledger, asked.message.message_id) == "dead_lettered"


def test_what_is_to_be_cancelled_is_not_completed(ledger):
    asked = ask()
    lesson = take(ledger, asked)
    cancel(ledger, asked)
    assert ledger.complete([completed(lesson)]) == [False]
    assert ledger.progress([(lesson, "publish", 99)]).cancelled == {asked.request.request_id}
    stop(ledger, lesson, "publish")
    assert row(ledger, asked).status == "cancelled"


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_what_has_ended_stays_as_it_is(ledger, end):
    asked = ask()
    lesson = take(ledger, asked)
    if end == "completed":
        ledger.complete([completed(lesson)])
    else:
        ledger.dead_letter([letter(lesson, "script")])
    before = row(ledger, asked)
    [state] = cancel(ledger, asked)
    assert (state.status, state.cancel_requested_at) == (end, None)
    assert row(ledger, asked) == before


def test_twice_is_the_same_as_once(ledger):
    asked = ask()
    take(ledger, asked)
    [first], [second] = cancel(ledger, asked), cancel(ledger, asked)
    assert first == second


def test_what_nobody_works_on_is_cancelled_at_once(ledger):
    asked = ask()
    lesson = take(ledger, asked)
    let_lease_lapse(ledger, asked.request.request_id)
    [state] = cancel(ledger, asked)
    assert state.status == "cancelled"
    # A worker that was only slow does not get through with it …
    assert ledger.complete([completed(lesson)]) == [False]
    assert ledger.progress([(lesson, "video", 50)]).lost == {asked.request.request_id}
    # … and the message, when it comes again, becomes the dead letter.
    result = claim(ledger, asked)
    assert result.kind == "cancelled"
    stop(ledger, Lesson(asked.message, asked.request, result.claim), "script")
    assert row(ledger, asked).status == "cancelled"
    assert outcome_of(ledger, asked.message.message_id) == "dead_lettered"


def test_a_request_can_be_cancelled_before_it_is_received(ledger):
    asked = ask()
    [state] = cancel(ledger, asked)
    assert (state.status, state.received) == ("cancelled", False)
    result = claim(ledger, asked)
    assert (result.kind, result.claim.attempt) == ("cancelled", 1)
    stop(ledger, Lesson(asked.message, asked.request, result.claim), "script")
    found = row(ledger, asked)
    assert (found.status, found.student_id, found.modality) == ("cancelled", "student-1", "text")
    assert cancel(ledger, asked)[0].received


def test_a_worker_that_dies_of_it_changes_nothing(ledger):
    asked = ask()
    take(ledger, asked)
    cancel(ledger, asked)
    assert claim(ledger, asked).kind == "cancelled"
    assert claim(ledger, asked).kind == "cancelled"  # it died before it wrote the dead letter


def test_another_message_does_not_bring_it_back_but_a_replay_does(ledger):
    asked = ask()
    lesson = take(ledger, asked)
    cancel(ledger, asked)
    stop(ledger, lesson)
    assert claim(ledger, ask(of=asked)).kind == "duplicate"
    again = ask(of=asked, replay=True)
    reopened = take(ledger, again)
    assert row(ledger, asked).cancel_requested_at is None
    assert ledger.complete([completed(reopened)]) == [True]
    assert row(ledger, asked).status == "completed"


def test_a_replay_that_is_cancelled_stays_so_however_often_it_comes(ledger):
    asked = ask()
    cancel(ledger, asked)
    stop(ledger, take(ledger, asked), "script")
    again = ask(of=asked, replay=True)
    lesson = take(ledger, again)
    cancel(ledger, asked)
    assert claim(ledger, again).kind == "cancelled"  # its worker died
    stop(ledger, Lesson(again.message, again.request, claim(ledger, again).claim), "script")
    assert ledger.complete([completed(lesson)]) == [False]
    assert claim(ledger, again).kind == "done"


def test_many_at_once_in_the_order_asked_for(ledger):
    running, ended, unseen = ask(), ask(), ask()
    take(ledger, running)
    ledger.complete([completed(take(ledger, ended))])
    states = cancel(ledger, ended, unseen, running)
    assert [state.status for state in states] == ["completed", "cancelled", "running"]


def test_of_cancelling_and_completing_exactly_one_wins(ledger):
    winners = []
    for _ in range(40):
        asked = ask()
        lesson = take(ledger, asked)
        start = threading.Barrier(2)

        def complete(lesson=lesson, start=start):
            start.wait()
            return ledger.complete([completed(lesson)])[0]

        def call_off(asked=asked, start=start):
            start.wait()
            return cancel(ledger, asked)[0].cancel_requested_at is not None

        with ThreadPoolExecutor(2) as pool:
            done, called_off = pool.submit(complete), pool.submit(call_off)
        assert done.result() != called_off.result()
        if called_off.result():
            stop(ledger, lesson, "publish")
        winners.append(row(ledger, asked).status)
    assert set(winners) <= {"completed", "cancelled"}
    assert ledger.totals().in_flight == 0


def test_of_cancelling_and_claiming_neither_is_forgotten(ledger):
    """Whichever comes first, the worker learns of it before the request could be completed."""
    for _ in range(40):
        asked = ask()
        start = threading.Barrier(2)

        def take_it(asked=asked, start=start):
            start.wait()
            return claim_once(ledger, asked)

        def call_off(asked=asked, start=start):
            start.wait()
            cancel(ledger, asked)

        with ThreadPoolExecutor(2) as pool:
            taken, _ = pool.submit(take_it), pool.submit(call_off)
        lesson = Lesson(asked.message, asked.request, taken.result().claim)
        assert ledger.complete([completed(lesson)]) == [False]
        stop(ledger, lesson, "script")
        assert row(ledger, asked).status == "cancelled"


def claim_once(ledger, asked):
    """Claim as a worker does: one statement, asked again only if another opened the request."""
    [result] = ledger.claim([asked], lease=LEASE, max_deliveries=5)
    return result


def test_ids_need_not_be_known(ledger):
    assert ledger.cancel([str(uuid4())])[0].status == "cancelled"
