"""ClaimRequests isolates messages whose worker may have died, and settles duplicates."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import stand_ins
from tests.integration.claim_support import Died, Step
from tests.integration.ledger_support import (
    completed,
    let_lease_lapse,
    letter,
    message,
    outcome_of,
    replay_marks,
    request,
    row,
    take,
)
from transforms.artifacts import ArtifactStore
from transforms.claim import ClaimRequests
from transforms.dead_letters import DEAD_LETTERS
from transforms.ledger import ClaimRequest, StudentQuota
from transforms.model import REPLAY_ATTRIBUTE, Lesson, Received
from transforms.narration.narrate_script import _Narrate
from transforms.parse import parse
from transforms.script.write_script import _WriteScript
from transforms.stage import lapsed_claims
from transforms.stage.lapsed_claims import lapsed_claims_meter
from transforms.stage.task import OUTCOMES
from transforms.video.render_video import _RenderVideo

LEASE = 120.0

DEATH = "the process was killed"


@pytest.fixture
def step(ledger):
    return Step(ClaimRequests(ledger, LEASE), Received, "lessons", OUTCOMES, DEAD_LETTERS)


def received(of=None, **attributes):
    return Received(message(**attributes), of.request if of else request())


def names(outputs):
    return [output.message.message_id for output in outputs]


def killing(poison, ledger):
    """Return work that ends the process on one message, and completes all others."""

    def work(output):
        if isinstance(output, Lesson):
            if output.message == poison.message:
                raise Died(DEATH)
            ledger.complete([completed(output)])

    return work


def test_messages_after_poison_are_started_once(step, ledger):
    before, poison, after = bundle = [received() for _ in range(3)]
    for _ in range(3):
        step.run(bundle, killing(poison, ledger))
    assert row(ledger, before).status == "completed"
    entries = {
        found["message_id"]: len(found["open_entries"])
        for found in ledger.run("SELECT message_id, open_entries FROM requests")
    }
    assert (entries[poison.message.message_id], entries[after.message.message_id]) == (3, 1)


def test_poison_is_claimed_before_new_messages(step, ledger):
    fresh, poison = received(), received()
    step.run([poison], killing(poison, ledger))
    assert step.run([fresh, poison], killing(poison, ledger)) == {}
    assert ledger.interrupted(names([fresh, poison])) == set(names([poison]))


def test_only_redelivered_messages_are_isolated(step):
    first, second = received(), received()
    found = step.run([first])
    assert [lesson.claim.isolated for lesson in found["lessons"]] == [False]
    found = step.run([first, second])
    assert {names([lesson])[0]: lesson.claim.isolated for lesson in found["lessons"]} == {
        first.message.message_id: True,
        second.message.message_id: False,
    }


def test_claim_lease_is_the_setting(step, ledger):
    [lesson] = step.run([received()])["lessons"]
    assert lesson.claim.lease == LEASE
    found = row(ledger, lesson)
    assert found.lease_expires_at - found.updated_at == timedelta(seconds=LEASE)


def test_only_token_of_ledger_reopens_failed_request(step, ledger):
    failed = received()
    [lesson] = step.run([failed])["lessons"]
    ledger.dead_letter([letter(lesson, "script")])
    marks = replay_marks(ledger, failed.request.request_id)
    for forged in ({}, {REPLAY_ATTRIBUTE: "1"}, {REPLAY_ATTRIBUTE: marks[REPLAY_ATTRIBUTE] + "x"}):
        [repeated] = step.run([received(failed, **forged)])[OUTCOMES]
        assert (repeated.status, repeated.stage) == ("duplicate", "claim")
    [reopened] = step.run([received(failed, **marks)])["lessons"]
    assert reopened.claim.attempt == 2


def test_request_over_quota_becomes_retryable_letter(ledger):
    quota = StudentQuota(1, None, {"text": 0.0, "audio": 0.0, "video": 0.0})
    transform = ClaimRequests(ledger, LEASE, quota=quota)
    step = Step(transform, Received, "lessons", OUTCOMES, DEAD_LETTERS)
    first, second = received(), received()
    found = step.run([first, second])
    assert names(found["lessons"]) == [first.message.message_id]
    [refused] = found[DEAD_LETTERS]
    assert (refused.message, refused.request, refused.claim) == (
        second.message,
        second.request,
        None,
    )
    assert (refused.stage, refused.error_type, refused.retryable) == ("claim", "OverQuota", True)


@pytest.fixture
def calls(monkeypatch):
    """Stand-ins of the stages that record each call."""
    made = []
    stand_ins.install(monkeypatch)
    for task in (_WriteScript, _Narrate, _RenderVideo):

        def noted(self, *given, _perform=task.perform):
            made.append(self.stage)
            return _perform(self, *given)

        monkeypatch.setattr(task, "perform", noted)
    return made


def worker_died(ledger, asked):
    take(ledger, asked)
    ledger.cancel([asked.request.request_id])
    return asked.message


def cancelled_before_received(ledger, asked):
    ledger.cancel([asked.request.request_id])
    return asked.message


def lease_lapsed(ledger, asked):
    take(ledger, asked)
    ledger.cancel([asked.request.request_id])
    let_lease_lapse(ledger, asked.request.request_id)
    return stand_ins.message(asked.message.data)  # another message of the same request


@pytest.mark.parametrize("history", [worker_died, cancelled_before_received, lease_lapsed])
def test_cancelled_request_is_settled_without_paid_call(ledger, tmp_path, calls, history):
    graph = GraphRunner(VividlyOptions([]), ledger, ArtifactStore(str(tmp_path)))
    sent = stand_ins.message(stand_ins.request())
    asked = ClaimRequest(sent, parse(sent.data))
    again = history(ledger, asked)
    [outcome] = graph.run([again])
    assert (outcome.status, outcome.error_type) == ("dead_lettered", "Cancelled")
    assert row(ledger, asked).status == "cancelled"
    [kept] = ledger.dead_letters()
    assert (kept.message_id, kept.stage, kept.retryable) == (again.message_id, "script", True)
    [repeated] = graph.run([again])
    assert repeated.status == "dead_lettered"
    assert len(ledger.dead_letters()) == 1
    assert outcome_of(ledger, again.message_id) == "dead_lettered"
    assert calls == []
    # A request that is not cancelled is processed.
    [other] = graph.run([stand_ins.message(stand_ins.request(requested_modalities=["text"]))])
    assert (other.status, calls) == ("completed", ["script"])


def test_redelivery_of_settled_message_is_logged(step, ledger, caplog):
    done, other = received(), received()
    lessons = step.run([done, other])["lessons"]
    ledger.complete([completed(lesson) for lesson in lessons])
    second = received(other)
    with caplog.at_level(logging.INFO, "transforms.telemetry.outcomes"):
        found = step.run([done, second])
    assert [outcome.status for outcome in found[OUTCOMES]] == ["completed", "duplicate"]
    said = {entry.message_id: entry.message for entry in caplog.records}
    assert said[done.message.message_id].startswith("delivered again")
    assert said[second.message.message_id].startswith("duplicate after")


def test_lapsed_claims_are_counted_and_logged(ledger, step, caplog, monkeypatch):
    abandoned = take(ledger, ClaimRequest(message(), request()))
    ledger.run(
        "UPDATE requests SET lease_expires_at = now() - interval '14 minutes' RETURNING status"
    )
    step.run([received()])
    assert lapsed_claims_meter(ledger).count == 0
    ledger.run(
        "UPDATE requests SET lease_expires_at = lease_expires_at - interval '2 minutes' "
        "WHERE message_id = :id RETURNING status",
        id=abandoned.message.message_id,
    )
    step.run([received()])
    assert lapsed_claims_meter(ledger).count == 0  # counted less than a minute ago
    monkeypatch.setattr(lapsed_claims, "MAX_AGE", 0.0)
    step.run([received()])
    assert lapsed_claims_meter(ledger).count == 1
    assert caplog.text.count("lapsed claims: 1 for more than 15 minutes") == 1
