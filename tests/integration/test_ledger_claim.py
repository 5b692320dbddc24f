"""Every kind of claim result; a request never has two workers."""

from __future__ import annotations

import pytest

from tests.integration.ledger_support import (
    LEASE,
    claim,
    claim_all,
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


def ask(of=None, message_id=None, replay=False, **fields):
    """Make a message with a new request, or with the request of `of`."""
    wanted = request(of.request.request_id if of else None, **fields)
    return ClaimRequest(message(message_id), wanted, replay)


def again(asked, replay=False):
    """Redeliver the message."""
    return ClaimRequest(asked.message, asked.request, replay)


@pytest.mark.pooled
def test_first_message_claims_the_request(ledger):
    asked = ask(student_query="Why?\tIs the sky “blue”?", metadata={"source": {"app": [1, None]}})
    result = claim(ledger, asked)
    assert (result.kind, result.deliveries, result.outcome) == ("new", 1, None)
    assert result.claim.attempt == 1
    assert result.claim.lease == LEASE.total_seconds()
    found = row(ledger, asked)
    assert (found.status, found.progress, found.attempts) == ("running", 0, 1)
    assert found.message_id == asked.message.message_id
    assert found.request["student_query"] == "Why?\tIs the sky “blue”?"
    assert found.request["metadata"] == {"source": {"app": [1, None]}}
    assert found.lease_expires_at - found.created_at == LEASE


@pytest.mark.pooled
def test_redelivery_resumes_and_voids_previous_claim(ledger):
    asked = ask()
    before = take(ledger, asked)
    ledger.progress([(before.with_record(record(before)), "narration", 25)])
    result = claim(ledger, again(asked))
    assert (result.kind, result.deliveries, result.claim.attempt) == ("resumed", 2, 2)
    assert (row(ledger, asked).stage, row(ledger, asked).progress) == ("narration", 25)
    old, new = before, Lesson(asked.message, asked.request, result.claim)
    mine = {asked.request.request_id}
    assert ledger.heartbeat([old.entry_key], 60) == {old.entry_key}
    assert ledger.progress([(old, "video", 50)]).lost == mine
    assert ledger.complete([completed(old)]) == [False]
    assert ledger.dead_letter([letter(old, "video")]) == [False]
    assert ledger.release([old]) == set()
    assert (row(ledger, asked).status, row(ledger, asked).stage) == ("running", "narration")
    assert ledger.dead_letters() == []
    assert ledger.complete([completed(new)]) == [True]
    assert outcome_of(ledger, asked.message.message_id) == "completed"


def test_other_message_is_duplicate_under_lease(ledger):
    first = ask()
    take(ledger, first)
    second = ask(of=first)
    result = claim(ledger, second)
    assert (result.kind, result.outcome.status) == ("duplicate", "duplicate")
    assert outcome_of(ledger, second.message.message_id) == "duplicate"
    assert row(ledger, first).message_id == first.message.message_id
    redelivered = claim(ledger, again(second))
    assert (redelivered.kind, redelivered.outcome.status) == ("done", "duplicate")
    assert redelivered.deliveries == 2


@pytest.mark.pooled
def test_expired_claim_is_taken_over(ledger):
    first = ask(student_query="Explain gravity")
    before = take(ledger, first)
    before = before.with_record(record(before))
    ledger.progress([(before, "narration", 25)])
    let_lease_lapse(ledger, first.request.request_id)
    second = ask(of=first, student_query="Explain gravity, please")
    result = claim(ledger, second)
    assert (result.kind, result.claim.attempt) == ("taken_over", 2)
    found = row(ledger, first)
    assert found.message_id == second.message.message_id
    assert found.request["student_query"] == "Explain gravity, please"
    assert (found.stage, found.progress, found.artifacts) == (None, 0, {})
    assert found.cost_usd == pytest.approx(before.cost_usd)
    assert ledger.complete([completed(before)]) == [False]
    assert outcome_of(ledger, first.message.message_id) == "in_flight"
    assert claim(ledger, again(first)).kind == "duplicate"
    assert ledger.complete([completed(Lesson(second.message, second.request, result.claim))]) == [
        True
    ]
    assert ledger.request_counts() == {"completed": 1}


def test_expired_lease_can_be_extended_until_takeover(ledger):
    lesson = take(ledger, ask())
    let_lease_lapse(ledger, lesson.request.request_id)
    assert ledger.heartbeat([lesson.entry_key], LEASE.total_seconds()) == set()
    assert claim(ledger, ask(of=lesson)).kind == "duplicate"
    assert ledger.complete([completed(lesson)]) == [True]


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_messages_of_ended_request_are_settled(ledger, end):
    asked = ask()
    lesson = take(ledger, asked)
    if end == "completed":
        ledger.complete([completed(lesson)])
    else:
        ledger.dead_letter([letter(lesson, "script")])
    status = {"completed": "completed", "failed": "dead_lettered"}[end]
    same, other = claim_all(ledger, again(asked), ask(of=asked))
    assert (same.kind, same.outcome.status, same.claim) == ("done", status, None)
    assert (other.kind, other.outcome.status) == ("duplicate", "duplicate")
    assert row(ledger, asked).status == end


@pytest.mark.parametrize("same_message", [True, False])
def test_replay_reopens_failed_request(ledger, same_message):
    asked = ask()
    ledger.dead_letter([letter(take(ledger, asked), "script")])
    replayed = again(asked, replay=True) if same_message else ask(of=asked, replay=True)
    result = claim(ledger, replayed)
    assert (result.kind, result.claim.attempt) == ("reopened", 2)
    found = row(ledger, asked)
    assert (found.status, found.error, found.completed_at) == ("running", None, None)
    assert outcome_of(ledger, replayed.message.message_id) == "in_flight"
    lesson = Lesson(replayed.message, replayed.request, result.claim)
    assert ledger.complete([completed(lesson)]) == [True]
    assert outcome_of(ledger, replayed.message.message_id) == "completed"
    assert len(ledger.dead_letters()) == 1  # the old letter is kept
    assert claim(ledger, ask(of=asked, replay=True)).kind == "duplicate"


def test_replay_of_running_request_is_duplicate(ledger):
    asked = ask()
    lesson = take(ledger, asked)
    assert claim(ledger, ask(of=asked, replay=True)).kind == "duplicate"
    assert ledger.complete([completed(lesson)]) == [True]


def test_released_request_is_resumed_by_its_message(ledger):
    asked = ask()
    for _ in range(3):
        lesson = take(ledger, again(asked))
        assert ledger.release([lesson]) == {asked.request.request_id}
        assert ledger.release([lesson]) == set()
        assert ledger.complete([completed(lesson)]) == [False]
    assert claim(ledger, again(asked)).deliveries == 4


def test_released_request_can_be_taken_over(ledger):
    asked = ask()
    ledger.release([take(ledger, asked)])
    assert claim(ledger, ask(of=asked)).kind == "taken_over"


def test_owner_precedes_others_after_lease_expired(ledger):
    owner = ask()
    take(ledger, owner)
    let_lease_lapse(ledger, owner.request.request_id)
    other, same = claim_all(ledger, ask(of=owner), again(owner))
    assert (other.kind, same.kind) == ("duplicate", "resumed")


def test_owner_behind_duplicate_in_batch_resumes(ledger):
    owner = ask()
    take(ledger, owner)
    other, same = claim_all(ledger, ask(of=owner), again(owner))
    assert (other.kind, same.kind) == ("duplicate", "resumed")
    assert outcome_of(ledger, owner.message.message_id) == "in_flight"


def test_first_message_of_batch_claims(ledger):
    a, b = ask(), ask()
    results = claim_all(ledger, a, b, ask(of=a), ask(of=a), ask(of=b))
    assert [r.kind for r in results] == ["new", "new", "duplicate", "duplicate", "duplicate"]
    assert ledger.totals().received == 5


def test_last_copy_in_batch_counts(ledger):
    asked = ask()
    first, second = claim_all(ledger, asked, again(asked))
    assert (first.kind, first.outcome.status) == ("superseded", "superseded")
    assert (second.kind, second.deliveries) == ("new", 1)


def test_empty_batch_has_no_results(ledger):
    assert claim_all(ledger) == []
