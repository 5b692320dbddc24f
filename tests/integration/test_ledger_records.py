"""The ledger records requests and messages, and returns rows, totals and dead letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.ledger_support import (
    artifact,
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
from transforms.ledger import ClaimRequest, ClaimStatus, Totals
from transforms.model import Attempt, Message

UNHARMED = ClaimStatus(frozenset(), frozenset())


@pytest.fixture
def lesson(ledger):
    return take(ledger, ClaimRequest(message(), request(requested_modalities=("video",))))


@pytest.mark.pooled
def test_progress_records_stage_and_finished_work(ledger, lesson):
    before = row(ledger, lesson)
    lesson = lesson.with_record(record(lesson, "script", "script.json", "script.md"))
    assert ledger.progress([(lesson, "narration", 25)]) == UNHARMED
    found = row(ledger, lesson)
    assert (found.status, found.stage, found.progress) == ("running", "narration", 25)
    assert found.script_uri == artifact(lesson, "script.json").uri
    assert found.narration_uri is None
    assert found.artifacts["script.md"]["sha256"] == "ab" * 32
    assert found.cost_usd == pytest.approx(0.00125)
    assert found.lease_expires_at > before.lease_expires_at
    [stage] = ledger.stages(lesson.request.request_id)
    assert (stage.stage, stage.engine, stage.attempt, stage.tries) == ("script", "offline", 1, 1)
    assert stage.usage == {"characters": 120.0}
    assert stage.finished_at - stage.started_at == timedelta(seconds=1.5)


def test_last_update_of_batch_counts(ledger, lesson):
    ledger.progress([(lesson, "script", 1), (lesson, "narration", 25), (lesson, "video", 50)])
    assert (row(ledger, lesson).stage, row(ledger, lesson).progress) == ("video", 50)


def test_repeated_progress_is_written_once(ledger, lesson):
    lesson = lesson.with_record(record(lesson))
    for _ in range(2):
        ledger.progress([(lesson, "narration", 25)])
    assert len(ledger.stages(lesson.request.request_id)) == 1


def test_progress_writes_valid_and_names_lost_claims(ledger, lesson):
    other = take(ledger, ClaimRequest(message(), request()))
    take(ledger, ClaimRequest(other.message, other.request))  # voids the claim before
    lost = ledger.progress(
        [(lesson, "narration", 25), (other.with_record(record(other)), "x", 9)]
    ).lost
    assert lost == {other.request.request_id}
    assert row(ledger, lesson).progress == 25
    assert row(ledger, other).progress == 0
    assert ledger.stages(other.request.request_id) == []


@pytest.mark.pooled
def test_complete_settles_request_and_message(ledger, lesson):
    names = {
        "script": ("script.json", "script.md"),
        "narration": ("narration.m4a",),
        "video": ("video.mp4", "captions.vtt", "thumbnail.jpg"),
    }
    for stage, files in names.items():
        lesson = lesson.with_record(record(lesson, stage, *files, seconds=2.0))
    assert ledger.complete([completed(lesson, saved=0.5)]) == [True]
    found = row(ledger, lesson)
    assert (found.status, found.stage, found.progress) == ("completed", "publish", 100)
    assert found.lease_expires_at is None
    assert found.completed_at == found.updated_at
    uris = (found.script_uri, found.narration_uri, found.captions_uri, found.video_uri,
            found.thumbnail_uri, found.manifest_uri)  # fmt: skip
    assert [uri.rpartition("/")[2] for uri in uris] == [
        "script.json", "narration.m4a", "captions.vtt", "video.mp4", "thumbnail.jpg",
        "manifest.json",
    ]  # fmt: skip
    assert found.script.startswith("Gravity\n\nWhy do things fall?")
    assert (found.cost_usd, found.cost_saved_usd) == pytest.approx((3 * 0.00125, 0.5))
    assert outcome_of(ledger, lesson.message.message_id) == "completed"
    stages = ledger.stages(lesson.request.request_id)
    assert [stage.stage for stage in stages] == ["script", "narration", "video"]
    for earlier, later in pairwise(stages):
        assert earlier.finished_at == later.started_at


def test_repeated_complete_changes_nothing(ledger, lesson):
    done = completed(lesson)
    assert ledger.complete([done]) == [True]
    before = row(ledger, lesson)
    assert ledger.complete([done]) == [True]
    assert row(ledger, lesson) == before
    assert ledger.totals().completed == 1


def test_late_updates_of_completed_lesson_are_ignored(ledger, lesson):
    ledger.complete([completed(lesson)])
    before = row(ledger, lesson)
    assert ledger.progress([(lesson, "video", 50)]).lost == {lesson.request.request_id}
    assert ledger.heartbeat([lesson.entry_key], 60) == {lesson.entry_key}
    assert ledger.release([lesson]) == set()
    assert row(ledger, lesson) == before


def test_complete_and_dead_letter_exclude_each_other(ledger, lesson):
    assert ledger.dead_letter([letter(lesson, "video")]) == [True]
    assert ledger.complete([completed(lesson)]) == [False]
    assert row(ledger, lesson).status == "failed"
    other = take(ledger, ClaimRequest(message(), request()))
    assert ledger.complete([completed(other)]) == [True]
    assert ledger.dead_letter([letter(other, "publish")]) == [False]
    assert row(ledger, other).status == "completed"


def test_batch_completes_only_held_claims(ledger, lesson):
    others = [take(ledger, ClaimRequest(message(), request())) for _ in range(3)]
    take(ledger, ClaimRequest(others[1].message, others[1].request))
    done = ledger.complete([completed(each) for each in (lesson, *others)])
    assert done == [True, True, False, True]


def test_complete_settles_waiting_duplicates(ledger, lesson):
    with ledger.connected() as connection:  # as after two take-overs, both redeliveries to come
        connection.exec_driver_sql(
            "INSERT INTO messages (message_id, request_id, outcome, deliveries, publish_time) "
            f"VALUES ('earlier', '{lesson.request.request_id}', 'in_flight', 1, now())"
        )
    ledger.complete([completed(lesson)])
    assert outcome_of(ledger, "earlier") == "duplicate"
    assert ledger.totals().in_flight == 0


@pytest.mark.pooled
def test_dead_letter_keeps_every_field(ledger, lesson):
    data = bytes(range(256)) * 300
    whole = Message(data, {"origin": "api"}, lesson.message.message_id,
                    lesson.message.publish_time, delivery_attempt=3)  # fmt: skip
    at = datetime(2026, 11, 24, 8, 59, 1, 250000, tzinfo=UTC)
    attempts = (Attempt(at, "TransientError", "429"), Attempt(at, "StageTimeout", "30 s"))
    dead = letter(
        type(lesson)(whole, lesson.request, lesson.claim), "script",
        error_type="TransientError", error="quota", retryable=True, attempts=attempts,
        field="student_query", traceback="Traceback…",
    )  # fmt: skip
    assert ledger.dead_letter([dead]) == [True]
    [summary] = ledger.dead_letters()
    detail = ledger.dead_letter_detail(summary.id)
    assert (summary.stage, summary.error_type, summary.error) == (
        "script",
        "TransientError",
        "quota",
    )
    assert (summary.size, summary.retryable, summary.field) == (76_800, True, "student_query")
    assert summary.request_id == lesson.request.request_id
    assert (summary.replays, summary.replayed_at, summary.replayed_as) == (0, None, None)
    assert detail.message == whole
    assert detail.attempts == attempts
    assert detail.traceback == "Traceback…"
    assert detail.occurred_at == dead.occurred_at
    found = row(ledger, lesson)
    assert (found.status, found.stage, found.error_type, found.error) == (
        "failed", "script", "TransientError", "quota",
    )  # fmt: skip
    assert outcome_of(ledger, lesson.message.message_id) == "dead_lettered"


def test_redelivered_bad_message_has_one_letter(ledger):
    bad = message("bad")
    assert ledger.dead_letter([letter(bad)]) == [True]
    assert ledger.dead_letter([letter(bad), letter(bad)]) == [True, True]
    assert len(ledger.dead_letters()) == 1
    assert ledger.totals().dead_lettered == 1


def test_each_failure_has_exactly_one_letter(ledger, lesson):
    dead = letter(lesson, "script")
    assert ledger.dead_letter([dead]) == [True]
    assert ledger.dead_letter([dead]) == [True]
    assert len(ledger.dead_letters()) == 1
    replayed = take(ledger, ClaimRequest(lesson.message, lesson.request, replay=True))
    assert ledger.dead_letter([letter(replayed, "script")]) == [True]
    assert len(ledger.dead_letters()) == 2
    assert ledger.totals().dead_lettered == 1


def test_bad_message_fails_no_foreign_request(ledger, lesson):
    stranger = message("stranger")
    dead = letter(stranger, "parse", request_id=lesson.request.request_id)
    assert ledger.dead_letter([dead]) == [True]
    assert row(ledger, lesson).status == "running"
    assert outcome_of(ledger, "stranger") == "dead_lettered"
    assert ledger.complete([completed(lesson)]) == [True]


def test_settled_message_keeps_outcome_despite_letter(ledger, lesson):
    ledger.complete([completed(lesson)])
    assert ledger.dead_letter([letter(lesson.message)]) == [True]
    assert outcome_of(ledger, lesson.message.message_id) == "completed"
    assert ledger.dead_letters() == []


@pytest.mark.pooled
def test_letters_of_many_megabytes_are_stored(ledger):
    letters = [letter(message(data=b"\xff" * 5_000_000)) for _ in range(3)]
    assert ledger.dead_letter(letters) == [True] * 3
    assert [dead.size for dead in ledger.dead_letters()] == [5_000_000] * 3


def test_invalid_request_id_is_stored_as_null(ledger):
    ledger.dead_letter([letter(message(), request_id="not-a-uuid")])
    assert ledger.dead_letters()[0].request_id is None


hostile = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(
    ["\0", "\ud800", "a\0b\udfff", "'; DROP TABLE requests; --", "%s :items $1", "\\u0000", "￾"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=hostile, attributes=st.dictionaries(hostile, hostile, max_size=3), data=st.binary())
def test_hostile_text_is_stored_in_letter(ledger, text, attributes, data):
    bad = Message(data, attributes, f"m-{uuid4()}-{text}", datetime.now(UTC))
    dead = letter(
        bad, "parse", error=text, error_type=text, field=text, traceback=text,
        attempts=(Attempt(datetime.now(UTC), text, text),), request_id=text,
    )  # fmt: skip
    assert ledger.dead_letter([dead]) == [True]
    [summary] = ledger.dead_letters(limit=1)
    detail = ledger.dead_letter_detail(summary.id)
    assert detail.message.data == data
    assert len(detail.message.attributes) <= len(attributes)
    if "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text):
        assert (detail.error, detail.field) == (text, text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=hostile, metadata=st.dictionaries(hostile, hostile | st.lists(hostile), max_size=3))
def test_hostile_request_can_be_claimed(ledger, text, metadata):
    wanted = request(student_id=text, student_query=text, correlation_id=text, metadata=metadata)
    asked = ClaimRequest(message(), wanted)
    assert claim(ledger, asked).kind == "new"
    assert len(ledger.requests(asked.request.request_id)) == 1


def test_filtered_duplicates_are_settled(ledger, lesson):
    others = [message(), message()]
    wanted = lesson.request.request_id
    assert ledger.duplicates([(other, wanted) for other in others]) == [True, True]
    assert ledger.totals().duplicates == 2
    assert ledger.duplicates([(others[0], wanted), (others[0], wanted)]) == [True, True]
    assert ledger.totals().received == 3
    assert ledger.duplicates([]) == []


def test_no_duplicate_before_request_is_claimed(ledger):
    first = ClaimRequest(message(), request())
    assert ledger.duplicates([(message("second"), first.request.request_id)]) == [False]
    assert outcome_of(ledger, "second") is None
    assert claim(ledger, first).kind == "new"
    assert ledger.duplicates([(message("second"), first.request.request_id)]) == [True]


def test_owner_is_never_settled_as_duplicate(ledger, lesson):
    mine = (lesson.message, lesson.request.request_id)
    assert ledger.duplicates([mine]) == [False]
    assert outcome_of(ledger, lesson.message.message_id) == "in_flight"
    ledger.complete([completed(lesson)])
    assert ledger.duplicates([mine]) == [True]
    assert outcome_of(ledger, lesson.message.message_id) == "completed"


def test_requests_are_filtered_newest_first(ledger):
    lessons = [take(ledger, ClaimRequest(message(), request())) for _ in range(4)]
    ledger.complete([completed(lessons[0])])
    ids = [lesson.request.request_id for lesson in lessons]
    assert [r.request_id for r in ledger.requests()] == ids[::-1]
    assert [r.request_id for r in ledger.requests(limit=2)] == ids[:1:-1]
    assert [r.request_id for r in ledger.requests(status="completed")] == ids[:1]
    since = row(ledger, lessons[2]).created_at
    assert [r.request_id for r in ledger.requests(since=since, limit=None)] == ids[:1:-1]
    other = take(ledger, ClaimRequest(message(), request(student_id="student-2")))
    ledger.progress([(other, "narration", 40)])
    assert [r.request_id for r in ledger.requests(student="student-2")] == [
        other.request.request_id
    ]
    assert [r.request_id for r in ledger.requests(stage="narration")] == [other.request.request_id]
    assert ledger.requests(str(uuid4())) == []
    assert ledger.requests("no uuid") == []
    assert ledger.stages("no uuid") == []


def test_dead_letters_are_filtered_newest_first(ledger, lesson):
    ledger.dead_letter([letter(message("a"), error="is not JSON")])
    ledger.dead_letter([letter(lesson, "script", error="Quota spent", retryable=True)])
    ledger.dead_letter([letter(message("c"), error="100% wrong", field="grade_level")])

    def ids(**filters):
        return [dead.message_id for dead in ledger.dead_letters(**filters)]

    mine = lesson.message.message_id
    assert ids() == ["c", mine, "a"]
    assert ids(limit=1) == ["c"]
    assert ids(stage="script") == ids(retryable=True) == [mine]
    assert ids(request_id=lesson.request.request_id) == [mine]
    assert ids(error="json") == ["a"]
    assert ids(error="100%") == ids(error="GRADE") == ["c"]
    assert ids(error="invalidrequest") == ["c", mine, "a"]
    assert ids(since=ledger.dead_letters()[1].recorded_at) == ["c", mine]
    assert ids(request_id="no uuid") == []
    assert ledger.dead_letter_detail(10**9) is None


def test_totals_count_since_a_time(ledger):
    first = take(ledger, ClaimRequest(message(), request()))
    ledger.complete([completed(first.with_record(record(first)), saved=0.25)])
    ledger.dead_letter([letter(message())])
    now = ledger.run("SELECT now() AS now")[0]["now"]
    second = take(ledger, ClaimRequest(message(), request()))
    claim(ledger, ClaimRequest(message(), second.request))
    everything, recent = ledger.totals(), ledger.totals(since=now)
    assert (everything.received, everything.completed, everything.dead_lettered) == (4, 1, 1)
    assert (everything.duplicates, everything.in_flight) == (1, 1)
    assert (recent.received, recent.duplicates, recent.in_flight) == (2, 1, 1)


def test_totals_of_empty_ledger_are_zero(ledger):
    totals = ledger.totals()
    assert totals == Totals(0, 0, 0, 0, 0)


def test_lapsed_claim_is_listed_and_counted_apart(ledger):
    working, cancelled, abandoned, done = (
        take(ledger, ClaimRequest(message(), request())) for _ in range(4)
    )
    ledger.complete([completed(done)])
    ledger.cancel([cancelled.request.request_id])
    assert ledger.lapsed_claims() == 0
    let_lease_lapse(ledger, abandoned.request.request_id)
    assert ledger.lapsed_claims() == 1
    assert [r.request_id for r in ledger.requests() if r.lapsed] == [abandoned.request.request_id]
    expected = {
        "running": working, "cancelling": cancelled, "lapsed": abandoned, "completed": done
    }  # fmt: skip
    for status, lesson in expected.items():
        assert [r.request_id for r in ledger.requests(status=status)] == [lesson.request.request_id]
        assert ledger.request_counts(status=status) == {status: 1}
    assert ledger.request_counts() == dict.fromkeys(expected, 1)
    assert ledger.request_counts(abandoned.request.request_id) == {"lapsed": 1}
    assert ledger.request_counts(student="student-2") == ledger.request_counts("no uuid") == {}
    assert take(ledger, ClaimRequest(message(), abandoned.request)).claim.attempt == 2
    assert ledger.lapsed_claims() == 0
