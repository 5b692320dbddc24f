"""Of two workers with the same element, the last to enter a stage may write."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integration.ledger_support import (
    claim,
    completed,
    let_lease_lapse,
    letter,
    message,
    outcome_of,
    record,
    row,
    take,
)
from tests.integration.ledger_support import request as request_of
from tests.integration.stage_support import is_leased
from transforms.coder import ModelCoder
from transforms.errors import ClaimLost
from transforms.ledger import ClaimRequest, Ledger
from transforms.model import Lesson, model_of
from transforms.stage.heartbeat import confirm_claim
from transforms.stage.task import put_artifacts

DAY = 86_400.0


def ask(of=None, replay=False):
    return ClaimRequest(message(), of.request if of else request_of(), replay)


def enter(ledger: Ledger, lesson: Lesson, stage: str = "video") -> Lesson:
    """Enter a stage, which must be allowed, and return the lesson with its entry."""
    [answer] = ledger.enter([lesson], stage)
    assert answer.kind == "go"
    return answer.lesson


@pytest.fixture
def lesson(ledger):
    """A claimed lesson whose script stage has ended."""
    lesson = take(ledger, ask())
    lesson = lesson.with_record(record(lesson))
    ledger.progress([(lesson, "narration", 25)], DAY)
    return lesson


@pytest.fixture
def stale(ledger, lesson):
    """The lesson of a worker that was paused, while another one has entered."""
    stale = enter(ledger, lesson)
    enter(ledger, lesson)
    return stale


def confirmed(ledger, lesson):
    with pytest.raises(ClaimLost):
        confirm_claim(ledger, lesson)


LATE = {
    "heartbeat": lambda ledger, late: ledger.heartbeat([late.entry_key], DAY) == {late.entry_key},
    "confirm": lambda ledger, late: confirmed(ledger, late) is None,
    "progress": lambda ledger, late: ledger.progress([(late, "publish", 90)]).lost,
    "queue": lambda ledger, late: ledger.queue([late], DAY, "dead_letters") == set(),
    "release": lambda ledger, late: ledger.release([late]) == set(),
    "complete": lambda ledger, late: ledger.complete([completed(late)]) == [False],
    "dead letter": lambda ledger, late: ledger.dead_letter([letter(late, "video")]) == [False],
}


@pytest.mark.pooled
@pytest.mark.parametrize("write", LATE)
def test_stale_worker_writes_nothing(ledger, stale, write):
    before = row(ledger, stale), ledger.run("SELECT * FROM messages")
    assert LATE[write](ledger, stale.with_record(record(stale, "video")))
    assert (row(ledger, stale), ledger.run("SELECT * FROM messages")) == before
    assert len(ledger.stages(stale.request.request_id)) == 1
    assert ledger.dead_letters() == []


def test_stale_worker_replaces_no_artifact(ledger, stale, place):
    request_id = stale.request.request_id
    place.store.put(request_id, "video.mp4", b"of the next worker", "video/mp4")
    with pytest.raises(ClaimLost):
        put_artifacts(place.store, ledger, stale, {"video.mp4": b"of the stale worker"})
    assert place.store.read(request_id, "video.mp4") == b"of the next worker"


def test_number_is_raised_by_each_entry_and_claim(ledger, lesson):
    numbers = [enter(ledger, lesson).claim.entry for _ in range(2)]
    again = take(ledger, ClaimRequest(lesson.message, lesson.request))
    assert [lesson.claim.entry, *numbers, again.claim.entry] == [1, 2, 3, 4]


def test_entry_is_not_encoded_with_element(ledger, lesson):
    coder = ModelCoder(model_of(Lesson))
    entered = enter(ledger, lesson)
    assert coder.encode(entered) == coder.encode(lesson.with_entry(0))
    assert coder.decode(coder.encode(entered)).claim.entry == 0


def test_entry_of_claim_is_taken_once_in_its_process(ledger):
    claimed = take(ledger, ask())
    numbers = [enter(ledger, claimed, "script").claim.entry for _ in range(2)]
    assert numbers == [1, 2]


def test_entered_stage_is_shown(ledger, lesson):
    enter(ledger, lesson, "video")
    assert row(ledger, lesson).stage == "video"


@pytest.mark.parametrize(("end", "outcome"), [("complete", "completed"), ("fail", "dead_lettered")])
def test_settled_message_is_done(ledger, lesson, end, outcome):
    entered = enter(ledger, lesson)
    if end == "complete":
        ledger.complete([completed(entered)])
    else:
        ledger.dead_letter([letter(entered, "video")])
    before = row(ledger, lesson)
    [answer] = ledger.enter([lesson], "video")
    assert (answer.kind, answer.outcome.status, answer.is_new) == ("done", outcome, False)
    assert row(ledger, lesson) == before


def test_claim_that_another_message_took_over_is_lost(ledger, lesson):
    let_lease_lapse(ledger, lesson.request.request_id)
    successor = take(ledger, ask(of=lesson))
    before = row(ledger, successor)
    [answer] = ledger.enter([lesson], "video")
    assert (answer.kind, answer.outcome) == ("lost", None)
    assert row(ledger, successor) == before
    assert outcome_of(ledger, lesson.message.message_id) == "in_flight"


def test_message_of_ended_request_is_settled_as_duplicate(ledger, lesson):
    """The message was claimed again after its request had ended under another one."""
    let_lease_lapse(ledger, lesson.request.request_id)
    ledger.complete([completed(take(ledger, ask(of=lesson)))])
    ledger.run(
        "UPDATE messages SET outcome = 'in_flight', settled_at = NULL WHERE message_id = :id "
        "RETURNING 1",
        id=lesson.message.message_id,
    )
    [answer] = ledger.enter([lesson], "video")
    assert (answer.kind, answer.outcome.status, answer.is_new) == ("done", "duplicate", True)
    assert outcome_of(ledger, lesson.message.message_id) == "duplicate"


def test_queued_request_is_cancelled_by_its_next_entry(ledger, lesson):
    [state] = ledger.cancel([lesson.request.request_id])
    assert state.status == "running"
    [answer] = ledger.enter([lesson], "narration")
    assert (answer.kind, answer.lesson.claim.entry) == ("cancelled", 2)
    dead = letter(answer.lesson, "narration", error_type="Cancelled")
    assert ledger.dead_letter([dead]) == [True]
    assert row(ledger, lesson).status == "cancelled"
    assert outcome_of(ledger, lesson.message.message_id) == "dead_lettered"


def test_request_that_was_cancelled_after_its_lease_has_no_entry(ledger, lesson):
    let_lease_lapse(ledger, lesson.request.request_id)
    ledger.cancel([lesson.request.request_id])
    [answer] = ledger.enter([lesson], "narration")
    assert (answer.kind, answer.lesson.claim.entry) == ("cancelled", 0)


def test_batch_gets_one_answer_for_each(ledger):
    lessons = [take(ledger, ask()) for _ in range(3)]
    ledger.complete([completed(lessons[1])])
    answers = ledger.enter([*lessons, lessons[0]], "video")
    assert [answer.kind for answer in answers] == ["go", "done", "go", "go"]
    assert answers[0].lesson == answers[3].lesson
    assert ledger.enter([], "video") == []


def test_queued_request_waits_under_the_queue_lease(ledger, lesson):
    queued = row(ledger, lesson)
    assert queued.lease_expires_at - queued.updated_at == timedelta(seconds=DAY)
    assert (queued.stage, queued.queued_at) == ("narration", queued.updated_at)
    assert claim(ledger, ask(of=lesson)).kind == "duplicate"
    entered = enter(ledger, lesson, "narration")
    working = row(ledger, lesson)
    length = timedelta(seconds=entered.claim.lease)
    assert (working.queued_at, working.lease_expires_at - working.updated_at) == (None, length)


def test_lapsed_queued_request_is_taken_over(ledger, lesson):
    let_lease_lapse(ledger, lesson.request.request_id)
    successor = take(ledger, ask(of=lesson))
    assert row(ledger, lesson).queued_at is None
    assert ledger.complete([completed(successor)]) == [True]
    assert outcome_of(ledger, lesson.message.message_id) == "duplicate"


def test_late_heartbeat_does_not_shorten_the_queue_lease(ledger, lesson):
    before = row(ledger, lesson)
    assert ledger.heartbeat([lesson.entry_key], 60) == set()
    assert row(ledger, lesson) == before


@pytest.mark.parametrize("lease", [0.0, DAY])
def test_hand_back_keeps_the_claim_and_ends_the_entry(ledger, lesson, lease):
    entered = enter(ledger, lesson)
    assert ledger.release([entered], lease) == {lesson.request.request_id}
    assert ledger.heartbeat([entered.entry_key], 60) == {entered.entry_key}
    assert is_leased(ledger, lesson) is (lease > 0)
    assert (row(ledger, lesson).queued_at is not None) is (lease > 0)
    assert ledger.complete([completed(enter(ledger, lesson))]) == [True]
