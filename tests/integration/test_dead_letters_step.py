"""Dead letters are stored once and then copied, also with two workers on one message."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from google.cloud import pubsub_v1

from tests.integration.claim_support import Step
from tests.integration.ledger_support import (
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
from transforms import pubsub_client as pubsub_topic
from transforms.dead_letters import RepeatDeadLetters, WriteDeadLetters
from transforms.ledger import ClaimRequest, Ledger, erase
from transforms.model import DeadLetter, Outcome


class Topic:
    """A topic with a subscription that reads it."""

    def __init__(self, project: str) -> None:
        self.name = f"projects/{project}/topics/dead"
        self._subscription = f"projects/{project}/subscriptions/dead"
        self._subscriber = pubsub_v1.SubscriberClient()
        pubsub_v1.PublisherClient().create_topic(name=self.name)
        self._subscriber.create_subscription(name=self._subscription, topic=self.name)

    def published(self) -> list:
        """Return all messages published so far; an end marker is published last."""
        pubsub_v1.PublisherClient().publish(self.name, b"end").result(10)
        found: list = []
        while not found or found[-1].data != b"end":
            pulled = self._subscriber.pull(
                subscription=self._subscription, max_messages=10, timeout=10
            ).received_messages
            found += [each.message for each in pulled]
        return found[:-1]


@pytest.fixture
def topic(pubsub, monkeypatch):
    monkeypatch.setattr(pubsub_topic, "process_singleton", lambda make: make())
    return Topic(pubsub.project)


@pytest.fixture
def write(ledger, topic):
    """Return a function that writes dead letters with a topic and returns the outcomes."""
    step = Step(WriteDeadLetters(ledger, topic.name), DeadLetter)
    return lambda *letters: step.run(letters).get("", [])


def claimed():
    return ClaimRequest(message(data=b"{}"), request())


def test_letter_is_kept_then_published_with_reason(ledger, topic, write):
    lesson = take(ledger, ClaimRequest(message(data=b"\xff", subject="physics"), request()))
    lesson = lesson.with_record(record(lesson))
    [outcome] = write(
        letter(
            lesson,
            "narration",
            error_type="StageTimeout",
            error="too slow",
            retryable=True,
            records=lesson.records,
        )
    )
    assert outcome.status == "dead_lettered"
    assert (outcome.stage, outcome.error_type, outcome.reason) == (
        "narration", "StageTimeout", "too slow",
    )  # fmt: skip
    assert outcome.records == lesson.records
    assert outcome.cost_usd == pytest.approx(0.00125)
    assert outcome.request_id == lesson.request.request_id
    [published] = topic.published()
    assert published.data == b"\xff"
    assert published.attributes == {
        "subject": "physics",
        "vividly-error-type": "StageTimeout",
        "vividly-error": "too slow",
        "vividly-stage": "narration",
        "vividly-message-id": lesson.message.message_id,
        "vividly-retryable": "true",
        "vividly-request-id": lesson.request.request_id,
    }


def test_letter_of_invalid_message_names_field(ledger, topic, write):
    [outcome] = write(letter(message(), field="student_id", error="is blank"))
    assert outcome.reason == "student_id: is blank"
    [published] = topic.published()
    assert published.attributes["vividly-field"] == "student_id"
    assert published.attributes["vividly-retryable"] == "false"
    assert "vividly-request-id" not in published.attributes


@pytest.mark.parametrize(("field", "logged"), [("student_id", True), ("secret words", False)])
def test_log_names_only_known_fields(ledger, caplog, field, logged):
    step = Step(WriteDeadLetters(ledger), DeadLetter)
    with caplog.at_level(logging.INFO, "transforms"):
        step.run([letter(message(), field=field)])
    [entry] = [each for each in caplog.records if each.name == "transforms.telemetry.outcomes"]
    assert (getattr(entry, "field", None) == field) is logged
    assert entry.error_type == "InvalidRequest"
    assert entry.stage == "parse"


def test_refused_copy_stops_no_other_letter(ledger, topic, write, caplog):
    attributes: Any = {"k" * 257: "too long a name"}
    refused = message(**attributes)
    accepted = message()
    outcomes = write(letter(refused), letter(accepted))
    assert [outcome.status for outcome in outcomes] == ["dead_lettered"] * 2
    assert {each.message_id for each in ledger.dead_letters()} == {
        refused.message_id,
        accepted.message_id,
    }
    [published] = topic.published()
    assert published.attributes["vividly-message-id"] == accepted.message_id
    [entry] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "(PermanentError); the ledger has the letter" in entry.message
    assert (entry.message_id, entry.stage) == (refused.message_id, "parse")


def test_letter_under_lost_claim_leaves_nothing(ledger, topic, write):
    lost = take(ledger, claimed())
    let_lease_lapse(ledger, lost.request.request_id)
    lesson = take(ledger, ClaimRequest(message(), lost.request))
    ledger.complete([completed(lesson)])
    [outcome] = write(letter(lost, "script"))
    assert outcome.status == "superseded"
    assert ledger.dead_letters() == []
    assert topic.published() == []
    assert row(ledger, lesson).status == "completed"
    assert outcome_of(ledger, lesson.message.message_id) == "completed"


def test_letter_of_completed_message_leaves_nothing(ledger, topic, write):
    """One worker gives up an unclaimed message while another completes its request."""
    lesson = take(ledger, claimed())
    given_up = letter(ClaimRequest(lesson.message, lesson.request), "claim")
    ledger.complete([completed(lesson)])
    [outcome] = write(given_up)
    assert outcome.status == "superseded"
    assert ledger.dead_letters() == []
    assert topic.published() == []
    assert row(ledger, lesson).status == "completed"
    assert outcome_of(ledger, lesson.message.message_id) == "completed"


def test_letter_of_given_up_message_is_published(ledger, topic, write):
    lesson = take(ledger, claimed())
    [outcome] = write(letter(ClaimRequest(lesson.message, lesson.request), "claim"))
    assert outcome.status == "dead_lettered"
    assert row(ledger, lesson).status == "failed"
    assert len(topic.published()) == 1


def test_letter_of_erased_student_is_not_published(ledger, topic, write):
    lesson = take(ledger, claimed())
    erase.mark(ledger, lesson.request.student_id, timedelta(days=32))
    [outcome] = write(letter(lesson, "narration", error_type="Cancelled"))
    assert outcome.status == "dead_lettered"
    assert topic.published() == []


def test_bad_message_at_two_workers_is_one_letter(ledger):
    bad = letter(message(data=b"not JSON"))
    with ThreadPoolExecutor(2) as workers:
        with _held(ledger, "messages") as waiting:
            steps = [Step(WriteDeadLetters(ledger), DeadLetter) for _ in range(2)]
            running = [workers.submit(step.run, [bad]) for step in steps]
            waiting(2)
        outcomes = [each for done in running for each in done.result()[""]]
    assert [outcome.status for outcome in outcomes] == ["dead_lettered"] * 2
    [kept] = ledger.dead_letters()
    assert kept.message_id == bad.message.message_id
    assert ledger.totals().dead_lettered == ledger.totals().received == 1


@contextmanager
def _held(ledger: Ledger, table: str) -> Iterator:
    """Lock a table; yield a function that waits until so many writers are blocked."""

    def waiting(number: int) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            [found] = ledger.run("SELECT count(*) AS number FROM pg_locks WHERE NOT granted")
            if found["number"] >= number:
                return
            threading.Event().wait(0.01)
        raise TimeoutError("too few writers are blocked")

    with ledger.connected() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        yield waiting
        connection.exec_driver_sql("COMMIT")


def test_letter_of_redelivered_message_is_published_again(ledger, topic):
    lesson = take(ledger, claimed())
    ledger.dead_letter([letter(lesson, "script", error="refused")])
    whole, other = lesson.message.message_id, lesson.request.request_id
    outcomes = [
        Outcome(whole, "dead_lettered", other),
        Outcome(whole, "duplicate", other),
        Outcome("unknown", "dead_lettered", other),
        Outcome("no request", "dead_lettered"),
    ]
    assert Step(RepeatDeadLetters(ledger, topic.name), Outcome).run(outcomes) == {"": outcomes}
    [published] = topic.published()
    assert published.attributes["vividly-message-id"] == whole
    assert published.attributes["vividly-error"] == "refused"
    assert len(ledger.dead_letters()) == 1


def test_outcomes_without_topic_pass_without_ledger():
    unreachable = Ledger("postgresql://nobody@127.0.0.1:1/vividly")
    outcomes = [Outcome("settled", "dead_lettered", request().request_id)]
    assert Step(RepeatDeadLetters(unreachable), Outcome).run(outcomes) == {"": outcomes}
