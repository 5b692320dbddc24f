"""Cancelling: what each kind of request becomes. Races are in `test_ledger_locks`."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.integration.ledger_support import (
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


def test_ids_need_not_be_known(ledger):
    assert ledger.cancel([str(uuid4())])[0].status == "cancelled"
