"""Outcomes are logged and counted once."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import apache_beam as beam
import pytest
from apache_beam.metrics import MetricsFilter
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from transforms.model import Claim, ContentRequest, Lesson, Message, Outcome, Received, Saving
from transforms.telemetry.outcomes import report_outcome


def message(seconds_ago=5.0):
    return Message(b"{}", {}, "m-1", datetime.now(UTC) - timedelta(seconds=seconds_ago))


REQUEST = ContentRequest("123e4567-e89b-12d3-a456-426614174000", "s", "q", 9, "c-1")
DONE = Outcome("m-1", "completed", savings=(Saving("video", "slides", 0.25),), cost_usd=0.5)


@pytest.mark.parametrize(
    ("status", "given", "level", "said"),
    [
        ("completed", {}, logging.INFO, "completed after"),
        ("duplicate", {}, logging.INFO, "duplicate after"),
        ("superseded", {}, logging.WARNING, "superseded after"),
        ("dead_lettered", {"error_type": "StageTimeout"}, logging.WARNING, "dead_lettered after"),
        ("dead_lettered", {"error_type": "Cancelled"}, logging.INFO, "cancelled after"),
        ("dead_lettered", {"again": True}, logging.INFO, "delivered again after"),
        ("completed", {"again": True}, logging.INFO, "delivered again after"),
    ],
)
def test_outcome_is_logged_once_at_its_level(caplog, status, given, level, said):
    with caplog.at_level(logging.INFO):
        report_outcome(
            Outcome("m-1", status, reason="a student's words"), message(), "claim", **given
        )
    [entry] = caplog.records
    assert entry.levelno == level
    assert entry.message.startswith(said)
    assert (entry.stage, entry.status, entry.message_id) == ("claim", status, "m-1")


def test_reason_is_logged_at_debug_only(caplog):
    with caplog.at_level(logging.DEBUG):
        report_outcome(Outcome("m-1", "duplicate", reason="words"), message(), "claim")
        report_outcome(Outcome("m-1", "duplicate"), message(), "claim")
    assert [(entry.levelno, entry.message) for entry in caplog.records if "because" in entry.msg] \
        == [(logging.DEBUG, "because: words")]  # fmt: skip


def test_log_holds_ids_costs_and_seconds(caplog):
    lesson = Lesson(message(), REQUEST, Claim("token", 3, 60.0))
    with caplog.at_level(logging.INFO):
        outcome = report_outcome(DONE, lesson, "publish", field="student_id")
        report_outcome(Outcome("m-1", "completed"), Received(message(), REQUEST), "publish")
    costly, free = caplog.records
    assert (costly.request_id, costly.correlation_id) == (REQUEST.request_id, "c-1")
    assert (costly.attempt, costly.field) == (3, "student_id")
    assert (costly.cost_usd, costly.cost_saved_usd) == (0.5, 0.25)
    assert costly.seconds == outcome.seconds
    assert outcome.seconds >= 5.0
    assert round(outcome.seconds, 3) == outcome.seconds
    assert not hasattr(free, "cost_usd")
    assert not hasattr(free, "cost_saved_usd")
    assert not hasattr(free, "error_type")


def test_clock_behind_publisher_gives_zero_seconds():
    assert report_outcome(Outcome("m-1", "completed"), message(-60), "publish").seconds == 0.0


def _settle(given):
    status, again = given
    report_outcome(Outcome("m-1", status, savings=DONE.savings), message(), "publish", again=again)


def test_redelivered_completion_counts_savings_and_latency_once():
    pipeline = beam.Pipeline(runner=FnApiRunner())
    cases = [
        ("completed", False), ("completed", True), ("completed", True),
        ("dead_lettered", False), ("duplicate", False), ("superseded", False),
    ]  # fmt: skip
    _ = pipeline | beam.Create(cases) | beam.Map(_settle)
    result = pipeline.run()
    result.wait_until_finish()
    found = result.metrics().query(MetricsFilter().with_namespace("vividly"))
    counters = {each.key.metric.name: each.committed for each in found["counters"]}
    assert counters == {
        "outcome_completed": 3,
        "outcome_dead_lettered": 1,
        "outcome_duplicate": 1,
        "outcome_superseded": 1,
        "cost_saved_nano_usd": 250_000_000,
    }
    [latency] = found["distributions"]
    assert latency.key.metric.name == "end_to_end_milliseconds"
    assert latency.committed.count == 1
    assert 5_000 <= latency.committed.sum < 605_000
