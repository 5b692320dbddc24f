"""Stages enter before they work, with and without a shuffle before them."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import pytest

from tests.integration.ledger_support import (
    claim,
    completed,
    let_lease_lapse,
    message,
    outcome_of,
    record,
    request,
    row,
    take,
)
from tests.integration.stage_support import ENGINES, VideoTask, apply, made
from transforms.claim import ClaimRequests
from transforms.dead_letters import DEAD_LETTERS, WriteDeadLetters
from transforms.errors import DependencyDown, PermanentError
from transforms.ledger import ClaimRequest
from transforms.model import Received
from transforms.publish import PublishResults
from transforms.stage.entering import queue_failures
from transforms.stage.task import OUTCOMES

DAY = 86_400.0


def fail(*_):
    raise PermanentError("refused")


def never(*_):
    raise AssertionError("the stage must not work")


@pytest.fixture
def queued(place):
    """A lesson that waits behind a shuffle for the video stage."""
    lesson = place.lesson("video")
    lesson = lesson.with_record(record(lesson)).with_record(record(lesson, "narration"))
    place.ledger.progress([(lesson, "video", 50)], DAY)
    return lesson


def video(place, perform, *lessons, **runtime):
    return place.run_stage(perform, *lessons, task=VideoTask, queue_lease=DAY, **runtime)


def write(place, letters, **topic):
    """Write dead letters that came through a shuffle; return their outcomes."""
    step = WriteDeadLetters(place.ledger, **topic)
    return apply(_Main(step), letters, ["main"])["main"]


class _Shuffled(beam.PTransform):
    """A transform behind a shuffle."""

    def __init__(self, step):
        super().__init__()
        self._step = step

    def expand(self, elements):
        return elements | beam.Reshuffle() | self._step


class _Main(beam.PTransform):
    """A transform with one output, by the tag ``main``."""

    def __init__(self, step):
        super().__init__()
        self._step = step

    def expand(self, elements):
        return {"main": elements | self._step}


def test_failure_is_queued_for_its_dead_letter(place, queued):
    [dead] = video(place, fail, queued)[DEAD_LETTERS]
    waiting = row(place.ledger, queued)
    assert (waiting.status, waiting.stage) == ("running", "dead_letters")
    assert waiting.queued_at == waiting.updated_at
    assert place.rival(queued).kind == "duplicate"
    [outcome] = write(place, [dead])
    assert (outcome.status, outcome.stage) == ("dead_lettered", "video")
    assert row(place.ledger, queued).status == "failed"


def test_dead_letter_of_repeated_bundle_is_written_once(place, queued):
    [dead] = video(place, fail, queued)[DEAD_LETTERS]
    statuses = [outcome.status for _ in range(2) for outcome in write(place, [dead])]
    assert statuses == ["dead_lettered", "dead_lettered"]
    assert len(place.ledger.dead_letters()) == 1


def test_failure_of_stale_worker_is_superseded(place, queued):
    def overtaken(lesson, *_):
        assert [answer.kind for answer in place.ledger.enter([queued], "video")] == ["go"]
        fail()

    found = video(place, overtaken, queued)
    assert [outcome.status for outcome in found[OUTCOMES]] == ["superseded"]
    assert DEAD_LETTERS not in found
    assert row(place.ledger, queued).stage == "video"


def test_dead_letter_of_lost_claim_is_superseded(place, queued):
    [dead] = video(place, fail, queued)[DEAD_LETTERS]
    place.take_over(queued)
    assert [outcome.status for outcome in write(place, [dead])] == ["superseded"]
    assert row(place.ledger, queued).status == "running"


def test_cancelled_while_queued_becomes_dead_letter(place, queued):
    place.cancel(queued)
    [dead] = video(place, never, queued)[DEAD_LETTERS]
    assert (dead.error_type, dead.stage) == ("Cancelled", "video")
    assert [outcome.status for outcome in write(place, [dead])] == ["dead_lettered"]
    assert row(place.ledger, queued).status == "cancelled"


def test_cancelled_after_queue_lease_becomes_dead_letter(place, queued):
    let_lease_lapse(place.ledger, queued.request.request_id)
    place.cancel(queued)
    assert row(place.ledger, queued).status == "cancelled"
    [dead] = video(place, never, queued)[DEAD_LETTERS]
    assert (dead.error_type, dead.claim) == ("Cancelled", None)
    assert [outcome.status for outcome in write(place, [dead])] == ["dead_lettered"]
    assert outcome_of(place.ledger, queued.message.message_id) == "dead_lettered"


def test_cancelled_while_dead_letter_is_queued_fails_once(place, queued):
    [dead] = video(place, fail, queued)[DEAD_LETTERS]
    let_lease_lapse(place.ledger, queued.request.request_id)
    place.cancel(queued)
    assert [outcome.status for outcome in write(place, [dead])] == ["dead_lettered"]
    assert outcome_of(place.ledger, queued.message.message_id) == "dead_lettered"
    assert row(place.ledger, queued).status == "cancelled"


def test_lost_lesson_is_not_processed(place, queued):
    place.take_over(queued)
    [outcome] = video(place, never, queued)[OUTCOMES]
    assert (outcome.status, outcome.stage) == ("superseded", "video")


def test_settled_lesson_is_not_processed_again(place, queued):
    [ready] = video(place, made, queued)["finished"]
    place.complete(ready)
    assert [outcome.status for outcome in video(place, never, queued)[OUTCOMES]] == ["completed"]
    again = place.publish(ready)[OUTCOMES]
    assert [outcome.status for outcome in again] == ["completed"]


def test_handed_back_bundle_completes_when_repeated(place, queued):
    place.break_store()
    with pytest.raises(DependencyDown):
        video(place, made, queued)
    assert place.rival(queued).kind == "duplicate"
    place.root.unlink()
    [ready] = video(place, made, queued)["finished"]
    assert [outcome.status for outcome in place.publish(ready)[OUTCOMES]] == ["completed"]


def test_message_handed_back_to_its_queue_is_claimed_at_once(place, queued):
    place.break_store()
    with pytest.raises(DependencyDown):
        place.run_stage(made, queued, task=VideoTask)
    assert place.rival(queued).kind == "taken_over"


def test_job_that_lost_its_shuffle_leaves_no_request_behind(place):
    """Five requests are queued when their job is cancelled, and published again later."""
    lost = [place.lesson("audio") for _ in range(5)]
    place.ledger.progress([(lesson, "narration", 25) for lesson in lost], DAY)
    for lesson in lost:
        assert place.rival(lesson).kind == "duplicate"
        let_lease_lapse(place.ledger, lesson.request.request_id)
        again = take(place.ledger, ClaimRequest(message(), lesson.request))
        assert place.ledger.complete([completed(again)]) == [True]
    assert [row.status for row in place.ledger.requests()] == ["completed"] * 5
    totals = place.ledger.totals()
    assert (totals.completed, totals.duplicates, totals.in_flight) == (5, 10, 0)


def test_failure_is_queued_without_its_entry(place):
    lesson = place.lesson("text")
    assert lesson.claim.entry
    [(queued, error)] = queue_failures(place.ledger, {0: (lesson, ValueError())}, DAY).values()
    assert (queued.claim.entry, type(error)) == (0, ValueError)


def test_cancelled_claim_is_queued_for_its_dead_letter(place):
    asked = ClaimRequest(message(), request())
    claim(place.ledger, asked)
    place.ledger.cancel([asked.request.request_id])
    received: Any = Received(asked.message, asked.request)
    step = ClaimRequests(place.ledger, 120.0, DAY)
    [dead] = apply(step, [received], [DEAD_LETTERS])[DEAD_LETTERS]
    assert row(place.ledger, asked).stage == "dead_letters"
    assert [outcome.status for outcome in write(place, [dead])] == ["dead_lettered"]


def test_request_passes_real_shuffles(place):
    """Each element is encoded and decoded, as between two workers of Dataflow."""
    good, bad = (place.lesson("text") for _ in range(2))
    [ready] = place.run_stage(made, good, queue_lease=DAY)["finished"]
    [dead] = place.run_stage(fail, bad, queue_lease=DAY)[DEAD_LETTERS]
    step = PublishResults(place.store, place.ledger, ENGINES, 1, queue_lease=DAY)
    published = apply(_Shuffled(step), [ready], [OUTCOMES])[OUTCOMES]
    assert [outcome.status for outcome in published] == ["completed"]
    written = apply(_Shuffled(_Main(WriteDeadLetters(place.ledger))), [dead], ["main"])["main"]
    assert [outcome.status for outcome in written] == ["dead_lettered"]
    assert place.ledger.totals().in_flight == 0
