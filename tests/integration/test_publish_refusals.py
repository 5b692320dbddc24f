"""PublishResults stores the manifest first and completes only requests it still owns."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace

import pytest

from tests.integration.ledger_support import LEASE, let_lease_lapse, outcome_of, row
from tests.integration.stage_support import wait_for_lease
from transforms import publish
from transforms.artifacts import retries
from transforms.dead_letters import DEAD_LETTERS
from transforms.errors import ConfigurationFault, DependencyDown
from transforms.process.retry import RetryPolicy
from transforms.stage.failure_streak import EQUAL_FAILURES
from transforms.stage.task import OUTCOMES, put_artifacts

BEAT = LEASE.total_seconds() / 3 + 0.001


@pytest.fixture
def during_manifest(monkeypatch):
    """Call a function with each lesson while its manifest is made."""

    def install(act):
        manifest = publish.manifest

        def acting(lesson, saved):
            act(lesson)
            return manifest(lesson, saved)

        monkeypatch.setattr(publish, "manifest", acting)

    return install


def test_completed_request_has_its_manifest(place, during_manifest):
    statuses = []
    during_manifest(lambda lesson: statuses.append(row(place.ledger, lesson).status))
    lesson = place.scripted()
    [outcome] = place.publish(lesson)[OUTCOMES]
    assert statuses == ["running"]
    assert (outcome.status, outcome.message_id) == ("completed", lesson.message.message_id)
    assert outcome.records == lesson.records
    assert outcome.cost_usd == lesson.cost_usd > 0
    assert [saving.stage for saving in outcome.savings] == ["narration", "video"]
    found = row(place.ledger, lesson)
    assert (found.status, found.progress) == ("completed", 100)
    content = place.file(lesson, "manifest.json").read_bytes()
    entry = found.artifacts["manifest.json"]
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    said = json.loads(content)
    assert said["request_id"] == lesson.request.request_id
    assert [artifact["name"] for artifact in said["artifacts"]] == ["script.json"]
    assert [stage["stage"] for stage in said["stages"]] == ["script"]
    assert said["cost_usd"] == lesson.cost_usd
    assert said["cost_saved_usd"] == pytest.approx(outcome.cost_saved_usd)
    assert said["cost_saved_usd"] > 0
    assert "Why do things fall?" in found.script or found.script.startswith("Gravity")


def test_skipped_stages_only_count_as_saved(place):
    lesson = place.scripted()
    [outcome] = place.publish(lesson)[OUTCOMES]
    found = row(place.ledger, lesson)
    assert set(found.savings) == {"narration", "video"}
    assert found.cost_saved_usd == pytest.approx(outcome.cost_saved_usd, abs=1e-6)


def test_cancelled_during_manifest_is_not_completed(place, during_manifest, caplog):
    cancelled, other = place.scripted(), place.scripted()

    def act(lesson):
        if lesson.request == cancelled.request:
            place.cancel(lesson)

    during_manifest(act)
    found = place.publish(cancelled, other)
    assert [o.message_id for o in found[OUTCOMES]] == [other.message.message_id]
    assert found[OUTCOMES][0].status == "completed"
    [dead] = found[DEAD_LETTERS]
    assert (dead.message, dead.error_type, dead.stage) == (
        cancelled.message,
        "Cancelled",
        "publish",
    )
    assert row(place.ledger, cancelled).status == "running"  # until its dead letter is written
    [spent] = place.ledger.stages(cancelled.request.request_id)
    assert spent.stage == "script"
    assert not [said for said in caplog.records if said.levelno >= logging.ERROR]


def test_taken_over_during_manifest_is_superseded(place, during_manifest):
    taken, other = place.scripted(), place.scripted()

    def act(lesson):
        if lesson.request == taken.request:
            place.take_over(lesson)

    during_manifest(act)
    found = place.publish(taken, other)
    statuses = {o.message_id: o.status for o in found[OUTCOMES]}
    assert statuses == {
        taken.message.message_id: "superseded",
        other.message.message_id: "completed",
    }
    assert DEAD_LETTERS not in found
    assert row(place.ledger, taken).status == "running"
    assert {o.stage for o in found[OUTCOMES] if o.status == "superseded"} == {"publish"}


def test_lost_claim_does_not_replace_manifest(place, during_manifest):
    lesson = place.scripted()

    def act(lesson):
        put_artifacts(
            place.store, place.ledger, place.take_over(lesson), {"manifest.json": b"theirs"}
        )

    during_manifest(act)
    [outcome] = place.publish(lesson)[OUTCOMES]
    assert outcome.status == "superseded"
    assert place.file(lesson, "manifest.json").read_bytes() == b"theirs"


def test_outage_at_manifest_releases_claims(place, during_manifest, monkeypatch):
    monkeypatch.setattr(retries, "_PATIENCE", RetryPolicy(0.01, 1))
    lessons = [place.scripted(), place.scripted()]
    during_manifest(lambda lesson: place.break_store())
    with pytest.raises(DependencyDown, match="artifacts"):
        place.publish(*lessons)
    assert not place.ledger.dead_letters()
    for lesson in lessons:
        assert outcome_of(place.ledger, lesson.message.message_id) == "in_flight"
        assert place.rival(lesson).kind == "taken_over"


def test_heartbeats_go_on_during_manifest(place, clock, during_manifest):
    lessons = [place.scripted(), place.scripted()]
    kinds = []

    def act(lesson):
        for each in lessons:
            let_lease_lapse(place.ledger, each.request.request_id)
        clock.beat(BEAT)
        for each in lessons:
            wait_for_lease(place.ledger, each)
            kinds.append(place.rival(each).kind)

    during_manifest(act)
    found = place.publish(*lessons)
    assert kinds == ["duplicate"] * 4
    assert [outcome.status for outcome in found[OUTCOMES]] == ["completed"] * 2


def test_bug_in_one_lesson_spares_others(place):
    lessons = [place.scripted() for _ in range(3)]
    place.file(lessons[1], "script.json").unlink()
    found = place.publish(*lessons)
    assert [(o.message_id, o.status) for o in found[OUTCOMES]] == [
        (lessons[0].message.message_id, "completed"),
        (lessons[2].message.message_id, "completed"),
    ]
    [dead] = found[DEAD_LETTERS]
    assert (dead.message, dead.stage) == (lessons[1].message, "publish")
    assert row(place.ledger, lessons[1]).status == "running"


def test_bad_lessons_in_a_row_are_dead_letters(place, caplog):
    lessons = [place.scripted() for _ in range(EQUAL_FAILURES)]
    for lesson in lessons:
        place.file(lesson, "script.json").unlink()
    assert len(place.publish(*lessons)[DEAD_LETTERS]) == EQUAL_FAILURES
    assert "canary of the publish stage passed after 5 equal failures" in caplog.text


def test_broken_publishing_settles_nothing(place, monkeypatch):
    lessons = [place.scripted() for _ in range(EQUAL_FAILURES)]
    monkeypatch.setattr(publish, "manifest", lambda *_: 1 / 0)
    with pytest.raises(ConfigurationFault, match="5 messages in a row failed with ZeroDivision"):
        place.publish(*lessons)
    assert not place.ledger.dead_letters()
    for lesson in lessons:
        assert place.rival(lesson).kind == "taken_over"


def test_repeated_publish_completes_again(place):
    """A bundle that is repeated after its commit gives the same outcome."""
    lesson = place.scripted()
    first = place.publish(lesson)[OUTCOMES]
    again = place.publish(lesson)[OUTCOMES]
    assert [outcome.status for outcome in first + again] == ["completed"] * 2
    assert place.ledger.totals().completed == 1


def test_narration_that_ran_is_not_saved(place):
    lesson = place.scripted()
    lesson = replace(lesson, request=replace(lesson.request, requested_modalities=("audio",)))
    [outcome] = place.publish(lesson)[OUTCOMES]
    assert [saving.stage for saving in outcome.savings] == ["video"]
