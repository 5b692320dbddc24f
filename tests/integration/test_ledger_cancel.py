"""Cancelling requests in every state. Races are in `test_ledger_locks`."""

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
    """Make the dead letter that a worker makes of a cancelled request."""
    assert ledger.dead_letter([letter(lesson, stage, error_type="Cancelled", retryable=True)])


@pytest.mark.pooled
def test_progress_reports_cancelled_request(ledger):
    asked = ask()
    lesson = take(ledger, asked)
    [state] = cancel(ledger, asked)
    assert (state.status, state.received) == ("running", True)
    assert row(ledger, asked).cancel_requested_at == state.cancel_requested_at is not None
    further = lesson.with_record(record(lesson))
    status = ledger.progress([(further, "narration", 25)])
    assert (status.lost, status.cancelled) == (frozenset(), {asked.request.request_id})
    stop(ledger, further)
    found = row(ledger, asked)
    assert (found.status, found.stage, found.error_type) == ("cancelled", "narration", "Cancelled")
    assert found.cost_usd == pytest.approx(0.00125)  # spent cost is recorded
    assert len(ledger.stages(asked.request.request_id)) == 1
    assert outcome_of(ledger, asked.message.message_id) == "dead_lettered"


def test_marked_request_cannot_be_completed(ledger):
    asked = ask()
    lesson = take(ledger, asked)
    cancel(ledger, asked)
    assert ledger.complete([completed(lesson)]) == [False]
    assert ledger.progress([(lesson, "publish", 99)]).cancelled == {asked.request.request_id}
    stop(ledger, lesson, "publish")
    assert row(ledger, asked).status == "cancelled"


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_cancel_leaves_ended_request_alone(ledger, end):
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


def test_repeated_cancel_changes_nothing(ledger):
    asked = ask()
    take(ledger, asked)
    [first], [second] = cancel(ledger, asked), cancel(ledger, asked)
    assert first == second


def test_request_without_lease_is_cancelled_at_once(ledger):
    asked = ask()
    lesson = take(ledger, asked)
    let_lease_lapse(ledger, asked.request.request_id)
    [state] = cancel(ledger, asked)
    assert state.status == "cancelled"
    # The slow worker cannot complete the request.
    assert ledger.complete([completed(lesson)]) == [False]
    assert ledger.progress([(lesson, "video", 50)]).lost == {asked.request.request_id}
    # The redelivered message becomes the dead letter.
    result = claim(ledger, asked)
    assert result.kind == "cancelled"
    stop(ledger, Lesson(asked.message, asked.request, result.claim), "script")
    assert row(ledger, asked).status == "cancelled"
    assert outcome_of(ledger, asked.message.message_id) == "dead_lettered"


def test_unreceived_request_can_be_cancelled(ledger):
    asked = ask()
    [state] = cancel(ledger, asked)
    assert (state.status, state.received) == ("cancelled", False)
    result = claim(ledger, asked)
    assert (result.kind, result.claim.attempt) == ("cancelled", 1)
    stop(ledger, Lesson(asked.message, asked.request, result.claim), "script")
    found = row(ledger, asked)
    assert (found.status, found.student_id, found.modality) == ("cancelled", "student-1", "text")
    assert cancel(ledger, asked)[0].received


def test_redelivery_of_marked_request_is_cancelled(ledger):
    asked = ask()
    take(ledger, asked)
    cancel(ledger, asked)
    assert claim(ledger, asked).kind == "cancelled"
    assert claim(ledger, asked).kind == "cancelled"  # its worker died


def test_only_replay_reopens_cancelled_request(ledger):
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


def test_cancelled_replay_stays_cancelled(ledger):
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


def test_cancel_answers_in_order_of_ids(ledger):
    running, ended, unseen = ask(), ask(), ask()
    take(ledger, running)
    ledger.complete([completed(take(ledger, ended))])
    states = cancel(ledger, ended, unseen, running)
    assert [state.status for state in states] == ["completed", "cancelled", "running"]


def test_unknown_id_can_be_cancelled(ledger):
    assert ledger.cancel([str(uuid4())])[0].status == "cancelled"
